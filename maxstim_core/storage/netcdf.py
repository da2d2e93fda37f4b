"""Datasets as NetCDF files, written whole and read wholly."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.hdf5 import as_damaged, open_hdf5
from maxstim_core.storage.labeled import Labeled
from maxstim_core.storage.meaning import documented, meaning_of_all

if TYPE_CHECKING:
    import h5py
    import xarray as xr

_COMPRESSED = "iuf"
"""Kinds of numbers that are compressed, where a variable has dimensions."""

_LEVEL = 4
"""How hard: of 0 to 9."""

_SURE_BYTES = 300_000_000
_MOST_GROWTH = 20
"""What a result may take in memory: so many bytes, or so many times those of its file."""

_NO_RESULT = "is no readable result of maxstim; run it again."


def save(dataset: xr.Dataset | xr.DataArray, path: str | os.PathLike) -> None:
    """Write a result as NetCDF, whole or not at all.

    The file says what its variables mean: units, and which way the eye is up.

    Args:
        dataset: An answer, or the voltages that `simulate` returns; units and dimensions are kept.
        path: Where to write it; what was there is replaced.

    Raises:
        MaxstimError: if it is no result, holds what NetCDF cannot, or the file cannot be written there.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> ms.save(ms.finish(ms.generate(network, "Mi1", config)), "mi1.nc")
        >>> ms.load("mi1.nc").attrs["cell_type"]
        'Mi1'
    """
    import xarray as xr  # not before it is needed: who gives a dataset has it loaded

    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name=dataset.name or "values")
    if not isinstance(dataset, xr.Dataset):
        raise MaxstimError(
            f"Only a result can be saved, such as finish(run) returns, not {shown(dataset)}."
        )
    if not isinstance(path, str | os.PathLike):
        raise MaxstimError(f"A result is saved at a path, such as 't4c.nc', not at {shown(path)}.")
    dataset = documented(dataset)
    dataset = dataset.assign_attrs(_mark(dataset.attrs, *_said(dataset)))
    compressed = {"zlib": True, "complevel": _LEVEL}
    variables = dataset.variables.items()
    packed = [name for name, var in variables if var.ndim and var.dtype.kind in _COMPRESSED]
    # In memory first: HDF5 that meets a full disk can take the whole process down when it exits.
    try:
        content = dataset.to_netcdf(engine="h5netcdf", encoding=dict.fromkeys(packed, compressed))
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise MaxstimError(
            f"This result holds what NetCDF cannot ({str(error).partition(':')[0]:.90}); drop it, or "
            "make it a number, text or an array of them."
        ) from error
    write_whole(path, "result", content)


def save_labeled(labeled: Labeled, path: str | os.PathLike) -> None:
    """Write what is no dataset yet as `save` writes the dataset, without xarray.

    Args:
        labeled: What to write.
        path: Where to write it; what was there is replaced.

    Raises:
        MaxstimError: if the file cannot be written there.
    """
    import h5netcdf

    each, content = labeled.each(), io.BytesIO()
    with h5netcdf.File(content, "w") as file:
        file.dimensions = {
            dim: size
            for dims, values, _ in each.values()
            for dim, size in zip(dims, values.shape, strict=True)
        }
        for name, (dims, values, attributes) in each.items():
            variable = file.create_variable(name, dims, **_stored(values))
            if values.dtype.kind == "f":
                variable.attrs["_FillValue"] = values.dtype.type(np.nan)
            variable.attrs.update(attributes)
            beside = [
                other
                for other, (along, *_) in each.items()
                if labeled.is_coordinate(other) and along != (other,) and {*along} <= {*dims}
            ]
            if beside and not labeled.is_coordinate(name):
                variable.attrs["coordinates"] = " ".join(sorted(beside))
            variable[...] = values.astype(object) if values.dtype.kind == "U" else values
        mark = _mark(labeled.attrs, *(attributes for *_, attributes in each.values()))
        file.attrs.update({**meaning_of_all(file.dimensions), **labeled.attrs, **mark})
    write_whole(path, "result", content.getvalue())


def _stored(values: np.ndarray) -> dict[str, Any]:
    """Return how the values of a variable are stored: the choices of xarray's that it reads back."""
    import h5py

    if values.dtype.kind == "U":
        return {"dtype": h5py.string_dtype()}
    packed = values.ndim > 0 and values.dtype.kind in _COMPRESSED
    return {
        "dtype": values.dtype,
        "fillvalue": np.nan if values.dtype.kind == "f" else None,
        **({"compression": "gzip", "compression_opts": _LEVEL} if packed else {}),
    }


def read_dataset(path: str | os.PathLike) -> xr.Dataset:
    """Read what `save` wrote, wholly into memory.

    Args:
        path: Its file.

    Returns:
        The dataset, which shows its strip in a notebook; its variables, with dimensions and units, are
        described in `maxstim_core.optimal.result`.

    Raises:
        MaxstimError: if the file is missing or is no result of maxstim.
    """
    import xarray as xr

    if not isinstance(path, str | os.PathLike):
        raise MaxstimError(
            f"A result is read from a path, such as 't4c.nc', not from {shown(path)}."
        )
    what = f"The file {path}"
    try:
        with open_hdf5(path, what, _NO_RESULT) as file, as_damaged(what, _NO_RESULT):
            _check_sizes(file, what)
        with as_damaged(what, _NO_RESULT), xr.open_dataset(path, engine="h5netcdf") as dataset:
            dataset.load()
    except FileNotFoundError:
        raise MaxstimError(f"There is no file {path}; check the path.") from None
    except OSError as error:
        raise MaxstimError(
            f"{what} cannot be read ({error.strerror or error}); check the path and its permissions."
        ) from error
    if _mark(dataset.attrs, *_said(dataset)):
        raise MaxstimError(f"{what} was not written by maxstim; open it with xarray.open_dataset.")
    return dataset


def _mark(*said: Mapping[Any, Any]) -> dict[str, str]:
    """Return the attribute that a whole and its variables lack to say that maxstim made them."""
    made_by = {"maxstim_version", "network_hash"}
    is_ours = any(made_by & set(attributes) for attributes in said)
    return {} if is_ours else {"maxstim_version": __version__}


def _said(dataset: xr.Dataset) -> list[dict[Any, Any]]:
    return [variable.attrs for variable in dataset.variables.values()]


def _check_sizes(file: h5py.File, what: str) -> None:
    """Refuse a file that would become far more in memory than it is on the disk."""
    import h5py

    declared = 0

    def add(name: str, found: object) -> None:
        nonlocal declared
        if isinstance(found, h5py.Dataset) and found.size is not None:
            declared += found.size * found.dtype.itemsize

    file.visititems(add)
    stored = os.path.getsize(file.filename)
    if declared > max(_SURE_BYTES, _MOST_GROWTH * stored):
        raise MaxstimError(
            f"{what} has {stored / 1e6:.3g} MB but declares {declared / 1e6:.3g} MB of numbers, more "
            "than any result packs so tightly; run it again."
        )
