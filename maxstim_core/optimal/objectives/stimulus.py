"""Terms of the stimulus itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.conventions import GREY
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.optimal.objectives.terms import Gradient, Term


@dataclass(frozen=True)
class GreyPenalty(Term):
    """Stay near grey: the squared distance from 0.5, summed or averaged over frames and columns."""

    reduction: Literal["sum", "mean"]
    name = "grey"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns"}

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        distance = (stimulus - GREY) ** 2
        return distance.sum((-2, -1)) if self.reduction == "sum" else distance.mean((-2, -1))

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        n_frames, n_columns = stimulus.shape[-2:]
        share = 2.0 if self.reduction == "sum" else 2.0 / (n_frames * n_columns)
        return Gradient(stimulus=share * (stimulus - GREY))

    def __str__(self) -> str:
        return f"{self.reduction}_th (x_th - {GREY:g})^2"


@dataclass(frozen=True)
class SlowInTime(Term):
    """Change slowly: the mean squared difference between successive frames."""

    name = "slow_in_time"
    title = "Change in time"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns"}

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        if stimulus.shape[-2] == 1:
            return 0 * stimulus[..., 0, 0]
        return ((stimulus[..., 1:, :] - stimulus[..., :-1, :]) ** 2).mean((-2, -1))

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        found = library_of(stimulus).zeros_like(stimulus)
        n_frames, n_columns = stimulus.shape[-2:]
        if n_frames > 1:
            share = 2 / ((n_frames - 1) * n_columns)
            step = share * (stimulus[..., 1:, :] - stimulus[..., :-1, :])
            found[..., 1:, :] += step
            found[..., :-1, :] -= step
        return Gradient(stimulus=found)

    def __str__(self) -> str:
        return "mean_th (x_th - x_(t-1)h)^2"


@dataclass(frozen=True)
class SmoothInSpace(Term):
    """Change little from column to column: the mean squared difference between neighbors."""

    name = "smooth_in_space"
    title = "Change between columns"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns", "g": "neighbors of h"}

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        pairs = _neighbors(stimulus.shape[-1])
        n_numbers = stimulus.shape[-2] * max(1, sum(len(first) for first, _ in pairs))
        steps = [stimulus[..., first] - stimulus[..., second] for first, second in pairs]
        return sum((step**2).sum((-2, -1)) for step in steps) / n_numbers

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        pairs = _neighbors(stimulus.shape[-1])
        n_numbers = stimulus.shape[-2] * max(1, sum(len(first) for first, _ in pairs))
        found = library_of(stimulus).zeros_like(stimulus)
        for first, second in pairs:  # in one direction, so that no column comes twice
            step = 2 / n_numbers * (stimulus[..., first] - stimulus[..., second])
            found[..., first] += step
            found[..., second] -= step
        return Gradient(stimulus=found)

    def __str__(self) -> str:
        return "mean_thg (x_th - x_tg)^2"


@lru_cache
def _neighbors(n_columns: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the columns that have a neighbor in each of three directions, and these neighbors."""
    lattice = Lattice.with_columns(n_columns)
    pairs = []
    for du, dv in (STEPS[90], STEPS[30], STEPS[330]):
        neighbor = lattice.index(lattice.u + du, lattice.v + dv)
        there = np.flatnonzero(neighbor >= 0)
        pairs.append((there, neighbor[there]))
    return pairs
