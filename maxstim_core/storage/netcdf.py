"""Datasets as NetCDF files, written whole and read wholly."""

from __future__ import annotations

import os

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import write_whole


def save(dataset: xr.Dataset, path: str | os.PathLike) -> None:
    """Write a dataset as NetCDF, whole or not at all.

    Raises:
        MaxstimError: if the file cannot be written there.
    """
    encoding = {name: {"zlib": True, "complevel": 4} for name in _compressible(dataset)}
    # In memory first: HDF5 that meets a full disk can take the whole process down when it exits.
    content = dataset.to_netcdf(engine="h5netcdf", encoding=encoding)
    write_whole(path, "result", content)


def load(path: str | os.PathLike) -> xr.Dataset:
    """Read a dataset written by `save`, wholly into memory.

    Raises:
        MaxstimError: if the file is missing or is no result of maxstim.
    """
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            return dataset.load()
    except FileNotFoundError:
        raise MaxstimError(f"There is no file {path}; check the path.") from None
    except Exception as error:  # a damaged HDF5 file raises whatever the damage leads to
        raise MaxstimError(
            f"The file {path} is no readable result of maxstim; run it again."
        ) from error


def _compressible(dataset: xr.Dataset) -> list[str]:
    return [name for name, var in dataset.variables.items() if var.ndim and var.dtype.kind in "iuf"]
