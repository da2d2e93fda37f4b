"""The worked numbers of the numerical specification, docs/numerics.md, are those of the code."""

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "numerics.md"


def test_every_worked_number():
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.finditer(r"^```pycon\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    parser, runner, names = doctest.DocTestParser(), doctest.DocTestRunner(), {}
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        test = parser.get_doctest(block[1], names, PAGE.name, str(PAGE), line)
        test.globs = names  # a block goes on where the one before ended
        shown = []
        assert not runner.run(test, out=shown.append, clear_globs=False).failed, "".join(shown)
    assert runner.summarize(verbose=False).attempted > 50
