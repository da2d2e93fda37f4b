"""The monitor on which flyvis turns its bars, and the hexagons of pixels that look at it.

The rules are those of docs/numerics.md#the-monitor. Which pixels a column owns is decided in float16,
as flyvis decides it: far from the monitor's origin the rounding gives columns 513 to 545 pixels, where
exact arithmetic would give 541 or 524. A picture is turned as Pillow turns it: 8 bits per pixel,
bilinear, cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maxstim_core.conventions import EXTENT, GREY
from maxstim_core.lattice import Lattice

PIXELS_PER_COLUMN = 25

MONITOR = PIXELS_PER_COLUMN * (2 * EXTENT + 1)
"""Height and width of the monitor in pixels."""

PUBLISHED_EYE = Lattice(EXTENT)

_HALF = np.float16

_REACH = 16
"""Pixels around a column's centre among which its own are sought; its hexagon reaches 15."""

_AROUND = (int(np.sqrt(2 * MONITOR**2)) - MONITOR) // 2
"""Pixels by which a picture's borders are drawn out before it is turned."""


class Owned(NamedTuple):
    """The pixels that columns own, column after column; each shape (pixel,)."""

    row: np.ndarray
    col: np.ndarray
    column: np.ndarray


def bars_seen(
    angle: float, rows: tuple[int, int], spans: Sequence[tuple[int, int]], luminance: float
) -> np.ndarray:
    """Return what the published eye sees of upright bars on grey after the picture is turned.

    A bar that touches the monitor's border goes on beyond it.

    Args:
        angle: Degrees counter-clockwise; at 0 (modulo 360) alone the picture keeps more than 8 bits.
        rows: First and last row of pixels of the bars.
        spans: First and last pixel column of each bar.
        luminance: Of the bars.

    Returns:
        Shape (bar, column).
    """
    # Along its rows a bar has an inside and two ends. The eye's sums over pixels whose left neighbour
    # lies in a given pixel column of the unturned picture answer for bars of any place and width.
    turned = angle % 360 != 0
    cut = np.trunc if turned else np.asarray
    grey, bar = cut(255 * GREY), cut(255 * luminance)
    x, y, column = _sources(angle % 360)
    left, above = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, lower_share = x - left, y - above
    upper_inside, lower_inside = (_within(row, rows) for row in (above, above + 1))
    width = MONITOR + 2 * _AROUND
    place = column * width + left

    def sums(along_row: npt.ArrayLike) -> np.ndarray:
        """Light above grey by column and left neighbour, where rows of the bar have `along_row`."""
        upper, lower = (np.where(k, along_row, grey) for k in (upper_inside, lower_inside))
        light = cut(upper + (lower - upper) * lower_share) - grey
        n_columns = PUBLISHED_EYE.n_columns
        return np.bincount(place, light, n_columns * width).reshape(n_columns, width)

    inside = np.pad(np.cumsum(sums(bar), 1), ((0, 0), (1, 0)))
    begin = sums(grey + (bar - grey) * right_share)
    end = sums(bar + (grey - bar) * right_share)
    seen = np.empty((len(spans), PUBLISHED_EYE.n_columns))
    for light, (first, last) in zip(seen, spans, strict=True):
        first, last = _drawn_out((first, last))
        light[:] = inside[:, last] - inside[:, first]
        if first > 0:
            light += begin[:, first - 1]
        if last < width:
            light += end[:, last]
    return (seen / np.bincount(column) + grey) / 255


def _drawn_out(span: tuple[int, int]) -> tuple[int, int]:
    """First and last pixel of a span in the picture whose borders are drawn out."""
    first, last = span
    width = MONITOR + 2 * _AROUND
    return (first + _AROUND if first > 0 else 0), (last + _AROUND if last < MONITOR - 1 else width)


def _within(pixel: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    first, last = _drawn_out(span)
    return (pixel >= first) & (pixel <= last)


@lru_cache(maxsize=12)
def _sources(angle: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where in the drawn-out picture each owned pixel of the turned one comes from: x, y; its column."""
    row, col, column = owned_pixels()
    middle = MONITOR / 2 + _AROUND
    cosine, sine = (round(f(-math.radians(angle)), 15) for f in (math.cos, math.sin))
    to_x = cosine * -middle + sine * -middle + middle
    to_y = -sine * -middle + cosine * -middle + middle
    right, down = col + _AROUND + 0.5, row + _AROUND + 0.5
    x = cosine * right + sine * down + to_x - 0.5
    y = -sine * right + cosine * down + to_y - 0.5
    return x, y, column


@lru_cache(maxsize=1)
def owned_pixels() -> Owned:
    """Return the pixels of the monitor that the columns of the published eye own."""
    reach = np.arange(-_REACH, _REACH + 1)
    middle = MONITOR // 2
    center_x = middle + PIXELS_PER_COLUMN * PUBLISHED_EYE.v[:, None, None]
    center_y = middle + PIXELS_PER_COLUMN * (PUBLISHED_EYE.u + PUBLISHED_EYE.v / 2)[:, None, None]
    x, y = np.broadcast_arrays(center_x + reach, np.floor(center_y).astype(int) + reach[:, None])
    on_monitor = (x >= 0) & (x < MONITOR) & (y >= 0) & (y < MONITOR)
    inside = on_monitor & _inside(*(w.astype(_HALF) for w in (x, y, center_x, center_y)))
    return Owned(y[inside], x[inside], np.nonzero(inside)[0])


def _inside(x: np.ndarray, y: np.ndarray, center_x: np.ndarray, center_y: np.ndarray) -> np.ndarray:
    """Whether points lie on their centre's side of all six edges; every operation is rounded."""
    corners = [(center_x + right, center_y + down) for right, down in _corners()]
    inside = np.ones(x.shape, bool)
    for (x1, y1), (x2, y2) in pairwise(corners):
        slope = (y2 - y1) / (x2 - x1)
        center_side = y1 + slope * (center_x - x1) - center_y
        inside = inside & (np.sign(y1 + slope * (x - x1) - y) == np.sign(center_side))
    return inside


def _corners() -> list[np.ndarray]:
    """The six corners of a hexagon with flat top, from its centre, and the first once more.

    Each is the one before turned by 60°, rounded: the last differs from the first.
    """
    sixth = _HALF(np.pi) / _HALF(3)
    turn = np.array([[np.cos(sixth), -np.sin(sixth)], [np.sin(sixth), np.cos(sixth)]], _HALF)
    corners = [np.array([PIXELS_PER_COLUMN / np.sqrt(3), 0], _HALF)]
    for _ in range(6):
        turned = turn.astype(np.float32) @ corners[-1].astype(np.float32)
        corners.append(turned.astype(_HALF))
    return corners
