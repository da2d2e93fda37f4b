"""Networks in which cell types are silenced: docs/mechanism.md#silencing.

As with tetanus toxin in an experiment, all synapses that a silenced cell type makes transmit nothing,
onto whatever cell. It still receives: its own voltage goes on, and nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network


def silence_text(cell_types: object) -> str:
    """Return names of cell types as settings keep them: in alphabetical order, each once, by commas.

    Args:
        cell_types: Names as text, such as ``Mi9,C3``, or as a list or tuple; empty for none.

    Raises:
        MaxstimError: if it is neither. Whether there are such cell types says `silenced`.
    """
    names = cell_types.split(",") if isinstance(cell_types, str) else cell_types
    if not isinstance(names, Iterable) or isinstance(names, bytes):
        raise MaxstimError(_not_names(cell_types))
    given = list(names)
    if not all(isinstance(name, str) and "," not in name for name in given):
        raise MaxstimError(_not_names(cell_types))
    stripped = {name.strip() for name in given} - {""}
    return ",".join(sorted(stripped))


def silenced(network: Network, cell_types: str | Iterable[str], *, cell_type: str = "") -> Network:
    """Return a network in which cell types are silenced: the strength of all synapses they make is 0.

    It goes by the name of the network, has a content hash of its own, and shares the layout. Where there
    is nothing to silence, it is the very network.

    Args:
        network: The network.
        cell_types: Names, such as ``("Mi9", "C3")`` or ``"Mi9,C3"``; empty for none.
        cell_type: The one whose response is asked for, if any.

    Raises:
        MaxstimError: if the network has no such cell type, or the response of a silenced one is asked
            for: it would be as it is without, but for what comes back to it.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> without = ms.silenced(network, ["Mi9", "C3"])
        >>> without.name == network.name, without.content_hash == network.content_hash
        (True, False)
    """
    check_network(network)
    names = [name for name in silence_text(cell_types).split(",") if name]
    kinds = [network.cell_type(name) for name in names]
    if cell_type in names:
        raise MaxstimError(
            f"The response of {cell_type} is asked for, and silencing takes away what a cell type tells "
            f"others, not its own voltage; leave {cell_type} out of those that are silenced."
        )
    own = network.parameters.synapse_strength
    sources = np.array([source for source, _ in network.layout.pairs])
    strength = np.where(np.isin(sources, kinds), np.float32(0), own)
    if np.array_equal(strength, own):
        return network
    return replace(network, parameters=replace(network.parameters, synapse_strength=strength))


def _not_names(given: object) -> str:
    return (
        "Name the cell types that are silenced (silence) as text, such as 'Mi9,C3', or a list, not "
        f"{shown(given)}."
    )
