"""Textures of leaves that hide each other, on a torus, as a column's acceptance blurs them.

Dead leaves (shapes of many sizes that hide each other) have the edges and roughly the 1/f spectrum of
natural images: Lee, Mumford and Huang, Int. J. Comput. Vis. 41, 35 (2001). The leaves of
`natural_texture` have a grain of their own and lognormal luminance besides, as natural surfaces do:
Ruderman and Bialek, Phys. Rev. Lett. 73, 814 (1994).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

TEXTURE_PIXELS_PER_COLUMN = 4
SIZE = 256
"""Height and width of a texture in pixels; its own neighbour on all sides."""

SIDE = SIZE / TEXTURE_PIXELS_PER_COLUMN
"""The same in columns."""

ACCEPTANCE = 0.4
"""Standard deviation of a column's Gaussian acceptance, in columns: 5.5° full width at half maximum."""

MEAN_LUMINANCE = 0.4

Kind = Literal["ground", "foliage", "dark", "bright"]
"""Ground covers all; foliage leaves gaps; the others are one dark or bright object in the middle."""

_LEAVES, _PLAIN_LEAVES = 600, 900
_RADII = (2.0, 80.0)
_FOLIAGE_RADII, _FOLIAGE_COVER = (5.0, 30.0), 0.3
_OBJECT_RADII = (4.0, 20.0)

_LEAST_COVER = 1e-4
"""What a blurred leaf covers less of is not covered."""

_LOG_DEVIATION = 0.7
"""Standard deviation of the logarithm of a leaf's luminance."""

_CLOUD_POWER, _CLOUD_DEVIATION = 1.2, 0.6
"""How fast the amplitude of clouds falls with frequency; deviation of the logarithm of luminance."""

_SHADE = 0.6
"""Standard deviation of the logarithm of the light that falls on leaves, from place to place."""

_GRAIN = 0.3
"""Standard deviation of the luminance within a leaf, relative to its mean."""


class Texture(NamedTuple):
    """A texture to look up.

    Attributes:
        values: Shape (row, column) of pixels. Ground: luminance, float32. Others: luminance times
            cover plus i times cover, complex64, so that both are looked up at once.
        filled: Whether the square between a pixel and its right and lower neighbours has any cover,
            shape (row, column); None where all have.
    """

    values: np.ndarray
    filled: np.ndarray | None


@lru_cache(maxsize=32)
def plain_texture(seed: int) -> np.ndarray:
    """Return discs of uniform luminance, blurred by the acceptance, shape (row, column) of pixels."""
    return as_columns_see(_dead_leaves(seed))


@lru_cache(maxsize=32)
def cloud_texture(seed: int) -> np.ndarray:
    """Return clouds, blurred by the acceptance, shape (row, column) of pixels.

    Lognormal luminance whose amplitude falls with frequency as in natural images, and not an edge.
    """
    noise = _noise(np.random.default_rng([seed, *b"clouds"]), _CLOUD_POWER)
    light = MEAN_LUMINANCE * np.exp(_CLOUD_DEVIATION * noise - _CLOUD_DEVIATION**2 / 2)
    return as_columns_see(light)


@lru_cache(maxsize=128)
def natural_texture(kind: Kind, seed: int, octave: float = 0.0) -> Texture:
    """Return textured leaves, blurred by the acceptance of a column.

    Args:
        kind: What to draw.
        seed: Where chance comes from.
        octave: Logarithm to base 2 of the columns of texture that one column of the eye spans.
    """
    deviation = ACCEPTANCE * TEXTURE_PIXELS_PER_COLUMN * 2**octave
    light, cover = leaves(kind, seed)
    light = _blurred(light, deviation).astype(np.float32)
    if kind == "ground":
        return Texture(light, None)
    cover = _blurred(cover.astype(float), deviation).astype(np.float32)
    cover[cover < _LEAST_COVER] = light[cover < _LEAST_COVER] = 0
    sides = cover + np.roll(cover, -1, 1)
    return Texture(light + 1j * cover, (sides + np.roll(sides, -1, 0)) > 0)


