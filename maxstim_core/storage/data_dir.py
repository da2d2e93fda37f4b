"""Where maxstim keeps what it makes for a person: runs, results, clip sets, networks and cards."""

from __future__ import annotations

import os
from pathlib import Path

from maxstim_core.errors import MaxstimError

_NOWHERE = Path("/nonexistent/maxstim")
"""Where the home of users without one is said to be."""


def data_directory() -> Path:
    """Return the user's data directory, or what ``MAXSTIM_DATA_DIR`` names. It need not exist.

    Of a user who has no home, as services and containers may run as, it is one that cannot exist:
    nothing is found there, and who would write there is told what to name instead.
    """
    chosen = os.environ.get("MAXSTIM_DATA_DIR")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    import platformdirs  # only here: nothing else needs it

    try:
        folder = platformdirs.user_data_dir("maxstim")
    except RuntimeError:  # since platformdirs 4.14; before, the path begins with a tilde
        folder = "~"
    return _NOWHERE if folder.startswith("~") else Path(folder)


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
