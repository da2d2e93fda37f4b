"""The second answer: a clip pulled to grey, the response kept.

Formulas: docs/numerics.md#the-regularized-answer.
"""

from __future__ import annotations

import numpy as np

from maxstim_core.arrays import copy_of
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.adam import Steps
from maxstim_core.optimal.configs import RegularizeConfig, loss_of
from maxstim_core.optimal.constraints import displayable, unconstrained
from maxstim_core.optimal.descent import Descent
from maxstim_core.settings import checked
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.stimuli.column_order import MAXSTIM, movie_values


def regularize(
    network: Network,
    cell_type: str,
    clip: np.ndarray,
    config: RegularizeConfig | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 1,
    source: str = "",
    clip_name: str = "",
    order: str = MAXSTIM,
) -> Descent:
    """Find the greyest movie that the central cell of a type answers like `clip`.

    The defaults are flyvis's ``regularized_optimal_stimuli``, but for luminance, which is kept in
    [0, 1] unless ``config.clamp`` is off.

    Args:
        network: The network to ask.
        cell_type: For example ``T4c``.
        clip: Luminance, shape (frame, column). Of a `xarray.DataArray`, the names of dimensions count,
            and the coordinates ``u`` and ``v`` of its columns.
        config: Hyperparameters; the defaults if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.
        source: Where the clip came from, kept in the result.
        clip_name: What the clip is called in its set, kept as ``shown_clip``; `source` if empty.
        order: Whose order the columns of the clip are in, ``maxstim`` (u, then v; up is u = -1) or
            ``flygym``: see `maxstim_core.stimuli.column_order`.

    Returns:
        An `Optimization`: iterate it, then (or at any time) ask for its `result`.

    Raises:
        MaxstimError: if the cell type or the device does not exist, the clip does not fit the eye, or
            an argument makes no sense.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> clip = ms.open_clips("probes", extent=5)[0]
        >>> run = ms.regularize(network, "Mi1", clip, ms.RegularizeConfig(n_iters=2))
        >>> answer = ms.finish(run)
        >>> bool(abs(answer.stimulus - 0.5).mean() < abs(answer.source_stimulus - 0.5).mean())
        True
    """
    check_network(network)
    config = checked(config, RegularizeConfig)
    network = silenced(network, config.silence, cell_type=cell_type)
    central = network.layout.central_cells[network.cell_type(cell_type)]
    engine = make_engine(network, device=device, dtype=dtype)
    start = copy_of(engine.as_movie(movie_values(clip, network.lattice, order)))
    if start.ndim != 2:
        raise MaxstimError(
            f"The clip must have shape (frame, {network.lattice.n_columns}), not {tuple(start.shape)}; "
            "give one movie."
        )
    source_stimulus = engine.host(start)
    target = engine.simulate(source_stimulus, config.dt, cells=np.array([central]))[:, 0]
    loss = loss_of(config, engine.array(target))
    projection = displayable if config.clamp else unconstrained
    steps = Steps(engine, np.array([[central]]), start[None], loss, projection, config)
    return Descent(
        engine,
        cell_type,
        steps,
        loss,
        config,
        report_every=report_every,
        variables={
            "target_response": ("frame", target),
            "source_stimulus": (("frame", "column"), source_stimulus),
        },
        attributes={"source": source, "shown_clip": clip_name or source},
    )
