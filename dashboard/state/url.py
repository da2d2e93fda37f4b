"""The address of the page carries what is on it, so that a link opens the same thing.

Whatever stands in an address was typed by somebody: every value is checked, and what is not known is
ignored, but for a network and a cell type, of which the page says that they are not here. It never holds
a path.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from dashboard.state.listing import NETWORKS
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import CONFIGS
from maxstim_core.runs.library import KEY

_NO_NETWORK = (
    "The network of this link is not on this server, so the default one is chosen; choose another, or "
    "store that one here."
)

_NO_CELL_TYPE = "The cell type of this link is not one of the network's; choose one that is."


@dataclass(frozen=True)
class Address:
    """What an address says; empty where it says nothing valid.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of a network that there is, for example ``maxstim/003``.
        run: Key of a run or of a finished answer.
        problem: What the page has to say of its network, one sentence, or nothing.
        cell_problem: The same of its cell type.
    """

    cell_type: str = ""
    method: str = ""
    network: str = ""
    run: str = ""
    problem: str = ""
    cell_problem: str = ""

    @classmethod
    def parse(cls, search: str) -> Address:
        """Return what the query of an address says, for example ``?cell=T4c&method=generated``."""
        query = parse_qs(search.removeprefix("?"))
        cell, method, network, run = (
            query.get(name, [""])[0] for name in ("cell", "method", "network", "run")
        )
        known, is_cell = _is_there(network), cell in bundled_connectome().names
        return cls(
            cell_type=cell if is_cell else "",
            method=method if method in CONFIGS else "",
            network=network if known else "",
            run=run if KEY.fullmatch(run) else "",
            problem="" if known or not network else _NO_NETWORK,
            cell_problem="" if is_cell or not cell else _NO_CELL_TYPE,
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
    return any(known.name == network for known in NETWORKS.latest())


def _is_there(network: str) -> bool:
    """Whether `is_known`, or so by now: who stores a network may send a link to it at once."""
    return bool(network) and (
        is_known(network) or any(known.name == network for known in NETWORKS.read())
    )
