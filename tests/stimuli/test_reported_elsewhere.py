"""Files on which other readers went wrong, from public reports about them, each made small.

A case names its report on GitHub and what is right: luminance of shape (frame, row, column), frames per
second with it, or a part of the refusal.
"""

import zipfile

import h5py
import numpy as np
import pytest
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.arrays import open_arrays, read_arrays
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.viewing import Viewing

VIEW = Viewing(Lattice(0))
FILM = np.linspace(0, 1, 4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
BYTES = np.round(FILM * 200).astype(np.uint8)


def _hdf5(path, values, **attrs):
    with h5py.File(path, "w") as file:
        file["movie"] = values
        file["movie"].attrs.update(attrs)


def _nc(path, values, encoding=None, **coords):
    film = xr.DataArray(values, dims=("time", "y", "x"), coords=coords, name="movie")
    film.to_netcdf(path, engine="h5netcdf", encoding={"movie": encoding or {}})


def _null_scales(path):
    with h5py.File(path, "w") as file:
        file["movie"] = FILM.transpose(2, 0, 1)
        for axis, name in enumerate(("x", "time", "y")):
            file.create_dataset(name, data=h5py.Empty("f4"))
            file[name].make_scale(name)
            file["movie"].dims[axis].attach_scale(file[name])


def _times(dtype, scale, units, begin=0.0):
    times = (begin + np.arange(4) * 0.04) * scale
    return lambda path: _nc(path, FILM, time=("time", times.astype(dtype), {"units": units}))


def _cf_bytes(path, stored, **attrs):
    stored = np.round((FILM - 0.5) / 0.003937008).astype(np.int8).view(stored)
    about = {"scale_factor": np.float32(0.003937008), "add_offset": np.float32(0.5)}
    _hdf5(path, stored, _Unsigned="false", _FillValue=np.int8(-128), **about, **attrs)


def _npy(path, header, numbers):
    text = header.encode("latin1").ljust(118) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + numbers)


def _zip(path):
    np.savez(path.with_suffix(".npz"), FILM)
    with zipfile.ZipFile(path.with_suffix(".npz")) as made, zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("arr_0.npy", made.read("arr_0.npy"))
        zipped.writestr("__MACOSX/._arr_0.npy", b"\0\5\x16\7" + bytes(80))
        zipped.writestr(".DS_Store", b"\0\0\0\1Bud1")


