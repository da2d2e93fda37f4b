"""The order of the eye's columns in arrays, ours and other programs'.

No array says in which order its columns are. maxstim's is that of `maxstim_core.lattice`: u ascending,
then v ascending, where up on the eye is (u, v) = (-1, 0). flygym 2.1 numbers ommatidia from left to
right and, within a vertical row of them, from top to bottom: v ascending, then u ascending. A film in
the other's order is another film: an edge moving up looks like one that moves aslant.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.dimensions import role_of

MAXSTIM, FLYGYM = "maxstim", "flygym"

COLUMN_ORDERS = (MAXSTIM, FLYGYM)
"""Whose order of columns an array can be in."""


def check_order(order: str) -> None:
    """Make sure that an order is one of `COLUMN_ORDERS`.

    Raises:
        MaxstimError: if it is none.
    """
    if order not in COLUMN_ORDERS:
        raise MaxstimError(
            f"The order of columns must be {' or '.join(COLUMN_ORDERS)}, not {order!r:.60}; see "
            "docs/numerics.md#the-lattice."
        )


def in_our_order(values: Any, lattice: Lattice, order: str = MAXSTIM) -> Any:
    """Return an array, or a tensor, with its columns in maxstim's order.

    Args:
        values: Shape (…, column). One with another number of columns is returned as it is: who uses it
            refuses it.
        lattice: The eye.
        order: Whose order it is in, one of `COLUMN_ORDERS`.

    Raises:
        MaxstimError: if the order is none.
    """
    check_order(order)
    if order == MAXSTIM or not values.ndim or values.shape[-1] != lattice.n_columns:
        return values
    return values[..., lattice.index(lattice.v, lattice.u)]  # u and v change places


def places(u: np.ndarray, v: np.ndarray, lattice: Lattice) -> np.ndarray | None:
    """Return where to find each column of an eye among columns with these coordinates.

    Args:
        u: First axial coordinate of each column, shape (column,), whole numbers of any type.
        v: Second axial coordinate of each column, shape (column,).
        lattice: The eye.

    Returns:
        For each column of the eye its index, shape (column,); None if the coordinates are not those of
        all columns of the eye, each once.
    """
    whole = np.stack([u, v]).astype(float)
    if whole.shape != (2, lattice.n_columns) or not np.array_equal(whole, np.rint(whole)):
        return None
    index = lattice.index(*whole.astype(int))
    if not np.array_equal(np.sort(index), np.arange(lattice.n_columns)):
        return None
    return np.argsort(index)


def movie_values(movie: Any, lattice: Lattice, order: str = MAXSTIM) -> Any:
    """Return a movie that a person gives as bare numbers, (…, frame, column), columns in our order.

    What an `xarray.DataArray` says counts: dimensions by their names, columns by their coordinates ``u``
    and ``v``. Without names and coordinates, the dimensions and `order` count.

    Args:
        movie: Luminance; anything but a `xarray.DataArray` is taken to be an array.
        lattice: The eye.
        order: Whose order the columns are in, one of `COLUMN_ORDERS`.

    Raises:
        MaxstimError: if the order is none, or contradicts the coordinates, or these are no eye's.
    """
    check_order(order)

    xarray = sys.modules.get("xarray")  # which takes a while to load: who gives its arrays has it
    if xarray is None or not isinstance(movie, xarray.DataArray):
        return movie if order == MAXSTIM else in_our_order(_array(movie), lattice, order)
    roles = {role_of(str(name)): name for name in movie.dims}
    time, column = roles.get("time"), roles.get("column")
    if time is None or column is None:
        return in_our_order(movie.values, lattice, order)
    movie = movie.transpose(..., time, column)
    coordinates = [movie.coords[name] for name in ("u", "v") if name in movie.coords]
    if len(coordinates) < 2 or any(one.dims != (column,) for one in coordinates):
        return in_our_order(movie.values, lattice, order)
    if order != MAXSTIM:
        raise MaxstimError(
            "The movie says by its coordinates u and v where its columns are; leave the order out."
        )
    where = places(coordinates[0].values, coordinates[1].values, lattice)
    if where is None:
        raise MaxstimError(
            f"The coordinates u and v of the movie are not those of an eye of {lattice.n_columns} "
            "columns; give all columns of the network's eye, each once."
        )
    return movie.values[..., where]


def _array(movie: Any) -> Any:
    if hasattr(movie, "ndim"):
        return movie
    try:
        return np.asarray(movie)
    except ValueError as error:  # rows of different lengths
        raise MaxstimError(
            "The movie is no array; give luminance of shape (frame, column)."
        ) from error
