"""Downloading the film, from a server of our own on this computer."""

import zipfile

import pytest
from archive_server import serving

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.stored.sintel_download import download, film_folder
from maxstim_core.storage import download as downloads

MEMBERS = {
    "training/final/arch/frame_0001.png": bytes(range(256)) * 5000,
    "training/flow/arch/frame_0001.flo": b"flow",
    "training/clean/arch/frame_0001.png": b"not needed",
    "README": b"not needed",
}


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "film.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    with serving(path.read_bytes()) as handler:
        yield handler


def unpacked():
    folder = film_folder()
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_only_what_is_needed_is_unpacked(server):
    *_, (here, total) = download(server.url, room=0)
    assert here == total == len(server.content)
    assert unpacked() == {n: c for n, c in MEMBERS.items() if n.startswith(("training/f",))}
    assert [path.name for path in film_folder().parent.iterdir()] == ["MPI-Sintel"]
    assert list(download(server.url, room=0)) == []  # it is there


def test_a_download_goes_on_where_it_broke_off(server):
    server.most = 700_000
    with pytest.raises(MaxstimError, match="try again to go on"):
        list(download(server.url, room=0))
    list(download(server.url, room=0))
    assert server.asked == [None, "bytes=700000-"]
    assert unpacked()["training/flow/arch/frame_0001.flo"] == b"flow"


def test_two_do_not_download_at_once(server):
    going_on = download(server.url, room=0)
    next(going_on)
    with pytest.raises(MaxstimError, match="downloaded by another process; wait"):
        list(download(server.url, room=0))
    list(going_on)
    assert unpacked()["training/flow/arch/frame_0001.flo"] == b"flow"
    assert [path.name for path in film_folder().parent.iterdir()] == ["MPI-Sintel"]


def test_a_download_that_was_stopped_at_its_very_end_is_used(server):
    archive = film_folder().parent / "MPI-Sintel.zip.part"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(server.content)
    list(download(server.url, room=0))
    assert unpacked()["training/flow/arch/frame_0001.flo"] == b"flow"


def test_what_is_no_archive_is_removed(server):
    server.content = b"<html>Please log in</html>"
    with pytest.raises(MaxstimError, match="no archive"):
        list(download(server.url, room=0))
    assert list(film_folder().parent.iterdir()) == []


def test_a_closed_network_and_a_full_disk_end_in_one_sentence(server, monkeypatch, capsys):
    monkeypatch.setattr(downloads, "_PATIENCE_SECONDS", 5)
    with pytest.raises(MaxstimError, match="maxstim movies sintel PATH"):
        list(download("http://127.0.0.1:9/film.zip", room=0))
    with pytest.raises(MaxstimError, match="name another folder"):
        list(download(server.url, room=1 << 60))
    for arguments in ([], ["/somewhere", "--download"]):
        assert main(["movies", "sintel", *arguments]) == 2
        assert "--download, not both." in capsys.readouterr().err
