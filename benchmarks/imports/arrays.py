"""Arrays and NetCDF films: valid ones in every type and order, cut, flipped and lied about."""

from __future__ import annotations

import io
import itertools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from benchmarks.imports.case import Case, cut, flipped
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.arrays import open_arrays
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.viewing import Viewing

SHARE = 6
"""How many of twenty cases are of this module."""

EYE = Lattice(1)
_VIEW = Viewing(EYE)
_TYPES = ("|u1", "<u2", ">u2", "<f2", "<f4", ">f4", "<f8", ">f8", "|b1")
_REFUSED_TYPES = ("<i2", "<i4", "<u4", "<c8", "<i8", "<M8[s]", "<U3")


def read(path: Path) -> np.ndarray:
    """Return luminance of the first film of a file, as maxstim reads it, all frames."""
    films = list(open_arrays(path, kind_of(path).format, _VIEW))
    return films[0].luminance(0, len(films[0].values))


def luminance(array: np.ndarray) -> np.ndarray | None:
    """Return what an array means by the rules that are documented, or None if it means nothing."""
    shape = array.shape
    if len(shape) not in (2, 3) or 0 in shape or shape[0] > 20_000:
        return None
    if len(shape) == 2 and shape[1] != EYE.n_columns:
        return None
    if len(shape) == 3 and (min(shape[1:]) < 3 or shape[1] * shape[2] > 10_000_000):
        return None
    if array.dtype.kind not in "fub" or (array.dtype.kind == "u" and array.dtype.itemsize > 2):
        return None
    with np.errstate(all="ignore"):
        lum = array.astype(np.float32)
        if array.dtype.kind == "u":
            lum = lum / np.float32(np.iinfo(array.dtype).max)
        right = np.isfinite(lum).all() and lum.min() >= -1e-5 and lum.max() <= 1 + 1e-5
    return lum.clip(0, 1) if right else None


