"""Terms of the central cell's response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maxstim_core.arrays import Array, library_of
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.objectives.terms import Gradient, Term


@dataclass(frozen=True)
class Excite(Term):
    """Drive the central cell, in the last frame or in the mean of all frames.

    As flyvis does for its artificial stimuli: docs/numerics.md#the-generated-answer.
    """

    last_only: bool
    name = "response"
    symbols: ClassVar = {"a": "voltage of the central cell", "t": "frames"}

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        asked = response[..., 0, :]
        counted = asked[..., -1:] if self.last_only else asked
        return -library_of(response).exp(counted).mean(-1)

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        library = library_of(response)
        on_response = library.zeros_like(response)
        if self.last_only:
            on_response[..., 0, -1] = -library.exp(response[..., 0, -1])
        else:
            on_response[..., 0, :] = -library.exp(response[..., 0, :]) / response.shape[-1]
        return Gradient(response=on_response)

    def __str__(self) -> str:
        return "-exp(a_last)" if self.last_only else "-mean_t exp(a_t)"


@dataclass(frozen=True, eq=False)
class KeepResponse(Term):
    """Keep the central cell's response as it is in `target`, shape (frame,).

    As flyvis does for its regularized stimuli: docs/numerics.md#the-regularized-answer.

    Without a target it has its words and its formula, but no value.
    """

    target: Array | None = None
    name = "response"
    symbols: ClassVar = {
        "a": "voltage of the central cell",
        "target": "that under the clip itself",
        "t": "frames",
    }

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`.

        Raises:
            MaxstimError: if there is no target.
        """
        return (self._difference(response) ** 2).sum(-1)

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`.

        Raises:
            MaxstimError: if there is no target.
        """
        on_response = library_of(response).zeros_like(response)
        on_response[..., 0, :] = 2 * self._difference(response)
        return Gradient(response=on_response)

    def _difference(self, response: Array) -> Array:
        if self.target is None:
            raise MaxstimError(
                "There is no response to keep: give loss_of (KeepResponse) a target, shape (frame,)."
            )
        return response[..., 0, :] - self.target

    def __str__(self) -> str:
        return "sum_t (a_t - target_t)^2"
