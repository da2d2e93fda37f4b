"""Simulating by one call: one network, or an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import InitialState


def simulate(
    network: Network,
    movie,
    dt: float,
    *,
    initial_state: InitialState = "grey",
    cells=None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Return the voltage of cells while they watch a movie.

    To simulate one network many times, make an engine once and call its `Engine.simulate`.

    Args:
        network: The network.
        movie: Luminance, shape (frame, column) or (sample, frame, column).
        dt: Seconds per frame, and per Euler step.
        initial_state: ``grey`` (one second of grey), ``rest`` (the resting potentials), or a state of
            shape (cell,) or (sample, cell).
        cells: Numbers of the cells to record; all if None.
        device: Where to compute.
        dtype: Precision to compute in.

    Returns:
        Voltage *after* each frame, shape (frame, cell) or (sample, frame, cell), arbitrary units.

    Raises:
        MaxstimError: if the movie does not fit the eye or is not finite, or the device is not there.
    """
    engine = make_engine(network, device=device, dtype=dtype)
    return engine.simulate(movie, dt, initial_state=initial_state, cells=cells)


def simulate_ensemble(
    networks: Sequence[Network],
    movie,
    dt: float,
    *,
    cells=None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Return the voltage of cells of several networks while they watch the same movie from grey.

    The networks share the plan of one engine: only their free parameters change in between.

    Args:
        networks: Networks of one connectome on one eye.
        movie: As for `simulate`.
        dt: As for `simulate`.
        cells: As for `simulate`.
        device: Where to compute.
        dtype: Precision to compute in.

    Returns:
        Shape (network, frame, cell) or (network, sample, frame, cell).

    Raises:
        MaxstimError: if there is no network, if they differ in more than their free parameters, or as
            for `simulate`.
    """
    if not networks:
        raise MaxstimError("An ensemble needs at least one network.")
    first = networks[0]
    for network in networks[1:]:
        fixed = ("synapse_sign", "synapse_count")
        same = all(
            np.array_equal(getattr(network.parameters, name), getattr(first.parameters, name))
            for name in fixed
        )
        if (
            network.lattice != first.lattice
            or network.layout.pairs != first.layout.pairs
            or not same
        ):
            raise MaxstimError(
                f"The networks {first.name} and {network.name} have different connectomes or eyes; "
                "simulate them one by one."
            )
    engine = make_engine(first, device=device, dtype=dtype)
    return torch.stack(
        [
            engine.simulate(movie, dt, cells=cells, parameters=engine.parameters_of(network))
            for network in networks
        ]
    )
