"""Responses that a stored answer lacks, computed here: to exactly the stimulus that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.result import silence_of
from maxstim_core.runs.request import opened_network

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.drawing.notebook import Result


def with_response(answer: xr.Dataset) -> Result:
    """Return an answer with the response to its stimulus, computed on the CPU.

    Raises:
        MaxstimError: if its network is not here any more.
    """
    from maxstim_core.drawing.notebook import Result

    response = simulated(answer, answer["stimulus"].values)
    return Result.of(
        answer.assign(
            response=(("frame", "column"), response),
            central_response=("frame", response[:, center_of(answer)]),
        )
    )


def with_best_response(answer: xr.Dataset) -> Result:
    """Return an answer with the response to its best stimulus, ``best_response`` (frame, column).

    Raises:
        MaxstimError: if its network is not here any more.
    """
    from maxstim_core.drawing.notebook import Result

    if "response" not in answer:
        answer = with_response(answer)
    response = simulated(answer, answer["best_stimulus"].values)
    return Result.of(answer.assign(best_response=(("frame", "column"), response)))


def center_of(answer: xr.Dataset) -> int:
    """Return which column of an answer is the central one."""
    return int(np.flatnonzero((answer["u"].values == 0) & (answer["v"].values == 0))[0])


def simulated(answer: xr.Dataset, stimulus: np.ndarray) -> np.ndarray:
    """Return the voltage of the cell type of an answer under a stimulus, both (frame, column).

    Raises:
        MaxstimError: if the network of the answer is not here any more.
    """
    from maxstim_core.simulation.choose_engine import make_engine

    about = answer.attrs
    network = silenced(opened_network(str(about["network"])), silence_of(answer))
    if network.content_hash != about["network_hash"]:
        raise MaxstimError(
            f"The network {network.name} is no longer the one that this answer was made with; run it "
            "again."
        )
    engine, cell_type = make_engine(network, device="cpu"), network.cell_type(about["cell_type"])
    voltage = engine.simulate(
        np.asarray(stimulus, np.float32), float(about["dt"]), cells=engine.layout.cells(cell_type)
    )
    return engine.layout.on_columns(cell_type, voltage).astype(np.float32)