def _unallocated(path):
    with h5py.File(path, "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((1, 5, 6))
        made.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple(FILM.shape)
        h5py.h5d.create(file.id, b"movie", h5py.h5t.NATIVE_FLOAT, space, made)
        file["movie"][:2] = FILM[:2]


def _blosc(path):
    with h5py.File(path, "w") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((1, 5, 6))
        made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple(FILM.shape)
        h5py.h5d.create(file.id, b"movie", h5py.h5t.NATIVE_FLOAT, space, made)


def _matlab(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["data"] = FILM.T
        file["data"].attrs["MATLAB_class"] = np.bytes_("single")
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 ."
    with open(path, "r+b") as file:
        file.write(head)


def _half(path):
    np.save(path.with_suffix(".npy"), FILM)
    content = path.with_suffix(".npy").read_bytes()
    path.write_bytes(content[: len(content) - FILM.nbytes // 2])


def _opacity(path):
    film = np.ones((4, 5, 6, 4), np.float32) * 0.5
    film[..., 3] = np.linspace(0, 1, 6)
    np.save(path.with_suffix(".npy"), film)
    path.with_suffix(".npy").rename(path)


def _saved(path, values):
    np.save(path.with_suffix(".npy"), values)
    path.with_suffix(".npy").rename(path)


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 5, 6), }"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"

REPORTS = {
    "h5netcdf/h5netcdf#178, no scales": (lambda p: _hdf5(p, FILM), FILM),
    "h5netcdf/h5netcdf#205, scales of no size": (_null_scales, FILM),
    "pydata/xarray#2583, _Unsigned false": (
        lambda p: _cf_bytes(p, np.int8, valid_range=np.array([-127, 127], np.int16)),
        FILM,
    ),
    "pydata/xarray#4954, bytes from OPeNDAP": (lambda p: _cf_bytes(p, np.uint8), FILM),
    "pydata/xarray#9136, fill value 1 of unsigned": (
        lambda p: _hdf5(p, (BYTES + 2).view(np.int8), _Unsigned="true", _FillValue=np.int8(1)),
        (BYTES + 2) / 255,
    ),
    "pydata/xarray#7782, ubyte with a fill value": (
        lambda p: _hdf5(p, BYTES, _FillValue=np.uint8(255)),
        BYTES / 255,
    ),
    "pydata/xarray#5192, truth values as int8": (
        lambda p: _nc(p, FILM > 0.5),
        (FILM > 0.5).astype(np.float32),
    ),
    "pydata/xarray#9618, times of single precision": (
        _times("f4", 1, "seconds since 2020-01-01", 700.0),
        (FILM, 25),
    ),
    "pydata/xarray#4045, microseconds since 1900": (
        _times("i8", 1e6, "microseconds since 1900-01-01", 3.6e9),
        (FILM, 25),
    ),
    "pydata/xarray#8486, nanoseconds": (_times("f8", 1e9, "nanoseconds"), (FILM, 25)),
    "losonczylab/sima#181, saved by MATLAB": (_matlab, "MATLAB"),
    "numpy/numpy#28334, numpy's numbers in the header": (
        lambda p: _npy(p, HEADER.replace("4, 5", "np.int64(4), np.int64(5)"), FILM.tobytes()),
        "damaged",
    ),
    "open-ephys/plugin-GUI#378, header of odd tokens": (
        lambda p: _npy(p, HEADER.replace("}", "("), FILM.tobytes()),
        "damaged",
    ),
    "numpy/numpy#28330, half is missing": (_half, "cut off"),
    "numpy/numpy#23988, a header of Python 2": (
        lambda p: _npy(p, HEADER.replace("(4, 5, 6)", "(4L, 5L, 6L)"), FILM.tobytes()),
        FILM,
    ),
    "pandas-dev/pandas#37098, zipped by a Mac": (_zip, FILM),
    "python-pillow/Pillow#2610, ten bits in sixteen": (
        lambda p: _saved(p, np.round(FILM * 1023).astype(np.uint16)),
        "1023 of 65535",
    ),
    "raspberrypi/picamera2#311, twelve bits in sixteen": (
        lambda p: _saved(p, np.round(FILM * 4095).astype(">u2")),
        "4095 of 65535",
    ),
    "h5py/h5py#455, pieces that were never written": (_unallocated, "not written to its end"),
    "h5py/h5py#2294, packed with Blosc": (_blosc, "Blosc"),
    "matplotlib/matplotlib#3343, grey on grey stays grey": (
        _opacity,
        np.full((4, 5, 6), 0.5, np.float32),
    ),
    "mit-han-lab/smoothquant#13, a pointer of Git LFS": (
        lambda p: p.write_bytes(POINTER),
        "git lfs",
    ),
}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional")
def test_what_other_readers_got_wrong(tmp_path, report):
    make, right = REPORTS[report]
    path = tmp_path / "a"
    make(path)
    if isinstance(right, str):
        with pytest.raises(MaxstimError, match=right) as refusal:
            read_arrays(path, kind_of(path).format, VIEW, fps=10)
        assert len(str(refusal.value)) <= 500
        return
    lum, fps = right if isinstance(right, tuple) else (right, None)
    (film,) = open_arrays(path, kind_of(path).format, VIEW)
    np.testing.assert_allclose(film.luminance(0, 4), lum, atol=0.003)
    assert film.fps == (fps and pytest.approx(fps, rel=1e-4))
