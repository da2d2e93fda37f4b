"""Many generated stimuli at once, each for itself: cell types by seeds, or any settings of any networks.

The answer to a question does not depend on what is asked beside it: on a CPU, not by a bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from maxstim_core.devices import usable_cores
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.adam import Steps
from maxstim_core.optimal.ascent import Ascent
from maxstim_core.optimal.configs import GenerateConfig, loss_of
from maxstim_core.optimal.constraints import contrast_energy, displayable
from maxstim_core.optimal.descent import Descent
from maxstim_core.optimal.generated import descent, starting_stimulus, steps_for
from maxstim_core.optimal.missed import missed_energy
from maxstim_core.optimal.result import provenance
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.optimal.together import together
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
    if config.schedule:
        raise MaxstimError(
            "Settings that change on the way (schedule) are each run's own; call generate_each."
        )
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
    for name in asked:
        network = silenced(network, config.silence, cell_type=name)
    engine = make_engine(network, device=device, dtype=dtype)
    return GenerateMany(engine, kinds, configs, at_once=at_once, report_every=report_every)


class _Question(NamedTuple):
    """What to grow a movie for.

    Attributes:
        network: The network to ask.
        cell_type: For example ``T4c``.
        config: Hyperparameters.
    """

    network: Network
    cell_type: str
    config: GenerateConfig


def generate_each(
    questions: Iterable[tuple[Network, str, GenerateConfig]],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 10,
) -> GenerateEach:
    """Grow a movie for each of several questions at once, which may differ in everything.

    Network, cell type, weights, learning rate, seed, duration and number of iterations are each
    question's own, and its answer is that of `generate`: on a CPU to the bit.

    Args:
        questions: Network, cell type and configuration of each.
        device: Where to compute: see `maxstim_core.devices.resolve_device`. On a GPU, questions are
            answered one after the other.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        What is iterated once, as an `Optimization` is, and then asked for its `results`.

    Raises:
        MaxstimError: if there is no question, or as for `generate`.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> configs = [ms.GenerateConfig(t_stim=t, n_iters=2, lr=0.02) for t in (0.05, 0.1)]
        >>> run = ms.generate_each((network, "Mi1", config) for config in configs)
        >>> for report in run:
        ...     print(report.step, "of", report.n_steps)
        2 of 2
        >>> [answer.stimulus.shape for answer in run.results()]
        [(5, 91), (10, 91)]
    """
    report_every = checked_report_every(report_every)
    try:
        asked = [_question(*question) for question in questions]
    except TypeError:  # none that could be one
        asked = []
    if not asked:
        raise MaxstimError(
            "Give at least one question, each a network, a cell type and a GenerateConfig."
        )
    engines = engines_beside([each.network for each in asked], device=device, dtype=dtype)
    return GenerateEach(
        [
            descent(engine, each.cell_type, each.config, report_every=report_every)
            for engine, each in zip(engines, asked, strict=True)
        ]
    )


def _question(network: Network, cell_type: str, config: GenerateConfig) -> _Question:
    check_network(network)
    network.cell_type(cell_type)
    config = checked(config, GenerateConfig)
    return _Question(silenced(network, config.silence, cell_type=cell_type), cell_type, config)


def engines_beside(networks: list[Network], *, device: str, dtype: str) -> list[Engine]:
    """Return an engine for each of the movies that are made at the same time.

    A network has one, unless several threads share a movie: these do one movie at a time.
    """
    threads = max(1, usable_cores() // len(networks))
    made: dict[tuple[str, str], Engine] = {}
    engines = []
    for network in networks:
        which = network.name, network.content_hash
        engine = made.get(which)
        if engine is None or (engine.one_by_one and threads > 1):
            engine = make_engine(network, device=device, dtype=dtype, threads=threads)
        made[which] = engine
        engines.append(engine)
    return engines


class GenerateEach:
    """Descents with settings of their own, side by side.

    Their reports tell the largest number of steps that one has taken, and means of the losses of those
    that took a step.

    Attributes:
        n_steps: Most iterations of any.
        terms: Names of the logged losses.
    """

    def __init__(self, descents: Sequence[Descent]) -> None:
        self._descents = descents
        self.n_steps = max(descent.n_steps for descent in descents)
        self.terms = descents[0].terms

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, or a loss is no finite number.
        """
        runs = [iter(descent) for descent in self._descents]
        n_done = 0
        for reports in together(runs, self._stop, threads=usable_cores()):
            going = [report for report in reports if report is not None]
            losses = np.full(
                (len(going), max(len(r.losses) for r in going), len(self.terms)), np.nan
            )
            for row, report in zip(losses, going, strict=True):
                row[: len(report.losses)] = report.losses
            n_done += losses.shape[1]
            yield StepReport(n_done, self.n_steps, np.nanmean(losses, 0))

    def results(self) -> list[Result]:
        """Return the answers so far, in the order of the questions, as of `generate`."""
        return [descent.result() for descent in self._descents]

    def _stop(self) -> None:
        for run in self._descents:
            run.stop()


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
        at_once: int | None,
        report_every: int,
    ) -> None:
        self._engine, self._kinds, self._configs = engine, kinds, configs
        self._report_every = report_every
        self._loss = loss_of(configs[0])
        self.terms = self._loss.terms
        self._shape = (len(kinds), len(configs))
        n_movies, n_iters = len(kinds) * len(configs), configs[0].n_iters
        sizes = engine.batches(n_movies, at_once)
        if configs[0].is_constrained:
            sizes = [[1] * sum(groups) for groups in sizes]
        bounds = pairwise(accumulate(chain(*sizes), initial=0))
        self._batches = [[slice(*ends) for ends in islice(bounds, len(groups))] for groups in sizes]
        self.n_steps = n_iters * len(self._batches)
        starts = np.stack([starting_stimulus(config, engine.network) for config in configs])
        self._stimuli = np.tile(starts, (len(kinds), 1, 1))
        self._best = self._stimuli.copy()
        self._best_total = np.full(n_movies, np.inf, np.float32)
        self._losses = np.full((n_iters, n_movies, len(self.terms)), np.nan, np.float32)
        self._central = np.repeat(engine.layout.central_cells[kinds], len(configs))
        self._n_done = 0

    def __repr__(self) -> str:
        types, seeds = self._shape
        movies = f"{types} cell type{'s' * (types > 1)} × {seeds} seed{'s' * (seeds > 1)}"
        return f"<Run generate_many, {movies}: {self._n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before.
        """
        check_not_begun(self._n_done)
        for groups in self._batches:
            batch = slice(groups[0].start, groups[-1].stop)
            engines = self._engines_beside(len(groups))
            running = [
                self._steps(engine, group) for engine, group in zip(engines, groups, strict=True)
            ]

            def stop(running: list[Steps | Ascent] = running) -> None:
                for steps in running:
                    steps.stopped = True

            runs = [steps.run(self._report_every) for steps in running]
            for reports in together(runs, stop, threads=usable_cores()):
                steps_done = [report for report in reports if report is not None]  # all alike
                losses, last = np.concatenate([each for _, each in steps_done], 1), steps_done[0][0]
                self._losses[last - len(losses) : last, batch] = losses
                for group, steps in zip(groups, running, strict=True):
                    self._stimuli[group] = self._engine.host(steps.stimuli)
                    self._best[group] = self._engine.host(steps.best)
                    self._best_total[group] = self._engine.host(steps.best_total)
                self._n_done += len(losses)
                yield StepReport(self._n_done, self.n_steps, losses.mean(1))
            del running, runs, stop  # so that the next batch finds the memory free

    def _engines_beside(self, n_groups: int) -> list[Engine]:
        if n_groups == 1:
            return [self._engine]
        networks = [self._engine.network] * n_groups
        return engines_beside(networks, device=self._engine.device, dtype=self._engine.dtype)

    def _steps(self, engine: Engine, group: slice) -> Steps | Ascent:
        """Return what takes the steps of a group of movies; under constraints, of a single one."""
        config, start = self._configs[0], self._stimuli[group]
        if config.is_constrained:
            kind = self._kinds[group.start // len(self._configs)]
            name = engine.network.connectome.names[kind]
            return steps_for([engine], name, config, start[0])[0]
        central, movies = self._central[group, None], engine.array(start)
        return Steps(engine, central, movies, self._loss, displayable, config)

    def result(self) -> Result:
        """Return all movies as they are, the last and the best of each, with the central responses.

        Dims (cell_type, seed, frame, column): ``stimulus`` and ``best_stimulus``; (cell_type, seed,
        frame): ``central_response`` and ``best_central_response``; (iteration, cell_type, seed, term):
        ``loss``, before each step, NaN where a step was not taken.
        """
        from maxstim_core.drawing.notebook import Result  # brings xarray: not before it is needed

        lattice, config = self._engine.network.lattice, self._configs[0]
        names = self._engine.network.connectome.names
        movie, trace = ("cell_type", "seed", "frame", "column"), ("cell_type", "seed", "frame")
        n_iters = len(self._losses)
        responses = self._responses(self._stimuli)
        last_is_best = self._last_totals(responses) <= self._best_total
        best = np.where(last_is_best[:, None, None], self._stimuli, self._best)
        missed = missed_energy([config.energy] * len(best), [*map(contrast_energy, best)])
        made = Result(
            data_vars={
                "stimulus": (movie, self._each(self._stimuli)),
                "central_response": (trace, self._each(responses)),
                "best_stimulus": (movie, self._each(best)),
                "best_central_response": (trace, self._each(self._responses(best))),
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
                **({"missed": missed} if missed else {}),
            },
        )
        return documented(made)

    def _last_totals(self, responses: np.ndarray) -> np.ndarray:
        """Total loss of each movie as it is, whose cell responds so: shape (movie,)."""
        config, engine = self._configs[0], self._engine
        if not config.is_constrained:
            return self._loss(self._stimuli, responses[:, None])[:, 0]
        totals = []
        for k, movie in enumerate(self._stimuli):
            name = engine.network.connectome.names[self._kinds[k // len(self._configs)]]
            steps, loss = steps_for([engine], name, config, movie)
            shown = engine.array(movie)[None]
            totals.append(float(loss(shown, steps.response(shown))[0, 0]))
        return np.array(totals, np.float32)

    def _responses(self, movies: np.ndarray) -> np.ndarray:
        """Voltage of each movie's cell, shape (movie, frame)."""
        cells, place = np.unique(self._central, return_inverse=True)
        dt = self._configs[0].dt
        parts = [
            self._engine.simulate(movies[groups[0].start : groups[-1].stop], dt, cells=cells)
            for groups in self._batches
        ]
        return np.take_along_axis(np.concatenate(parts), place[:, None, None], 2)[..., 0]

    def _each(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(*self._shape, *values.shape[1:]).copy()
