"""``maxstim doctor`` does each thing once, and names what is wrong with what to do."""

import os
import shutil
import types

import pytest

from maxstim_core.cli import doctor, main
from maxstim_core.storage import data_dir


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    # Simulated once, in the first test; each would compile or load it again.
    return tmp_path / "data"


def asked(capsys):
    code = main(["doctor"])
    return code, capsys.readouterr().out


def test_all_is_well(capsys, data):
    code, shown = asked(capsys)
    assert code == 0
    assert "compiled code" in shown
    assert shown.endswith("maxstim can be used here.\n")
    assert not data.exists()


def test_a_data_folder_that_is_a_file(capsys, data):
    data.write_text("not a folder")
    code, shown = asked(capsys)
    assert code == 1
    assert f"{data} is a file, not a folder; move it away, or name another" in shown
    assert shown.endswith("Wrong: results.\n")


def test_a_full_disk(capsys, data, monkeypatch):
    usage = types.SimpleNamespace(free=3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    code, shown = asked(capsys)
    assert code == 1
    assert "is full (3 MB left); make room, or name another folder in MAXSTIM_DATA_DIR" in shown


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="There is no folder that takes no file."
)
def test_a_data_folder_that_takes_nothing(capsys, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", "/proc/self/maxstim")
    code, shown = asked(capsys)
    assert code == 1
    assert "cannot be written" in shown


def test_no_home(capsys, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", "~nobody-of-this-name/data")
    code, shown = asked(capsys)
    assert code == 1
    assert "no home folder" in shown
    with pytest.raises(data_dir.MaxstimError, match="MAXSTIM_DATA_DIR"):
        data_dir.data_directory()


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (
            "The cache of compiled code in /c is damaged (EOFError), so it is compiled anew.",
            "EOFError",
        ),
        ("Compiled code cannot be kept; name a folder in NUMBA_CACHE_DIR.", "NUMBA_CACHE_DIR"),
    ],
)
def test_a_cache_of_no_use(capsys, monkeypatch, trouble, says):
    from maxstim_core.simulation import compilation

    monkeypatch.setattr(compilation, "report_compilation", lambda report: report(trouble))
    code, shown = asked(capsys)
    assert code == 1
    assert says in shown
    assert "Wrong: compiled code." in shown
    assert doctor.SECTIONS
