"""Files that are all there is of them: what lies elsewhere, is in use, damaged or huge is told."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import load
from maxstim_core.stimuli.files.labeled import open_labeled
from maxstim_core.storage.hdf5 import is_hdf5, open_hdf5
from maxstim_core.storage.netcdf import save

FILM = np.linspace(0, 1, 4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


@pytest.fixture
def other(tmp_path):
    """A file beside it, whose numbers must not be seen."""
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["movie"] = FILM
    FILM.tofile(tmp_path / "other.raw")
    return path


def _external_link(file, other):
    file["movie"] = h5py.ExternalLink(str(other), "/movie")


def _external_link_in_a_group(file, other):
    file["movie"] = FILM
    file["a/b/c"] = h5py.ExternalLink(str(other), "/movie")


def _soft_link_to_an_external_one(file, other):
    file["far"] = h5py.ExternalLink(str(other), "/movie")
    file["movie"] = h5py.SoftLink("/far")


def _raw_storage(file, other):
    raw = [(str(other.with_suffix(".raw")), 0, FILM.nbytes)]
    file.create_dataset("movie", FILM.shape, "f4", external=raw)


def _virtual(file, other):
    layout = h5py.VirtualLayout(FILM.shape, "f4")
    layout[...] = h5py.VirtualSource(str(other), "movie", FILM.shape)
    file.create_virtual_dataset("movie", layout)


def _virtual_beside_a_film(file, other):
    file["movie"] = FILM
    layout = h5py.VirtualLayout(FILM.shape, "f4")
    layout[...] = h5py.VirtualSource(str(other), "movie", FILM.shape)
    file.create_virtual_dataset("deep/down/more", layout)


ELSEWHERE = [
    _external_link,
    _external_link_in_a_group,
    _soft_link_to_an_external_one,
    _raw_storage,
    _virtual,
    _virtual_beside_a_film,
]


@pytest.mark.parametrize("make", ELSEWHERE)
@pytest.mark.parametrize("reads", [lambda p: open_labeled(p, Lattice(0)), load])
def test_a_file_reads_nothing_but_itself(tmp_path, other, make, reads):
    path = tmp_path / "a.nc"
    with h5py.File(path, "w") as file:
        make(file, other)
    with pytest.raises(MaxstimError, match="lie in other files") as refusal:
        reads(path)
    assert "other" not in str(refusal.value).replace("other files", "")


def test_links_within_the_file_are_fine(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["deep/film"] = FILM
        file["movie"] = h5py.SoftLink("/deep/film")
        file["again"] = file["deep"]  # a circle of hard links
        file["deep/up"] = file["/"]
    with open_hdf5(path, "The file") as file:
        np.testing.assert_array_equal(file["movie"], FILM)


def test_a_packing_that_is_not_here_is_named(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        space, made = h5py.h5s.create_simple((4,)), h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((4,))
        made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(file.id, b"movie", h5py.h5t.NATIVE_FLOAT, space, made)
    with pytest.raises(MaxstimError, match="Blosc"), open_hdf5(path, "The file"):
        pass


@pytest.mark.parametrize("reads", [lambda p: open_labeled(p, Lattice(0)), load])
def test_a_file_that_another_program_writes_is_no_damage(tmp_path, reads):
    path = tmp_path / "a.nc"
    save(xr.Dataset({"movie": (("time", "y", "x"), FILM)}), path)
    holds = f"import h5py; f = h5py.File({str(path)!r}, 'a'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        try:
            with pytest.raises(MaxstimError, match="is in use"):
                reads(path)
        finally:
            holder.communicate(b"\n")
    reads(path)


@pytest.mark.parametrize("cut", [1, 100, 600, 2000])
def test_damage_is_told_in_one_sentence(tmp_path, cut):
    path = tmp_path / "a.nc"
    xr.Dataset({"movie": (("time", "y", "x"), FILM)}).to_netcdf(path, engine="h5netcdf")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(MaxstimError, match="damaged"):
        open_labeled(path, Lattice(0))
    with pytest.raises(MaxstimError, match="no readable result"):
        load(path)


def test_what_a_result_declares_is_looked_at_before_it_is_read(tmp_path):
    path = tmp_path / "a.nc"
    with h5py.File(path, "w") as file:
        file.create_dataset("stimulus", (100_000, 100_000), "f8", chunks=(10, 10))
    with pytest.raises(MaxstimError, match="declares"):
        load(path)


def test_every_file_says_what_it_means_and_what_it_said_already_stays(tmp_path):
    eye = Lattice(1)
    result = xr.Dataset(
        {
            "stimulus": (("frame", "column"), np.full((3, 7), 0.5)),
            "loss": (("iteration",), np.zeros(2), {"long_name": "mine"}),
            "other": ("frame", np.zeros(3)),
        },
        coords={"time": ("frame", np.arange(3.0)), "u": ("column", eye.u), "v": ("column", eye.v)},
    )
    save(result, tmp_path / "a.nc")
    assert not result.stimulus.attrs, "what was saved is as it was"
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as stored:
        assert stored.attrs["degrees_per_column"] == 5.8
        assert stored.loss.attrs["long_name"] == "mine"
        assert not stored.other.attrs
        for name in ("stimulus", "loss", "time", "u", "v"):
            assert {"units", "long_name"} <= set(stored[name].attrs), name
        assert "0.5 is grey" in stored.stimulus.attrs["comment"]


def test_signatures_are_looked_for_where_they_may_be(tmp_path):
    path = tmp_path / "a"
    for at, there in (
        (0, True),
        (512, True),
        (1024, True),
        (1 << 14, True),
        (513, False),
        (8, False),
    ):
        path.write_bytes(bytes(at) + b"\x89HDF\r\n\x1a\n" + bytes(20))
        assert is_hdf5(path) == there, at
