"""Terms of the central cell's response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from maxstim_core.errors import MaxstimError
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
    symbols: ClassVar = {"a": "voltage of the central cell", "t": "frames"}

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

    Without a target it has its words and its formula, but no value.
    """

    target: Tensor | None = None
    name = "response"
    symbols: ClassVar = {
        "a": "voltage of the central cell",
        "target": "that under the clip itself",
        "t": "frames",
    }

    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """See `Term`.

        Raises:
            MaxstimError: if there is no target.
        """
        if self.target is None:
            raise MaxstimError(
                "There is no response to keep: give loss_of (KeepResponse) a target, shape (frame,)."
            )
        return (response - self.target).square().sum(-1)

    def __str__(self) -> str:
        return "sum_t (a_t - target_t)^2"
