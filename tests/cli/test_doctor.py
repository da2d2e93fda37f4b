"""``maxstim doctor`` does each thing once, and names what is wrong with what to do."""

import os
import shutil
import types

import platformdirs
import pytest

from maxstim_core.cli import doctor, main
from maxstim_core.networks.user_networks import own_names
from maxstim_core.stimuli.stored.clip_store import stored_names
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


@pytest.mark.parametrize("name", ["results", "clips", "networks"])
def test_a_folder_in_the_data_folder_that_is_a_file(capsys, data, name):
    data.mkdir()
    (data / name).write_text("not a folder")
    code, shown = asked(capsys)
    assert code == 1
    assert f"{data / name} is a file, not a folder; move it away" in shown
    assert shown.endswith("Wrong: results.\n")


def test_a_data_folder_that_is_a_link_to_itself(capsys, data):
    data.symlink_to(data)
    code, shown = asked(capsys)
    assert code == 1
    assert f"{data} is a link that leads nowhere" in shown


def test_a_damaged_clip_set(capsys, data):
    (data / "clips" / "bad").mkdir(parents=True)
    (data / "clips" / "bad" / "set.json").write_text("[[[")
    code, shown = asked(capsys)
    assert code == 1
    assert "The clip set bad" in shown
    assert shown.endswith("Wrong: clip sets.\n")


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


@pytest.mark.parametrize("older", [False, True])
def test_no_home(capsys, monkeypatch, older):
    def user_data_dir(name):
        if older:
            return f"~/.local/share/{name}"
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("MAXSTIM_DATA_DIR")
    monkeypatch.setattr(platformdirs, "user_data_dir", user_data_dir)
    monkeypatch.setattr(
        doctor, "_compiled_code", lambda: doctor.Finding("compiled code", "is there")
    )
    assert data_dir.data_directory().parts[1] == "nonexistent", "and no folder ~ in the current one"
    assert stored_names() == own_names() == ()
    code, shown = asked(capsys)
    if os.geteuid() != 0:  # who may write anywhere is not hindered
        assert code == 1
        assert "MAXSTIM_DATA_DIR" in shown


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
