"""The third answer: a movie grown from noise by gradient ascent.

Formulas and worked numbers: docs/numerics.md#the-generated-answer.
"""

from __future__ import annotations

import numpy as np

from maxstim_core.networks.network import Network, check_network
from maxstim_core.optimal.configs import GenerateConfig, loss_of
from maxstim_core.optimal.constraints import displayable
from maxstim_core.optimal.descent import Descent
from maxstim_core.settings import checked
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine


def generate(
    network: Network,
    cell_type: str,
    config: GenerateConfig | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 1,
) -> Descent:
    """Grow the movie that excites the central cell of a type, from seeded noise.

    The defaults are flyvis's ``artificial_optimal_stimuli``; luminance is kept in [0, 1] after every
    step, as there. The noise is drawn on the CPU, so that a seed means the same on every device.

    Args:
        network: The network to ask.
        cell_type: For example ``T4c``.
        config: Hyperparameters; flyvis's if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        An `Optimization`: iterate it, then (or at any time) ask for its `result`.

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
    check_network(network)
    config = checked(config, GenerateConfig)
    network.cell_type(cell_type)
    engine = make_engine(network, device=device, dtype=dtype)
    return descent(engine, cell_type, config, report_every=report_every)


def descent(
    engine: Engine, cell_type: str, config: GenerateConfig, *, report_every: int
) -> Descent:
    """Return the run of `generate` on an engine that there is already: arguments as there."""
    start = engine.array(noise(config, engine.network))
    return Descent(
        engine, cell_type, start, loss_of(config), displayable, config, report_every=report_every
    )


def noise(config: GenerateConfig, network: Network) -> np.ndarray:
    """Return what a generated stimulus starts from, shape (frame, column), float32.

    These are the numbers of ``torch.rand`` with a generator of the same seed, and so flyvis's: both
    draw from a Mersenne Twister, torch the lowest 24 bits of each draw.
    """
    shape = (config.n_frames, network.lattice.n_columns)
    drawn = np.random.RandomState(config.random_seed).randint(0, 2**32, shape, np.uint32)
    return (drawn & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)
