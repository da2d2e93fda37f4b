"""Datasets as NetCDF files, written whole and read wholly."""

from __future__ import annotations

import os

import h5py
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.hdf5 import as_damaged, open_hdf5
from maxstim_core.storage.meaning import documented
from maxstim_core.storage.notebook import Result

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
        MaxstimError: if it is no result, or the file cannot be written there.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> ms.save(ms.finish(ms.generate(network, "Mi1", config)), "mi1.nc")
        >>> ms.load("mi1.nc").attrs["cell_type"]
        'Mi1'
    """
    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name=dataset.name or "values")
    if not isinstance(dataset, xr.Dataset):
        raise MaxstimError(
            f"Only a result can be saved, such as finish(run) returns, not {type(dataset).__name__} "
            f"{dataset!r:.60}."
        )
    dataset = documented(dataset)
    encoding = {name: {"zlib": True, "complevel": 4} for name in _compressible(dataset)}
    # In memory first: HDF5 that meets a full disk can take the whole process down when it exits.
    content = dataset.to_netcdf(engine="h5netcdf", encoding=encoding)
    write_whole(path, "result", content)


def load(path: str | os.PathLike) -> Result:
    """Read a result written by `save`, wholly into memory.

    Args:
        path: Its file.

    Returns:
        The dataset, which shows its strip in a notebook; its variables, with dimensions and units, are
        described in `maxstim_core.optimal.result`.

    Raises:
        MaxstimError: if the file is missing or is no result of maxstim.
    """
    what = f"The file {path}"
    try:
        with open_hdf5(path, what, _NO_RESULT) as file, as_damaged(what, _NO_RESULT):
            _check_sizes(file, what)
        with as_damaged(what, _NO_RESULT), xr.open_dataset(path, engine="h5netcdf") as dataset:
            return Result.of(dataset.load())
    except FileNotFoundError:
        raise MaxstimError(f"There is no file {path}; check the path.") from None
    except OSError as error:
        raise MaxstimError(
            f"{what} cannot be read ({error.strerror or error}); check the path and its permissions."
        ) from error


def _check_sizes(file: h5py.File, what: str) -> None:
    """Refuse a file that would become far more in memory than it is on the disk."""
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


def _compressible(dataset: xr.Dataset) -> list[str]:
    variables = dataset.variables.items()
    return [str(name) for name, var in variables if var.ndim and var.dtype.kind in "iuf"]
