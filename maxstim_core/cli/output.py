"""Files that commands write: checked before the work, whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    import xarray as xr


def check_writable(path: str | os.PathLike, *others: str | os.PathLike | None) -> None:
    """Make sure that a file can be written and replaces nothing that is needed, and leave no trace.

    Args:
        path: What shall be written.
        others: What the same command reads or writes besides; None and names of no file do no harm.

    Raises:
        MaxstimError: if its folder is missing or cannot be written, if it is itself a folder, if it is
            one of the others, or if it cannot be called so.
    """
    path = Path(path)
    if any(other is not None and _same_or_within(path, Path(other)) for other in others):
        raise MaxstimError(
            f"The output {path} is a file that the same command also reads or writes; name another."
        )
    if os.path.isdir(path):
        raise MaxstimError(f"The output {path} is a folder; name a file in it.")
    if not os.path.isdir(path.parent):
        raise MaxstimError(f"There is no folder {path.parent}; make it, or name another output.")
    try:
        # The permissions of a folder do not tell of read-only disks, quotas and the like.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise MaxstimError(
            f"Nothing can be written to the folder {path.parent} ({error.strerror or error}); "
            "make it writable, or name another output."
        ) from error
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:  # a name that is too long, for example
        raise MaxstimError(
            f"The output {path} cannot be written ({error.strerror or error}); name another."
        ) from error


def check_store(path: str | os.PathLike, kind: str = "sweep") -> None:
    """Make sure that a store can be made in a folder, or gone on with, and leave no trace.

    Args:
        path: The folder of the store.
        kind: What it is called in sentences.

    Raises:
        MaxstimError: if its folder is missing or cannot be written, if it is a file or named like one,
            or zarr is missing.
    """
    from maxstim_core.storage.grid_store import checked_store_path

    path = checked_store_path(path, kind)
    if path.is_file():
        raise MaxstimError(f"The output {path} is a file, and a store is a folder; name another.")
    check_writable(path.parent / f"{path.name}.part")


def lies_in(path: str | os.PathLike, folder: str | os.PathLike) -> bool:
    """Tell whether a path, of something that is there or not, is within a folder."""
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(path)).parents


def _same_or_within(one: Path, other: Path) -> bool:
    """Tell whether two paths are of one file, be it there or not, or one is a file in the other."""
    try:
        # A model is a folder of files.
        return one.samefile(other) or (one.is_file() and lies_in(one, other))
    except OSError:  # one is not there
        return os.path.realpath(one) == os.path.realpath(other)


def write_result(path: str | os.PathLike, result: xr.Dataset | Labeled) -> None:
    """Write a result as NetCDF, with names of files that are no text escaped.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    from maxstim_core.storage.netcdf import save, save_labeled

    texts = {key: _as_text(value) for key, value in result.attrs.items() if isinstance(value, str)}
    if isinstance(result, Labeled):
        save_labeled(result.assign_attrs(texts), path)
    else:
        save(result.assign_attrs(texts), path)


def write_movie(path: str | os.PathLike, movie: np.ndarray) -> None:
    """Write a movie, shape (frame, column), as ``.npy``.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    content = io.BytesIO()
    np.save(content, movie, allow_pickle=False)
    write_whole(path, "movie", content.getvalue())


def write_text(path: str | os.PathLike, what: str, text: str) -> None:
    """Write a text.

    Args:
        path: Where to write it; replaced if it is there.
        what: What it is, for the refusal.
        text: What to write.

    Raises:
        MaxstimError: if it cannot be written; nothing half-written stays.
    """
    write_whole(path, what, _as_text(text).encode())


def _as_text(name: str) -> str:
    """Escape what stands for bytes of a file's name that are no text."""
    return name.encode("utf-8", "backslashreplace").decode()
