"""What a stimulus should achieve, as terms that add, scale and describe themselves.

A *soft* term is something to weigh against others; it gives a number to lower, and its gradient. A
*hard* demand on the stimulus is a projection, of another type: see `maxstim_core.optimal.constraints`.

    loss = 1.0 * Excite(last_only=True) + 3000.0 * GreyPenalty("mean")
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from maxstim_core.arrays import QUIET, Array, library_of


class Gradient(NamedTuple):
    """Derivatives of a term, for each stimulus of a batch.

    Attributes:
        stimulus: With respect to the stimulus, shape (..., frame, column); None if it has no part in it.
        response: With respect to the response, shape (..., watched cell, frame); None likewise.
    """

    stimulus: Array | None = None
    response: Array | None = None


class Term(ABC):
    """One number to lower, computed from a stimulus and the response to it.

    A subclass brings its own words; who draws its curve or its formula asks for nothing else.
    """

    name: str
    """Short name: that of the curve in an answer."""

    symbols: ClassVar[Mapping[str, str]] = {}
    """What each symbol of the formula stands for, in a few words."""

    @property
    def title(self) -> str:
        """What the curve is called where people read it: the name, unless a subclass says better."""
        return f"{words_of(self.name)} term"

    @abstractmethod
    def __call__(self, stimulus: Array, response: Array) -> Array:
        """Return a number per stimulus, shape (...).

        Args:
            stimulus: Luminance, shape (..., frame, column).
            response: Voltage of the cells that are watched, shape (..., watched cell, frame); first
                the central cell that the stimulus is for.
        """

    @abstractmethod
    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """Return the derivatives of what a call with the same arguments returns."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the formula: ``_t`` and ``_th`` are indices, ``^2`` a power, a minus comes first."""

    def __rmul__(self, weight: float) -> Loss:
        return Loss(((float(weight), self),))


Terms = dict[str, Term]
"""Terms of a loss by the setting that is the weight of each."""


@dataclass(frozen=True)
class Loss:
    """A weighted sum of terms."""

    parts: tuple[tuple[float, Term], ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of what a call returns: ``total``, then each term."""
        return ("total", *(term.name for _, term in self.parts))

    @property
    def titles(self) -> tuple[str, ...]:
        """What people read for each of `terms`."""
        return ("Total loss", *(term.title for _, term in self.parts))

    @property
    def symbols(self) -> dict[str, str]:
        """What the symbols of the formula stand for, in the order in which terms bring them."""
        return {symbol: said for _, term in self.parts for symbol, said in term.symbols.items()}

    @QUIET
    def __call__(self, stimulus: Array, response: Array) -> Array:
        """Return the total and each weighted term, shape (..., 1 + term): arguments as for `Term`."""
        each = [weight * term(stimulus, response) for weight, term in self.parts]
        return library_of(stimulus).stack([sum(each[1:], each[0]), *each], -1)

    def gradient(self, stimulus: Array, response: Array) -> tuple[Array, Array]:
        """Return the derivatives of the total with respect to the stimulus and the response.

        Args:
            stimulus: As for `Term`.
            response: As for `Term`.
        """
        library = library_of(stimulus)
        on_stimulus, on_response = library.zeros_like(stimulus), library.zeros_like(response)
        for weight, term in self.parts:
            found = term.gradient(stimulus, response)
            if found.stimulus is not None:
                on_stimulus += weight * found.stimulus
            if found.response is not None:
                on_response += weight * found.response
        return on_stimulus, on_response

    def __add__(self, other: Loss) -> Loss:
        return Loss(self.parts + other.parts)

    def __str__(self) -> str:
        return self.formula([f"{weight:g}" for weight, _ in self.parts])

    def formula(self, weights: Sequence[str]) -> str:
        """Return the formula with these in the places of the weights, one per term."""
        return " + ".join(
            f"{weight} * {term}" for weight, (_, term) in zip(weights, self.parts, strict=True)
        )


def words_of(name: str) -> str:
    """Return the name of a term as words: "Slow in time" for ``slow_in_time``."""
    return name.replace("_", " ").capitalize()
