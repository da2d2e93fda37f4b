"""An answer altered: what must be lost if the answer is about what it seems to be about.

Turned, mirrored, played backwards, inverted, with its phases scrambled or its columns shuffled it has
the same contrast energy, but another direction, order, sign or arrangement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.optimal.constraints import Allowed, Linear, contrast_energy

DRAWS = 4
"""How many times what is random is drawn."""

CONTRAST_FACTORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Factors of the contrast of an answer."""

MOST_SHIFT = 5
"""Most rings by which an answer is shifted."""

_MIRRORS = {1: "left to right", 2: "about 150°", 3: "about 210°"}


class Altered(NamedTuple):
    """An answer of which one thing was altered.

    Attributes:
        how: The kind of alteration.
        name: What was done.
        movie: Luminance, shape (frame, column).
    """

    how: str
    name: str
    movie: np.ndarray


def altered(stimulus: np.ndarray, lattice: Lattice, *, seed: int = 0) -> Iterator[Altered]:
    """Yield an answer altered in every way.

    Args:
        stimulus: Luminance, shape (frame, column).
        lattice: The eye.
        seed: Of what is random.
    """
    random = np.random.default_rng(seed)
    for sixths in range(1, 6):
        movie = lattice.rotated(stimulus, sixths)
        yield Altered("turned", f"turned by {60 * sixths}°", movie)
    for axis, words in _MIRRORS.items():
        yield Altered("mirrored", f"mirrored {words}", lattice.mirrored(stimulus, axis))
    yield Altered("reversed", "played backwards", stimulus[::-1])
    yield Altered("inverted", "dark and bright swapped", 2 * GREY - stimulus)
    for k in range(DRAWS):
        movie = phases_scrambled(stimulus, lattice, random)
        yield Altered("scrambled", f"phases scrambled, {k + 1}", movie)
    for k in range(DRAWS):
        order = random.permutation(lattice.n_columns)
        yield Altered("shuffled", f"columns shuffled, {k + 1}", stimulus[:, order])


def phases_scrambled(
    stimulus: np.ndarray, lattice: Lattice, random: np.random.Generator
) -> np.ndarray:
    """Return a movie with the spatiotemporal amplitudes of another, and phases that say nothing.

    The hexagon lies in a rhombus of u and v, grey around it, whose Fourier transform gets the phases of
    noise; what falls outside the hexagon is lost. The contrast is brought back to the energy that the
    movie had, within black and white.

    Args:
        stimulus: Luminance, shape (frame, column).
        lattice: The eye.
        random: Draws the noise.
    """
    side = 2 * lattice.extent + 1
    row, col = lattice.u + lattice.extent, lattice.v + lattice.extent
    box = np.zeros((len(stimulus), side, side))
    box[:, row, col] = stimulus - GREY
    noise = np.fft.fftn(random.standard_normal(box.shape))
    scrambled = np.fft.ifftn(np.abs(np.fft.fftn(box)) * np.exp(1j * np.angle(noise))).real
    movie = (GREY + scrambled[:, row, col]).astype(np.float32)
    allowed = Allowed(Linear(len(stimulus), lattice), energy=contrast_energy(stimulus))
    return allowed.filled(movie) if allowed.energy else movie


def of_contrast(stimulus: np.ndarray, factor: float) -> np.ndarray:
    """Return a movie with its contrast times a factor, cut to black and white; same shape."""
    return np.clip(GREY + factor * (stimulus - GREY), 0, 1).astype(np.float32)


def shifted(stimulus: np.ndarray, lattice: Lattice, du: int, dv: int) -> np.ndarray:
    """Return a movie moved over the eye, grey where nothing comes from.

    Args:
        stimulus: Luminance, shape (frame, column).
        lattice: The eye.
        du: Columns along the first axis.
        dv: Columns along the second.
    """
    origin = lattice.index(lattice.u - du, lattice.v - dv)
    return np.where(origin >= 0, stimulus[:, origin], np.float32(GREY))


def shifts(ring: int) -> list[tuple[int, int]]:
    """Return the shifts (du, dv) by a number of columns in the six directions of the lattice."""
    return [(ring * du, ring * dv) for du, dv in STEPS.values()] if ring else [(0, 0)]