@lru_cache(maxsize=128)
def leaves(kind: Kind, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return leaves before any blur: luminance, 0 where there is none, and where there are any."""
    random = np.random.default_rng([seed, *kind.encode()])
    light, cover = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE), bool)
    grain = _noise(random, 1)
    if kind == "ground":
        light += MEAN_LUMINANCE * (1 + _GRAIN * grain).clip(0, 2)
        cover[:] = True
        radii = _power_law(random, _RADII, _LEAVES)
        # Every leaf hides what lies below it; the small ones go on top, or few would be seen.
        order = np.argsort(-radii + 0.3 * radii * random.standard_normal(_LEAVES))
        for radius, base in zip(radii[order], _luminance(random, _LEAVES), strict=True):
            _paint(light, cover, random, grain, radius, base)
    elif kind == "foliage":
        while cover.mean() < _FOLIAGE_COVER:
            radius, base = _power_law(random, _FOLIAGE_RADII, 1)[0], _luminance(random, 1)[0]
            _paint(light, cover, random, grain, radius, base)
    else:
        radius = np.exp(random.uniform(*np.log(_OBJECT_RADII)))
        base = random.uniform(0.02, 0.15) if kind == "dark" else random.uniform(0.75, 1.0)
        _paint(light, cover, random, grain, radius, base, center=np.full(2, SIZE / 2))
    if kind in ("ground", "foliage"):
        light *= np.exp(_SHADE * _noise(random, 2) - _SHADE**2 / 2)
    return light.clip(0, 1), cover


def as_columns_see(image: np.ndarray) -> np.ndarray:
    """Return a picture, shape (row, column) of pixels, blurred by the acceptance of a column."""
    return _blurred(image, ACCEPTANCE * TEXTURE_PIXELS_PER_COLUMN).clip(0, 1)


def bilinear(image: np.ndarray, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Return the values of an image on a torus between its pixels.

    Args:
        image: Shape (row, column) of pixels.
        row: Where to look, in pixels, of any shape.
        col: The same, in the same shape.
    """
    top, left = np.floor(row).astype(int), np.floor(col).astype(int)
    down, right = row - top, col - left
    top, left = top % SIZE, left % SIZE
    bottom, beside = (top + 1) % SIZE, (left + 1) % SIZE
    upper = image[top, left] * (1 - right) + image[top, beside] * right
    lower = image[bottom, left] * (1 - right) + image[bottom, beside] * right
    return upper * (1 - down) + lower * down


def _paint(
    light: np.ndarray,
    cover: np.ndarray,
    random: np.random.Generator,
    grain: np.ndarray,
    radius: float,
    base: float,
    center: np.ndarray | None = None,
) -> None:
    """Lay one leaf, an ellipse with a shade and a piece of grain, on top of all."""
    center = random.random(2) * SIZE if center is None else center
    tilt, narrow = random.uniform(0, np.pi), random.uniform(0.35, 1.0)
    shade, away = random.normal(0, 0.15), random.integers(0, SIZE, 2)
    reach = int(radius) + 1
    row, col = (int(c) + np.arange(-reach, reach + 1) for c in center)
    dy, dx = (row - center[0])[:, None], (col - center[1])[None]
    along = dx * np.cos(tilt) + dy * np.sin(tilt)
    across = (dy * np.cos(tilt) - dx * np.sin(tilt)) / narrow
    inside = along**2 + across**2 <= radius**2
    where = np.ix_(row % SIZE, col % SIZE)
    piece = grain[np.ix_((row + away[0]) % SIZE, (col + away[1]) % SIZE)]
    leaf = base * (1 + shade * along / radius + _GRAIN * piece).clip(0, 2)
    light[where] = np.where(inside, leaf, light[where])
    cover[where] |= inside


def _luminance(random: np.random.Generator, number: int) -> np.ndarray:
    """Lognormal luminances about `MEAN_LUMINANCE`; what is too bright to show is white."""
    deviates = _LOG_DEVIATION * random.standard_normal(number) - _LOG_DEVIATION**2 / 2
    return (MEAN_LUMINANCE * np.exp(deviates)).clip(0, 1)


def _power_law(random: np.random.Generator, radii: tuple[float, float], number: int) -> np.ndarray:
    """Radii whose density falls with their third power."""
    low, high = (radius**-2.0 for radius in radii)
    return (low + (high - low) * random.random(number)) ** -0.5


def _noise(random: np.random.Generator, power: float) -> np.ndarray:
    """Noise of zero mean and unit variance whose amplitude falls with a power of frequency."""
    squared = _squared_frequency()
    squared[0, 0] = np.inf
    spectrum = np.fft.rfft2(random.standard_normal((SIZE, SIZE))) / squared ** (power / 2)
    noise = np.fft.irfft2(spectrum, s=(SIZE, SIZE))
    return noise / noise.std()


def _blurred(image: np.ndarray, deviation: float) -> np.ndarray:
    """An image on a torus after a Gaussian of `deviation` pixels."""
    blur = np.exp(-2 * (np.pi * deviation) ** 2 * _squared_frequency())
    return np.fft.irfft2(np.fft.rfft2(image) * blur, s=(SIZE, SIZE))


def _squared_frequency() -> np.ndarray:
    """Of the half spectrum of a texture, in cycles per pixel."""
    rows = np.fft.fftfreq(SIZE)
    return rows[:, None] ** 2 + rows[: SIZE // 2 + 1] ** 2


def _dead_leaves(seed: int) -> np.ndarray:
    """Discs with a power law of radii (density r^-3) and uniform luminance, on a torus."""
    random = np.random.default_rng(seed)
    image = np.full((SIZE, SIZE), 0.5)
    radii = _power_law(random, _RADII, _PLAIN_LEAVES)
    # Every leaf hides what lies below it; the small ones go on top, or few of them would be seen.
    order = np.argsort(-radii + 0.3 * radii * random.standard_normal(_PLAIN_LEAVES))
    centers = random.random((_PLAIN_LEAVES, 2)) * SIZE
    luminance = random.random(_PLAIN_LEAVES)
    for leaf in order:
        reach = int(radii[leaf]) + 1
        row, col = (int(c) + np.arange(-reach, reach + 1) for c in centers[leaf])
        dy, dx = row - centers[leaf, 0], col - centers[leaf, 1]
        inside = dy[:, None] ** 2 + dx**2 <= radii[leaf] ** 2
        where = np.ix_(row % SIZE, col % SIZE)
        image[where] = np.where(inside, luminance[leaf], image[where])
    return image
