"""How alike two movies are, wherever on the eye and whenever in the movie the same is shown.

Of a movie, luminance x(t, c) in frame t and column c, the contrast is a = x - 0.5, and 0 beyond the eye
and the movie. With b of another movie, its likeness is the greatest normalized cross-correlation

    L(x, y) = max over |τ| ≤ T, |d| ≤ R of  Σ_tc a(t, c) b(t + τ, c + d) / (‖a‖ ‖b‖),

over shifts by τ whole frames and by d whole columns of the hexagonal eye, |d| counted in rings; ‖a‖² is
the contrast energy. With T = R = 0 it is the cosine of the contrasts. What follows from this:

- it lies between -1 and 1 (Cauchy and Schwarz: a shift beyond the edge only makes b smaller);
- it is 1 of a movie with itself, and of a movie with a weaker or stronger one of the same contrasts;
- it is symmetric: the shifts are those back, too;
- it is 1 of a movie with itself shifted within R and T, where nothing is shifted out of sight;
- more tolerance never makes it smaller.

A movie that is grey throughout is like none: 0. As the best of many shifts, the likeness of movies that
have nothing in common is above 0: it means something beside that of movies of different cell types.

In axial coordinates a shift of columns is one of a grid, so that all shifts come from one product of
Fourier transforms, each computed once for a movie, padded by what is tolerated (the correlation theorem;
Lewis 1995, Fast normalized cross-correlation, Vision Interface).
"""

from __future__ import annotations

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import MAX_EXTENT, Lattice
from maxstim_core.settings import checked_whole

TOLERATED_RINGS = 3
"""Columns by which movies may be shifted: less than what one cell of the medulla sees."""

TOLERATED_FRAMES = 5
"""Frames by which movies may be shifted: 50 ms of 10 ms each, a time constant."""

_AT_ONCE = 8
"""Pairs whose correlations are held at a time: a megabyte each."""


def likeness(
    one: np.ndarray,
    other: np.ndarray,
    lattice: Lattice,
    *,
    rings: int = TOLERATED_RINGS,
    frames: int = TOLERATED_FRAMES,
) -> float:
    """Return how alike two movies are: L above.

    Args:
        one: Luminance, shape (frame, column).
        other: Luminance, same shape.
        lattice: The eye that the columns belong to.
        rings: R, columns.
        frames: T, frames.

    Raises:
        MaxstimError: if they are no such movies, or a tolerance is no whole number from 0 on.
    """
    if np.shape(one) != np.shape(other):
        raise MaxstimError(
            f"Movies are compared that have the same frames and columns, not {np.shape(one)} and "
            f"{np.shape(other)}; show both alike."
        )
    both = np.stack([np.asarray(one), np.asarray(other)])
    return float(likeness_matrix(both, lattice, rings=rings, frames=frames)[0, 1])


def likeness_matrix(
    movies: np.ndarray,
    lattice: Lattice,
    *,
    rings: int = TOLERATED_RINGS,
    frames: int = TOLERATED_FRAMES,
) -> np.ndarray:
    """Return how alike each two of several movies are: L above.

    Args:
        movies: Luminance, shape (movie, frame, column).
        lattice: The eye that the columns belong to.
        rings: R, columns.
        frames: T, frames.

    Returns:
        Symmetric, shape (movie, movie), float32.

    Raises:
        MaxstimError: if they are no such movies, or a tolerance is no whole number from 0 on.
    """
    contrast = _contrast(movies, lattice)
    n_movies, n_frames = contrast.shape[:2]
    rings = checked_whole(rings, "The columns that are tolerated (rings)", (0, MAX_EXTENT))
    frames = checked_whole(frames, "The frames that are tolerated (frames)", (0, 10**6))
    rings, frames = min(rings, 2 * lattice.extent), min(frames, n_frames - 1)
    found = np.zeros((n_movies, n_movies), np.float32)
    length = np.sqrt(np.square(contrast, dtype=np.float64).sum((1, 2)))
    seen = np.flatnonzero(length > 0)
    if not seen.size:
        return found
    unit = (contrast[seen] / length[seen, None, None]).astype(np.float32)
    greatest = _Correlations(unit, lattice, rings, frames)
    for k in range(seen.size):
        found[seen[k], seen[k:]] = found[seen[k:], seen[k]] = greatest.of_later(k)
        found[seen[k], seen[k]] = 1
    return found


class _Correlations:
    """The greatest correlations of movies of unit length, within shifts.

    Args:
        unit: Contrast, shape (movie, frame, column).
        lattice: The eye.
        rings: Most columns of a shift.
        frames: Most frames of a shift.
    """

    def __init__(self, unit: np.ndarray, lattice: Lattice, rings: int, frames: int) -> None:
        n_frames, side = unit.shape[1], 2 * lattice.extent + 1
        # Circular beyond these sizes: what comes round lies outside of the shifts that are looked at.
        self._size = tuple(_smooth(n) for n in (n_frames + frames, side + rings, side + rings))
        u, v = lattice.u + lattice.extent, lattice.v + lattice.extent
        self._spectra = np.empty((len(unit), *self._size[:2], self._size[2] // 2 + 1), np.complex64)
        grid = np.zeros((n_frames, side, side), np.float32)
        for spectrum, movie in zip(self._spectra, unit, strict=True):
            grid[:, u, v] = movie
            spectrum[...] = np.fft.rfftn(grid, self._size, axes=(0, 1, 2))
        shifts = Lattice(rings)
        self._lags = np.arange(-frames, frames + 1)[:, None], shifts.u, shifts.v

    def of_later(self, k: int) -> np.ndarray:
        """Return the greatest correlation of movie k with itself and each later one."""
        first, later = np.conj(self._spectra[k]), self._spectra[k:]
        parts = [
            self._greatest(first * later[at : at + _AT_ONCE])
            for at in range(0, len(later), _AT_ONCE)
        ]
        return np.clip(np.concatenate(parts), -1, 1)

    def _greatest(self, products: np.ndarray) -> np.ndarray:
        correlation = np.fft.irfftn(products, self._size, axes=(1, 2, 3))
        frame, u, v = self._lags
        return correlation[:, frame, u, v].max((1, 2))


def _smooth(at_least: int) -> int:
    """Return the least number from `at_least` on that has no prime factors but 2, 3 and 5."""
    size = at_least
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1


def _contrast(movies: object, lattice: Lattice) -> np.ndarray:
    """Return the contrast of movies.

    Raises:
        MaxstimError: if they are none, or of another eye.
    """
    try:
        values = np.asarray(movies, np.float32)
    except (TypeError, ValueError):
        raise MaxstimError(
            f"Movies to compare are numbers of shape (movie, frame, column), not {shown(movies)}."
        ) from None
    if values.ndim != 3 or values.shape[2] != lattice.n_columns or not values.shape[1]:
        raise MaxstimError(
            f"Movies to compare have the shape (movie, frame, {lattice.n_columns}) on this eye, not "
            f"{values.shape}."
        )
    if not np.isfinite(values).all():
        raise MaxstimError("Movies to compare must not hold anything but numbers; leave those out.")
    return values - np.float32(GREY)
