"""The third answer: a movie grown from noise, or from a painting, by gradient ascent.

Formulas and worked numbers: docs/numerics.md#the-generated-answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from statistics import mean

import numpy as np

from maxstim_core.arrays import Array
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.adam import Steps
from maxstim_core.optimal.ascent import Ascent, Level
from maxstim_core.optimal.configs import loss_of
from maxstim_core.optimal.constraints import displayable
from maxstim_core.optimal.generate_config import GenerateConfig, across
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.objectives.cells import Drive, Suppress, Watched
from maxstim_core.optimal.objectives.chosen import FLYVIS
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.possible import (
    allowed_by,
    check_possible,
    check_together,
    starting_painting,
    watched_types,
)
from maxstim_core.optimal.recording import Recording
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.steered import Steered
from maxstim_core.optimal.stepping import Stepper
from maxstim_core.settings import checked
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine


def generate(
    network: Network | Sequence[Network],
    cell_type: str,
    config: GenerateConfig | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 1,
) -> Steered:
    """Grow the movie that excites the central cell of a type most, from seeded noise or a painting.

    The defaults are flyvis's ``artificial_optimal_stimuli``; luminance is kept in [0, 1] after every
    step, as there. The noise is drawn on the CPU, so that a seed means the same on every device.

    Other objectives, a budget of contrast energy and other constraints are settings of
    `GenerateConfig`: docs/objectives.md.

    Args:
        network: The network to ask; or several of one connectome on one eye, in their own units, as
            ``config.across`` says. The result then shows the response of the first.
        cell_type: For example ``T4c``.
        config: Hyperparameters; flyvis's if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        An `Optimization`: iterate it, then (or at any time) ask for its `result`. Between its reports,
        `Steered.steer` changes settings, `Steered.back_to` goes back, `Steered.advance` takes a few
        steps.

    Raises:
        MaxstimError: if the cell type or the device does not exist, or an argument makes no sense.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> run = ms.generate(network, "T4c", ms.GenerateConfig(t_stim=0.05, n_iters=3))
        >>> for report in run:  # stop iterating to cancel
        ...     print(report.step, "of", report.n_steps)
        1 of 3
        2 of 3
        3 of 3
        >>> run.result().stimulus.shape
        (5, 91)
    """
    networks = [network] if isinstance(network, Network) else _several(network)
    config = checked(config, GenerateConfig)
    for each in networks:
        check_network(each)
        each.cell_type(cell_type)
    networks = [silenced(each, config.silence, cell_type=cell_type) for each in networks]
    check_together(networks, config)
    engines = [make_engine(each, device=device, dtype=dtype) for each in networks]
    return descent(engines, cell_type, config, report_every=report_every)


def _several(networks: object) -> list[Network]:
    """Return networks.

    Raises:
        MaxstimError: if they are none.
    """
    if isinstance(networks, str) or not isinstance(networks, Iterable):
        check_network(networks)
    found = list(networks) if isinstance(networks, Iterable) else []
    if not found:
        raise MaxstimError("Give at least one network, for example open_network('default').")
    for each in found:
        check_network(each)
    return found


def descent(
    engine: Engine | Sequence[Engine],
    cell_type: str,
    config: GenerateConfig,
    *,
    report_every: int,
    start: np.ndarray | None = None,
) -> Steered:
    """Return the run of `generate` on engines that there are already.

    Args:
        engine: That of the network, or one for each of several networks.
        cell_type: As for `generate`.
        config: As for `generate`.
        report_every: As for `generate`.
        start: Luminance to begin with, shape (frame, column); as ``config.start`` says if None.
    """
    engines = [engine] if isinstance(engine, Engine) else list(engine)
    first = engines[0]
    if config.schedule:  # what is asked for later is refused now
        check_possible(first.network, cell_type, config)

    def make(
        engines: Sequence[Engine], stage: GenerateConfig, begin: np.ndarray
    ) -> tuple[Stepper, Loss]:
        return steps_for(engines, cell_type, stage, begin)

    return Steered(
        engines,
        cell_type,
        config,
        starting_stimulus(config, first.network) if start is None else start,
        make,
        report_every=report_every,
        units=lambda stage: {
            **_units_of(stage, first.network, cell_type),
            **_asked([each.network for each in engines]),
        },
        measured=lambda stage: Measured.of(first.network, cell_type, stage),
    )


def _asked(networks: Sequence[Network]) -> dict[str, object]:
    """Return the attributes of an answer that name its networks, where it was made for several."""
    if len(networks) == 1:
        return {}
    return {
        "networks": json.dumps([each.name for each in networks]),
        "network_hashes": json.dumps([each.content_hash for each in networks]),
    }


def _units_of(config: GenerateConfig, network: Network, cell_type: str) -> dict[str, object]:
    """Return G and R of a cell type, by which its voltages become responses: attributes of an answer."""
    if config.goal.kind == FLYVIS:
        return {}
    units, kind = response_units(network), network.cell_type(cell_type)
    return {"grey_voltage": units.grey[kind], "rms_voltage": units.rms[kind]}


def steps_for(
    engines: Sequence[Engine],
    cell_type: str,
    config: GenerateConfig,
    start: np.ndarray,
    *,
    settled: bool = False,
) -> tuple[Steps | Ascent, Loss]:
    """Return what takes the steps of a generated stimulus, and the loss that it lowers.

    Args:
        engines: One for each network.
        cell_type: For example ``T4c``.
        config: Hyperparameters.
        start: Luminance to begin with, shape (frame, column).
        settled: Whether that is good already, so that small steps are enough.

    Raises:
        MaxstimError: if the objective names a cell type that there is none of, or the energy is out of
            what the stimulus can have.
    """
    first = engines[0]
    begin = first.array(start)
    kinds, n_named = watched_types(first.network, cell_type, config)
    central = first.layout.central_cells[kinds][None]
    if not config.is_constrained and len(engines) == 1:
        loss = loss_of(config)
        return Steps(first, central, begin[None], loss, displayable, config), loss
    watched = [_watched(engine.network, kinds, n_named, config) for engine in engines]
    loss = loss_of(config, watched=watched)
    steps = Ascent(
        Recording(engines, central, config.dt),
        begin,
        loss,
        allowed_by(config, first.network.lattice),
        n_iters=config.n_iters,
        rate=config.lr,
        level=level_of(config, watched),
        settled=settled,
    )
    return steps, loss


def _watched(network: Network, kinds: list[int], n_named: int, config: GenerateConfig) -> Watched:
    if config.goal.kind == FLYVIS and not config.weight_quiet:  # which takes voltages as they are
        return Watched.plain(n_named)
    units = response_units(network)
    grey, rms = (tuple(numbers[kind] for kind in kinds) for numbers in (units.grey, units.rms))
    return Watched(grey, rms, n_named)


def level_of(config: GenerateConfig, watched: Sequence[Watched]) -> Level | None:
    """Return the level that these settings ask for, if any: arguments as for `grown_terms`."""
    goal, counted = config.goal, config.counted
    if goal.kind != "level":
        return None
    way = Drive if goal.level >= 0 else Suppress
    terms = [way(each.named, counted) for each in watched]
    guide = 1.0 * across(config, [*terms])
    size = len(watched[0].grey)

    def reached(response: Array) -> list[float]:
        parts = [response[:, k * size : (k + 1) * size] for k in range(len(terms))]
        return [-float(term(own, own)[0]) for term, own in zip(terms, parts, strict=True)]

    combined = min if config.across == "least" else mean
    return Level(guide, reached, abs(goal.level), 1 if goal.level >= 0 else -1, combined)


def starting_stimulus(config: GenerateConfig, network: Network) -> np.ndarray:
    """Return what a generated stimulus starts from: a stored painting, or noise; shape (frame, column).

    Raises:
        MaxstimError: if there is no such painting here, or it is for another eye or of other frames.
    """
    if not config.start:
        return noise(config, network)
    return starting_painting(config, network.lattice).luminance


def noise(config: GenerateConfig, network: Network) -> np.ndarray:
    """Return the noise of a seed that a generated stimulus starts from, shape (frame, column), float32.

    These are the numbers of ``torch.rand`` with a generator of the same seed, and so flyvis's: both
    draw from a Mersenne Twister, torch the lowest 24 bits of each draw.
    """
    shape = (config.n_frames, network.lattice.n_columns)
    drawn = np.random.RandomState(config.random_seed).randint(0, 2**32, shape, np.uint32)
    return (drawn & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)
