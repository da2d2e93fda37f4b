"""Who looks at the page: whether others than whoever sits at this computer, and what they are called."""

from __future__ import annotations

import re
from pathlib import Path

from dashboard.guard.logins import clean_name
from dashboard.guard.remembered import Remembered
from dashboard.state.listing import NETWORKS
from maxstim_core.errors import MaxstimError

_VISITOR = re.compile("[0-9a-f]{32}")

_asked = False

_names: Remembered[str] = Remembered()
"""What visitors want to be called, by their ids: for as long as the queue remembers their runs."""


def ask_for_password() -> None:
    """From now on, who opens a page of this process is a visitor, and knows a password."""
    global _asked
    _asked = True


def are_visitors() -> bool:
    """Tell whether those who open pages are visitors, who do not choose which files are read."""
    return _asked


def call_visitor(visitor: str, name: str) -> str:
    """Call a visitor so on every page from now on, and return the name as it is shown.

    Nobody checks it: two may have the same.
    """
    return _names.set(visitor, clean_name(name))


def visitor_name(visitor: str) -> str:
    """Return what a visitor wants to be called, perhaps nothing; text, whatever it looks like."""
    return _names.get(visitor, "")


def visitor_file(visitor: str, root: Path, what: str = "") -> Path:
    """Return the file in which something is kept of a visitor; it need not exist.

    Args:
        visitor: Their id, 32 hexadecimal digits; all others share a file.
        root: The data directory.
        what: What is kept, where it is not what they have made of their runs.
    """
    name = visitor if _VISITOR.fullmatch(visitor) else "nobody"
    return root / "visitors" / f"{name}{what and f'-{what}'}.json"


def check_listed(network: str) -> None:
    """Make sure that a visitor names a network of the list, and not some path on this computer.

    The refusal is the same whatever is at that path, which is not looked at.

    Raises:
        MaxstimError: if it is none.
    """
    listed = {known.name for known in NETWORKS.latest()}
    if network not in listed and network not in {known.name for known in NETWORKS.read()}:
        raise MaxstimError(
            "Visitors of this page choose networks of the list, or send a file; paths are for whoever "
            "sits at the server."
        )
