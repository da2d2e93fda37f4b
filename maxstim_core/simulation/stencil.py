"""The plan that all fast engines share: the connectome as a stencil on a padded grid.

Every cell of a type receives the same taps, so no list of edges is needed. Columns are laid on rows of
a fixed width, so that a tap is one shift along a flat array of positions; the width leaves just enough
padding that a shift off the eye lands where no column is, and reads zero. Types with a stride are held
at zero where they have no cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.networks.layout import Layout

_ROWS_OF_STRIP = 3


@dataclass(frozen=True, eq=False)
class Taps:
    """Taps sorted by the type that gathers them.

    Attributes:
        first: Where the taps of each gathering type begin, shape (cell_type + 1,), int64.
        other: The type that each tap reads, shape (tap,), int64.
        shift: Position read minus position written, shape (tap,), int64.
        order: Number of each tap in the layout, shape (tap,).
    """

    first: np.ndarray
    other: np.ndarray
    shift: np.ndarray
    order: np.ndarray


class Stencil:
    """A layout as shifts on a padded grid.

    Attributes:
        width: Positions of a row.
        size: Positions on the grid, a multiple of `block`, `room` of them behind the last column.
        margin: Farthest that a tap reaches before or behind the grid, in positions, rounded up to a
            multiple of `line`.
        position: Position of each column, shape (column,).
        cell_position: Position of each cell on a grid of (cell_type, position), flat, shape (cell,).
        forward: Taps as a target gathers from its sources.
        backward: Taps as a source gathers from its targets: the adjoint.
    """

    def __init__(self, layout: Layout, *, block: int = 1, line: int = 1, room: int = 0) -> None:
        self.layout = layout
        lattice, du, dv = layout.lattice, layout.tap_du, layout.tap_dv
        width = _narrowest_width(lattice, {*zip(du.tolist(), dv.tolist(), strict=True)})
        self.width, extent = width, lattice.extent
        self.position = (lattice.u + extent) * width + lattice.v + extent
        self.size = -(-(int(self.position.max()) + 1 + room) // block) * block
        shift = du * width + dv
        self.margin = -(-int(np.abs(shift).max()) // line) * line
        n_types = len(layout.columns)
        self.cell_position = np.concatenate(
            [t * self.size + self.position[layout.columns[t]] for t in range(n_types)]
        )
        self.forward = _sorted_taps(layout.tap_target, layout.tap_source, -shift, n_types)
        self.backward = _sorted_taps(layout.tap_source, layout.tap_target, shift, n_types)

    def cell_mask(self) -> np.ndarray:
        """Return 1 where a type has a cell and 0 elsewhere, shape (cell_type, position), float32."""
        mask = np.zeros((len(self.layout.columns), self.size), np.float32)
        mask.ravel()[self.cell_position] = 1
        return mask


def vector_places(position: np.ndarray, lanes: int) -> np.ndarray:
    """Return where the fewest vectors begin that cover all columns: what lies between needs none.

    Args:
        position: Position of each column, shape (column,).
        lanes: Positions in a vector.

    Returns:
        Ascending positions, shape (vector,), int64.
    """
    places: list[int] = []
    for first_uncovered in np.sort(position).tolist():
        if not places or first_uncovered >= places[-1] + lanes:
            places.append(first_uncovered)
    return np.array(places)


def strip_by_strip(places: np.ndarray, width: int) -> np.ndarray:
    """Return positions in another order: along strips of rows, so that neighbors stand together.

    Args:
        places: Positions, shape (vector,).
        width: Positions of a row.
    """
    row, along = np.divmod(places, width)
    return places[np.lexsort((row, along, row // _ROWS_OF_STRIP))]


def _sorted_taps(gathering: np.ndarray, other: np.ndarray, shift: np.ndarray, n_types: int) -> Taps:
    order = np.argsort(gathering, kind="stable")
    first = np.searchsorted(gathering[order], np.arange(n_types + 1))
    return Taps(first.astype(np.int64), other[order], shift[order].astype(np.int64), order)


def _narrowest_width(lattice: Lattice, offsets: set[tuple[int, int]]) -> int:
    """Least row width at which no tap that leaves the eye lands on a column of another row."""
    width = 2 * lattice.extent + 1
    while any(_lands_on_a_column(lattice, offset, width) for offset in offsets):
        width += 1
    return width


def _lands_on_a_column(lattice: Lattice, offset: tuple[int, int], width: int) -> bool:
    column = lattice.u * width + lattice.v
    for sign in (1, -1):  # a target reads against the offset, a source along it
        u, v = lattice.u + sign * offset[0], lattice.v + sign * offset[1]
        gone = lattice.index(u, v) < 0
        if np.isin(u[gone] * width + v[gone], column).any():
            return True
    return False
