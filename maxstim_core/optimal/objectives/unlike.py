"""Objectives for another movie that does the same: unlike those that there are, and nearly as good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.conventions import GREY
from maxstim_core.optimal.objectives.cells import CellsTerm
from maxstim_core.optimal.objectives.terms import Gradient, Term


@dataclass(frozen=True, eq=False)
class Unlike(Term):
    """Be unlike other movies: the mean cosine similarity of the deviations from grey to theirs.

    Attributes:
        others: Their luminance, shape (movie, frame, column).
        energy: Contrast energy of the movie that is sought.
    """

    others: np.ndarray
    energy: float
    name = "similarity"
    symbols: ClassVar = {"y": "the other movies", "k": "which of them", "E": "contrast energy"}

    @property
    def title(self) -> str:
        """See `Term`."""
        return "Similarity to the others"

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        return ((stimulus - GREY) * self._direction(stimulus)).sum((-2, -1))

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        library = library_of(stimulus)
        return Gradient(stimulus=library.zeros_like(stimulus) + self._direction(stimulus))

    def _direction(self, like: Array) -> Array:
        deviation = self.others.astype(np.float64) - GREY
        lengths = np.sqrt((deviation**2).sum((1, 2), keepdims=True))
        mean = (deviation / np.maximum(lengths, 1e-12)).mean(0) / self.energy**0.5
        return library_of(like).asarray(mean, dtype=like.dtype, device=like.device)

    def __str__(self) -> str:
        return "mean_k sum_th (x - 0.5) * (y_k - 0.5) / (|y_k - 0.5| * sqrt(E))"


@dataclass(frozen=True)
class NoWorse(Term):
    """Keep a response: nothing where the term on it is low enough, else the square of what is missing.

    Attributes:
        term: What is to stay low.
        ceiling: How low, in its units.
    """

    term: CellsTerm
    ceiling: float
    name = "response"

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        return self._missing(stimulus, response) ** 2

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        on_response = self.term.gradient(stimulus, response).response
        slope = 2 * self._missing(stimulus, response)
        return Gradient(response=slope[..., None, None] * on_response)

    def _missing(self, stimulus: Array, response: Array) -> Array:
        return (self.term(stimulus, response) - self.ceiling).clip(0, None)

    def __str__(self) -> str:
        return f"max(0, {self.term} - {self.ceiling:.3g})^2"
