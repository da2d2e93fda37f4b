"""Where maxstim keeps what it makes for a person: runs, results and clip sets."""

from __future__ import annotations

import os
from pathlib import Path


def data_directory() -> Path:
    """Return the user's data directory, or what ``MAXSTIM_DATA_DIR`` names. It need not exist."""
    chosen = os.environ.get("MAXSTIM_DATA_DIR")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    import platformdirs  # only here: nothing else needs it

    return platformdirs.user_data_path("maxstim")
