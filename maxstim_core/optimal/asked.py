"""Which network a stored result is of, opened again as it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.result import lattice_of, silence_of

if TYPE_CHECKING:
    import xarray as xr


def asked_network(answer: xr.Dataset, network: Network | None = None) -> Network:
    """Return the network of a result, in which the cell types are silenced that were.

    Args:
        answer: One with columns: an answer, or what ``maxstim simulate`` writes.
        network: The one to take; opened by its name in the result if None.

    Raises:
        MaxstimError: if it is another, or on another eye, or the result does not say which it was.
    """
    lattice = lattice_of(answer)
    if "network" not in answer.attrs:
        raise MaxstimError("This result does not say which network was asked; run it again.")
    name = str(answer.attrs["network"])
    network = open_network(name, lattice.extent) if network is None else network
    check_network(network)
    network = silenced(network, silence_of(answer))
    if network.content_hash != answer.attrs.get("network_hash", network.content_hash):
        raise MaxstimError(
            f"This answer is of the network {name} as it was, not of {network.name} as it is; run it "
            "again, or give the network that was asked."
        )
    if network.lattice != lattice:
        raise MaxstimError(
            f"The answer is on an eye of {lattice.n_columns} columns, the network has "
            f"{network.lattice.n_columns}; open the network for that eye."
        )
    return network
