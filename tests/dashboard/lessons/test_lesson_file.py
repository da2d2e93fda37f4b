"""Lessons are read from their files; what is wrong is named with its line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lessons.lesson_catalog import OWN_LESSONS, SHIPPED, read_lessons
from dashboard.lessons.lesson_file import LONGEST_LESSON, MOST_STEPS, parse_lesson
from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError

FRONT = "---\ntitle: A lesson\nminutes: 15\n---\n"

WHOLE = """---
title: ON: and OFF
minutes: 12
about: What is ON?
# a remark
fix: network=default; method=generated; energy=100
hide: sweep, losses, runs until 2
---

## First

set: cell=T5c; method=generated; objective=contrast:T4a,T4b; energy=20
highlight: player, energy
hide: figures, verdict

Text with **words**.
A line: not a word of ours.
words: none of ours, in a paragraph

```
set: this is code
## and this
```

guess: Which?
- [ ] one
- [x] two
- [X] three

reveal: Two.

- a list
- [x] no choice any more

check: response of T5c > 2 with energy < 100

## Second

guess: How many?
number: 24 within 5 from 0 to 1e3
"""


def test_a_whole_lesson():
    lesson = parse_lesson(WHOLE, "mine")
    assert (lesson.name, lesson.title, lesson.minutes) == ("mine", "ON: and OFF", 12)
    assert lesson.about == "What is ON?"
    assert lesson.fixed.values == {"energy": 100.0} and lesson.fixed.network == "default"
    assert lesson.hidden == ("sweep", "losses") and lesson.hidden_until == {"runs": 1}
    first, second = lesson.steps
    assert (first.title, first.sets.cell_type, first.sets.method) == ("First", "T5c", "generated")
    assert first.sets.values == {"objective": "contrast:T4a,T4b", "energy": 20.0}
    assert first.highlight == ("player", "energy")
    assert first.hidden == ("figures", "verdict") and second.hidden == ()
    assert first.text.startswith("Text with **words**.") and "## and this" in first.text
    assert first.question.choices == ("one", "two", "three")
    assert first.question.right == {1, 2} and not first.question.is_number
    assert first.reveal.startswith("Two.") and "no choice any more" in first.reveal
    assert str(first.goal) == "response of T5c > 2 and energy < 100"
    assert (second.question.number, second.question.within) == (24, 5)
    assert (second.question.least, second.question.greatest) == (0, 1000)
    assert second.question.is_number and second.reveal == "" and not second.sets


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "three dashes"),
        ("title: x\n", 1, "three dashes"),
        ("---\ntitle: x\n", 2, "missing"),
        ("---\ntitle x\n---\n", 2, "a colon"),
        ("---\ntitel: x\n---\n", 2, "did you mean title"),
        ("---\ntitle: x\ntitle: y\n---\n", 3, "twice"),
        ("---\nminutes: 3\n---\n## A\n", 1, "title is missing"),
        ("---\ntitle: x\n---\n## A\n", 1, "minutes"),
        ("---\ntitle: x\nminutes: soon\n---\n## A\n", 3, "minutes"),
        ("---\ntitle: x\nminutes: 15\nfix: cell=T9\n---\n## A\n", 4, "There is no cell type 'T9'"),
        ("---\ntitle: x\nminutes: 15\nhide: everything\n---\n## A\n", 4, "no part called"),
        (FRONT, 4, "no step"),
        (FRONT + "Text.\n", 5, "begin one with ##"),
        (FRONT + "## A\nsett: cell=T4c\n", 6, "did you mean set"),
        (FRONT + "## A\nset: cell=T4x\n", 6, "did you mean Tm4 or T4d"),
        (FRONT + "## A\nset: cell\n", 6, "a name and its value"),
        (FRONT + "## A\nset: energy=3\n", 6, "of which method"),
        (FRONT + "## A\nset: method=generated; energy=-3\n", 6, "energy|Contrast"),
        (FRONT + "## A\nset: method=generated; enrgy=3\n", 6, "energy"),
        (FRONT + "## A\nset: method=generated; stages=__import__('os')\n", 6, "stages"),
        (FRONT + "## A\nset: network=../../etc/passwd\n", 6, "no name of a network"),
        (FRONT + "## A\nset: network=/etc\n", 6, "no name of a network"),
        (FRONT + "## A\n\nhighlight: plyer\n", 7, "did you mean player"),
        (FRONT + "## A\nguess: Which?\n", 6, "two or more choices"),
        (FRONT + "## A\nguess: Which?\n- [ ] one\n", 6, "two or more choices"),
        (FRONT + "## A\nguess: Which?\n- [ ] a\n- [ ] b\nnumber: 3\n", 9, "not both"),
        (FRONT + "## A\nnumber: 3\n", 6, "belongs to a question"),
        (FRONT + "## A\nguess: x?\nnumber: many\n", 7, "number"),
        (FRONT + "## A\nguess: x?\nnumber: many within 3\n", 7, "^'many' is no number .*: 24 within 5"),
        (FRONT + "## A\nguess: x?\nnumber: 3 within lots\n", 7, "^'lots' is no number .*within 5"),
        (FRONT + "## A\nguess: x?\nnumber: 3 or so\n", 7, "^'3 or so' is no number.*write number: 24,"),
        (FRONT + "## A\nguess: x?\nnumber: 1e99\n", 7, "^'1e99' is no number between −1e9 and 1e9;"),
        (FRONT + "## A\nguess: x?\nnumber: 3 from 4 to 9\n", 7, "right number, 3, could not be guessed"),
        (FRONT + "## A\nguess: x?\nnumber: 3 from 0 to lots\n", 7, "^'lots' is no number .*to 100"),
        ("---\ntitle: x\nminutes: 5\nhide: runs until 1\n---\n## A\n", 4, "^Step 1 asks nothing"),
        ("---\ntitle: x\nminutes: 5\nhide: runs until 9\n---\n## A\n", 4, "^Step 9 asks nothing"),
        ("---\ntitle: x\nminutes: 5\nhide: rnus until 1\n---\n## A\n", 4, "did you mean runs"),
        (FRONT + "## A\nhide: figure\n", 6, "did you mean figures"),
        (FRONT + "## A\nset: cell=T4c; method=generated; silence=T4c\n", 6, "leave it out of those"),
        (FRONT + "## A\nset: method=natural; silence=T4c\n## B\nset: cell=T4c\n", 8, "leave it out"),
        (FRONT + "## A\nset: method=generated; silence=T9\n", 6, "no cell type 'T9'"),
        (FRONT + "## A\nset: cell=T4c; method=generated; objective=contrast:T4c\n", 6, "the others"),
        ("---\ntitle: x\nminutes: 5\nfix: cell=T4c; method=natural; silence=T4c\n---\n## A\n", 4, "out"),
        ("---\ntitle: x\nminutes: 5\nfix: cell=T4c\n---\n## A\nset: method=natural; silence=T4c\n", 7,
         "leave it out"),
        ("---\ntitle: x\nminutes: 5\nfix: network=nonexistent\n---\n## A\n", 4,
         "^The network 'nonexistent' is not on this server.* as in fix: network=maxstim/003"),
        ("---\ntitle: x\nminutes: a quarter\n---\n## A\n", 3, "^'a quarter' is no number .*minutes: 15"),
        ("---\ntitle: x\nminutes: 0\n---\n## A\n", 3, "^'0' is no number of minutes; .* from 1 to 240"),
        ("---\ntitle: x\nminutes: 5\n\n## A\n\nText\n---\n", 5, "dashes is missing; .* above this"),
        ("---\ntitle: x\nminutes: 5\nText.\n", 4, "three dashes is missing; .* above this"),
        ("---\ntitle: x\nminutes: 5\nset: cell=T4c\n", 4, "three dashes is missing; .* above this"),
        ("---\ntitle: x\nminutes: 5\n", 3, "three dashes is missing; .* below this"),
        (FRONT + "## A\nguess: x?\nnumber: nan\n", 7, "between"),
        (FRONT + "## A\nset: cell=T4c\nset: cell=T4a\n", 7, "already"),
        (FRONT + "## A\ncheck: response of T4c >\n", 6, "ends where a number"),
        (FRONT + "## A\ncheck: open('x')\n", 6, "nothing called"),
        (FRONT + "## A\n" * (MOST_STEPS + 1), 5 + MOST_STEPS, "at most"),
        (FRONT + "## A\nguess: Which?\n" + "- [ ] a\n" * 9, 15, "at most 8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_that_names_the_line(text, line, words):
    with pytest.raises(MaxstimError) as refused:
        parse_lesson(text, "mine")
    said = str(refused.value)
    assert said.startswith(f"The lesson mine, line {line}: "), said
    assert re.search(words, said.split(": ", 1)[1]), said
    assert "\n" not in said


def test_a_file_that_is_too_long():
    with pytest.raises(MaxstimError, match="characters"):
        parse_lesson("x" * (LONGEST_LESSON + 1), "mine")


LINES = (
    "---", "title: x", "minutes: 5", "## A", "set: cell=T4c", "guess: Q?", "- [x] a", "- [ ] b",
    "reveal:", "number: 3", "check: energy < 3", "```", "", "Text", "fix: method=natural",
    "hide: player", "\x0c",
)  # fmt: skip
PIECES = st.sampled_from(LINES) | st.text(max_size=40)


@given(st.lists(PIECES, max_size=30).map("\n".join))
def test_whatever_stands_in_a_file_it_is_a_lesson_or_one_sentence(text):
    try:
        lesson = parse_lesson(text, "mine")
    except MaxstimError as error:
        assert re.match(r"The lesson mine, line [1-9]\d*: .", str(error))
    else:
        assert lesson.steps and lesson.title


CHOICE = st.from_regex(r"[A-Z][a-z ]{0,20}[a-z]", fullmatch=True)


@given(
    st.lists(CHOICE, min_size=2, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.lists(CHOICE, min_size=1, max_size=6),
)
def test_what_is_written_is_what_is_read(choices, right, titles):
    steps = [
        f"## {title}\nguess: Which?\n"
        + "".join(f"- [{'x' if r else ' '}] {c}\n" for c, r in zip(choices, right, strict=False))
        for title in titles
    ]
    lesson = parse_lesson(FRONT + "\n".join(steps), "mine")
    assert [step.title for step in lesson.steps] == titles
    for step in lesson.steps:
        assert step.question.choices == tuple(choices)
        assert step.question.right == {k for k in range(len(choices)) if right[k]}


def test_a_lecturer_copies_one_and_it_appears(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv(OWN_LESSONS, raising=False)
    assert [one.name for one in read_lessons().lessons] == list(SHIPPED)
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "mine.md").write_text(WHOLE, encoding="utf-8")
    (folder / "direction.md").write_text(
        WHOLE.replace("ON: and OFF", "My direction"), encoding="utf-8"
    )
    (folder / "bad.md").write_text("nothing", encoding="utf-8")
    (folder / "latin.md").write_bytes("---\ntitle: é\n".encode("latin-1"))
    (folder / "Not A Name.md").write_text(WHOLE, encoding="utf-8")
    found = read_lessons()
    assert found.find("mine").title == "ON: and OFF"
    assert found.find("direction").title == "My direction"
    assert len(found.problems) == 3 and found.find("bad") is None
    assert any("line 2: this is not UTF-8" in said for said in found.problems)
    monkeypatch.setenv(OWN_LESSONS, str(tmp_path / "elsewhere"))
    assert read_lessons().find("mine") is None


def test_a_folder_that_is_not_there_is_refused_before_anything_is_served(tmp_path, capsys):
    assert main(["serve", "--lessons", str(tmp_path / "none")]) != 0
    assert "There is no folder" in capsys.readouterr().err
