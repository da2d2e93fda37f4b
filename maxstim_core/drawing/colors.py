"""The two colour scales of every picture: grey for luminance, blue to red for voltage.

The diverging scale is Moreland's ("Diverging color maps for scientific visualization", 2009): blue
and red of equal perceived weight around a neutral grey, safe for colour-blind readers, and the one
that flyvis's own figures use.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from maxstim_core.lattice import Lattice

BORDER = 3
"""Outermost rings that do not set the colours of a response: cells there lack neighbours."""

N_COLORS = 257
"""Entries of the diverging table: odd, so that zero has an entry of its own."""

BLUE, NEUTRAL, RED = (59, 76, 192), (221, 221, 221), (180, 4, 38)

_WHITE = np.array([0.9505, 1.0, 1.0890])
"""CIE XYZ of the D65 white point."""

_XYZ_OF_RGB = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)


@cache
def diverging() -> np.ndarray:
    """Return the diverging table, uint8, shape (N_COLORS, 3), from blue through grey to red.

    Each half runs straight from its end to the neutral grey in polar CIELAB coordinates
    (magnitude, saturation, hue), where a step has the same visible size everywhere.
    """
    half = N_COLORS // 2
    middle = _msh(NEUTRAL)
    sides = []
    for end in (BLUE, RED):
        start = _msh(end)
        # Grey has no hue of its own; Moreland turns the hue on the way so that steps stay even.
        target = np.array([middle[0], 0.0, _turned_hue(start, middle[0])])
        fraction = np.linspace(0, 1, half + 1)[:, None]
        sides.append(_rgb(start + fraction * (target - start)))
    table = np.concatenate([sides[0], sides[1][-2::-1]])
    table[half] = NEUTRAL
    return table


def _turned_hue(color: np.ndarray, neutral_magnitude: float) -> float:
    magnitude, saturation, hue = color
    turn = (
        saturation
        * np.sqrt(max(neutral_magnitude**2 - magnitude**2, 0))
        / (magnitude * np.sin(saturation))
    )
    return hue + turn if hue > -np.pi / 3 else hue - turn


def _msh(rgb: tuple[int, int, int]) -> np.ndarray:
    value = np.asarray(rgb) / 255
    linear = np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
    ratio = _XYZ_OF_RGB @ linear / _WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    lightness, a, b = 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])
    magnitude = np.sqrt(lightness**2 + a**2 + b**2)
    return np.array([magnitude, np.arccos(lightness / magnitude), np.arctan2(b, a)])


def _rgb(msh: np.ndarray) -> np.ndarray:
    magnitude, saturation, hue = msh.T
    lightness = magnitude * np.cos(saturation)
    a = magnitude * np.sin(saturation) * np.cos(hue)
    b = magnitude * np.sin(saturation) * np.sin(hue)
    fy = (lightness + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], axis=-1)
    xyz = np.where(f**3 > 0.008856, f**3, (f - 16 / 116) / 7.787) * _WHITE
    linear = xyz @ np.linalg.inv(_XYZ_OF_RGB).T
    value = np.where(
        linear > 0.0031308, 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055, 12.92 * linear
    )
    return np.rint(np.clip(value, 0, 1) * 255).astype(np.uint8)


def grey(luminance: np.ndarray) -> np.ndarray:
    """Return the colours of luminance, uint8, shape (..., 3): 0 black, 1 white, clipped outside."""
    level = np.rint(np.clip(luminance, 0, 1) * 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=-1)


def blue_red(voltage: np.ndarray, limit: float) -> np.ndarray:
    """Return the colours of voltage, uint8, shape (..., 3), symmetric about 0 up to ±`limit`."""
    middle = N_COLORS // 2
    index = np.rint((np.clip(voltage / limit, -1, 1) + 1) * middle).astype(int)
    return diverging()[index]


def response_limit(voltage: np.ndarray, lattice: Lattice) -> float:
    """Return the largest finite absolute voltage of the columns whose neighbours are all there, or 1.

    Args:
        voltage: Voltage, shape (frame, column).
        lattice: The eye that the columns belong to. One that is hardly more than border counts whole.
    """
    inside = lattice.ring <= lattice.extent - BORDER
    return symmetric_limit(voltage if lattice.extent <= 2 * BORDER else voltage[:, inside])


def symmetric_limit(voltage: np.ndarray) -> float:
    """Return the largest finite absolute voltage of any shape, 1 where all are zero or none finite."""
    finite = np.abs(voltage[np.isfinite(voltage)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0
