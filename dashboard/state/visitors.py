"""Whether the page is for others than whoever sits at this computer."""

from __future__ import annotations

from dashboard.state.listing import NETWORKS
from maxstim_core.errors import MaxstimError

_asked = False


def ask_for_password() -> None:
    """From now on, who opens a page of this process is a visitor, and knows a password."""
    global _asked
    _asked = True


def are_visitors() -> bool:
    """Tell whether those who open pages are visitors, who do not choose which files are read."""
    return _asked


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
