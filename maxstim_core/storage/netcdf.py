"""Datasets as NetCDF files, written whole and read wholly."""

from __future__ import annotations

import os

import xarray as xr

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.storage.atomic import write_whole


def save(dataset: xr.Dataset | xr.DataArray, path: str | os.PathLike) -> None:
    """Write a result as NetCDF, whole or not at all.

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
    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name=dataset.name or "values")
    if not isinstance(dataset, xr.Dataset):
        raise MaxstimError(
            f"Only a result can be saved, such as finish(run) returns, not {shown(dataset)}."
        )
    if not isinstance(path, str | os.PathLike):
        raise MaxstimError(f"A result is saved at a path, such as 't4c.nc', not at {shown(path)}.")
    if not _is_ours(dataset):  # so that it is known again
        dataset = dataset.assign_attrs(maxstim_version=__version__)
    encoding = {name: {"zlib": True, "complevel": 4} for name in _compressible(dataset)}
    # In memory first: HDF5 that meets a full disk can take the whole process down when it exits.
    try:
        content = dataset.to_netcdf(engine="h5netcdf", encoding=encoding)
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise MaxstimError(
            f"This result holds what NetCDF cannot ({str(error).partition(':')[0]:.90}); drop it, or "
            "make it a number, text or an array of them."
        ) from error
    write_whole(path, "result", content)


def read_dataset(path: str | os.PathLike) -> xr.Dataset:
    """Read what `save` wrote, wholly into memory.

    Args:
        path: The file.

    Raises:
        MaxstimError: if the file is missing, or was not written by maxstim.
    """
    if not isinstance(path, str | os.PathLike):
        raise MaxstimError(
            f"A result is read from a path, such as 't4c.nc', not from {shown(path)}."
        )
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            dataset.load()
    except FileNotFoundError:
        raise MaxstimError(f"There is no file {path}; check the path.") from None
    except Exception as error:  # a damaged HDF5 file raises whatever the damage leads to
        raise MaxstimError(
            f"The file {path} is no readable result of maxstim; run it again."
        ) from error
    if not _is_ours(dataset):
        raise MaxstimError(
            f"The file {path} was not written by maxstim; open it with xarray.open_dataset."
        )
    return dataset


def _is_ours(dataset: xr.Dataset) -> bool:
    """Tell whether a dataset, or a variable of it, says that maxstim made it."""
    made_by = {"maxstim_version", "network_hash"}
    says = [dataset.attrs, *(variable.attrs for variable in dataset.variables.values())]
    return any(made_by & set(attributes) for attributes in says)


def _compressible(dataset: xr.Dataset) -> list[str]:
    variables = dataset.variables.items()
    return [str(name) for name, var in variables if var.ndim and var.dtype.kind in "iuf"]
