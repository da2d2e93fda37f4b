"""Folders that a person names: listed, or refused in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

from maxstim_core.errors import MaxstimError


def entries(folder: str | os.PathLike) -> list[Path]:
    """Return what is in a folder, sorted.

    Raises:
        MaxstimError: if it may not be read, or is none.
    """
    try:
        return sorted(Path(folder).iterdir())
    except OSError as error:
        raise MaxstimError(
            f"The folder {folder} cannot be read ({error.strerror or error}); check the path and its "
            "permissions."
        ) from error
