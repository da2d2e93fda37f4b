"""What kind of movie a file is: told by what is in it, not by its name."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from typing import Literal, NamedTuple

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.arrays import array_kind, unread_array
from maxstim_core.stimuli.files.film import film_kind
from maxstim_core.stimuli.files.images import is_image, n_pictures
from maxstim_core.stimuli.files.unread import unread_format, what_to_do
from maxstim_core.stimuli.limits import MOST_BYTES
from maxstim_core.storage.hdf5 import SIGNATURE, is_hdf5

HEAD = 4096
"""Bytes at the beginning of a file that tell."""

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".gif"),
    *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"),
    *(".npy", ".npz", ".nc", ".zip"),
)
"""What files of these kinds are usually called."""


_LOOK_LIKE_OTHERS = {"CR2", "NIfTI"}
"""Formats whose files begin as those of a kind that is read."""


class FileKind(NamedTuple):
    """What a movie is.

    Attributes:
        holds: ``film``, ``array``, ``image`` (a single one), ``animation`` (several in a file) or
            ``images`` (a folder or an archive).
        format: What its reader calls it: ``mov``, ``matroska``, ``gif``, ``npy``, ``npz``, ``nc``,
            ``zip``, or nothing.
    """

    holds: Literal["film", "array", "image", "animation", "images"]
    format: str = ""


def kind_of(path: Path) -> FileKind:
    """Return what a movie is.

    Raises:
        MaxstimError: if it is missing, empty, no movie, no regular file or beyond the limit on bytes.
    """
    if os.path.isdir(path):
        return FileKind("images")
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            raise MaxstimError(f"The movie {path} is no regular file; copy it to one.")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError:
        raise MaxstimError(f"There is no movie {path}; check the path.") from None
    except OSError as error:
        raise MaxstimError(
            f"The movie {path} cannot be read ({error.strerror or error}); check the path and its "
            "permissions."
        ) from error
    check_bytes(path, about.st_size)
    kind = _hidden_array(path, head) or kind_of_head(path, head)
    if kind.format == "npz" and _holds_no_arrays(path):
        return FileKind("images", "zip")
    if kind.holds == "image" and n_pictures(path) > 1:
        return FileKind("animation")
    return kind


def check_bytes(name: Path | str, n_bytes: int) -> None:
    """Refuse a file by its size alone.

    Raises:
        MaxstimError: if it is empty or beyond the limit.
    """
    if n_bytes < 1:
        raise MaxstimError(f"The movie {name} is empty; choose another file.")
    if n_bytes > MOST_BYTES:
        raise MaxstimError(
            f"The movie {name} has {n_bytes / 1e9:.1f} GB; cut it or make it smaller, to "
            f"{MOST_BYTES / 1e9:.0f} GB."
        )


def kind_of_head(name: Path | str, head: bytes) -> FileKind:
    """Return what a file is that begins with these bytes, as far as they tell.

    A zip of images still counts as ``npz``, and an image file of several pictures as a single one.

    Raises:
        MaxstimError: if it is no movie.
    """
    unread = unread_format(head)
    if unread and (head[4:8] == b"ftyp" or unread in _LOOK_LIKE_OTHERS):
        raise _unread(name, unread)
    if kind := film_kind(head):
        return FileKind("film", kind)
    if kind := array_kind(head):
        return FileKind("array", kind)
    if is_image(head):
        return FileKind("image")
    if told := unread_array(head):
        raise MaxstimError(f"The file {name} {told}")
    if unread:
        raise _unread(name, unread)
    raise MaxstimError(
        f"The file {name} is no movie, whatever its name; use mp4, mov, webm, gif, npy, npz, NetCDF, an "
        "image, or a folder or zip of images."
    )


def _hidden_array(path: Path, head: bytes) -> FileKind | None:
    """HDF5 behind a block of something else, which may look like anything."""
    try:
        hidden = not head.startswith(SIGNATURE) and is_hdf5(path)
    except OSError:  # gone meanwhile: who reads it says so
        return None
    return FileKind("array", "nc") if hidden else None


def _unread(name: Path | str, unread: str) -> MaxstimError:
    return MaxstimError(
        f"{unread[0].upper()}{unread[1:]} is not read: {what_to_do(unread)} (the file is {name})."
    )


def _holds_no_arrays(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(name.endswith(".npy") for name in archive.namelist())
    except Exception:  # damaged: its reader says so
        return False
