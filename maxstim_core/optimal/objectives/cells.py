"""Objectives on the responses of one or several cells, in units that mean the same for all.

A response z is voltage above that under grey, divided by the cell's own root mean square over the
default set of clips (docs/objectives.md#units): 1 is a response as strong as natural movies bring on
average, 0 is grey.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from maxstim_core.arrays import Array, library_of
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.objectives.terms import Gradient, Term

_RESPONSE = "response above grey in units of the cell's RMS over the default set"


@dataclass(frozen=True)
class Watched:
    """Cells that are watched, and what makes their voltages comparable.

    Attributes:
        grey: Voltage of each under grey, arbitrary units.
        rms: Root mean square of the voltage of each over the default set, in the same units.
        n_named: How many of them, the first, an objective names: the one that is asked for and others.
    """

    grey: tuple[float, ...]
    rms: tuple[float, ...]
    n_named: int

    @classmethod
    def plain(cls, n_cells: int) -> Watched:
        """Return cells whose voltages are taken as they are."""
        return cls((0.0,) * n_cells, (1.0,) * n_cells, n_cells)

    @property
    def named(self) -> Watched:
        """Those that the objective names, alone."""
        return Watched(self.grey[: self.n_named], self.rms[: self.n_named], self.n_named)

    def scaled(self, voltage: Array) -> Array:
        """Return responses in units of RMS above grey, shape (..., watched cell, frame) as given."""
        grey, rms = (_column(numbers, voltage) for numbers in (self.grey, self.rms))
        return (voltage - grey) / rms


def _column(numbers: Sequence[float], like: Array) -> Array:
    library = library_of(like)
    return library.asarray(numbers, dtype=like.dtype, device=like.device)[:, None]


@dataclass(frozen=True)
class CellsTerm(Term):
    """Base of what is computed from one number for each watched cell.

    Attributes:
        watched: The units of the cells, the first of which are those that it is about.
        counted: Which frames count.
    """

    watched: Watched
    counted: Counted
    symbols: ClassVar = {
        "z": _RESPONSE, "t": "frames that count", "k": "cell types that the objective names",
    }  # fmt: skip
    sign: ClassVar = 1
    """-1 where a response counts that is far below grey."""

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        return self.of(self.numbers(response))

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        n_cells = len(self.watched.grey)
        own = self.sign * self.watched.scaled(response[..., :n_cells, :])
        each = self.slope(self.counted.of(own))[..., None] * self.counted.gradient(own)
        on_response = library_of(response).zeros_like(response)
        on_response[..., :n_cells, :] = self.sign * each / _column(self.watched.rms, response)
        return Gradient(response=on_response)

    def numbers(self, response: Array) -> Array:
        """Return what counts of the response of each cell, shape (..., cell), in units of RMS."""
        own = self.watched.scaled(response[..., : len(self.watched.grey), :])
        return self.counted.of(self.sign * own)

    @abstractmethod
    def of(self, numbers: Array) -> Array:
        """Return the value, shape (...), from the number of each cell, shape (..., cell)."""

    @abstractmethod
    def slope(self, numbers: Array) -> Array:
        """Return the derivative of `of`, shape (..., cell)."""


@dataclass(frozen=True)
class Drive(CellsTerm):
    """Drive the cell; of several cells, all in the mean."""

    name = "response"

    def of(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        return -numbers.mean(-1)

    def slope(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        return library_of(numbers).full_like(numbers, -1 / numbers.shape[-1])

    def __str__(self) -> str:
        over = "mean_k " if len(self.watched.grey) > 1 else ""
        return f"-{over}{self.counted.formula} z_{'k' if over else ''}t"


@dataclass(frozen=True)
class Suppress(Drive):
    """Bring the cell as far below its voltage under grey as possible: the anti-preferred stimulus."""

    sign = -1

    def __str__(self) -> str:
        lowest = "min_t" if self.counted.how == "peak" else self.counted.formula
        return f"{lowest} z_t"


@dataclass(frozen=True)
class ReachLevel(CellsTerm):
    """Bring the response to a level, neither above nor below."""

    level: float = 1.0
    name = "response"

    @property
    def title(self) -> str:
        """See `Term`."""
        return "Distance from the level"

    def of(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        return (numbers[..., 0] - self.level) ** 2

    def slope(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        return 2 * (numbers - self.level)

    def __str__(self) -> str:
        return f"({self.counted.formula} z_t - {self.level:g})^2"


@dataclass(frozen=True)
class Contrast(CellsTerm):
    """Drive the first cell, and none of the others in its group.

    The loss is the soft maximum of the others less the first, so that the strongest rival counts most.
    Most discriminative stimuli (Burg et al. 2024, arXiv:2401.05342) take the first into the softmax
    too, which saturates: here more contrast is always better.
    """

    temperature: float = 0.3
    name = "response"

    @property
    def title(self) -> str:
        """See `Term`."""
        return "Other cell types less this one"

    def of(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        library = library_of(numbers)
        rivals = numbers[..., 1:]
        top = library.amax(rivals, -1)
        shares = library.exp((rivals - top[..., None]) / self.temperature)
        return top + self.temperature * library.log(shares.mean(-1)) - numbers[..., 0]

    def slope(self, numbers: Array) -> Array:
        """See `CellsTerm`."""
        library = library_of(numbers)
        rivals = numbers[..., 1:]
        shares = library.exp((rivals - library.amax(rivals, -1)[..., None]) / self.temperature)
        found = library.full_like(numbers, -1)
        found[..., 1:] = shares / shares.sum(-1)[..., None]
        return found

    def __str__(self) -> str:
        rival = f"{self.counted.formula} z_kt"
        return (
            f"({self.temperature:g} * log mean_k exp({rival} / {self.temperature:g}) "
            f"- {self.counted.formula} z_t)"
        )


@dataclass(frozen=True)
class Quiet(Term):
    """Keep cells quiet: the mean square of their responses, over cells and all frames.

    Attributes:
        watched: Units of the cells that are watched; those that the objective does not name are kept
            quiet.
    """

    watched: Watched
    name = "others"
    symbols: ClassVar = {"z": _RESPONSE, "k": "the other cell types"}

    @property
    def title(self) -> str:
        """See `Term`."""
        return "Other cell types"

    def __call__(self, stimulus: Array, response: Array) -> Array:
        """See `Term`."""
        return (self._scaled(response) ** 2).mean((-2, -1))

    def gradient(self, stimulus: Array, response: Array) -> Gradient:
        """See `Term`."""
        scaled = self._scaled(response)
        on_response = library_of(response).zeros_like(response)
        n_numbers = scaled.shape[-2] * scaled.shape[-1]
        first = self.watched.n_named
        rms = _column(self.watched.rms[first:], response)
        on_response[..., first:, :] = 2 / n_numbers * scaled / rms
        return Gradient(response=on_response)

    def _scaled(self, response: Array) -> Array:
        return self.watched.scaled(response)[..., self.watched.n_named :, :]

    def __str__(self) -> str:
        return "mean_kt z_kt^2"
