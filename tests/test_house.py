"""How the code is laid out: few files loose at a root, and one name for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(("package", "most"), [("dashboard", 5), ("maxstim_core", 9)])
def test_few_files_lie_loose(package, most):
    loose = [path.name for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= most, f"{sorted(loose)}: find a room for one"


def test_no_public_name_stands_for_two_things():
    places = defaultdict(list)
    for package in ("dashboard", "maxstim_core"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for name in _defined(ast.parse(path.read_text(encoding="utf-8"))):
                if not name.startswith("_"):
                    places[name].append(path.relative_to(ROOT).as_posix())
    assert len(places) > 500
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_nobody_inside_goes_through_the_front_door():
    """It stands on top: what it opens is imported from its room, which the layers see."""
    through = []
    for path in sorted((ROOT / "maxstim_core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module == "maxstim_core" or node.level):
                through += [(path.name, alias.name) for alias in node.names]
            elif isinstance(node, ast.Import):
                through += [(path.name, a.name) for a in node.names if a.name == "maxstim_core"]
    assert len(through) >= 5
    assert [found for found in through if found[1] != "__version__"] == []


def _defined(module: ast.Module) -> set[str]:
    """Names that a module defines at its top, in whatever way."""
    names = set()
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names
