"""What is lost or damaged in the store of a grid: told in a sentence, and never taken for an answer.

Every chunk is a file that was put in its place whole, so that a store is only damaged from outside: by a
disk, a copy that was cut short, a file that was removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.errors import MaxstimError

if TYPE_CHECKING:
    import xarray as xr

_CHUNKS = "c"
"""Zarr 3 keeps the chunks of an array here, in a folder for each dimension but the last."""


def chunk_file(path: Path, name: str, index: Iterable[int]) -> Path:
    """Return the file of a chunk.

    Args:
        path: The folder of the store.
        name: Of the array.
        index: Of the chunk.
    """
    return path.joinpath(name, _CHUNKS, *(str(k) for k in index))


def check_arrays(group: Any, path: Path, kind: str) -> None:
    """Make sure that a store has all the arrays that it was made with.

    Args:
        group: Of zarr.
        path: The folder of the store.
        kind: What it is called in sentences.

    Raises:
        MaxstimError: if one is gone, or of a coordinate all that it holds.
    """
    about = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    made = (about.get("consolidated_metadata") or {}).get("metadata", {})
    gone = [name for name in made if not (path / name / "zarr.json").is_file()]
    with damage_told(path, kind, [name for name in made if name not in gone]):
        dims = group["status"].metadata.dimension_names if "status" not in gone else ()
        for name in sorted(made.keys() - gone):
            array = group[name]
            # A coordinate of one value may be all fill, which zarr does not write unless it is told to.
            is_coordinate = array.metadata.dimension_names[: len(dims)] != dims
            if is_coordinate and array.size > 1 and not (path / name / _CHUNKS).exists():
                gone.append(name)
    if gone:
        raise MaxstimError(
            f"The {kind} at {path} lacks {', '.join(sorted(gone))}, which somebody has removed; put "
            "back a copy of that, or name another."
        )


def lost_answers(group: Any, path: Path, complete: np.ndarray) -> np.ndarray:
    """Return which answers are said to be complete and lack the file of a chunk.

    Args:
        group: Of zarr.
        path: The folder of the store.
        complete: Which are said to be, of the shape of the grid.

    Returns:
        Of the same shape, bool.
    """
    lost = np.zeros_like(complete)
    cells = [*map(tuple, np.argwhere(complete).tolist())]
    dims = group["status"].metadata.dimension_names
    for name, array in group.arrays():
        # Marks, such as those of the front, follow from the rest.
        if array.metadata.dimension_names[: len(dims)] != dims or array.dtype.kind != "f":
            continue
        inner = (0,) * (array.ndim - len(dims))
        known: dict[tuple[int, ...], bool] = {}
        for cell in cells:
            index = tuple(k // size for k, size in zip(cell, array.chunks, strict=False))
            if index not in known:
                known[index] = chunk_file(path, name, (*index, *inner)).is_file()
            lost[cell] |= not known[index]
    return lost


@contextmanager
def damage_told(path: Path, kind: str, names: Iterable[str]) -> Iterator[None]:
    """Say which file is damaged where arrays cannot be read within, and what to do.

    Args:
        path: The folder of the store.
        kind: What it is called in sentences.
        names: Of the arrays that are read.

    Raises:
        MaxstimError: if they cannot be read.
    """
    try:
        yield
    except MaxstimError:
        raise
    except Exception as error:  # zarr and its codecs have many
        raise _damage(path, kind, names, error) from error


def _damage(path: Path, kind: str, names: Iterable[str], error: Exception) -> MaxstimError:
    """Return the refusal that names the first file that cannot be read."""
    import zarr

    if isinstance(error, OSError):  # of the system: nothing in the files is wrong
        return _unreadable(path, kind, error)
    keep = f"put back a copy of it, or name another {kind}"
    anew = f"remove it, and make the {kind} again, which makes anew what that loses"
    dims: tuple = ()
    for name in ["status", *(each for each in names if each != "status")]:
        try:
            array: Any = zarr.open_array(path / name, mode="r")
            dims = dims or array.metadata.dimension_names
        except Exception:
            return MaxstimError(f"The file {path / name / 'zarr.json'} is damaged; {keep}.")
        folder = path / name / _CHUNKS
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            try:
                array.get_block_selection(tuple(int(k) for k in file.relative_to(folder).parts))
            except Exception:
                of_cells = array.metadata.dimension_names[: len(dims)] == dims
                return MaxstimError(f"The file {file} is damaged; {anew if of_cells else keep}.")
    return _unreadable(path, kind, error)


def _unreadable(path: Path, kind: str, error: Exception) -> MaxstimError:
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return MaxstimError(
        f"The {kind} at {path} cannot be read ({told.splitlines()[0]}); make it readable, or name "
        "another."
    )


def dataset_of(path: Path, kind: str) -> xr.Dataset:
    """Return a store as a dataset whose variables are read when they are looked at.

    Args:
        path: The folder of the store.
        kind: What it is called in sentences: whenever a variable cannot be read, `damage_told` says so.

    Raises:
        MaxstimError: if it cannot be read.
    """
    import xarray as xr
    from xarray.backends import BackendArray
    from xarray.core import indexing as arrays_of_xarray

    indexing: Any = arrays_of_xarray  # its types are its own affair

    class Told(BackendArray):
        """A variable that is read from a store, or says what is damaged."""

        def __init__(self, name: str, variable: xr.Variable) -> None:
            self.shape, self.dtype = variable.shape, variable.dtype
            self._name, self._variable = name, variable

        def __getitem__(self, key: Any) -> Any:
            support = indexing.IndexingSupport.OUTER
            return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

        def _read(self, key: tuple) -> np.ndarray:
            with damage_told(path, kind, [self._name]):
                return self._variable[key].values

    with damage_told(path, kind, []):
        found = xr.open_zarr(path, chunks=None, consolidated=False)

    def told(name: Any, variable: xr.Variable) -> xr.Variable:
        if name in found.indexes:
            return variable
        lazily = indexing.CopyOnWriteArray(indexing.LazilyIndexedArray(Told(name, variable)))
        held = indexing.MemoryCachedArray(lazily)
        return xr.Variable(variable.dims, held, variable.attrs, variable.encoding)

    variables, coordinates = (
        {name: told(name, each.variable) for name, each in part.items()}
        for part in (found.data_vars, found.coords)
    )
    return xr.Dataset(variables, coordinates, found.attrs)
