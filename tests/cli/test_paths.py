"""Paths that cannot be: what the computer refuses of them ends in one sentence, and nothing is made.

Names that are too long stand for folders that may not be entered too: both fail where one looks whether
something is there.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_models import published_models
from maxstim_core.networks.network_file import write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.networks.user_networks import check_new, own_names
from maxstim_core.stimuli.files.npy import read_movie
from maxstim_core.stimuli.stored.clip_store import stored_names
from maxstim_core.storage.data_dir import data_directory, entries

LONG = "a" * 300


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def refused(capsys, *arguments):
    """What is said of a command that is refused."""
    assert main([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("maxstim: ") and shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "T4c", "--network", LONG, "--output", "out.nc"),
        ("generate", "T4c", "--iterations", 100_000, "--output", LONG),
        ("simulate", "--network", "prior", "--movie", LONG, "--output", "out.nc"),
        ("models", "list", LONG),
        ("models", "import", LONG),
        ("models", "export", "prior", "--output", LONG),
        ("models", "remove", f"own/{LONG}"),
        ("movies", "import", LONG, "--name", "mine"),
        ("movies", "sintel", LONG),
    ],
    ids=lambda arguments: " ".join(map(str, arguments)).replace(LONG, "LONG"),
)
def test_a_name_that_is_too_long_is_refused_before_work(tmp_path, capsys, arguments):
    assert LONG in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "T4c", "--network", "", "--output", "out.nc"),
        ("models", "import", "", "--name", "mine"),
        ("movies", "import", "", "--name", "mine", "--fps", 24),
    ],
)
def test_no_name_is_not_the_current_folder(tmp_path, capsys, arguments):
    Image.new("L", (64, 64)).save(tmp_path / "a.png")
    assert "There is no" in refused(capsys, *arguments)


@pytest.mark.parametrize("folder", [LONG, "~nobody-has-this-name/x"])
def test_a_data_directory_that_cannot_be_holds_nothing(tmp_path, monkeypatch, capsys, folder):
    write_network(prior_network(), tmp_path / "mine.json", {})
    for variable in ("MAXSTIM_DATA_DIR", "FLYVIS_ROOT_DIR"):
        monkeypatch.setenv(variable, folder)
    assert data_directory() == tmp_path / folder
    assert (own_names(), stored_names(), published_models()) == ((), (), {})
    with pytest.raises(MaxstimError, match="no network"):
        open_network("flow/0000/000")
    if folder == LONG:
        assert "MAXSTIM_DATA_DIR" in refused(capsys, "models", "import", "mine.json")
        refused(capsys, "models", "fetch", "--url", "http://127.0.0.1:9/models.zip")


def test_what_is_no_folder_has_no_entries(tmp_path):
    (tmp_path / "file").write_text("")
    assert entries(tmp_path) == [tmp_path / "file"]
    with pytest.raises(MaxstimError, match="cannot be read"):
        entries(tmp_path / "file")


def test_the_folder_with_the_images_is_named(tmp_path, capsys):
    (tmp_path / "lab" / "sub").mkdir(parents=True)
    Image.new("L", (64, 64)).save(tmp_path / "lab" / "sub" / "a.png")
    told = refused(capsys, "movies", "import", "lab", "--name", "mine", "--fps", 24)
    assert f"are in {Path('lab', 'sub')}" in told


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe with a name")
def test_a_pipe_is_no_movie_and_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(MaxstimError, match="no regular file"):
        read_movie(tmp_path / "a.npy", 721)


def test_an_ensemble_is_no_network_whatever_its_folder_is_called(data):
    with pytest.raises(MaxstimError, match="cannot be called"):
        check_new("lab.json")
    (data / "networks" / "lab.json").mkdir(parents=True)  # as an earlier maxstim made it
    write_network(prior_network(), data / "networks" / "lab.json" / "000.json", {})
    assert own_names() == ("own/lab.json/000",)
    assert main(["models", "remove", "own/lab.json"]) == 0
    assert own_names() == ()


def test_no_pixels_are_not_the_default(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.full((2, 64, 64), 0.5))
    arguments = ("movies", "import", "a.npy", "--name", "mine", "--fps", 24)
    assert "odd and positive" in refused(capsys, *arguments, "--pixels", 0)
    assert stored_names() == ()
