"""Terms of the central cell's response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maxstim_core.optimal.objectives.terms import Term

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Excite(Term):
    """Drive the central cell, in the last frame or in the mean of all frames.

    As flyvis does for its artificial stimuli: docs/numerics.md#the-generated-answer.
    """

    last_only: bool
    name = "response"

    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """See `Term`."""
        counted = response[..., -1:] if self.last_only else response
        return -counted.exp().mean(-1)

    def __str__(self) -> str:
        return "-exp(a_last)" if self.last_only else "-mean_t exp(a_t)"


@dataclass(frozen=True, eq=False)
class KeepResponse(Term):
    """Keep the central cell's response as it is in `target`, shape (frame,).

    As flyvis does for its regularized stimuli: docs/numerics.md#the-regularized-answer.
    """

    target: Tensor
    name = "response"

    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """See `Term`."""
        return (response - self.target).square().sum(-1)

    def __str__(self) -> str:
        return "sum_t (a_t - target_t)^2"
