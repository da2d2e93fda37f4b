"""Many settings of one question side by side: docs/sweeps.md.

What an answer is depends neither on what is computed beside it nor on the number of threads: on a CPU it
is, to the bit, that of `generate` with its settings.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from maxstim_core import __version__
from maxstim_core.comparison.transfer import checked_others, transfer_response
from maxstim_core.devices import resolve_device, usable_cores
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.batch import engines_beside
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.descent import Descent
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.generated import descent
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.possible import check_possible
from maxstim_core.optimal.result import provenance
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.optimal.together import relayed
from maxstim_core.settings import checked, checked_whole
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.grid_store import COMPLETE, MISSING, Grid, GridCell, GridStore, MemoryGrid
from maxstim_core.sweeps.goals import (
    RESPONSE,
    TRANSFER,
    checked_goals,
    front_of_each_objective,
    merits,
    roughness,
)
from maxstim_core.sweeps.plan import MOVIES, TRACES, SweepQuestion
from maxstim_core.sweeps.trials import TRIALS_AT_ONCE, Proposals, same_values
from maxstim_core.sweeps.varied import (
    MOST_ANSWERS,
    check_number_of_answers,
    check_trials,
    read_varied,
    settings_of,
)

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

_MARKING_SHARE = 0.05
"""Most of the time that may go into saying which answers are best so far."""


def sweep(
    network: Network,
    cell_type: str,
    vary: Mapping[str, Any],
    config: GenerateConfig | None = None,
    *,
    seeds: int = 1,
    others: Iterable[Network] = (),
    trials: int | None = None,
    goals: Iterable[str] | None = None,
    store: str | os.PathLike | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 10,
) -> Sweep:
    """Grow a movie for each of many settings, and compare what they are worth.

    Args:
        network: The network to ask.
        cell_type: For example ``T4c``.
        vary: The values of settings by their names: lists, or ranges in words such as
            ``"log:100:10000:7"`` (`maxstim_core.sweeps.varied`). All are crossed.
        config: The settings that stay; flyvis's if None.
        seeds: Seeds of the noise for each setting, from ``config.random_seed`` on.
        others: Networks that every answer is shown to besides its own.
        trials: How many settings to propose, each learning from those before, within the lists and
            intervals of `vary`; None to try all that `vary` says.
        goals: Names of the goals by which answers are compared and trials proposed, of
            `maxstim_core.sweeps.goals.GOALS`; all if None. Without trials a store may be gone on with
            by others, which mark others.
        store: Folder of a zarr store that keeps what is finished, and that is gone on with where it is
            there already; in memory if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        An `Optimization` whose steps are answers: its result is described in docs/sweeps.md.

    Raises:
        MaxstimError: if an argument makes no sense, there would be too many answers, the store holds
            something else, or a library that is an extra is missing.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("default")
        >>> config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
        >>> found = ms.finish(ms.sweep(network, "Mi1", {"lr": [0.01, 0.1]}, config, seeds=2))
        >>> found.stimulus.dims, found.lr.values.tolist()
        (('setting', 'seed', 'frame', 'column'), [0.01, 0.1])
        >>> int(found.pareto.sum()) > 0
        True
    """
    question = sweep_question(
        network,
        cell_type,
        vary,
        config,
        seeds=seeds,
        others=others,
        trials=trials,
        goals=goals,
        device=device,
        dtype=dtype,
    )
    return Sweep(question, store, report_every=checked_report_every(report_every))


def sweep_question(
    network: Network,
    cell_type: str,
    vary: Mapping[str, Any],
    config: GenerateConfig | None = None,
    *,
    seeds: int = 1,
    others: Iterable[Network] = (),
    trials: int | None = None,
    goals: Iterable[str] | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> SweepQuestion:
    """Check what a sweep is asked and return it, before any work is done; arguments as of `sweep`.

    Raises:
        MaxstimError: if an argument makes no sense, or there would be too many answers.
    """
    check_network(network)
    network.cell_type(cell_type)
    config = checked(config, GenerateConfig)
    seeds = checked_whole(seeds, "The number of seeds (seeds)", (1, MOST_ANSWERS))
    if trials is not None:
        trials = checked_whole(trials, "The number of trials (trials)", (1, MOST_ANSWERS))
    network = silenced(network, config.silence, cell_type=cell_type)
    others = tuple(checked_others(others, network, config.silence))
    chosen = checked_goals(goals, with_transfer=bool(others))
    varied = tuple(read_varied(vary, config, trials=trials is not None))
    if trials is not None:
        check_trials(varied, trials)
    settings = None if trials is not None else tuple(settings_of(varied, config))
    n_settings = trials if settings is None else len(settings)
    assert n_settings is not None
    check_number_of_answers(n_settings * seeds)
    for values in settings or ():
        check_possible(network, cell_type, replace(config, **values))
    return SweepQuestion(
        network,
        cell_type,
        config,
        varied,
        settings,
        n_settings,
        seeds,
        others,
        chosen,
        resolve_device(device),
        dtype,
    )


class _UnderWay(NamedTuple):
    """How far an answer is.

    Attributes:
        place: Its place.
        share: Of its iterations that are done, 0 to 1.
    """

    place: tuple[int, int]
    share: float


class _Finished(NamedTuple):
    """What came of one answer.

    Attributes:
        cell: Its place and values.
        problem: Why it failed, or nothing.
    """

    cell: GridCell
    problem: str


class Sweep:
    """Answers to many settings and seeds (an `Optimization`, whose steps are answers).

    Args:
        question: What is asked.
        store: Folder of the zarr store; in memory if None.
        report_every: Iterations between reports.

    Attributes:
        n_steps: Answers in all.
        terms: There is no loss.
        problems: Why answers of this run failed, a sentence each.
    """

    terms: tuple[str, ...] = ()

    def __init__(
        self, question: SweepQuestion, store: str | os.PathLike | None, *, report_every: int
    ) -> None:
        self._question, self._report_every = question, report_every
        shared = {"device": question.device, "dtype": question.dtype}
        engine = make_engine(question.network, threads=1, **shared)
        versions = {"maxstim_version": __version__, "numpy_version": np.__version__}
        about = provenance(engine, question.config)
        plan = question.plan(about, {**versions, **engine.versions})
        self._grid: Grid = MemoryGrid(plan) if store is None else GridStore(store, plan)
        self._others = [make_engine(each, threads=1, **shared) for each in question.others]
        self._engines: dict[int, list[Engine]] = {}
        self._at_once = usable_cores() if question.device == "cpu" else 1
        self._marked_at, self._marking_took = -math.inf, 0.0
        self._equal: dict[int, int] = {}
        self._first: dict[tuple, int] = {}
        self._proposals = None
        if question.settings is None:
            seed = question.config.random_seed
            self._proposals = Proposals(question.varied, len(question.goals), seed)
        self._configs: list[GenerateConfig | None] = [
            replace(question.config, **values) for values in question.settings or ()
        ]
        self._running: dict[tuple[int, int], Descent] = {}
        self._shares: dict[tuple[int, int], float] = {}
        self._stopped = False
        self._state: Literal["new", "writing", "resting", "ended"] = "new"
        self.n_steps = self._grid.status.size
        self.problems: list[str] = []

    def __repr__(self) -> str:
        done = f"{self.n_done} of {self.n_steps} answers"
        return f"<Run sweep {self._question.cell_type!r}: {done}>"

    @property
    def n_done(self) -> int:
        """Answers that there are, those that failed among them."""
        return int((self._grid.status != MISSING).sum())

    @property
    def share(self) -> float:
        """How much is done, 0 to 1: answers, and of those that are under way their iterations."""
        under_way = sum([*self._shares.values()])
        return min(1.0, (self.n_done + under_way) / self.n_steps)

    def __iter__(self) -> Iterator[StepReport]:
        """Run what is missing, and report often; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, or the store cannot be written.
        """
        check_not_begun(self._state != "new")
        self._state = "writing"
        with self._grid.writing():
            try:
                for settings in self._batches():
                    yield from self._answer([k for k in settings if k not in self._equal])
                    self._repeat([k for k in settings if k in self._equal])
            finally:
                if self._state == "writing":
                    self._mark_front()
                self._state = "ended"
            yield self._report()

    def rest(self) -> None:
        """Let others write to the store, between two reports, until `resume`."""
        if self._state == "writing":
            with suppress(MaxstimError):  # a disk that is full now may have room in the end
                self._mark_front()
            self._state = "resting"
        self._grid.rest()

    def resume(self) -> None:
        """Be the one who writes again, before the next report is asked for.

        Raises:
            MaxstimError: if another process writes there, or nothing can be written.
        """
        if self._state == "resting":
            self._grid.resume()
            self._state = "writing"

    def result(self) -> Result:
        """Return what there is so far: docs/sweeps.md."""
        from maxstim_core.drawing.notebook import Result

        return Result.of(self._grid.dataset())

    def _report(self) -> StepReport:
        return StepReport(self.n_done, self.n_steps, np.empty((0, 0), np.float32))

    # -- which answers are computed together

    def _batches(self) -> Iterator[range]:
        """Yield settings whose answers are there when the next are asked for."""
        if self._proposals is None:
            yield range(self._question.n_settings)
            return
        for first in range(0, self._question.n_settings, TRIALS_AT_ONCE):
            settings = range(first, min(first + TRIALS_AT_ONCE, self._question.n_settings))
            self._propose(self._proposals, settings)
            yield settings
            self._proposals.tell([self._worth_of_trial(setting) for setting in settings])

    def _propose(self, proposals: Proposals, settings: range) -> None:
        """Ask for the values of some trials, and keep them unless they were kept before."""
        begun = np.any(
            self._grid.status[settings.start : settings.stop] != MISSING, axis=1
        ).tolist()
        for setting, values in zip(settings, proposals.ask(len(settings)), strict=True):
            kept = {name: self._grid.read(name)[setting] for name in values}
            if begun[setting - settings.start] and not same_values(values, kept):
                raise MaxstimError(
                    "Other trials were proposed here before, by another version of optuna; name another "
                    "store."
                )
            for name, value in values.items():
                self._grid.read(name)[setting] = value
            first = self._first.setdefault(tuple(values.items()), setting)
            if first != setting:
                self._equal[setting] = first
            try:
                config = replace(self._question.config, **values)
                check_possible(self._question.network, self._question.cell_type, config)
                self._configs.append(config)
            except MaxstimError as error:  # settings that do not go together
                self.problems.append(str(error))
                self._configs.append(None)
        for name in self._question.names:
            self._grid.put(name, self._grid.read(name))

    # -- the answers

    def _answer(self, settings: list[int]) -> Iterator[StepReport]:
        """Compute what is missing of some settings, and keep each answer as it is finished."""
        self._stopped = False
        self._running, self._shares = {}, {}
        missing = self._missing(settings)
        n_runs = max(1, min(self._at_once, len(missing)))
        runs = self._runs(missing, [*self._engines_for(n_runs)])
        for report in relayed(runs, self._stop, threads=n_runs):
            if isinstance(report, _Finished):
                self._shares.pop(report.cell.place, None)  # type: ignore[arg-type]
                self._grid.write([report.cell])
                self.problems += [report.problem] if report.problem else []
                self._keep_marked()
            else:
                self._shares[report.place] = report.share
            yield self._report()

    def _missing(self, settings: list[int]) -> list[tuple[int, int]]:
        return [
            (setting, seed)
            for setting in settings
            for seed in range(self._question.n_seeds)
            if self._grid.status[setting, seed] == MISSING
        ]

    def _runs(
        self, cells: list[tuple[int, int]], engines: list[Engine]
    ) -> Iterator[Iterator[_UnderWay | _Finished]]:
        """Yield what computes each answer, once there is room for it, and with it an engine."""
        for cell in cells:
            # Where this has rested, another process may have answered meanwhile.
            if self._grid.status[cell] == MISSING:
                yield self._one(engines, cell)

    def _repeat(self, settings: list[int]) -> None:
        """Let settings that were proposed before have the answers from then."""
        for setting, seed in self._missing(settings):
            before = self._equal[setting], seed
            if self._grid.status[before] != MISSING:
                self._grid.repeat((setting, seed), before)

    def _engines_for(self, n_runs: int) -> list[Engine]:
        if n_runs not in self._engines:
            question = self._question
            self._engines[n_runs] = engines_beside(
                [question.network] * n_runs, device=question.device, dtype=question.dtype
            )
        return self._engines[n_runs]

    def _one(self, engines: list[Engine], cell: tuple[int, int]) -> Iterator[_UnderWay | _Finished]:
        """Compute one answer step by step, with one of the engines, and what it is worth in the end."""
        config = self._configs[cell[0]]
        if config is None:
            yield _Finished(GridCell(cell, None), "")
            return
        config = replace(config, random_seed=self._question.config.random_seed + cell[1])
        engine = engines.pop()
        try:
            run = descent(engine, self._question.cell_type, config, report_every=self._report_every)
            self._running[cell] = run
            for report in run:
                yield _UnderWay(cell, report.step / report.n_steps)
            if not self._stopped:
                yield _Finished(GridCell(cell, self._values(engine, config, run)), "")
        except MaxstimError as error:  # a loss that is no number any more: the others go on
            yield _Finished(GridCell(cell, None), str(error))
        finally:
            self._running.pop(cell, None)
            engines.append(engine)

    def _stop(self) -> None:
        self._stopped = True
        for run in [*self._running.values()]:
            run.stop()

    def _values(self, engine: Engine, config: GenerateConfig, run: Descent) -> dict[str, Any]:
        """Return what is kept of an answer, movies filled up to the longest of the sweep."""
        cell_type, found = self._question.cell_type, run.labeled().variables
        best = np.asarray(found["best_stimulus"][1])
        measured = Measured.of(engine.network, cell_type, config)
        values: dict[str, Any] = {
            RESPONSE: float(measured.responses(engine, best[None], config.dt)[0]),
            "contrast_energy": contrast_energy(best.astype(np.float64)),
            **roughness(best),
        }
        for name in (*MOVIES, *TRACES):
            shown = np.asarray(found[name][1], np.float32)
            rest = [(0, self._question.most_frames - len(shown)), *[(0, 0)] * (shown.ndim - 1)]
            values[name] = np.pad(shown, rest, constant_values=np.nan)
        if self._others:
            elsewhere = [
                transfer_response(other, cell_type, config, best, config.dt)
                for other in self._others
            ]
            values["transfer_response"] = elsewhere
            known = [each for each in elsewhere if np.isfinite(each)]
            values[TRANSFER] = float(np.median(known)) if known else np.nan
        return values

    # -- what they are worth

    def _worth(self, cell: tuple[int, int]) -> list[float] | None:
        """Return the goals of an answer, more is better; None if it is not there."""
        config = self._configs[cell[0]] if cell[0] < len(self._configs) else None
        if config is None or self._grid.status[cell] != COMPLETE:
            return None
        found = {name: float(self._grid.read(name)[cell]) for name in self._question.goals}
        return [*merits(config, found).values()]

    def _worth_of_trial(self, setting: int) -> list[float] | None:
        """Return the means over seeds; None where no seed has an answer that counts."""
        every = [self._worth((setting, seed)) for seed in range(self._question.n_seeds)]
        there = [each for each in every if each is not None and np.isfinite(each).all()]
        return np.mean(there, 0).tolist() if there else None

    def _mark_front(self) -> None:
        """Say in the store which answers are best so far, and by which goals."""
        began, goals = time.monotonic(), self._question.goals
        there = self._grid.status == COMPLETE
        found = {name: np.where(there, self._grid.read(name), np.nan) for name in goals}
        self._grid.put("pareto", front_of_each_objective(self._configs, found))
        self._grid.put_attribute("goals", json.dumps(list(goals)))
        self._marked_at = time.monotonic()
        self._marking_took = self._marked_at - began

    def _keep_marked(self) -> None:
        """Mark the best so far, unless that has taken much of the time."""
        if self._marking_took <= _MARKING_SHARE * (time.monotonic() - self._marked_at):
            self._mark_front()
