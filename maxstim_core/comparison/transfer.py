"""What an answer does in a network that it was not made for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.simulation.engine import Engine


def checked_others(others: object, network: Network, silence: str = "") -> list[Network]:
    """Return the networks of the same eye that are not this one, with the same cell types silenced.

    Raises:
        MaxstimError: if they are none.
    """
    if isinstance(others, str) or not isinstance(others, Iterable):
        raise MaxstimError(
            'Give the other networks as a list, for example [open_network("maxstim/002")].'
        )
    found = []
    for each in others:
        check_network(each)
        if each.lattice != network.lattice:
            raise MaxstimError(
                f"The network {each.name} has an eye of {each.lattice.n_columns} columns, the answer "
                f"one of {network.lattice.n_columns}; open it for the same eye."
            )
        each = silenced(each, silence)
        if each.content_hash != network.content_hash:
            found.append(each)
    return found


def transfer_response(
    engine: Engine,
    cell_type: str,
    config: GenerateConfig,
    stimulus: np.ndarray,
    dt: float,
    counted: Counted | None = None,
) -> float:
    """Return what counts of the response of a network to a movie, in its own RMS above grey.

    Args:
        engine: The network, ready to simulate.
        cell_type: For example ``T4c``.
        config: Says the objective and which frames count.
        stimulus: Luminance, shape (frame, column).
        dt: Seconds per frame.
        counted: Which frames count instead.

    Returns:
        The number; not a number where the cell type is silent there, or the network does not have it.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    try:
        measured = Measured.of(engine.network, cell_type, config, counted)
    except MaxstimError:
        return float("nan")
    return float(measured.responses(engine, stimulus[None], dt)[0])
