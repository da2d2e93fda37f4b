"""What public docstrings tell: the shape of arrays, the unit of quantities, and what is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import maxstim_core as ms

ROOT = Path(ms.__file__).parent

ARRAY = re.compile(r"\b(ndarray|Tensor|ArrayLike)\b")

ELSEWHERE = re.compile(r"[Aa]rguments? (as|of|are)|[Aa]s (for|in|of|from) `|[Ss]ee\s+`")
"""A docstring may point to another one."""

SHAPE = re.compile(
    r"[Ss]hape|[Dd]ims|\([^()]*\b(frame|column|cell|sample|pair|tap|angle|type)\b[^()]*\)"
)
"""A shape is told with that word, or as the names of the dimensions in brackets."""

UNITS = {
    "dt": "[Ss]econds",
    "new_dt": "[Ss]econds",
    "duration": "[Ss]econds",
    "onset": "[Ss]econds|[Ss]ec",
    "angle": "[Dd]egrees",
    "angles": "[Dd]egrees",
    "speed": "[Cc]olumns per second",
    "wavelength": "[Cc]olumns",
    "frequency": "[Hh]ertz|Hz",
    "fps": "[Ff]rames per second",
    "extent": "[Rr]ings",
}
"""What has a unit, by the name it always has, and how the unit is said."""


class Documented(NamedTuple):
    """A public function, method or class with its docstring and what is in it.

    Attributes:
        where: File and name.
        doc: Its docstring; of a method also that of its class.
        values: Annotation of each argument, or attribute of a class, by name.
        raises: Whether its own code raises.
    """

    where: str
    doc: str
    values: dict[str, str]
    raises: bool


def entry(doc: str, name: str) -> str:
    """Return what a docstring says of an argument or attribute, alone or in a list of several."""
    found = re.search(rf"^( +)(?:\w+, )*{name}(?:, \w+)*: (.*(?:\n\1 +.*)*)", doc, re.MULTILINE)
    return found[2] if found else ""


def _raises(function: ast.FunctionDef) -> bool:
    """Whether a function's own code, not that of one within it, raises the error for people."""
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
    within = {id(n) for one in inner for n in ast.walk(one)}
    return any(
        isinstance(node, ast.Raise)
        and id(node) not in within
        and node.exc is not None
        and "MaxstimError" in ast.dump(node.exc)
        for node in ast.walk(function)
    )


def _arguments(function: ast.FunctionDef) -> dict[str, str]:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {
        one.arg: ast.unparse(one.annotation) if one.annotation else ""
        for one in given
        if one.arg not in ("self", "cls")
    }


def documented() -> Iterator[Documented]:
    """Yield all that is public in the core."""
    for path in sorted(ROOT.rglob("*.py")):
        where = path.relative_to(ROOT.parent).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                doc = ast.get_docstring(node, clean=False) or ""
                yield Documented(f"{where}:{node.name}", doc, _arguments(node), _raises(node))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from _of_class(node, f"{where}:{node.name}")


def _of_class(node: ast.ClassDef, where: str) -> Iterator[Documented]:
    doc = ast.get_docstring(node, clean=False) or ""
    fields = {
        item.target.id: ast.unparse(item.annotation)
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        and not item.target.id.startswith("_") and "ClassVar" not in ast.unparse(item.annotation)
        and not isinstance(item.value, ast.Call)  # a setting tells of itself
    }  # fmt: skip
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    made = [item for item in methods if item.name in ("__init__", "__post_init__")]
    for one in made:
        fields |= _arguments(one)
    yield Documented(where, doc, fields, any(_raises(one) for one in made))
    for method in methods:
        if not method.name.startswith("_"):
            told = ast.get_docstring(method, clean=False) or ""
            if not re.match(r"See `", told):
                yield Documented(
                    f"{where}.{method.name}", told, _arguments(method), _raises(method)
                )


EVERYTHING = list(documented())


def test_there_is_something_to_look_at():
    assert len(EVERYTHING) > 300
    assert sum(one.raises for one in EVERYTHING) > 50


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: one.where)
def test_docstrings_tell_shapes_units_and_errors(one):
    missing = []
    if one.raises and "Raises:" not in one.doc:
        missing.append("what it raises")
    for name, annotation in one.values.items():
        said = entry(one.doc, name) or one.doc
        if ELSEWHERE.search(said) or "Callable" in annotation:
            continue
        if ARRAY.search(annotation) and not SHAPE.search(said):
            missing.append(f"the shape of {name}")
        if name in UNITS and not re.search(UNITS[name], said):
            missing.append(f"the unit of {name}")
    assert not missing, f"{one.where} does not tell {', '.join(missing)}"
