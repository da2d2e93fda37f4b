"""Adam on movies, on the device: the loop behind the regularised and the generated stimulus.

It stands here once: one descent is a batch of one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.optimal.constraints import Projection
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.run import check_losses
from maxstim_core.simulation.engine import Engine


class Steps:
    """Lowers the loss of several movies at once, each for itself; a call is one step.

    All that a step touches lives on the device and is changed in place, so that an engine can record a
    step once and replay it (`Engine.repeated`); nothing is looked at, so that nothing waits.

    Losses and iterates stay on the device between the reports of `run`: one transfer per report, none
    per step.

    Args:
        engine: Simulates.
        central: Number of the cell that each movie is for, shape (sample,).
        start: Luminance, shape (sample, frame, column).
        loss: What to lower.
        projection: Applied after every step.
        config: For its learning rate, frame duration and number of iterations.

    Attributes:
        stimuli: The movies after the last step, shape (sample, frame, column).
        best: The movies of lowest total loss so far, same shape.
        best_total: Their total loss, shape (sample,).
    """

    def __init__(
        self,
        engine: Engine,
        central: np.ndarray,
        start: Tensor,
        loss: Loss,
        projection: Projection,
        config: RegularizeConfig | GenerateConfig,
    ) -> None:
        self._engine, self._loss, self._projection = engine, loss, projection
        self._dt, self._n_iters = config.dt, config.n_iters
        cells, place = torch.as_tensor(central, device=engine.device).unique(return_inverse=True)
        self._cells, self._place = cells, place[:, None, None]
        self._state = engine.steady_state(config.dt).expand(len(start), -1)
        self.stimuli = start.clone().requires_grad_()
        self.best = start.clone()
        self.best_total = torch.full_like(start[:, 0, 0], torch.inf)
        self._optimizer = torch.optim.Adam([self.stimuli], lr=config.lr, capturable=start.is_cuda)

    def __call__(self) -> Tensor:
        """Take a step; return the losses before it, shape (sample, 1 + term)."""
        losses = self._loss(self.stimuli, self.central_response(self.stimuli))
        totals = losses[:, 0]
        (self.stimuli.grad,) = torch.autograd.grad(totals.sum(), self.stimuli)
        with torch.no_grad():
            better = totals < self.best_total
            self.best.copy_(torch.where(better[:, None, None], self.stimuli, self.best))
            self.best_total.copy_(torch.where(better, totals, self.best_total))
            self._optimizer.step()
            self.stimuli.copy_(self._projection(self.stimuli))
        return losses.detach()

    def run(self, report_every: int) -> Iterator[tuple[int, np.ndarray]]:
        """Take all steps; every few, yield the last and the losses since those yielded before.

        The losses have shape (step, sample, 1 + term), as they were before each step.

        Args:
            report_every: Steps between what is yielded, 1 or more.

        Raises:
            MaxstimError: if a loss is no finite number.
        """
        take_step = self._engine.repeated(self)
        unreported: list[Tensor] = []
        for step in range(1, self._n_iters + 1):
            unreported.append(take_step().clone())
            if step % report_every == 0 or step == self._n_iters:
                losses = torch.stack(unreported).cpu().numpy()
                unreported = []
                check_losses(losses, step)
                yield step, losses

    def central_response(self, stimuli: Tensor) -> Tensor:
        """Return the voltage of each movie's cell, shape (sample, frame)."""
        activity = self._engine.respond(stimuli, self._state, self._dt, cells=self._cells)
        return activity.take_along_dim(self._place, 2)[..., 0]
