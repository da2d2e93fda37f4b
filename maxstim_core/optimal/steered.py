"""A generated stimulus whose settings change while it is grown, and which can go back.

What a change keeps and what it begins anew: docs/objectives.md#steering. A run that was steered is, to
the bit, the run of its ``config``, whose schedule holds every change: on the same device and build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from maxstim_core.arrays import copy_of
from maxstim_core.optimal.configs import loss_of
from maxstim_core.optimal.descent import Descent
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.named_response import named_attributes
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.possible import check_number
from maxstim_core.optimal.run import StepReport, check_not_begun
from maxstim_core.optimal.schedule import Change, check_steerable, parse_schedule, schedule_text
from maxstim_core.optimal.stepping import Standing, Stepper
from maxstim_core.settings import checked_whole
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.labeled import Labeled

MAX_CHECKPOINTS = 16
"""Most places of a run that are kept to go back to: about 1 MB each for a movie of 80 frames."""

_SAME_LOSS = {"lr", "n_iters"}
"""Settings that leave the loss, and what a stimulus must satisfy, as they are."""

_PRICED = {"objective", "energy", "weight_central"}
"""Settings that change what contrast is worth, so that the price of its energy begins anew."""

MakeStepper = Callable[[Sequence[Engine], GenerateConfig, np.ndarray], tuple[Stepper, Loss]]
"""Takes engines, settings without schedule and luminance to begin with, shape (frame, column)."""


class _Checkpoint(NamedTuple):
    """A place to go back to: where the run stood, the settings that led there, and rows by then."""

    standing: Standing
    stage: GenerateConfig
    n_rows: int


class _Logged(NamedTuple):
    """Losses of successive steps of one stage, shape (step, term), and the names of their terms."""

    terms: tuple[str, ...]
    losses: np.ndarray


class Steered(Descent):
    """Grows a stimulus by settings that may change between its steps (an `Optimization`).

    Nothing but the settings, the schedule among them, decides what it does: pausing is not iterating.

    Args:
        engines: One for each network.
        cell_type: Whose central cell the loss is about.
        config: Settings to begin with, and the schedule of those to come.
        start: Luminance to begin with, shape (frame, column).
        make: Makes what takes the steps of a stage.
        report_every: Iterations between reports.
        units: Attributes of the result in whose units a stage's objective is.
        measured: Says what counts in a stage, in the first network.
    """

    _config: GenerateConfig

    def __init__(
        self,
        engines: Sequence[Engine],
        cell_type: str,
        config: GenerateConfig,
        start: np.ndarray,
        make: MakeStepper,
        *,
        report_every: int,
        units: Callable[[GenerateConfig], dict[str, object]],
        measured: Callable[[GenerateConfig], Measured],
    ) -> None:
        self._engines, self._make, self._units, self._start = engines, make, units, start
        self._measured = measured
        self._rows: list[_Logged] = []
        self._checkpoints: list[_Checkpoint] = []
        self._checkpoint_every = 1
        self._stopped = self._iterated = False
        self._stage = config.stages[0][1]
        stepper, loss = make(engines, self._stage, start)
        super().__init__(
            engines[0],
            cell_type,
            stepper,
            loss,
            config,
            report_every=report_every,
            attributes=units(self._stage),
        )
        self._change(config)

    @property
    def config(self) -> GenerateConfig:
        """The settings it began with, and the schedule of all changes."""
        return self._config

    @property
    def n_done(self) -> int:
        """Iterations taken."""
        return self._steps.n_done

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to pause or to cancel.

        Raises:
            MaxstimError: if it has been iterated before, and nothing was changed since.
        """
        check_not_begun(self._iterated)
        self._iterated = True
        while (report := self.advance(self._report_every)) is not None:
            yield report

    def advance(self, n_steps: int = 1) -> StepReport | None:
        """Take so many steps, fewer where the run ends; None where it has ended, or was stopped."""
        first, n_rows = self.n_done, len(self._rows)
        last = min(first + n_steps, self.n_steps)
        while self.n_done < last and not self._stopped:
            self._keep_checkpoint()
            self._enter_stage()
            losses = self._steps.advance(min(last, self._next_halt()) - self.n_done)
            self._rows.append(_Logged(self._loss.terms, losses[:, 0]))
        if self.n_done == first:
            return None
        return self._report(self.n_done, self._aligned(self._rows[n_rows:]))

    def compute_with(self, *engines: Engine) -> None:
        """Go on with other engines of the same networks, as those of more threads: not a bit changes."""
        if all(mine is given for mine, given in zip(self._engines, engines, strict=True)):
            return
        standing = self._steps.standing()
        self._engine, self._engines = engines[0], engines
        self._enter(self._stage, self._start)
        self._steps.resume(standing)

    @property
    def losses(self) -> np.ndarray:
        """The losses before each step so far, shape (step, term); NaN where a stage lacks a term."""
        return self._losses()

    def labeled(self) -> Labeled:
        """See `Descent`; with the response of each cell type, where the objective names several."""
        found = super().labeled()
        goal = self._stage.goal
        if not goal.others:
            return found
        measured = self._measured(self._stage)
        all_names = self._engine.network.connectome.names
        names = [all_names[kind] for kind in measured.kinds]
        movies = np.stack([found.variables[f"{which}stimulus"][1] for which in ("", "best_")])
        numbers = measured.numbers(measured.voltage(self._engine, movies, self._stage.dt))
        told = {
            f"{which}named_response": ("named", responses.astype(np.float32))
            for which, responses in zip(("", "best_"), numbers, strict=True)
        }
        return replace(
            found,
            variables={**found.variables, **told, "named": ("named", names)},
            attrs={**found.attrs, **named_attributes(goal.kind, names, numbers[0])},
        )

    def glance(self) -> StepReport:
        """Return where the run stands, without losses."""
        return self._report(self.n_done, self._aligned([]))

    def stop(self) -> None:
        """End after the present step; from any thread."""
        self._stopped = True
        super().stop()

    def steer(self, **values: Any) -> None:
        """Change settings from the next iteration on; changes that were still to come are forgotten.

        Args:
            values: New values by setting. More iterations (``n_iters``) let a run that has ended go on.

        Raises:
            MaxstimError: if a setting cannot change on the way, or does not take its value, or the
                run has ended and gets no more iterations.
        """
        for name in values:
            check_steerable(name)
        values = {name: GenerateConfig.taken(name, value) for name, value in values.items()}
        if not self.n_done:
            self._change(replace(self._config, schedule="", **values))
            self._checkpoints.clear()
            self._enter(self._config, self._start)
            self._stimulus = copy_of(self._steps.stimuli[0])
            return
        changes = self._changes_before(self.n_done + 1)
        if changes and changes[-1].iteration == self.n_done:
            values = {**changes.pop().values, **values}
        changes.append(Change(self.n_done, values))
        self._change(replace(self._config, schedule=schedule_text(changes)))

    def back_to(self, iteration: int) -> None:
        """Go back to where the run stood after so many iterations, as though it had never gone on.

        What was changed there or later is forgotten.

        Raises:
            MaxstimError: if it has not come so far.
        """
        iteration = checked_whole(iteration, "The iteration to go back to", (0, self.n_done))
        if iteration < self.n_done:
            while self._checkpoints[-1].standing.n_done > iteration:
                self._checkpoints.pop()
            standing, stage, n_rows = self._checkpoints.pop()
            del self._rows[n_rows:]
            self._enter(stage, self._start)
            self._steps.resume(standing)
        schedule = schedule_text(self._changes_before(iteration))
        self._change(replace(self._config, schedule=schedule))
        self.advance(iteration - self.n_done)
        self._stimulus = copy_of(self._steps.stimuli[0])

    def _changes_before(self, iteration: int) -> list[Change]:
        changes = parse_schedule(self._config.schedule)
        return [change for change in changes if change.iteration < iteration]

    def _change(self, config: GenerateConfig) -> None:
        """Go by these settings; the run may be iterated again.

        Raises:
            MaxstimError: if the networks cannot be asked so.
        """
        check_number(len(self._engines), config)
        self._config, self.n_steps, self._iterated = config, config.n_steps, False
        terms = (term for _, stage in config.stages for term in loss_of(stage).terms)
        self.terms = tuple(dict.fromkeys(terms))

    def _enter_stage(self) -> None:
        """Make sure that the next step is taken by the settings in force."""
        stages = self._config.stages
        stage = next(stage for start, stage in reversed(stages) if start <= self.n_done)
        if stage == self._stage:
            return
        standing, before = self._steps.standing(), self._stage.to_dict()
        after = stage.to_dict()
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        self._enter(stage, self._engine.host(standing.free[0]))
        if changed <= _SAME_LOSS:
            self._steps.resume(standing)
        else:
            self._steps.take_over(standing, same_price=not changed & _PRICED)

    def _enter(self, stage: GenerateConfig, start: np.ndarray) -> None:
        self._stage = stage
        self._steps, self._loss = self._make(self._engines, stage, start)
        self._attributes = self._units(stage)

    def _next_halt(self) -> int:
        """Return the iteration before which to look for another stage, or to keep a checkpoint."""
        every = self._checkpoint_every
        halts = [start for start, _ in self._config.stages if start > self.n_done]
        return min([every * (self.n_done // every + 1), *halts])

    def _keep_checkpoint(self) -> None:
        kept_last = self._checkpoints[-1].standing.n_done if self._checkpoints else -1
        if self.n_done % self._checkpoint_every or self.n_done == kept_last:
            return
        kept = [
            *self._checkpoints,
            _Checkpoint(self._steps.standing(), self._stage, len(self._rows)),
        ]
        if len(kept) > MAX_CHECKPOINTS:
            self._checkpoint_every *= 2
            kept = [each for each in kept if each.standing.n_done % self._checkpoint_every == 0]
        self._checkpoints = kept

    def _losses(self) -> np.ndarray:
        """See `Descent`; NaN where a stage has no such term."""
        return self._aligned(self._rows)

    def _aligned(self, rows: list[_Logged]) -> np.ndarray:
        losses = np.full(
            (sum(len(each.losses) for each in rows), len(self.terms)), np.nan, np.float32
        )
        first = 0
        for terms, found in rows:
            columns = [self.terms.index(term) for term in terms]
            losses[first : first + len(found), columns] = found
            first += len(found)
        return losses
