"""The address of the page carries what is on it, so that a link opens the same thing.

Whatever stands in an address was typed by somebody: every value is checked, and what is not known is
ignored, but for a network, of which the page says that it is not here. It never holds a path.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from dashboard.shelf import KEY
from dashboard.state import CONFIGS
from maxstim_core.connectome import bundled_connectome
from maxstim_core.network_library import known_networks

_NO_NETWORK = (
    "The network of this link is not on this server, so the default one is chosen; choose another, or "
    "store that one here."
)


@dataclass(frozen=True)
class Address:
    """What an address says; empty where it says nothing valid.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of a network that there is, for example ``maxstim/003``.
        run: Key of a run or of a finished answer.
        problem: What the page has to say of the address, one sentence, or nothing.
    """

    cell_type: str = ""
    method: str = ""
    network: str = ""
    run: str = ""
    problem: str = ""

    @classmethod
    def parse(cls, search: str) -> Address:
        """Return what the query of an address says, for example ``?cell=T4c&method=generated``."""
        query = parse_qs(search.removeprefix("?"))
        cell, method, network, run = (
            query.get(name, [""])[0] for name in ("cell", "method", "network", "run")
        )
        known = is_known(network)
        return cls(
            cell_type=cell if cell in bundled_connectome().names else "",
            method=method if method in CONFIGS else "",
            network=network if known else "",
            run=run if KEY.fullmatch(run) else "",
            problem="" if known or not network else _NO_NETWORK,
        )

    def search(self) -> str:
        """Return the query of this address."""
        said = {
            "cell": self.cell_type,
            "method": self.method,
            "network": self.network,
            "run": self.run,
        }
        return "?" + urlencode({name: value for name, value in said.items() if value}, safe="/")


def is_known(network: str) -> bool:
    """Tell whether a network goes by this name on every page of this server; a path does not."""
    return any(known.name == network for known in known_networks())
