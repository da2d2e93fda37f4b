"""A cache of compiled code that is damaged, impossible or full: told once, and computed around."""

import importlib.util
import os
import sys
import warnings
from pathlib import Path

import numba
import pytest
from numba.core.caching import FunctionCache

from maxstim_core.simulation import compilation, compiled_code

PROGRAM = """
from maxstim_core.simulation.compiled_code import compiled

@compiled
def thrice(x):
    return x + x + x
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Do what a new process does: import a module, and call what is compiled in it."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def once(report=True):
        said = []
        monkeypatch.setattr(compilation, "_told", set())
        monkeypatch.setattr(compilation, "_report", said.append if report else None)
        spec = importlib.util.spec_from_file_location("program_to_compile", program)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "program_to_compile", module)
        spec.loader.exec_module(module)
        assert module.thrice(7) == 21
        assert module.thrice(0.5) == 1.5, "what is wrong is told once, for however many"
        return said, sum(module.thrice.stats.cache_hits.values())

    return once


def _cut(size):
    return lambda path: os.truncate(path, size)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _blank(path):
    path.write_bytes(bytes(path.stat().st_size))


def _text(path):
    path.write_text("Once upon a time")


DAMAGE = [
    *(("nbi", change) for change in (_cut(0), _cut(30), _cut(200), _flip, _blank, _text)),
    *(("nbc", change) for change in (_cut(0), _cut(100), _flip, _blank, _text)),
]


@pytest.mark.parametrize("number", range(len(DAMAGE)))
def test_damage_is_told_once_and_mended(run, tmp_path, number):
    ending, damage = DAMAGE[number]
    run()
    assert run() == ([], 2), "it is kept"
    for path in (tmp_path / "cache").rglob(f"*.{ending}"):
        damage(path)
    (sentence,), _ = run()
    assert "is damaged" in sentence
    assert str(tmp_path / "cache") in sentence
    assert run() == ([], 2)


def test_a_machine_without_memory_damages_nothing(run, tmp_path, monkeypatch):
    run()
    kept = sorted((tmp_path / "cache").rglob("*.nb?"))

    def starved(self, name):
        raise MemoryError

    with monkeypatch.context() as short, pytest.raises(MemoryError):
        short.setattr(compiled_code._CheckedFile, "_load_data", starved)
        run()
    assert sorted((tmp_path / "cache").rglob("*.nb?")) == kept
    assert run() == ([], 2)


def test_who_has_not_asked_is_warned(run, tmp_path):
    run()
    for path in (tmp_path / "cache").rglob("*.nbi"):
        path.write_bytes(b"")
    with pytest.warns(RuntimeWarning, match="is damaged"):
        run(report=False)


def test_what_is_not_there_any_more_is_made_again(run, tmp_path):
    run()
    for path in (tmp_path / "cache").rglob("*.nbc"):
        path.unlink()
    assert run() == ([], 0)


def test_where_nothing_can_be_kept_it_is_told_what_to_do(run, monkeypatch):
    monkeypatch.setattr(FunctionCache._impl_class, "_locator_classes", [])
    (sentence,), hits = run()
    assert "NUMBA_CACHE_DIR" in sentence
    assert hits == 0


def test_a_disk_that_is_full_is_told(run, tmp_path, monkeypatch):
    def full(self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiled_code._CheckedFile, "_save_data", full)
    (sentence,), _ = run()
    assert "No space left on device" in sentence
    assert "NUMBA_CACHE_DIR" in sentence
    assert not list(Path(tmp_path / "cache").rglob("*.tmp.*"))


def test_the_engine_s_functions_are_kept_so():
    from maxstim_core.simulation import cpu_loops

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = {type(getattr(cpu_loops, name)._cache) for name in ("roll", "unroll", "_meet")}
    assert kept <= {compiled_code._Cache, compiled_code._NoCache}
