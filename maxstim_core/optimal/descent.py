"""One regularised or generated stimulus, as a run: a batch of one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.arrays import Array, copy_of
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.result import labeled_answer, provenance, result_of, voltage_in_grey
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.optimal.stepping import Stepper
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


class Descent:
    """Lowers a loss by gradient descent on a stimulus (an `Optimization`).

    Args:
        engine: Simulates.
        cell_type: Whose central cell the loss is about.
        steps: What takes the steps, for one movie.
        loss: What they lower.
        config: Learning rate, frame duration and number of iterations.
        report_every: Iterations between reports.
        variables: Further variables of the result as ``name: (dims, values)``.
        attributes: Further attributes of the result.

    Attributes:
        n_steps: Iterations in all.
        terms: Names of the logged losses.
    """

    def __init__(
        self,
        engine: Engine,
        cell_type: str,
        steps: Stepper,
        loss: Loss,
        config: RegularizeConfig | GenerateConfig,
        *,
        report_every: int,
        variables: dict[str, tuple] | None = None,
        attributes: dict[str, object] | None = None,
    ) -> None:
        self.n_steps = config.n_iters
        self.terms = loss.terms
        self._engine, self._loss = engine, loss
        self._config, self._report_every = config, checked_report_every(report_every)
        self._cell_type = engine.network.cell_type(cell_type)
        self._steps = steps
        self._stimulus = copy_of(steps.stimuli[0])
        self._logged: list[np.ndarray] = []
        self._variables, self._attributes = variables or {}, attributes or {}

    def __repr__(self) -> str:
        name = self._engine.network.connectome.names[self._cell_type]
        return f"<Run {self._config.method} {name!r}: {self._steps.n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before.
        """
        check_not_begun(len(self._logged))
        for step, losses in self._steps.run(self._report_every):
            self._logged.append(losses[:, 0])
            yield self._report(step, losses[:, 0])

    def stop(self) -> None:
        """End after the present step; from any thread."""
        self._steps.stopped = True

    def result(self) -> Result:
        """Return the last and the best iterate so far, with the responses to exactly these."""
        return result_of(self.labeled())

    def labeled(self) -> Labeled:
        """Return what `result` does, without xarray."""
        last = self._stimulus
        final = self._loss(last[None], self._steps.response(last[None]))[0, 0]
        best = last if final <= self._steps.best_total[0] else self._steps.best[0]
        responses = self._steps.response(best[None])
        missed = self._steps.missed(best, responses)
        losses = self._losses()
        done = len(losses) == self.n_steps
        return labeled_answer(
            lattice=self._engine.layout.lattice,
            dt=self._config.dt,
            stimulus=self._host(last),
            response=self._response(last),
            variables={
                "best_stimulus": (("frame", "column"), self._host(best)),
                "best_central_response": ("frame", self._host(responses[0, 0])),
                "loss": (("iteration", "term"), losses),
                "term": ("term", list(self.terms)),
                **self._variables,
            },
            attributes={
                **provenance(self._engine, self._config),
                "cell_type": self._engine.network.connectome.names[self._cell_type],
                "objective": str(self._loss),
                "status": "complete" if done else "cancelled",
                "contrast_energy": contrast_energy(last),
                "grey_voltage": voltage_in_grey(self._engine, self._cell_type, self._config.dt),
                **({"missed": missed} if missed else {}),
                **self._attributes,
            },
        )

    def _response(self, stimulus: Array) -> np.ndarray:
        """Return the voltage of the cell type, shape (frame, column)."""
        layout, cells = self._engine.layout, self._engine.layout.cells(self._cell_type)
        shown = self._engine.host(stimulus)
        response = self._engine.simulate(shown, self._config.dt, cells=cells)
        return layout.on_columns(self._cell_type, response)

    def _losses(self) -> np.ndarray:
        """Return the losses before each step so far, shape (step, term)."""
        return np.concatenate(self._logged or [np.empty((0, len(self.terms)))])

    def _report(self, step: int, losses: np.ndarray) -> StepReport:
        self._stimulus = copy_of(self._steps.stimuli[0])
        shown = self._host(self._stimulus)
        shown.setflags(write=False)
        respond = partial(self._response, self._stimulus)
        lattice = self._engine.layout.lattice
        return StepReport(step, self.n_steps, losses, shown, respond, lattice)

    def _host(self, values: Array) -> np.ndarray:
        return self._engine.host(values).copy()
