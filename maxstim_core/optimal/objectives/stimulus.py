"""Terms of the stimulus itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from maxstim_core.arrays import Array
from maxstim_core.conventions import GREY
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
