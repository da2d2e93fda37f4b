"""Where maxstim keeps what it makes for a person: runs, results, clip sets, networks and cards."""

from __future__ import annotations

import os
from pathlib import Path

from maxstim_core.errors import MaxstimError


def data_directory() -> Path:
    """Return the user's data directory, or what ``MAXSTIM_DATA_DIR`` names. It need not exist.

    Raises:
        MaxstimError: if it would be in the home folder of a user who has none.
    """
    chosen = os.environ.get("MAXSTIM_DATA_DIR")
    if chosen:
        folder = os.path.expanduser(chosen)
    else:
        import platformdirs  # only here: nothing else needs it

        try:
            folder = platformdirs.user_data_dir("maxstim")
        except RuntimeError:  # older versions return a path that begins with ~
            folder = "~"
    if folder.startswith("~"):  # as a path it would be in the current folder
        raise MaxstimError(
            "This user has no home folder to keep data in; name a folder in MAXSTIM_DATA_DIR."
        )
    return Path(folder).absolute()


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
