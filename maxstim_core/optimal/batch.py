"""Generated stimuli for many cell types and seeds at once: one batch, each movie for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.optimal.adam import Steps
from maxstim_core.optimal.configs import GenerateConfig, loss_of
from maxstim_core.optimal.constraints import displayable
from maxstim_core.optimal.generated import noise
from maxstim_core.optimal.result import provenance
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.settings import checked, checked_whole
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.meaning import documented

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


def generate_many(
    network: Network,
    cell_types: Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    config: GenerateConfig | None = None,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    at_once: int | None = None,
    report_every: int = 10,
) -> GenerateMany:
    """Grow a movie for every cell type from every seed, as `generate` does for one.

    Args:
        network: The network to ask.
        cell_types: For example ``["T4c", "T5c"]``; all if None.
        seeds: Seeds of the noise; each takes the place of ``config.random_seed``.
        config: Hyperparameters; flyvis's if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        at_once: Most movies in a batch, no more than fit into memory; what suits the device if None.
        report_every: Iterations between reports.

    Returns:
        An `Optimization` whose steps are those of all batches, one batch after the other.

    Raises:
        MaxstimError: if a cell type or the device does not exist, or there is nothing to do.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> answers = ms.finish(ms.generate_many(network, ["T4c", "T5c"], range(3), config))
        >>> answers.stimulus.dims, answers.stimulus.shape
        (('cell_type', 'seed', 'frame', 'column'), (2, 3, 5, 91))
    """
    check_network(network)
    report_every = checked_report_every(report_every)
    config = checked(config, GenerateConfig)
    asked = network.connectome.names if cell_types is None else cell_types
    if any(isinstance(given, str) or not isinstance(given, Iterable) for given in (asked, seeds)):
        raise MaxstimError(
            'Give cell types and seeds as lists, for example ["T4c"] and [0, 1] or range(8).'
        )
    kinds = [network.cell_type(name) for name in asked]
    configs = [replace(config, random_seed=seed) for seed in seeds]
    if not kinds or not configs:
        raise MaxstimError("Give at least one cell type and one seed.")
    if len(set(kinds)) < len(kinds) or len(set(configs)) < len(configs):
        raise MaxstimError("Give every cell type and every seed once.")
    if at_once is not None:
        at_once = checked_whole(at_once, "The movies in a batch (at_once)", (1, 1_000_000))
    engine = make_engine(network, device=device, dtype=dtype)
    at_once = at_once or engine.samples_at_once
    return GenerateMany(engine, kinds, configs, at_once=at_once, report_every=report_every)


class GenerateMany:
    """Many descents on generated stimuli, batch after batch (an `Optimization`).

    The losses of a report are means over the batch.

    Attributes:
        n_steps: Iterations in all: those of a movie, times the number of batches.
        terms: Names of the logged losses.
    """

    def __init__(
        self,
        engine: Engine,
        kinds: list[int],
        configs: list[GenerateConfig],
        *,
        at_once: int,
        report_every: int,
    ) -> None:
        self._engine, self._kinds, self._configs = engine, kinds, configs
        self._report_every = report_every
        self._loss = loss_of(configs[0])
        self.terms = self._loss.terms
        self._shape = (len(kinds), len(configs))
        n_movies, n_iters = len(kinds) * len(configs), configs[0].n_iters
        n_batches = -(-n_movies // at_once)
        bounds = [n_movies * k // n_batches for k in range(n_batches + 1)]
        self._batches = [slice(*ends) for ends in pairwise(bounds)]
        self.n_steps = n_iters * len(self._batches)
        starts = np.stack([noise(config, engine.network) for config in configs])
        self._stimuli = np.tile(starts, (len(kinds), 1, 1))
        self._best = self._stimuli.copy()
        self._losses = np.full((n_iters, n_movies, len(self.terms)), np.nan, np.float32)
        self._central = np.repeat(engine.layout.central_cells[kinds], len(configs))
        self._n_done = 0
        self._running: tuple[slice, Steps] | None = None

    def __repr__(self) -> str:
        types, seeds = self._shape
        movies = f"{types} cell types × {seeds} seeds"
        return f"<Run generate_many, {movies}: {self._n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before.
        """
        check_not_begun(self._n_done)
        config = self._configs[0]
        for batch in self._batches:
            start = self._engine.array(self._stimuli[batch])
            central = self._central[batch]
            steps = Steps(self._engine, central, start, self._loss, displayable, config)
            self._running = (batch, steps)
            for step, losses in steps.run(self._report_every):
                self._losses[step - len(losses) : step, batch] = losses
                self._n_done += len(losses)
                yield StepReport(self._n_done, self.n_steps, losses.mean(1))
            self._fetch()
            # So that the next batch finds the memory free.
            self._running = None
            del steps

    def result(self) -> Result:
        """Return all movies as they are, the last and the best of each, with the central responses.

        Dims (cell_type, seed, frame, column): ``stimulus`` and ``best_stimulus``; (cell_type, seed,
        frame): ``central_response`` and ``best_central_response``; (iteration, cell_type, seed, term):
        ``loss``, before each step, NaN where a step was not taken.
        """
        from maxstim_core.drawing.notebook import Result  # brings xarray: not before it is needed

        self._fetch()
        lattice, config = self._engine.network.lattice, self._configs[0]
        names = self._engine.network.connectome.names
        movie, trace = ("cell_type", "seed", "frame", "column"), ("cell_type", "seed", "frame")
        n_iters = len(self._losses)
        made = Result(
            data_vars={
                "stimulus": (movie, self._each(self._stimuli)),
                "central_response": (trace, self._each(self._responses(self._stimuli))),
                "best_stimulus": (movie, self._each(self._best)),
                "best_central_response": (trace, self._each(self._responses(self._best))),
                "loss": (
                    ("iteration", "cell_type", "seed", "term"),
                    self._losses.reshape(n_iters, *self._shape, len(self.terms)).copy(),
                ),
            },
            coords={
                "cell_type": [names[kind] for kind in self._kinds],
                "seed": [each.random_seed for each in self._configs],
                "time": ("frame", np.arange(config.n_frames) * config.dt, {"units": "s"}),
                "u": ("column", lattice.u),
                "v": ("column", lattice.v),
                "term": list(self.terms),
            },
            attrs={
                **provenance(self._engine, config),
                "dt": config.dt,
                "objective": str(self._loss),
                "status": "complete" if self._n_done == self.n_steps else "cancelled",
            },
        )
        return documented(made)

    def _fetch(self) -> None:
        """Bring the movies of the running batch to the host."""
        if self._running:
            batch, steps = self._running
            self._stimuli[batch] = self._engine.host(steps.stimuli)
            self._best[batch] = self._engine.host(steps.best)

    def _responses(self, movies: np.ndarray) -> np.ndarray:
        """Voltage of each movie's cell, shape (movie, frame)."""
        cells, place = np.unique(self._central, return_inverse=True)
        dt = self._configs[0].dt
        parts = [self._engine.simulate(movies[batch], dt, cells=cells) for batch in self._batches]
        return np.take_along_axis(np.concatenate(parts), place[:, None, None], 2)[..., 0]

    def _each(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(*self._shape, *values.shape[1:]).copy()
