"""Textured scenes: overlapping leaves under a moving camera.

A dead-leaves texture (discs of many sizes that hide each other) has the edges and roughly the 1/f
spectrum of natural images: Lee, Mumford and Huang, Int. J. Comput. Vis. 41, 35 (2001).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.optimal.configs import frames_in

PIXELS_PER_COLUMN = 4
_SIZE = 256
_LEAVES = 900
_RADII = (2.0, 80.0)

_ACCEPTANCE = 0.4
"""Standard deviation of a column's Gaussian acceptance, in columns: 5.5° full width at half maximum."""


def translating_scene(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    texture: int,
    angle: float,
    speed: float,
    place: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return a texture that moves over the eye at constant velocity.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        texture: Seed of the texture.
        angle: Direction in which the picture moves, degrees counter-clockwise from rightward.
        speed: Columns per second.
        place: Point of the texture, in columns, that the central column sees at the start.

    Returns:
        Luminance in [0, 1], shape (frame, column).
    """
    image = _seen_texture(texture)
    travelled = speed * np.arange(frames_in(seconds, dt)) * dt
    x = lattice.x / np.sqrt(3) + place[0] - travelled[:, None] * np.cos(np.deg2rad(angle))
    y = lattice.y / np.sqrt(3) + place[1] - travelled[:, None] * np.sin(np.deg2rad(angle))
    return _bilinear(image, -y * PIXELS_PER_COLUMN, x * PIXELS_PER_COLUMN)


@lru_cache(maxsize=32)
def _seen_texture(seed: int) -> np.ndarray:
    """A texture on a torus, blurred by the acceptance of a column, shape (row, column) of pixels."""
    rows = np.fft.fftfreq(_SIZE)
    squared = rows[:, None] ** 2 + rows[: _SIZE // 2 + 1] ** 2
    blur = np.exp(-2 * (np.pi * _ACCEPTANCE * PIXELS_PER_COLUMN) ** 2 * squared)
    return np.fft.irfft2(np.fft.rfft2(_dead_leaves(seed)) * blur, s=(_SIZE, _SIZE)).clip(0, 1)


def _dead_leaves(seed: int) -> np.ndarray:
    """Discs with a power law of radii (density r^-3) and uniform luminance, on a torus."""
    random = np.random.default_rng(seed)
    image = np.full((_SIZE, _SIZE), 0.5)
    low, high = (radius**-2.0 for radius in _RADII)
    radii = (low + (high - low) * random.random(_LEAVES)) ** -0.5
    # Every leaf hides what lies below it; the small ones go on top, or few of them would be seen.
    order = np.argsort(-radii + 0.3 * radii * random.standard_normal(_LEAVES))
    centers = random.random((_LEAVES, 2)) * _SIZE
    luminance = random.random(_LEAVES)
    for leaf in order:
        reach = int(radii[leaf]) + 1
        row, col = (int(c) + np.arange(-reach, reach + 1) for c in centers[leaf])
        dy, dx = row - centers[leaf, 0], col - centers[leaf, 1]
        inside = dy[:, None] ** 2 + dx**2 <= radii[leaf] ** 2
        where = np.ix_(row % _SIZE, col % _SIZE)
        image[where] = np.where(inside, luminance[leaf], image[where])
    return image


def _bilinear(image: np.ndarray, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Values of an image on a torus between its pixels."""
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    down, right = row - top, col - left
    top, left = top % _SIZE, left % _SIZE
    bottom, beside = (top + 1) % _SIZE, (left + 1) % _SIZE
    upper = image[top, left] * (1 - right) + image[top, beside] * right
    lower = image[bottom, left] * (1 - right) + image[bottom, beside] * right
    return upper * (1 - down) + lower * down
