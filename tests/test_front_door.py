"""The front door: one level, lazy, typed, and every name keeps what it promises."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import xarray as xr

import maxstim_core as ms
from maxstim_core.storage.labeled import Labeled

ROOT = Path(__file__).resolve().parents[1]
STUB = ast.parse((ROOT / "maxstim_core" / "__init__.pyi").read_text(encoding="utf-8"))
LATER = {"xr": xr, "Result": ms.Result, "Labeled": Labeled}
"""What the core imports for type checkers alone, by the names that hints have for it."""

HEAVY = ("torch", "numba", "xarray", "PIL", "numpy", "h5py", "h5netcdf", "pandas", "panel")
NEEDED = {
    *(
        "open_network",
        "simulate",
        "generate",
        "generate_many",
        "regularize",
        "search",
        "open_clips",
    ),
    *("load", "save", "strip", "GenerateConfig", "RegularizeConfig", "SearchConfig"),
}


def public_objects():
    return [pytest.param(getattr(ms, name), id=name) for name in ms.__all__]


def test_the_names_that_a_notebook_needs():
    assert set(ms.__all__) >= NEEDED
    assert len(set(ms.__all__)) == len(ms.__all__)
    assert set(ms.__all__) <= set(dir(ms))
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        ms.generat  # noqa: B018


def test_there_is_one_public_level():
    """No public name is a module, or could be taken for one: ``ms.simulation.simulate`` is no way in."""
    rooms = {path.stem for path in (ROOT / "maxstim_core").iterdir()}
    assert not rooms & set(ms.__all__)
    assert not [name for name in ms.__all__ if inspect.ismodule(getattr(ms, name))]
    assert not [name for name in dir(ms) if name in rooms]


def test_the_types_say_the_same():
    listed = next(node.value for node in STUB.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed) == ms.__all__
    found_in = {
        alias.asname or alias.name: node.module
        for node in STUB.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert found_in == {name: f"maxstim_core.{room}" for name, room in ms._FOUND_IN.items()}
    assert (ROOT / "maxstim_core" / "py.typed").is_file()


@pytest.mark.parametrize("public", public_objects())
def test_a_name_is_what_it_says(public):
    name = public.__name__
    assert getattr(ms, name) is public
    assert public.__module__ == f"maxstim_core.{ms._FOUND_IN[name]}", "one thing, one home"
    assert inspect.getdoc(public) and public.__doc__.strip()


def promises(public):
    """What a person can call: a function, and the methods of a class of ours or of what it returns."""
    if not inspect.isclass(public):
        yield public
        public = typing.get_type_hints(public, localns=LATER)["return"]
    if not getattr(public, "__module__", "").startswith("maxstim_core"):
        return
    for name, member in vars(public).items():
        function = inspect.unwrap(getattr(member, "fget", None) or member)
        if not name.startswith("_") and inspect.isfunction(function):
            yield function


@pytest.mark.parametrize(
    "public",
    # But what is there to make something of torch.
    [each for each in public_objects() if each.id != "as_torch_module"],
)
def test_no_torch_in_a_signature(public):
    for function in promises(public):
        parameters = inspect.signature(function).parameters
        hints = typing.get_type_hints(function, localns=LATER)
        for name, hint in hints.items():
            assert "torch" not in str(hint) and "Tensor" not in str(hint), (function, name)
        assert not [p for p in parameters.values() if "torch" in str(p.default)]
        if function is public:
            assert set(hints) == {*parameters, "return"}, "typed throughout"


def test_what_the_door_hands_out_is_no_tensor(tmp_path):
    import numpy as np
    import torch

    network = ms.open_network("prior", extent=5)
    activity = ms.simulate(network, np.full((3, 91), 0.5), 0.01)
    answer = ms.finish(ms.generate(network, "Mi1", ms.GenerateConfig(t_stim=0.03, n_iters=1)))
    for held in (activity, *activity.coords.values(), *answer.variables.values()):
        assert not isinstance(held.values, torch.Tensor)


def test_coming_in_loads_nothing_heavy():
    code = f"""
import sys
import maxstim_core as ms
print(sorted(ms.__all__), dir(ms), ms.__version__, ms.MaxstimError)
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
ms.GenerateConfig(), ms.SearchConfig(), ms.RegularizeConfig
loaded = [name for name in ("torch", "numba", "xarray", "PIL") if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_submodule_can_still_be_imported_from_it():
    from maxstim_core import networks, storage

    assert inspect.ismodule(networks) and inspect.ismodule(storage)


def examples():
    found = doctest.DocTestFinder(recurse=False).find(ms, "maxstim_core")
    for name in ms.__all__:
        public = getattr(ms, name)
        finder = doctest.DocTestFinder(recurse=inspect.isclass(public))
        found += finder.find(public, name)
    return [pytest.param(test, id=test.name) for test in found if test.examples]


@pytest.mark.parametrize("example", examples())
def test_the_examples_run(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    said = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)


def readme_blocks():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


SMALLER = {
    'open_network("default")': 'open_network("default", extent=5)',
    'open_clips("probes")': 'open_clips("probes", extent=5)',
    "t_stim=0.8": "t_stim=0.05, n_iters=2",
    "t_stim=0.4": "t_stim=0.05, n_iters=2",
    '00{k}") for k in range(10)': '00{k}", extent=5) for k in range(2, 3)',
    "seeds=range(8)": "seeds=range(2), config=ms.GenerateConfig(t_stim=0.05, n_iters=2)",
}
"""What makes the examples of the README small enough for a test."""


def test_the_lines_of_the_readme_run(tmp_path, monkeypatch):
    """One after the other, as a person types them into one notebook."""
    monkeypatch.chdir(tmp_path)
    notebook, blocks = {}, readme_blocks()
    assert blocks and "import maxstim_core as ms" in blocks[0]
    for block in blocks:
        for large, small in SMALLER.items():
            block = block.replace(large, small)
        exec(compile(block, "README.md", "exec"), notebook)


def test_the_first_stimulus_takes_three_lines():
    lines = [line for line in readme_blocks()[0].splitlines() if line]
    assert len(lines) == 3
    assert lines[0] == "import maxstim_core as ms"
