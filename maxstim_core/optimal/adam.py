"""Adam on movies: the loop behind the regularized and the generated stimulus.

It stands here once, for a CPU and for a GPU: one descent is a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.arrays import QUIET, Array, copy_of, library_of
from maxstim_core.optimal.constraints import Projection
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.recording import Recording
from maxstim_core.optimal.run import check_losses
from maxstim_core.optimal.stepping import Standing, Stepper
from maxstim_core.simulation.engine import Engine

if TYPE_CHECKING:
    from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig

_MEAN_DECAY, _SQUARE_DECAY, _EPSILON = 0.9, 0.999, 1e-8
"""Adam's constants (Kingma & Ba 2015, arXiv:1412.6980), which are torch's defaults and flyvis's."""


class Adam:
    """Adam's rule, with the operations of ``torch.optim.Adam`` in the order of its single-tensor form.

    Everything is changed in place, the number of the step included, so that a step can be recorded.

    Args:
        values: What to change, floating-point numbers of any shape.
        rate: Learning rate, in units of `values`.

    Attributes:
        rate: The same; it may change between steps.
    """

    def __init__(self, values: Array, rate: float) -> None:
        library = library_of(values)
        self._values, self.rate = values, rate
        self._mean, self._square = library.zeros_like(values), library.zeros_like(values)
        # Powers of the decays; in double precision, as torch's Python numbers are.
        self._powers = [library.ones_like(values[:1, :1, :1], dtype=library.float64) for _ in "ms"]

    @property
    def moments(self) -> tuple[Array, ...]:
        """Copies of the means of the gradient and of its square, and of the powers of their decays."""
        return tuple(copy_of(array) for array in self._state)

    def resume(self, moments: tuple[Array, ...]) -> None:
        """Go on with moments of values of the same shape."""
        for own, array in zip(self._state, moments, strict=True):
            own[...] = array

    @property
    def _state(self) -> tuple[Array, ...]:
        return (self._mean, self._square, *self._powers)

    def step(self, gradient: Array) -> None:
        """Move the values against a gradient of their shape."""
        library = library_of(gradient)
        self._mean += (gradient - self._mean) * (1 - _MEAN_DECAY)
        self._square *= _SQUARE_DECAY
        self._square += (1 - _SQUARE_DECAY) * gradient * gradient
        mean_power, square_power = self._powers
        mean_power *= _MEAN_DECAY
        square_power *= _SQUARE_DECAY
        length = self.rate / (1 - mean_power)
        scale = (1 - square_power) ** 0.5
        length, scale = (library.asarray(x, dtype=gradient.dtype) for x in (length, scale))
        self._values -= length * self._mean / (library.sqrt(self._square) / scale + _EPSILON)


class Steps(Stepper):
    """Lowers the loss of several movies at once, each for itself; a call is one step.

    All that a step touches lives on the device and is changed in place, so that an engine can record a
    step once and replay it (`Engine.repeated`); nothing is looked at, so that nothing waits.

    Losses and iterates stay on the device between the reports of `run`: one transfer per report, none
    per step.

    Args:
        engine: Simulates.
        watched: Numbers of the cells that the loss is about, for each movie: shape (sample, watched
            cell), first the cell that it is for.
        start: Luminance, shape (sample, frame, column), an array of the engine.
        loss: What to lower.
        projection: Applied after every step.
        config: For its learning rate, frame duration and number of iterations.

    """

    def __init__(
        self,
        engine: Engine,
        watched: np.ndarray,
        start: Array,
        loss: Loss,
        projection: Projection,
        config: RegularizeConfig | GenerateConfig,
    ) -> None:
        self._engine, self._loss, self._projection = engine, loss, projection
        super().__init__(config.n_iters)
        self._recording = Recording([engine], watched, config.dt)
        library = library_of(start)
        self.stimuli, self.best = copy_of(start), copy_of(start)
        self.best_total = library.full_like(start[:, 0, 0], library.inf)
        self._adam = Adam(self.stimuli, config.lr)
        self._take_step: Callable[[], Array] | None = None

    @QUIET
    def __call__(self) -> Array:
        """Take a step; return the losses before it, shape (sample, 1 + term)."""
        library = library_of(self.stimuli)
        response, back = self._recording.with_way_back(self.stimuli)
        losses = self._loss(self.stimuli, response)
        on_stimulus, on_response = self._loss.gradient(self.stimuli, response)
        on_movie = back(on_response)
        totals = losses[:, 0]
        better = totals < self.best_total
        self.best[...] = library.where(better[:, None, None], self.stimuli, self.best)
        self.best_total[...] = library.where(better, totals, self.best_total)
        self._adam.step(on_stimulus + on_movie)
        self.stimuli[...] = self._projection(self.stimuli)
        return losses

    def advance(self, n_steps: int) -> np.ndarray:
        """See `Stepper`."""
        if self._take_step is None:
            self._take_step = self._engine.repeated(self)
        library = library_of(self.stimuli)
        unreported: list[Array] = []
        while len(unreported) < n_steps and not self.stopped:
            unreported.append(copy_of(self._take_step()))
        self.n_done += len(unreported)
        if not unreported:
            return np.empty((0, len(self.best_total), 1 + len(self._loss.parts)), np.float32)
        losses = self._engine.host(library.stack(unreported))
        check_losses(losses, self.n_done)
        return losses

    def standing(self) -> Standing:
        """See `Stepper`."""
        movies = copy_of(self.stimuli)
        best, best_total = copy_of(self.best), copy_of(self.best_total)
        return Standing(self.n_done, movies, movies, self._adam.moments, best, best_total)

    def resume(self, standing: Standing) -> None:
        """See `Stepper`."""
        self.take_over(standing, same_price=True)
        self.best[...], self.best_total[...] = standing.best, standing.best_total

    def take_over(self, standing: Standing, *, same_price: bool) -> None:
        """See `Stepper`; nothing has a price here."""
        self.n_done = standing.n_done
        self.stimuli[...] = standing.free
        self._adam.resume(standing.moments)

    def response(self, stimuli: Array) -> Array:
        """See `Stepper`."""
        return self._recording.response(stimuli)