def cases(count: int, rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases, each with a file of its own in a folder."""
    makers = (_npy, _npz, _netcdf, _broken_netcdf)
    for number in range(count):
        path = folder / f"{number:05d}.bin"
        yield makers[number % len(makers)](rng, path)


def _array(rng: np.random.Generator, types: tuple[str, ...] = _TYPES) -> np.ndarray:
    dtype = np.dtype(str(rng.choice(types)))
    shape = [(4, 7), (5, 6, 8), (3, 4, 9), (2, 9, 3)][rng.integers(4)]
    values = rng.random(shape)
    if dtype.kind == "u":
        return np.round(values * np.iinfo(dtype).max).astype(dtype)
    array = values > 0.5 if dtype.kind == "b" else values.astype(dtype)
    return np.asfortranarray(array) if rng.random() < 0.3 else array


def _stored(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _case(kind: str, change: str, path: Path, content: bytes, right: np.ndarray | None) -> Case:
    path.write_bytes(content)
    allowed = () if right is None else (right,)
    return Case(kind, change, lambda: read(path), allowed, right is None)


def _numpy(content: bytes, packed: bool) -> np.ndarray | None:
    """What numpy makes of it: an independent reader."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if packed:
                with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                    if not all(f"{name}.npy" in arrays.zip.namelist() for name in arrays.files):
                        return None
                    (array,) = (arrays[name] for name in arrays.files)
                    (member,) = arrays.zip.infolist()
                    size = member.file_size
                    head = arrays.zip.read(member.filename)
            else:
                array, head = np.load(io.BytesIO(content), allow_pickle=False), content
                size = len(content)
        stream = io.BytesIO(head)
        version = np.lib.format.read_magic(stream)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        readers[version](stream)
        return array if size == stream.tell() + array.nbytes else None
    except Exception:  # whatever it is, it is no array
        return None


def _npy(rng: np.random.Generator, path: Path) -> Case:
    array = _array(rng)
    content, change = (
        _stored(array),
        str(rng.choice(["none", "cut", "header", "numbers", "more", "type"])),
    )
    if change == "cut":
        return _case("npy", change, path, cut(content, rng), None)
    if change == "more":
        return _case("npy", change, path, content + content[: rng.integers(1, 300)], None)
    if change == "type":
        other = rng.random((4, 7)) * 3
        stored = other.astype("<i8").astype(str(rng.choice(_REFUSED_TYPES)))
        return _case("npy", change, path, _stored(stored), None)
    if change == "header":
        content = flipped(content[:128], rng) + content[128:]
    elif change == "numbers":
        content = content[:128] + flipped(content[128:], rng, 3)
    found = _numpy(content, packed=False)
    return _case("npy", change, path, content, None if found is None else luminance(found))


def _npz(rng: np.random.Generator, path: Path) -> Case:
    array, stream = _array(rng), io.BytesIO()
    (np.savez if rng.random() < 0.5 else np.savez_compressed)(stream, film=array)
    content, change = stream.getvalue(), str(rng.choice(["none", "cut", "flipped", "text", "lie"]))
    if change == "cut":
        return _case("npz", change, path, cut(content, rng), None)
    if change == "text":
        with zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("readme.txt", "Once upon a time")
        return _case("npz", change, path, stream.getvalue(), None)
    if change == "lie":
        lied = io.BytesIO()
        with zipfile.ZipFile(lied, "w", zipfile.ZIP_DEFLATED) as archive:
            head = io.BytesIO()
            says = {"descr": "<f4", "fortran_order": False, "shape": (10**9, 7)}
            np.lib.format.write_array_header_1_0(head, says)
            archive.writestr("film.npy", head.getvalue() + bytes(2800))
        return _case("npz", change, path, lied.getvalue(), None)
    if change == "flipped":
        content = flipped(content, rng)
    found = _numpy(content, packed=True)
    right = None if found is None else luminance(found)
    case = _case("npz", change, path, content, right)
    # What is between and behind members is looked at by one reader and not by the other.
    return case if change == "none" else Case("npz", change, case.read, case.allowed, True)


_NAMES = {"time": ("time", "frame", "t"), "y": ("y", "row", "height"), "x": ("x", "col", "width")}


def _dataset(rng: np.random.Generator) -> tuple[xr.Dataset, dict, np.ndarray]:
    """A film as others may store it, its encoding, and what it means."""
    if rng.random() < 0.4:
        lum = rng.random((4, EYE.n_columns)).astype("f4")
        order = rng.permutation(EYE.n_columns)
        at = {"u": ("column", EYE.u[order]), "v": ("column", EYE.v[order])}
        film = xr.DataArray(lum[:, order], dims=("frame", "column"), coords=at)
    else:
        names = {role: str(rng.choice(of)) for role, of in _NAMES.items()}
        lum = rng.random((4, 5, 6)).astype("f4")
        film = xr.DataArray(lum, dims=[names[role] for role in ("time", "y", "x")])
        if rng.random() < 0.5:
            way = str(rng.choice(["up", "down"]))
            rows = np.arange(5.0) if rng.random() < 0.5 else np.arange(5.0)[::-1]
            film = film.assign_coords({names["y"]: (names["y"], rows, {"positive": way})})
            lum = lum if (rows[0] < rows[1]) == (way == "down") else lum[:, ::-1]
    orders = list(itertools.permutations(film.dims))
    film = film.transpose(*orders[rng.integers(len(orders))])
    encoding: dict = {"zlib": bool(rng.random() < 0.5)}
    if rng.random() < 0.3:
        encoding |= {"dtype": "uint16", "scale_factor": 1 / 60_000, "_FillValue": 65_535}
    if rng.random() < 0.3:
        encoding["chunksizes"] = tuple(int(rng.integers(1, n + 1)) for n in film.shape)
    film.attrs["dt"] = 0.04
    return xr.Dataset({str(rng.choice(["movie", "stimulus", "mine"])): film}), encoding, lum


def _netcdf(rng: np.random.Generator, path: Path) -> Case:
    data, encoding, lum = _dataset(rng)
    (name,) = data.data_vars
    change = str(rng.choice(["none", "none", "gaps", "two", "unclear"]))
    if change == "gaps":
        values = data[name].values.copy()
        values.flat[rng.integers(values.size)] = np.nan
        data[name] = data[name].copy(data=values)
    elif change == "two":
        data = xr.Dataset({"left": data[name], "right": data[name]})
        (name,), encoding = ("left",), {}
    elif change == "unclear":
        data = data.rename({data[name].dims[0]: "depth"})
    data.to_netcdf(path, engine="h5netcdf", encoding={name: encoding})
    right = () if change != "none" else (lum,)
    return Case("netcdf", change, lambda: read(path), right, change != "none", 2e-5)


def _broken_netcdf(rng: np.random.Generator, path: Path) -> Case:
    data, encoding, lum = _dataset(rng)
    (name,) = data.data_vars
    data.to_netcdf(path, engine="h5netcdf", encoding={name: encoding})
    content, change = (
        path.read_bytes(),
        str(rng.choice(["cut", "flipped", "elsewhere", "declared"])),
    )
    if change == "cut":
        path.write_bytes(cut(content, rng))
        return Case("netcdf", change, lambda: read(path), (), True)
    if change in ("elsewhere", "declared"):
        with h5py.File(path, "r+") as file:
            del file[name]
            if change == "declared":
                side = int(rng.choice([10**3, 10**4, 10**6]))
                file.create_dataset(name, (side, 1000, 1000), "f4", chunks=(1, 10, 10))
            else:
                file[name] = h5py.ExternalLink("nowhere.h5", "/movie")
        return Case("netcdf", change, lambda: read(path), (), True)
    path.write_bytes(flipped(content, rng))
    allowed = [lum]
    try:  # numbers have no checksum: what they are now, by h5py in the order of the file that was whole
        with h5py.File(path, "r", locking=False) as file:
            now = file[name][()]
        dims = data[name].dims
        whole = xr.DataArray(now, dims=dims)
        if "scale_factor" in encoding:
            whole = whole * encoding["scale_factor"]
        if "column" in dims:
            order = EYE.index(data.u.values, data.v.values)
            seen = np.empty((4, EYE.n_columns), "f4")
            seen[:, order] = whole.transpose("frame", "column").values
        else:
            roles = {n: role for role, of in _NAMES.items() for n in of}
            ordered = sorted(dims, key=lambda n: ("time", "y", "x").index(roles[str(n)]))
            seen = whole.transpose(*ordered).values
        allowed += [seen.clip(0, 1), seen[:, ::-1].clip(0, 1)]
    except Exception:  # damaged further than a number
        pass
    return Case("netcdf", change, lambda: read(path), tuple(allowed), True, 2e-5)
