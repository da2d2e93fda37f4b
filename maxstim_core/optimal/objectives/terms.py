"""What a stimulus should achieve, as terms that add, scale and describe themselves.

A *soft* term is something to weigh against others; it gives a number to lower. A *hard* demand on the
stimulus is a projection, of another type: see `maxstim_core.optimal.constraints`.

    loss = 1.0 * Excite(last_only=True) + 3000.0 * GreyPenalty("mean")
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Term(ABC):
    """One number to lower, computed from a stimulus and the response to it."""

    name: str
    """Short name, used as a label of the loss curves."""

    @abstractmethod
    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """Return a number per stimulus, shape (...).

        Args:
            stimulus: Luminance, shape (..., frame, column).
            response: Voltage of the central cell, shape (..., frame).
        """

    @abstractmethod
    def __str__(self) -> str:
        """Formula of the term."""

    def __rmul__(self, weight: float) -> Loss:
        return Loss(((float(weight), self),))


@dataclass(frozen=True)
class Loss:
    """A weighted sum of terms."""

    parts: tuple[tuple[float, Term], ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of what a call returns: ``total``, then each term."""
        return ("total", *(term.name for _, term in self.parts))

    def __call__(self, stimulus: Tensor, response: Tensor) -> Tensor:
        """Return the total and each weighted term, shape (..., 1 + term): arguments as for `Term`."""
        import torch  # not before it is needed: the page shows formulas without it

        each = [weight * term(stimulus, response) for weight, term in self.parts]
        values = torch.stack(each, -1)
        return torch.cat([values.sum(-1, keepdim=True), values], -1)

    def __add__(self, other: Loss) -> Loss:
        return Loss(self.parts + other.parts)

    def __str__(self) -> str:
        return " + ".join(f"{weight:g} * {term}" for weight, term in self.parts)
