"""What takes the steps of a descent, one or several at a time, and where it stands between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from maxstim_core.arrays import Array


@dataclass(frozen=True, eq=False)
class Point:
    """A stimulus, what it was made of by rounding to levels, and what is known of it."""

    raw: Array
    stimulus: Array
    losses: Array
    gradient: Array
    excess: float

    @property
    def total(self) -> float:
        """The loss."""
        return float(self.losses[0])


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a descent stands: all that its next step depends on, besides its settings.

    Nothing here shares memory with the descent.

    Attributes:
        n_done: Steps taken.
        free: The movies as they are moved, shape (sample, frame, column).
        shown: The movies as they are allowed, same shape.
        moments: Those of Adam, as `adam.Adam.moments`.
        best: The movies of lowest total loss so far, shape (sample, frame, column).
        best_total: Their total loss, shape (sample,).
        price: Of contrast energy: the first weight of the pull to grey, and the sum that it answers to.
        here: What is polished, once it is, the length of the next step, and which share of the contrast
            that a level seems to lack is added.
    """

    n_done: int
    free: Array
    shown: Array
    moments: tuple[Array, ...]
    best: Array
    best_total: Array
    price: tuple[float, float] = (0.0, 0.0)
    here: tuple[Point | None, float, float] = (None, 0.0, 1.0)


class Stepper(ABC):
    """Lowers a loss on movies, step by step.

    Attributes:
        n_iters: Steps in all.
        n_done: Steps taken.
        stimuli: The movies after the last step, as they are allowed, shape (sample, frame, column).
        best: The movies of lowest total loss so far, same shape.
        best_total: Their total loss, shape (sample,); infinity before there is one.
        stopped: Whether to end after the present step: to be set from another thread.
    """

    stopped = False
    stimuli: Array
    best: Array
    best_total: Array

    def __init__(self, n_iters: int) -> None:
        self.n_iters, self.n_done = n_iters, 0

    @abstractmethod
    def advance(self, n_steps: int) -> np.ndarray:
        """Take so many steps, fewer when it is stopped.

        Returns:
            The losses before each, shape (step, sample, 1 + term).

        Raises:
            MaxstimError: if a loss is no finite number.
        """

    @abstractmethod
    def response(self, stimuli: Array) -> Array:
        """Return the voltage of the watched cells, shape (sample, watched cell, frame)."""

    def missed(self, stimulus: Array, response: Array) -> str:
        """Return in a sentence what a stimulus was asked to reach and does not; nothing if it does.

        Args:
            stimulus: Luminance, shape (frame, column).
            response: The voltage of the watched cells, shape (1, watched cell, frame).
        """
        return ""

    @abstractmethod
    def standing(self) -> Standing:
        """Return where the descent stands."""

    @abstractmethod
    def resume(self, standing: Standing) -> None:
        """Go on from where a descent with the same settings stood."""

    @abstractmethod
    def take_over(self, standing: Standing, *, same_price: bool) -> None:
        """Go on from where a descent with other settings stood.

        The movies, Adam's moments and the number of steps stay; which movie was best does not: it was
        so by another loss.

        Args:
            standing: Where it stood.
            same_price: Whether the price of contrast energy stays too.
        """

    def run(self, report_every: int) -> Iterator[tuple[int, np.ndarray]]:
        """Take all steps; every few, yield the last and the losses since those yielded before.

        The losses are as of `advance`.

        Args:
            report_every: Steps between what is yielded, 1 or more.

        Raises:
            MaxstimError: if a loss is no finite number.
        """
        while self.n_done < self.n_iters:
            n_steps = min(report_every, self.n_iters - self.n_done)
            losses = self.advance(n_steps)
            if len(losses) < n_steps:
                return
            yield self.n_done, losses
