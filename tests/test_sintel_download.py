"""Downloading the film, from a server of our own on this computer."""

import http.server
import threading
import zipfile

import pytest

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli import sintel_download
from maxstim_core.stimuli.sintel_download import download, film_folder

MEMBERS = {
    "training/final/arch/frame_0001.png": bytes(range(256)) * 5000,
    "training/flow/arch/frame_0001.flo": b"flow",
    "training/clean/arch/frame_0001.png": b"not needed",
    "README": b"not needed",
}


class Server(http.server.BaseHTTPRequestHandler):
    """Serves bytes from where it is asked to, at most so many at a time."""

    content, most = b"", 1 << 30
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        span = self.headers["Range"]
        self.asked.append(span)
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        if start == len(self.content):
            self.send_error(416)
            return
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        self.wfile.write(self.content[start : start + self.most])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "film.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    handler = type("Handler", (Server,), {"content": path.read_bytes(), "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_port}/film.zip"
        yield handler
        running.shutdown()


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


def test_a_download_that_was_stopped_at_its_very_end_is_used(server):
    archive = film_folder().parent / "MPI-Sintel-complete.part"
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
    monkeypatch.setattr(sintel_download, "_PATIENCE_SECONDS", 5)
    with pytest.raises(MaxstimError, match="maxstim movies sintel PATH"):
        list(download("http://127.0.0.1:9/film.zip", room=0))
    with pytest.raises(MaxstimError, match="name another folder"):
        list(download(server.url, room=1 << 60))
    for arguments in ([], ["/somewhere", "--download"]):
        assert main(["movies", "sintel", *arguments]) == 2
        assert "--download, not both." in capsys.readouterr().err
