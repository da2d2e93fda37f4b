"""The hexagonal eye: its columns, their order, coordinates, rotations and mirror axes.

Columns have axial coordinates (u, v) and are ordered with u ascending, then v ascending, as flyvis
orders them (docs/numerics.md#the-lattice). *Up* on the eye is (u, v) = (-1, 0); angles run
counter-clockwise from rightward, in the coordinates that plots use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from maxstim_core.errors import MaxstimError
from maxstim_core.settings import checked_whole

MAX_EXTENT = 100
"""Most rings of an eye: 30,301 columns, as many as dragonflies have."""

DEGREES_PER_COLUMN = 5.8
"""Angle between neighbouring columns of the fly's eye."""

STEPS = {90: (-1, 0), 30: (-1, 1), 330: (0, 1), 270: (1, 0), 210: (1, -1), 150: (0, -1)}
"""The six neighbours (du, dv) of a column by their direction in degrees."""

_MIRROR_LINES = {1: 90, 2: 150, 3: 210}
"""Direction of the line of each mirror axis, degrees."""


@dataclass(frozen=True)
class Lattice:
    """A hexagon of columns with `extent` rings around the centre.

    Args:
        extent: Number of rings around the central column; 15 is the published eye of 721 columns.

    Raises:
        MaxstimError: if `extent` is no whole number from 0 to `MAX_EXTENT`.
    """

    extent: int

    def __post_init__(self) -> None:
        name = "The extent of the eye"
        extent = checked_whole(self.extent, name, (0, MAX_EXTENT), unit="rings")
        object.__setattr__(self, "extent", extent)

    @classmethod
    def with_columns(cls, n_columns: int) -> Lattice:
        """Return the lattice of `n_columns` columns: for luminance of which nothing else is known.

        Where there are coordinates, ask `of`; where there is a lattice, pass it on.

        Raises:
            MaxstimError: if no hexagon has that many columns.
        """
        extent = min(int(np.sqrt(n_columns / 3)), MAX_EXTENT) if n_columns > 0 else 0
        lattice = cls(extent)
        if lattice.n_columns != n_columns:
            raise MaxstimError(
                f"No hexagonal eye has {n_columns} columns; the nearest below has {lattice.n_columns}."
            )
        return lattice

    @classmethod
    def of(cls, u: np.ndarray, v: np.ndarray) -> Lattice:
        """Return the lattice whose columns have these coordinates, in its order.

        Args:
            u: First axial coordinate of each column, shape (column,).
            v: Second axial coordinate, same shape.

        Raises:
            MaxstimError: if they are no hexagon around (0, 0), or in another order.
        """
        u, v = np.asarray(u), np.asarray(v)
        lattice = cls(int(ring_distance(u, v).max(initial=0)))
        if not (np.array_equal(lattice.u, u) and np.array_equal(lattice.v, v)):
            raise MaxstimError(
                f"The {u.size} columns are not those of a hexagonal eye, ordered by u and then v."
            )
        return lattice

    def __reduce__(self) -> tuple[type[Lattice], tuple[int]]:
        # What travels to another process or into a file is the extent, not the tables made of it.
        return Lattice, (self.extent,)

    @property
    def n_columns(self) -> int:
        """Number of columns, 1 + 3 E (E + 1)."""
        return 1 + 3 * self.extent * (self.extent + 1)

    @property
    def center(self) -> int:
        """Index of the central column (0, 0)."""
        return self.n_columns // 2

    @cached_property
    def u(self) -> np.ndarray:
        """First axial coordinate of each column, shape (column,)."""
        return self._axial[0]

    @cached_property
    def v(self) -> np.ndarray:
        """Second axial coordinate of each column, shape (column,)."""
        return self._axial[1]

    @cached_property
    def _axial(self) -> tuple[np.ndarray, np.ndarray]:
        side = np.arange(-self.extent, self.extent + 1)
        u, v = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
        inside = np.abs(u + v) <= self.extent
        return u[inside], v[inside]

    @property
    def x(self) -> np.ndarray:
        """Horizontal position of each column in units of a hexagon's side, rightward."""
        return 1.5 * self.v

    @property
    def y(self) -> np.ndarray:
        """Vertical position of each column in units of a hexagon's side, upward."""
        return -np.sqrt(3) * (self.u + self.v / 2)

    @property
    def ring(self) -> np.ndarray:
        """Distance of each column from the centre, in columns."""
        return ring_distance(self.u, self.v)

    def index(self, u: npt.ArrayLike, v: npt.ArrayLike) -> np.ndarray:
        """Return the index of the column at each (u, v), or -1 where the eye has none; any one shape."""
        u, v = np.asarray(u), np.asarray(v)
        inside = ring_distance(u, v) <= self.extent
        row, col = (np.where(inside, w, 0) + self.extent for w in (u, v))
        return np.where(inside, self._table[row, col], -1)

    @cached_property
    def _table(self) -> np.ndarray:
        width = 2 * self.extent + 1
        table = np.full((width, width), -1)
        table[self.u + self.extent, self.v + self.extent] = np.arange(self.n_columns)
        return table

    def rotated(self, values: np.ndarray, sixths: int) -> np.ndarray:
        """Return `values` (…, column) turned counter-clockwise by `sixths` of 60° each.

        The value at (u, v) moves to R(u, v) = (-v, u + v), once per sixth: an exact operation
        (docs/numerics.md#turning-and-mirroring).
        """
        u, v = self.u, self.v
        for _ in range(sixths % 6):
            u, v = -v, u + v
        return self._moved(values, u, v)

    def mirrored(self, values: np.ndarray, axis: int) -> np.ndarray:
        """Return `values` (…, column) mirrored about one of flyvis's three axes.

        Which they are: docs/numerics.md#turning-and-mirroring.

        Args:
            values: One value per column, shape (…, column).
            axis: 0 leaves the values; 1 swaps left and right; 2 mirrors about the line at 150°, 3
                about the line at 210°.

        Raises:
            MaxstimError: if `axis` is none of 0, 1, 2, 3.
        """
        u, v = self.u, self.v
        images = {0: (u, v), 1: (u + v, -v), 2: (-u, u + v), 3: (-v, -u)}
        if axis not in images:
            raise MaxstimError(f"The mirror axis must be 0, 1, 2 or 3, not {axis!r}.")
        return self._moved(values, *images[axis])

    def rotated_vectors(self, vectors: np.ndarray, sixths: int) -> np.ndarray:
        """Return a field of vectors turned as `rotated` turns values, each vector turned with it.

        Args:
            vectors: Shape (…, 2, column): rightward and upward components.
            sixths: Sixths of a turn, counter-clockwise.
        """
        cos, sin = _cos_sin(sixths)
        return _transformed([[cos, -sin], [sin, cos]], self.rotated(vectors, sixths))

    def mirrored_vectors(self, vectors: np.ndarray, axis: int) -> np.ndarray:
        """Return a field of vectors mirrored as `mirrored` mirrors values, each vector with it.

        Args:
            vectors: Shape (…, 2, column): rightward and upward components.
            axis: As for `mirrored`.

        Raises:
            MaxstimError: if `axis` is none of 0, 1, 2, 3.
        """
        moved = self.mirrored(vectors, axis)
        if axis == 0:
            return moved
        cos, sin = _cos_sin(2 * _MIRROR_LINES[axis] // 60)
        return _transformed([[cos, sin], [sin, -cos]], moved)

    def _moved(self, values: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        moved = np.empty_like(values)
        moved[..., self.index(u, v)] = values
        return moved


def ring_distance(u: np.ndarray | int, v: np.ndarray | int) -> np.ndarray:
    """Return the number of columns between (0, 0) and each (u, v) on the lattice; any one shape."""
    return (np.abs(u) + np.abs(v) + np.abs(u + v)) // 2


def _cos_sin(sixths: int) -> tuple[float, float]:
    """Cosine and sine of sixths of a turn, with no round-off but that of √3."""
    half = np.sqrt(3) / 2
    cosines, sines = (1, 0.5, -0.5, -1, -0.5, 0.5), (0, half, half, 0, -half, -half)
    return cosines[sixths % 6], sines[sixths % 6]


def _transformed(matrix: list[list[float]], vectors: np.ndarray) -> np.ndarray:
    kind = np.result_type(vectors, np.float32)
    return np.asarray(matrix, kind) @ vectors.astype(kind)
