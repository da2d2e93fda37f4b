"""What a stimulus must satisfy after every step, whatever the loss says.

Constraints are of three kinds, which `Allowed` puts together:

- a linear part: which columns and frames may differ from grey, how fast luminance may change in time
  and space, and the mean luminance. The nearest such stimulus is an orthogonal projection, which can be
  applied any number of times;
- a range of luminance and a budget of contrast energy, sum_th (x_th - 0.5)^2, both convex;
- a number of levels of luminance, which is neither, and comes last.

Formulas: docs/objectives.md#constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.conventions import GREY
from maxstim_core.lattice import STEPS, Lattice

Projection = Callable[[Array], Array]
"""Takes stimuli of shape (..., frame, column), each by itself, to the nearest that are allowed."""

_ROUNDS, _AGREED, _HALVINGS = 50, 1e-5, 40
"""Most rounds in which two demands come to agree, how well they have to, and halvings of an interval."""


def displayable(stimulus: Array) -> Array:
    """Return the nearest stimulus, of any shape, with luminance between 0 (black) and 1 (white)."""
    return stimulus.clip(0, 1)


def unconstrained(stimulus: Array) -> Array:
    """Return the stimulus, of any shape, as it is."""
    return stimulus


def contrast_energy(stimulus: Array) -> float:
    """Return sum_th (x_th - 0.5)^2 of one stimulus, shape (frame, column)."""
    return float(((stimulus - GREY) ** 2).sum())


@dataclass(frozen=True)
class Linear:
    """The stimuli that differ from grey in some frames and columns alone, and change slowly there.

    What they may look like in time and what in space do not depend on each other, so that the nearest is
    found in one after the other.

    Attributes:
        n_frames: Frames of a stimulus.
        lattice: The eye.
        rings: Columns up to this ring may differ from grey; all if None.
        frames: First frame that may differ, and the frame behind the last; all if None.
        highest_hz: Highest temporal frequency, Hz; any if 0.
        highest_cycles: Highest spatial frequency, cycles per column; any if 0.
        dt: Seconds per frame.
        mean: Mean luminance of what may differ; any if None.
    """

    n_frames: int
    lattice: Lattice
    rings: int | None = None
    frames: tuple[int, int] | None = None
    highest_hz: float = 0.0
    highest_cycles: float = 0.0
    dt: float = 0.01
    mean: float | None = None

    @property
    def is_mask(self) -> bool:
        """Whether it looks at every pixel by itself."""
        return not self.highest_hz and not self.highest_cycles and self.mean is None

    @cached_property
    def mask(self) -> np.ndarray:
        """1 where a pixel may differ from grey, else 0; shape (frame, column), float32."""
        found = np.zeros((self.n_frames, self.lattice.n_columns), np.float32)
        found[slice(*(self.frames or (0, None))), self._columns] = 1
        return found

    @cached_property
    def plainest(self) -> np.ndarray:
        """Grey, or the mean luminance where pixels may differ; shape (frame, column), float32."""
        mean = GREY if self.mean is None else self.mean
        return np.float32(GREY) + np.float32(mean - GREY) * self.mask

    def __call__(self, stimulus: Array) -> Array:
        """Return the nearest stimulus that is one of them, shape (frame, column)."""
        like = _like(stimulus)
        return like(self.plainest) + self.direction(stimulus - like(self.plainest))

    def direction(self, gradient: Array) -> Array:
        """Return the nearest direction that leads from one of them to others, same shape."""
        like = _like(gradient)
        mask = like(self.mask)
        found = gradient * mask
        if self.highest_hz:
            found = like(self._in_time) @ found
        if self.highest_cycles:
            found = found @ like(self._in_space)
        if self.mean is not None:
            found = found - mask * (found.sum() / mask.sum())
        return found

    @cached_property
    def _columns(self) -> np.ndarray:
        ring = self.lattice.ring
        return np.flatnonzero(ring <= (self.lattice.extent if self.rings is None else self.rings))

    @cached_property
    def _in_time(self) -> np.ndarray:
        """Projection on the slow cosines (of the discrete cosine transform) of the frames, float32."""
        first, stop = self.frames or (0, self.n_frames)
        length = stop - first
        order = np.arange(length)
        slow = order[order / (2 * length * self.dt) <= self.highest_hz]
        cosines = np.cos(np.pi * np.outer(order + 0.5, slow) / length)
        return _projection(cosines, np.arange(first, stop), self.n_frames)

    @cached_property
    def _in_space(self) -> np.ndarray:
        """Projection on the smooth modes of the columns: eigenvectors of their Laplacian, float32.

        On a hexagonal lattice without end a wave of frequency f along a row of columns has the
        eigenvalue 6 - 2 cos(2 pi f) - 4 cos(pi f).
        """
        columns = self._columns
        place = np.full(self.lattice.n_columns + 1, -1)
        place[columns] = np.arange(len(columns))
        laplacian = np.zeros((len(columns), len(columns)))
        u, v = self.lattice.u[columns], self.lattice.v[columns]
        for du, dv in STEPS.values():
            neighbor = place[self.lattice.index(u + du, v + dv)]
            here = np.flatnonzero(neighbor >= 0)
            laplacian[here, here] += 1
            laplacian[here, neighbor[here]] -= 1
        values, modes = np.linalg.eigh(laplacian)
        f = self.highest_cycles
        highest = 6 - 2 * np.cos(2 * np.pi * f) - 4 * np.cos(np.pi * f)
        smooth = values <= highest + 1e-9
        return _projection(modes[:, smooth], columns, self.lattice.n_columns)


def _projection(basis: np.ndarray, where: np.ndarray, size: int) -> np.ndarray:
    """Return the orthogonal projection, (size, size), on vectors given at some places, 0 elsewhere."""
    orthonormal = np.linalg.qr(basis)[0]
    found = np.zeros((size, size), np.float32)
    found[np.ix_(where, where)] = orthonormal @ orthonormal.T
    return found


def _like(array: Array) -> Callable[[np.ndarray], Array]:
    """Return what makes arrays of the library, precision and device of `array`."""
    library = library_of(array)
    return lambda values: library.asarray(values, dtype=array.dtype, device=array.device)


@dataclass(frozen=True)
class Allowed:
    """All that a stimulus must satisfy.

    Attributes:
        linear: Where it may differ from grey, and how slowly.
        low: Least luminance.
        high: Greatest luminance.
        energy: Its contrast energy, sum_th (x_th - 0.5)^2; any if 0.
        levels: Number of levels of luminance, evenly from `low` to `high`; any luminance if 0.
    """

    linear: Linear
    low: float = 0.0
    high: float = 1.0
    energy: float = 0.0
    levels: int = 0

    @property
    def most_energy(self) -> float:
        """Energy of the strongest stimulus, whatever its mean."""
        return self._n_free * max(self.low - GREY, self.high - GREY, key=abs) ** 2

    @property
    def least_energy(self) -> float:
        """Energy of the weakest stimulus."""
        if self.levels:
            weakest = np.abs(np.linspace(self.low, self.high, self.levels) - GREY).min()
            return self._n_free * float(weakest) ** 2
        mean = GREY if self.linear.mean is None else self.linear.mean
        return self._n_free * (mean - GREY) ** 2

    @property
    def _n_free(self) -> int:
        return int(self.linear.mask.sum())

    def nearest(self, stimulus: Array) -> Array:
        """Return the nearest stimulus, shape (frame, column), of the linear part and in the range.

        With a frequency that is highest, or a mean, by Dykstra's alternating projections (Boyle and
        Dykstra 1986), and then, so that the range is kept exactly, towards the plainest.
        """
        if self.linear.is_mask:
            return self.linear(stimulus.clip(self.low, self.high))
        library = library_of(stimulus)
        found, correction = self.linear(stimulus), library.zeros_like(stimulus)
        for _ in range(_ROUNDS):
            inside = (found + correction).clip(self.low, self.high)
            correction = found + correction - inside
            previous, found = found, self.linear(inside)
            if float(library.abs(found - previous).max()) < _AGREED:
                break
        return self._into_range(found)

    def filled(self, stimulus: Array, energy: float = 0.0) -> Array:
        """Return the stimulus with its contrast made stronger or weaker to the budget of energy.

        Where it has more energy than that, this is the nearest within budget and range; where a
        frequency is highest or a mean is asked for, nearly so. Where its kind never has so much energy
        within the range, it is about the strongest of them.

        Args:
            stimulus: Luminance, shape (frame, column).
            energy: The budget; `Allowed.energy` if 0.
        """
        energy = energy or self.energy
        deviation = self.linear.direction(stimulus - GREY)
        if self.linear.is_mask:
            return GREY + _scaled_to(deviation, energy, self.low - GREY, self.high - GREY)
        plainest = _like(stimulus)(self.linear.plainest)
        budget = energy - contrast_energy(plainest)
        strength, found, reached = 1.0, plainest, 0.0
        for _ in range(_ROUNDS):
            tried = self.nearest(plainest + strength * deviation)
            has = contrast_energy(tried) - contrast_energy(plainest)
            # The strongest have less again: what is far beyond the range is cut back as a whole.
            if abs(has - budget) < abs(reached - budget):
                found, reached = tried, has
            if has <= 0 or abs(has / budget - 1) < _AGREED:
                break
            strength *= min(10.0, (budget / has) ** 0.5)
        return plainest + min(1.0, (budget / max(reached, 1e-30)) ** 0.5) * (found - plainest)

    def leveled(self, stimulus: Array, energy: float = 0.0) -> Array:
        """Return the stimulus with every luminance at the nearest level, on the budget if there is one.

        Its contrast is made stronger or weaker before, so that the energy of the levels comes as near
        to the budget as it can.
        """
        energy = energy or self.energy
        if not energy:
            return self._rounded(stimulus)
        weakest, strongest = 1e-3, 1e3
        for _ in range(_HALVINGS):
            strength = (weakest * strongest) ** 0.5
            found = self._rounded(GREY + strength * (stimulus - GREY))
            if contrast_energy(found) < energy:
                weakest = strength
            else:
                strongest = strength
        return found

    def _rounded(self, stimulus: Array) -> Array:
        step = (self.high - self.low) / (self.levels - 1)
        mask = _like(stimulus)(self.linear.mask)
        inside = stimulus.clip(self.low, self.high)
        level = self.low + step * library_of(stimulus).round((inside - self.low) / step)
        return GREY + mask * (level.clip(self.low, self.high) - GREY)

    def _into_range(self, stimulus: Array) -> Array:
        """Return the stimulus moved towards the plainest until it is in the range."""
        plainest = _like(stimulus)(self.linear.plainest)
        center = GREY if self.linear.mean is None else self.linear.mean
        deviation = stimulus - plainest
        highest, lowest = float(deviation.max()), float(deviation.min())
        share = 1.0
        if highest > self.high - center:
            share = min(share, (self.high - center) / highest)
        if lowest < self.low - center:
            share = min(share, (self.low - center) / lowest)
        return (plainest + share * deviation).clip(self.low, self.high)


def _scaled_to(deviation: Array, energy: float, low: float, high: float) -> Array:
    """Return the multiple of a deviation from grey, cut to a range, that has an energy.

    What is cut at one multiple is cut at every greater one: few rounds find the multiple exactly.
    """
    square = deviation**2
    total = float(square.sum())
    if total == 0:
        return deviation
    strength = (energy / total) ** 0.5
    for _ in range(_ROUNDS):
        scaled = strength * deviation
        found = scaled.clip(low, high)
        whole = scaled == found
        free, cut = float(square[whole].sum()), float((found[~whole] ** 2).sum())
        if free == 0 or cut >= energy:
            break
        better = ((energy - cut) / free) ** 0.5
        if better <= strength * (1 + 1e-7):
            break
        strength = better
    return (strength * deviation).clip(low, high)
