"""The store on a real disk."""

import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import platformdirs
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import answer
from maxstim_core.runs.result_index import ResultIndex, Stamp, index_of, read_result
from maxstim_core.runs.store import RunStore
from maxstim_core.storage.data_dir import data_directory


def result(cell_type="T4c", status="complete", n_frames=3, **attributes):
    noise = np.random.default_rng(0).random((n_frames, 721))
    return answer(
        lattice=Lattice(15),
        dt=0.01,
        stimulus=noise,
        response=noise,
        attributes={
            "method": "generated",
            "cell_type": cell_type,
            "status": status,
            "config": "{}",
            **attributes,
        },
    )


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "not" / "there" / "yet")


def test_what_is_saved_is_found(store):
    assert store.find("a") is None
    path = store.save("a", result())
    found_path, found = store.find("a")
    assert found_path == path == store.results / "a.nc"
    assert found.identical(result())


def test_a_store_that_is_only_asked_creates_nothing(store):
    assert store.find("a") is None
    assert store.find_search("a") is None
    store.sweep()
    assert not store.root.exists()


def test_what_is_saved_is_in_the_index_as_it_would_be_read(store):
    for key in ("a", "b"):
        path = store.save(key, result(cell_type=key, network_hash="0"))
    found = ResultIndex(store.results).news()
    assert list(found) == ["a.nc", "b.nc"]
    assert found["b.nc"] == read_result(path, Stamp.of(path.stat()), details=True)
    assert found["b.nc"].record.cell_type == "b"


def test_a_folder_whose_index_cannot_be_written_is_as_good(store):
    index_of(store.results).mkdir(parents=True)
    assert store.save("a", result(network_hash="0")).exists()


def test_old_left_overs_are_swept(store):
    path = store.save("a", result())
    old, fresh = (path.with_name(f".{name}.part") for name in ("old", "fresh"))
    for part in (old, fresh):
        part.write_bytes(b"half")
    os.utime(old, times=(time.time() - 7200,) * 2)
    store.sweep()
    assert path.exists()
    assert fresh.exists()
    assert not old.exists()


HERE = str(Path(__file__).parent)

FULL_DISK = """
import resource
from test_store import RunStore, MaxstimError, result
store = RunStore({folder!r})
store.save("small", result())
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.save("large", result(n_frames=200))
except MaxstimError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_is_told_in_one_sentence_and_leaves_nothing_behind(tmp_path):
    # In a process of its own: its limit on the size of files stands in for the end of the disk.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK.format(folder=str(tmp_path / "data"))],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *filter(None, sys.path)])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("choose a folder that exists, is writable and has room.\n")
    assert done.stdout.count("\n") == 1
    assert [path.name for path in (tmp_path / "data" / "results").iterdir()] == ["small.nc"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    store = RunStore(tmp_path / "file" / "data")
    with pytest.raises(MaxstimError, match="cannot be written"):
        store.check_writable()
    with pytest.raises(MaxstimError, match="could not be written"):
        store.save("a", result())
    assert store.defect("a", ValueError("x")).endswith(
        "please report it, with what you had chosen."
    )


def test_the_data_directory_is_the_user_s_unless_named(tmp_path, monkeypatch):
    monkeypatch.delenv("MAXSTIM_DATA_DIR", raising=False)
    assert data_directory() == Path(platformdirs.user_data_path("maxstim"))
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    assert RunStore().root == tmp_path


def test_the_server_s_side_needs_no_torch_and_no_panel():
    code = "import sys, maxstim_core.runs.queue as r; r.the_queue().devices(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *filter(None, sys.path)])},
    )
    loaded = set(done.stdout.split())
    assert "maxstim_core.runs.queue" in loaded
    assert not loaded & {"torch", "panel", "bokeh", "holoviews", "param"}


def _linked(file, other):
    file["central_response"] = h5py.ExternalLink(str(other), "/central_response")


def _linked_twice(file, other):
    file["far"] = h5py.ExternalLink(str(other), "/central_response")
    file["central_response"] = h5py.SoftLink("/far")


def _virtual(file, other):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[...] = h5py.VirtualSource(str(other), "central_response", (3,))
    file.create_virtual_dataset("central_response", layout)


def _outside(file, other):
    file.create_dataset("central_response", (3,), "f4", external=[(str(other), 0, 12)])


def _declared(file, other):
    file.create_dataset("central_response", (1 << 40,), "f4", chunks=(1024,))


@pytest.mark.parametrize("lay", [_linked, _linked_twice, _virtual, _outside, _declared])
def test_a_file_whose_numbers_lie_in_other_files_holds_no_answer(store, lay):
    other, path = (store.save(key, result(network_hash="0")) for key in ("other", "a"))
    assert read_result(path, Stamp.of(path.stat()), details=True).details is not None
    with h5py.File(path, "r+") as file:
        del file["central_response"]
        lay(file, other)
    assert read_result(path, Stamp.of(path.stat()), details=True).record is None
