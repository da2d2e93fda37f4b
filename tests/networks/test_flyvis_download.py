"""Fetching flyvis's networks, from a server of our own on this computer."""

import hashlib
import io
import zipfile

import pytest
from archive_server import serving

from maxstim_core.cli import main
from maxstim_core.networks import flyvis_download
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_download import fetched_folder
from maxstim_core.networks.flyvis_format import write_ensemble
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FLYVIS_ROOT_DIR", raising=False)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive as flyvis's: two networks, and what is not needed."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "results" / "flow").mkdir(parents=True)
    write_ensemble(
        [prior_network(5), flyvis_initial_network(5)], folder / "results" / "flow" / "0000"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
        file.writestr("../outside", b"not needed")
        file.writestr("__MACOSX/results", b"not needed")
    return packed.getvalue()


def fetch(server, content):
    checksum = hashlib.sha256(content).hexdigest()
    return main(["models", "fetch", "--url", server.url, "--sha256", checksum])


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_breaks_off_goes_on_and_is_found_by_name(archive, capsys):
    with serving(archive) as server:
        server.most = len(archive) // 3
        assert fetch(server, archive) == 2
        refusal = capsys.readouterr().err
        assert "broke off" in refusal and refusal.count("maxstim: ") == 1
        assert everything(fetched_folder().parent) == ["flyvis.zip.part"]
        assert main(["models", "describe", "flow/0000/001"]) == 2
        server.most = 1 << 30
        assert fetch(server, archive) == 0
        assert server.asked == [None, f"bytes={len(archive) // 3}-"]
        assert "2 networks, flow/0000/000 to flow/0000/001" in capsys.readouterr().out
        assert fetch(server, archive) == 0  # it is there
        assert len(server.asked) == 2
    assert [path.name for path in fetched_folder().parent.iterdir()] == ["flyvis"]
    assert [path.name for path in fetched_folder().iterdir()] == ["results"]
    found = open_network("flow/0000/001").parameters.resting_potential
    assert (found == flyvis_initial_network(5).parameters.resting_potential).all()


def test_anything_else_is_removed(archive, capsys):
    with serving(b"<html>Too many have asked for this file</html>") as server:
        assert fetch(server, archive) == 2
    refusal = capsys.readouterr().err
    assert "SHA-256" in refusal and refusal.count("maxstim: ") == 1
    assert everything(fetched_folder().parent) == []


def test_a_closed_network_is_one_sentence(capsys):
    assert main(["models", "fetch", "--url", "http://127.0.0.1:9/models.zip"]) == 2
    refusal = capsys.readouterr().err
    assert "FLYVIS_ROOT_DIR" in refusal and refusal.count("\n") == 1


def test_the_checksum_is_that_of_flyvis(archive, capsys):
    with serving(archive) as server:
        assert main(["models", "fetch", "--url", server.url]) == 2
    assert "71c78d40" in capsys.readouterr().err


@pytest.mark.parametrize("checksum", ["abc", "0x" + 62 * "1"])
def test_a_checksum_that_is_none_is_refused_before_anything_is_asked_for(archive, capsys, checksum):
    with serving(archive) as server:
        assert main(["models", "fetch", "--url", server.url, "--sha256", checksum]) == 2
        assert server.asked == []
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_an_archive_of_something_else_is_removed_and_the_next_one_is_taken(archive, capsys):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("readme.txt", b"not needed")
    with serving(packed.getvalue()) as server:
        assert fetch(server, packed.getvalue()) == 2
    assert "holds no results/" in capsys.readouterr().err
    assert everything(fetched_folder().parent) == []
    with serving(archive) as server:
        assert fetch(server, archive) == 0


def test_an_archive_that_is_here_already_is_checked_too(archive, capsys):
    fetched_folder().parent.mkdir()
    fetched_folder().with_name("flyvis.zip").write_bytes(b"something else")
    with serving(archive) as server:
        assert fetch(server, archive) == 2
        assert "SHA-256" in capsys.readouterr().err
        assert fetch(server, archive) == 0


def packed(members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def encrypted(content):
    """The same, and every member is said to be encrypted."""
    return content.replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1")


def broken(content):
    """The same, and what is packed of the first member is none."""
    at = content.index(b"results/a") + len(b"results/a")
    return content[:at] + b"\xff" * 20 + content[at + 20 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed({"results/a": bytes(3_000_000)}), "unpacks to 3 MB, more than the archive"),
        (packed({f"results/{k}": b"" for k in range(300)}), "unpacks to 1.23 MB"),
        (encrypted(packed({"results/a": b"a"}, zipfile.ZIP_STORED)), "no archive, or a damaged"),
        (broken(packed({"results/a": b"something" * 99})), "no archive, or a damaged one"),
        (bytes(2_000_000), "MB, more than the archive"),
    ],
)
@pytest.mark.parametrize("tells", [True, False])
def test_what_is_too_much_is_refused_before_the_disk_takes_it(
    content, said, tells, capsys, monkeypatch
):
    monkeypatch.setattr(flyvis_download, "_MOST", 1_000_000)
    with serving(content) as server:
        server.tells_length = tells
        assert fetch(server, content) == 2
    refusal = capsys.readouterr().err
    assert said in refusal and refusal.count("maxstim: ") == 1
    assert everything(fetched_folder().parent) == []
