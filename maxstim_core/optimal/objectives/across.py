"""One objective in several networks at once."""

from __future__ import annotations

from typing import ClassVar

from maxstim_core.arrays import Array, library_of
from maxstim_core.optimal.objectives.cells import CellsTerm
from maxstim_core.optimal.objectives.terms import Gradient, Term

WAYS_ACROSS = {
    "mean": ("In the mean", "The mean over the networks."),
    "least": ("In the least", "The network that it is worst in: a movie that all agree on."),
    "disagreement": (
        "Where they disagree",
        "The first network against the second: the movie that tells them apart.",
    ),
}
"""Name and meaning of each way to ask several networks."""


class AcrossNetworks(Term):
    """A term of each of several networks, which watch the same cells.

    The response has the watched cells of the first network, then those of the second, and so on.

    Args:
        terms: The term in each network's own units.
        how: A key of `WAYS_ACROSS`. ``least`` is the largest loss, ``disagreement`` the first loss
            less the second.
    """

    symbols: ClassVar = {**CellsTerm.symbols, "n": "networks"}

    def __init__(self, terms: tuple[Term, ...], how: str) -> None:
        self.name = terms[0].name
        self._terms, self._how = terms, how

    @property
    def title(self) -> str:
        """See `Term`."""
        return self._terms[0].title

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        each = self._each(stimulus, response)
        if self._how == "disagreement":
            return each[..., 0] - each[..., 1]
        return each.mean(-1) if self._how == "mean" else library_of(each).amax(each, -1)

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        library, each = library_of(response), self._each(stimulus, response)
        share = library.zeros_like(each)
        if self._how == "disagreement":
            share[..., 0], share[..., 1] = 1, -1
        elif self._how == "mean":
            share[...] = 1 / each.shape[-1]
        else:  # of several alike, the first
            places = library.arange(each.shape[-1], device=each.device)
            share[...] = places == each.argmax(-1)[..., None]
        on_response = library.zeros_like(response)
        for k, (term, own) in enumerate(self._parts(response)):
            found = term.gradient(stimulus, response[..., own, :]).response
            if found is not None:
                on_response[..., own, :] = share[..., k, None, None] * found
        return Gradient(response=on_response)

    def _each(self, stimulus: Array, response: Array) -> Array:
        parts = self._parts(response)
        each = [term(stimulus, response[..., own, :]) for term, own in parts]
        return library_of(response).stack(each, -1)

    def _parts(self, response: Array) -> list[tuple[Term, slice]]:
        size = response.shape[-2] // len(self._terms)
        return [(term, slice(k * size, (k + 1) * size)) for k, term in enumerate(self._terms)]

    def __str__(self) -> str:
        inside = f"({self._terms[0]})"
        if self._how == "disagreement":
            return f"({inside}_1 - {inside}_2)"
        return f"{'mean' if self._how == 'mean' else 'max'}_n {inside}"
