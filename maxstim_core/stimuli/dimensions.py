"""What dimensions of films are called, by maxstim and by others."""

from __future__ import annotations

import re

_NAMES = {
    "time": ("time", "t", "frame", "frames", "n_frames", "time_frame"),
    "y": ("y", "row", "rows", "height", "h", "ny", "image_y", "yc"),
    "x": ("x", "col", "cols", "width", "w", "nx", "image_x", "xc"),
    "column": ("column", "columns", "ommatidium", "ommatidia", "hexal", "hexals", "hex_pixel"),
    "color": ("color", "colour", "colors", "colours", "channel", "channels", "rgb", "rgba"),
}

_ROLES = {name: role for role, names in _NAMES.items() for name in names}

_UNNAMED = re.compile(r"(phony_)?dim_?\d+|axis_?\d+|", re.IGNORECASE)

_COLUMNS = ("time", "column")
_PIXELS = ("time", "y", "x")
_COLORS = ("time", "y", "x", "color")

FILM_DIMENSIONS = (_COLUMNS, _PIXELS, _COLORS)
"""Roles of the dimensions of films, in the order in which they are read."""


def role_of(name: str) -> str | None:
    """Return what a dimension of a film is by its name.

    Returns:
        ``time``, ``y``, ``x``, ``column`` (of the eye), ``color``, or None if nobody knows.
    """
    return _ROLES.get(name.casefold())


def is_named(name: str) -> bool:
    """Tell whether a dimension has a name, and not only a number that a library gave it."""
    return not _UNNAMED.fullmatch(name)


def roles_of(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the roles of the dimensions of a film by their names, in the order given.

    Where there are rows, ``column`` is one of pixels, as in (frame, row, column).

    Returns:
        A permutation of one of `FILM_DIMENSIONS`; None if the names are not those of a film.
    """
    roles = [role_of(name) for name in names]
    if "y" in roles and "x" not in roles:
        roles = ["x" if role == "column" else role for role in roles]
    found = tuple(role for role in roles if role is not None)
    complete = len(found) == len(names) and sorted(found) in [
        sorted(order) for order in FILM_DIMENSIONS
    ]
    return found if complete else None
