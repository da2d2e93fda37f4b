"""Files that commands write: checked before the work, whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.files import write_whole


def check_writable(path: str | os.PathLike) -> None:
    """Make sure that a file can be written, and leave no trace.

    Raises:
        MaxstimError: if its folder is missing or cannot be written, it is itself a folder, or it
            cannot be called so.
    """
    path = Path(path)
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
    write_whole(path, what, text.encode())
