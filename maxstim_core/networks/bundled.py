"""The fitted networks that come with maxstim: which files they are, and which of them is the default.

They are network files ``data/networks/000.json`` and so on, called ``maxstim/000``. Which of
the files is ``default``, and why, is said in ``data/networks/index.json``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

ENSEMBLE = "maxstim"
"""What the ensemble is called, and what the names of its members begin with."""

DEFAULT = "default"
_INDEX = "index.json"


@dataclass(frozen=True)
class Default:
    """Which file the default network is.

    Attributes:
        file: Its file.
        member: Its name in the ensemble, for example ``maxstim/003``; empty if it is none of it.
        because: Why it was chosen, one sentence.
    """

    file: Path
    member: str
    because: str


def networks_folder() -> Path:
    """Return the folder of the network files that come with maxstim."""
    return Path(str(resources.files("maxstim_core"))) / "data" / "networks"


def cards_folder() -> Path:
    """Return the folder of their model cards."""
    return networks_folder() / "cards"


def ensemble() -> dict[str, Path]:
    """Return the file of each fitted network of the ensemble by its name, sorted."""
    numbered = sorted(path for path in networks_folder().glob("*.json") if path.stem.isdecimal())
    return {f"{ENSEMBLE}/{path.stem}": path for path in numbered}


def default() -> Default:
    """Return which network ``default`` is."""
    index = json.loads((networks_folder() / _INDEX).read_text(encoding="utf-8"))
    file = networks_folder() / index["default"]
    member = f"{ENSEMBLE}/{file.stem}"
    return Default(file, member if member in ensemble() else "", index["because"])


def bundled_file(name: str | os.PathLike) -> Path | None:
    """Return the file of a fitted network that comes with maxstim, or None."""
    return default().file if name == DEFAULT else ensemble().get(str(name))
