"""What is the same in all answers, and what is not determined: restarts, and movies that do the same.

A descent ends in one of many movies. Begun from noise of several seeds, from the gradient at grey, from
the best textbook stimulus and from a clip, what all of them share is what the cell wants; what differs
is not determined by it. Further movies are sought that do nearly as well and are as unlike as can be.
docs/controls.md#restarts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.comparison.shares import share_of
from maxstim_core.comparison.textbook import best_textbook
from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.ascent import Ascent
from maxstim_core.optimal.batch import GenerateEach, engines_beside
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.generated import allowed_by, descent, noise
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.missed import missed_energy
from maxstim_core.optimal.objectives.unlike import NoWorse, Unlike
from maxstim_core.optimal.recording import Recording
from maxstim_core.optimal.result import provenance, result_of
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.optimal.schedule import check_unscheduled
from maxstim_core.settings import checked, checked_whole
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

AS_GOOD = 0.85
"""Share of the best response that a movie that does the same has to reach."""

_AIM, _MISSED = 0.88, 100.0
"""Share that is aimed at, so that what is reached is enough, and the weight of what is missing."""

_DIFFERENT_SHARE = 0.5
"""Iterations for each movie that does the same, as a share of those that were asked for."""

MOST_STARTS = 64
"""Most seeds, and most movies that do the same."""


def restarts(
    network: Network,
    cell_type: str,
    config: GenerateConfig | None = None,
    *,
    seeds: int = 4,
    clip: np.ndarray | None = None,
    different: int = 3,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 10,
) -> Restarts:
    """Grow a movie from several starts at once, and seek others that do the same.

    Args:
        network: The network to ask.
        cell_type: For example ``T4c``.
        config: Hyperparameters; the defaults with objective ``drive`` and an energy of 100 if None.
        seeds: How many seeds of noise, from ``config.random_seed`` on. The gradient at grey and the best
            textbook stimulus are two starts more.
        clip: A clip to start from too: luminance, shape (frame, column); what is longer than the
            stimulus counts from its end, before what is shorter is grey.
        different: How many movies, the best of all starts among them, to return that do the same and
            are as unlike as can be.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        An `Optimization`: its result is described in docs/controls.md#restarts.

    Raises:
        MaxstimError: if the cell type or the device does not exist, or an argument makes no sense.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(objective="drive", energy=20, t_stim=0.1, n_iters=6)
        >>> found = ms.finish(ms.restarts(network, "T4c", config, seeds=2, different=2))
        >>> found.start.values.tolist()[:3]
        ['noise, seed 0', 'noise, seed 1', 'gradient at grey']
        >>> found.stimulus.dims, found.different_stimulus.dims
        (('start', 'frame', 'column'), ('different', 'frame', 'column'))
    """
    check_network(network)
    network.cell_type(cell_type)
    usual = GenerateConfig(objective="drive", energy=100.0)
    config = checked(usual if config is None else config, GenerateConfig)
    check_unscheduled(config.schedule, "restarts")
    if config.goal.kind == "level":
        raise MaxstimError(
            "Restarts look for the movie that does best, and to reach a level is nothing to do better; "
            "choose the objective drive, with an energy."
        )
    network = silenced(network, config.silence, cell_type=cell_type)
    seeds = checked_whole(seeds, "The number of seeds (seeds)", (1, MOST_STARTS))
    different = checked_whole(different, "The number of movies (different)", (1, MOST_STARTS))
    n_starts = seeds + 2 + (clip is not None)
    engines = engines_beside([network] * n_starts, device=device, dtype=dtype)
    if clip is not None:
        clip = engines[0].host(engines[0].as_movie(clip))
        engines[0].check(clip[None], config.dt)
    measured = Measured.of(network, cell_type, config)
    starts = {
        **{
            f"noise, seed {seed}": noise(replace(config, random_seed=seed), network)
            for seed in range(config.random_seed, config.random_seed + seeds)
        },
        "gradient at grey": _gradient_at_grey(engines[0], measured, config),
        **_textbook_start(engines[0], measured, config),
        **({} if clip is None else {"clip": _fitted(clip, config.n_frames)}),
    }
    return Restarts(
        engines, cell_type, config, measured, starts, different, report_every=report_every
    )


def _gradient_at_grey(engine: Engine, measured: Measured, config: GenerateConfig) -> np.ndarray:
    """Return grey plus what would change the response most: the matched filter of a linear cell."""
    shape = config.n_frames, engine.network.lattice.n_columns
    cells = engine.layout.central_cells[list(measured.kinds)]
    voltage, back = Recording([engine], cells[None], config.dt).with_way_back(
        engine.array(np.full((1, *shape), GREY, np.float32))
    )
    on_response = measured.sign * measured.gradient(engine.host(voltage))
    gradient = engine.host(back(engine.array(on_response.astype(np.float32))))[0]
    length = np.sqrt(np.square(gradient, dtype=np.float64).sum())
    if not length:  # nothing reaches the cell from grey
        return np.full(shape, GREY, np.float32)
    strength = (config.energy or shape[0] * shape[1] / 100) ** 0.5 / length
    return (GREY + strength * gradient).astype(np.float32)


def _textbook_start(
    engine: Engine, measured: Measured, config: GenerateConfig
) -> dict[str, np.ndarray]:
    best = best_textbook(engine, measured, config.n_frames, config.dt)
    return {best.stimulus.name: best.movie}


def _fitted(clip: np.ndarray, n_frames: int) -> np.ndarray:
    """Return the end of a clip, grey before it where it is shorter, shape (n_frames, column)."""
    movie = np.full((n_frames, clip.shape[1]), GREY, np.float32)
    length = min(n_frames, len(clip))
    movie[n_frames - length :] = clip[len(clip) - length :]
    return movie


class Restarts:
    """Ascents from several starts at once, then movies that do the same (an `Optimization`).

    Args:
        engines: One for each start, all of the same network.
        cell_type: For example ``T4c``.
        config: Hyperparameters.
        measured: What counts of the response.
        starts: Luminance to begin with by the name of the start, shape (frame, column).
        different: How many movies that do the same.
        report_every: Iterations between reports.

    Attributes:
        n_steps: Iterations, those from all starts counted once.
        terms: Names of the losses of the restarts.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        cell_type: str,
        config: GenerateConfig,
        measured: Measured,
        starts: dict[str, np.ndarray],
        different: int,
        *,
        report_every: int,
    ) -> None:
        self._engine, self._cell_type, self._config = engines[0], cell_type, config
        self._measured, self._names = measured, list(starts)
        self._report_every = checked_report_every(report_every)
        self._descents = [
            descent(engine, cell_type, config, report_every=self._report_every, start=start)
            for engine, start in zip(engines, starts.values(), strict=True)
        ]
        self.terms = self._descents[0].terms
        self._n_more = different - 1
        self._more_iters = max(2, round(_DIFFERENT_SHARE * config.n_iters))
        self.n_steps = config.n_iters + self._n_more * self._more_iters
        self._n_done = 0
        self._movies = np.stack([start.astype(np.float32) for start in starts.values()])
        self._different: list[np.ndarray] = []

    def __repr__(self) -> str:
        return f"<Run restarts {self._cell_type!r}: {self._n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, or a loss is no finite number.
        """
        check_not_begun(self._n_done)
        for report in GenerateEach(self._descents):
            self._n_done = report.step
            yield StepReport(self._n_done, self.n_steps, report.losses)
        self._movies = np.stack(
            [each.labeled().variables["best_stimulus"][1] for each in self._descents]
        ).astype(np.float32)
        counts = self._respond(self._movies)
        best = int(np.argmax(self._measured.sign * counts))
        self._different = [self._movies[best]]
        no_losses = np.empty((0, len(self.terms)), np.float32)
        for _ in range(self._n_more):
            before = self._n_done
            ascent = self._to_another(float(counts[best]))
            for step, _losses in ascent.run(self._report_every):
                self._n_done = before + step
                yield StepReport(self._n_done, self.n_steps, no_losses)
            self._different.append(self._engine.host(ascent.best[0]).copy())

    def _respond(self, movies: np.ndarray) -> np.ndarray:
        return self._measured.responses(self._engine, movies, self._config.dt)

    def _to_another(self, best: float) -> Ascent:
        """Return what leads to a movie that is unlike those that there are, and as good.

        It begins with the restart that is least like them, on the energy of the best.
        """
        config, engine = self._config, self._engine
        energy = config.energy or contrast_energy(self._different[0])
        there = np.stack(self._different)
        likeness = _cosines(self._movies, there).max(1)
        start = self._movies[int(np.argmin(likeness))]
        # What a movie has is possible, though it may round to just beyond what could be asked for.
        allowed = replace(allowed_by(config, engine.network.lattice), energy=energy)
        # The loss of an objective is lower where it is better: below 0, unless nothing drives the cell.
        scale = abs(best) or 1.0
        enough = NoWorse(self._measured.term, -_AIM * scale)
        loss = 1.0 * Unlike(there, energy) + _MISSED / scale**2 * enough
        cells = engine.layout.central_cells[list(self._measured.kinds)][None]
        return Ascent(
            Recording([engine], cells, config.dt),
            engine.array(start),
            loss,
            allowed,
            n_iters=self._more_iters,
            rate=config.lr,
        )

    def result(self) -> Result:
        """Return the movies, and what they share: docs/controls.md#restarts."""
        return result_of(self.labeled())

    def labeled(self) -> Labeled:
        """Return what `result` does, without xarray."""
        lattice, movies = self._engine.network.lattice, self._movies
        counts = self._respond(movies)
        deviation = movies.astype(np.float64) - GREY
        mean, spread = deviation.mean(0), deviation.std(0)
        determined = np.divide(
            mean**2, mean**2 + spread**2, out=np.zeros_like(mean), where=(mean != 0) | (spread != 0)
        )
        cosines = _cosines(movies, movies)
        pairs = np.triu_indices(len(movies), 1)
        place = int(np.argmax(self._measured.sign * counts))
        relative_spread = share_of(float(np.ptp(counts)), abs(float(counts[place])))
        different = np.stack(self._different or [movies[place]])
        alike = np.triu_indices(len(different), 1)
        done = self._n_done == self.n_steps
        every = np.concatenate([movies, different]) if self._different else movies[:0]
        missed = missed_energy([self._config.energy] * len(every), [*map(contrast_energy, every)])
        return Labeled(
            variables={
                "stimulus": (("start", "frame", "column"), movies),
                "counted_response": ("start", counts.astype(np.float32)),
                "common_stimulus": (("frame", "column"), (GREY + mean).astype(np.float32)),
                "determined": (("frame", "column"), determined.astype(np.float32)),
                "different_stimulus": (("different", "frame", "column"), different),
                "different_response": ("different", self._respond(different).astype(np.float32)),
            },
            coordinates={
                "start": ("start", self._names),
                "time": ("frame", np.arange(movies.shape[1]) * self._config.dt, {"units": "s"}),
                "u": ("column", lattice.u),
                "v": ("column", lattice.v),
            },
            attrs={
                **provenance(self._engine, self._config),
                "kind": "restarts",
                "cell_type": self._cell_type,
                "dt": self._config.dt,
                "spread": relative_spread,
                "diversity": float(1 - cosines[pairs].mean()),
                "different_diversity": float(1 - _cosines(different, different)[alike].mean())
                if len(different) > 1
                else 0.0,
                "status": "complete" if done else "cancelled",
                **({"missed": missed} if missed else {}),
            },
        )


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the cosine similarity of deviations from grey, shape (first, second)."""
    one, other = (
        movies.reshape(len(movies), -1).astype(np.float64) - GREY for movies in (first, second)
    )
    lengths = np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    return one @ other.T / np.maximum(lengths, 1e-12)
