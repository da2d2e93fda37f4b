"""Terms of the stimulus itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from maxstim_core.conventions import GREY
from maxstim_core.optimal.objectives.terms import Term

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class GreyPenalty(Term):
    """Stay near grey: the squared distance from 0.5, summed or averaged over frames and columns."""

    reduction: Literal["sum", "mean"]
    name = "grey"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns"}

    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """See `Term`."""
        distance = (stimulus - GREY).square()
        return distance.sum((-2, -1)) if self.reduction == "sum" else distance.mean((-2, -1))

    def __str__(self) -> str:
        return f"{self.reduction}_th (x_th - {GREY:g})^2"
