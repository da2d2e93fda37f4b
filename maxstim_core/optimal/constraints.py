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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from maxstim_core.arrays import Array, library_of
from maxstim_core.conventions import GREY
from maxstim_core.lattice import STEPS, Lattice

Projection = Callable[[Array], Array]
"""Takes stimuli of shape (..., frame, column), each by itself, to the nearest that are allowed."""

_ROUNDS, _AGREED, _HALVINGS = 50, 1e-5, 40
"""Most rounds in which two demands come to agree, how well they have to, and halvings of an interval."""

_TRIES, _FARTHER, _RISES, _LITTLE, _NEARLY = 12, 3.0, 1.01, 1e-4, 1e-3
"""Most multiples that are tried to reach a budget, how much stronger a stimulus is asked for where its
kind has no more, by what factor its energy has to rise for that to be gone on with, and what share of
the budget it has to have; how well two demands have to agree on the way."""

_PLAINEST = 4
"""Frequencies in time and in space from which the strongest is sought, where both are limited."""

MISSED = 5e-3
"""Share of a budget by which a stimulus may differ from it and is still said to be on it."""

_LEAST_RMS = 1e-6
"""Least contrast of a stimulus, root mean square: 17 steps between numbers of float32 near grey."""


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

    @property
    def n_free(self) -> int:
        """How many ways there are to differ from `plainest`, of any range of luminance."""
        n_frames, n_columns = (
            int(each) for each in (self.mask.any(1).sum(), self.mask.any(0).sum())
        )
        in_time = self._in_time.shape[1] if self.highest_hz else n_frames
        in_space = self._in_space.shape[1] if self.highest_cycles else n_columns
        return in_time * in_space - (self.mean is not None)

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
        # Few modes are left, often a tenth: down to these first, and up again last.
        if self.highest_hz:
            found = like(self._in_time.T) @ found
        if self.highest_cycles:
            found = (found @ like(self._in_space)) @ like(self._in_space.T)
        if self.highest_hz:
            found = like(self._in_time) @ found
        if self.mean is not None:
            found = found - mask * (found.sum() / mask.sum())
        return found

    @cached_property
    def _columns(self) -> np.ndarray:
        return _within(self.lattice, self._rings)

    @property
    def _rings(self) -> int:
        return self.lattice.extent if self.rings is None else self.rings

    @cached_property
    def _in_time(self) -> np.ndarray:
        """Slow cosines (of the discrete cosine transform) of the frames, orthonormal; (frame, mode)."""
        first, stop = self.frames or (0, self.n_frames)
        length = stop - first
        order = np.arange(length)
        slow = order[order / (2 * length * self.dt) <= self.highest_hz]
        cosines = np.cos(np.pi * np.outer(order + 0.5, slow) / length)
        return _orthonormal(cosines, np.arange(first, stop), self.n_frames)

    @cached_property
    def _in_space(self) -> np.ndarray:
        """Smooth modes of the columns, orthonormal: eigenvectors of their Laplacian; (column, mode).

        On a hexagonal lattice without end a wave of frequency f along a row of columns has the
        eigenvalue 6 - 2 cos(2 pi f) - 4 cos(pi f).
        """
        values, modes = _modes(self.lattice, self._rings)
        f = self.highest_cycles
        highest = 6 - 2 * np.cos(2 * np.pi * f) - 4 * np.cos(np.pi * f)
        smooth = values <= highest + 1e-9
        return _orthonormal(modes[:, smooth], self._columns, self.lattice.n_columns)

    def plainer(self, direction: Array) -> Iterator[Array]:
        """Yield directions that are the same in all frames, in all columns, or everywhere.

        Each is as like the one that is given as its kind can be. Of slow or smooth stimuli, these are
        the ones that have the most contrast within a range.

        Args:
            direction: One of `direction`, shape (frame, column).
        """
        mask = _like(direction)(self.mask)
        size = mask.sum()
        if self.highest_hz:
            yield self.direction(mask * direction.sum(0) * (mask.sum(0).clip(0, 1).sum() / size))
        if self.highest_cycles:
            rows = direction.sum(1) * (mask.sum(1).clip(0, 1).sum() / size)
            yield self.direction(mask * rows[:, None])
        if self.mean is None:
            yield mask * (direction.sum() / size)

    def plainest_modes(self) -> Iterator[np.ndarray]:
        """Yield the slowest and smoothest directions of both signs, where both are limited, float32."""
        if self.highest_hz and self.highest_cycles:
            for cosine, mode in product(self._in_time.T[:_PLAINEST], self._in_space.T[:_PLAINEST]):
                yield self.direction(np.outer(cosine, mode))
                yield -self.direction(np.outer(cosine, mode))


def _within(lattice: Lattice, rings: int) -> np.ndarray:
    """Return the columns of an eye up to a ring, in their order."""
    return np.flatnonzero(lattice.ring <= rings)


@lru_cache(maxsize=4)
def _modes(lattice: Lattice, rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues of the Laplacian of the columns up to a ring, and eigenvectors as columns.

    Of the whole eye they take a third of a second or more: as much as ten iterations.
    """
    columns = _within(lattice, rings)
    place = np.full(lattice.n_columns + 1, -1)
    place[columns] = np.arange(len(columns))
    laplacian = np.zeros((len(columns), len(columns)))
    u, v = lattice.u[columns], lattice.v[columns]
    for du, dv in STEPS.values():
        neighbor = place[lattice.index(u + du, v + dv)]
        here = np.flatnonzero(neighbor >= 0)
        laplacian[here, here] += 1
        laplacian[here, neighbor[here]] -= 1
    values, modes = np.linalg.eigh(laplacian)
    return values, modes


def _orthonormal(basis: np.ndarray, where: np.ndarray, size: int) -> np.ndarray:
    """Return orthonormal vectors of a size, float32, that span those given at some places, else 0."""
    orthonormal = np.linalg.qr(basis)[0]
    found = np.zeros((size, basis.shape[1]), np.float32)
    found[where] = orthonormal
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
        """Energy of the strongest stimulus; none has more where a frequency is highest."""
        mean = self.linear.mean
        if mean is None:
            return self._n_free * self._far**2
        return self._n_free * ((mean - GREY) ** 2 + (self.high - mean) * (mean - self.low))

    @property
    def least_energy(self) -> float:
        """Energy of the weakest stimulus."""
        if self.levels:
            weakest = np.abs(np.linspace(self.low, self.high, self.levels) - GREY).min()
            return self._n_free * float(weakest) ** 2
        mean = GREY if self.linear.mean is None else self.linear.mean
        return self._n_free * (mean - GREY) ** 2

    @property
    def held_energy(self) -> float:
        """Least contrast energy above the least that numbers of single precision hold."""
        return self._n_free * _LEAST_RMS**2

    @property
    def has_one_energy(self) -> bool:
        """Whether there are two levels that are equally far from grey."""
        return self.levels == 2 and abs(self.low + self.high - 2 * GREY) < 1e-9

    @property
    def chooses(self) -> bool:
        """Whether a budget says how many pixels have the one of two levels, and how many the other."""
        return self.levels == 2 and self.energy > 0 and not self.has_one_energy

    @property
    def _far(self) -> float:
        """Deviation from grey of what differs most from it, black or white."""
        return max(self.low - GREY, self.high - GREY, key=abs)

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
        plainest = _like(stimulus)(self.linear.plainest)
        found = plainest + self._in_range(self.linear.direction(stimulus - plainest), _AGREED)
        return found.clip(self.low, self.high)

    def filled(self, stimulus: Array, energy: float = 0.0) -> Array:
        """Return the stimulus with its contrast made stronger or weaker to the budget of energy.

        Where it has more energy than that, this is the nearest within budget and range; where a
        frequency is highest or a mean is asked for, nearly so. Where its kind never has so much energy
        within the range: of a mask alone it is the strongest of them (see `on_budget`), else it is as
        near to that as the budget lets it.

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
        return (plainest + self._reaching(deviation, budget)).clip(self.low, self.high)

    def on_budget(self, stimulus: Array) -> Array:
        """Return `filled`, and where that falls short of the budget, the rest as well.

        What is then as far from grey as it can be on its own side goes over to the side that is
        farther, what is on no side first.
        """
        found = self.filled(stimulus)
        if not self.linear.is_mask or contrast_energy(found) > (1 - MISSED) * self.energy:
            return found
        far = GREY + _like(stimulus)(self.linear.mask) * self._far
        return _changed(found, far, stimulus * self._far, self.energy, partly=True)

    def leveled(self, stimulus: Array, energy: float = 0.0) -> Array:
        """Return the stimulus with every luminance at the nearest level, on the budget if there is one.

        Its contrast is made stronger or weaker before, so that the energy of the levels comes as near
        to the budget as it can: within half of what one pixel changes in going to another level. Where
        all levels on their own side of grey have too little, pixels go to the level that is farthest
        from grey, first those that are nearest to it.
        """
        energy = energy or self.energy
        if not energy or self.has_one_energy:
            return self._rounded(stimulus)
        deviation = stimulus - GREY
        deviation = deviation / (float(library_of(stimulus).abs(deviation).max()) or 1.0)
        weakest, strongest = 1e-3, 1e6
        below = self._rounded(GREY + weakest * deviation)
        above = self._rounded(GREY + strongest * deviation)
        if contrast_energy(above) <= energy:
            far = _like(stimulus)(self.linear.mask) * self._far + GREY
            return _changed(above, far, deviation * self._far, energy)
        for _ in range(_HALVINGS):
            strength = (weakest * strongest) ** 0.5
            found = self._rounded(GREY + strength * deviation)
            if contrast_energy(found) < energy:
                weakest, below = strength, found
            else:
                strongest, above = strength, found
        return _changed(below, above, abs(deviation), energy)

    def _rounded(self, stimulus: Array) -> Array:
        step = (self.high - self.low) / (self.levels - 1)
        mask = _like(stimulus)(self.linear.mask)
        inside = stimulus.clip(self.low, self.high)
        level = self.low + step * library_of(stimulus).round((inside - self.low) / step)
        return GREY + mask * (level.clip(self.low, self.high) - GREY)

    @property
    def _sides(self) -> tuple[float, float]:
        """Least and greatest deviation from the plainest stimulus."""
        center = GREY if self.linear.mean is None else self.linear.mean
        return self.low - center, self.high - center

    def _in_range(self, direction: Array, agreed: float) -> Array:
        """Return the deviation from the plainest of the linear part and in the range that is nearest.

        Dykstra's corrections are the gradient ascent of the dual problem, and so go sooner with
        Nesterov's momentum, begun anew where it leads astray (O'Donoghue and Candes 2015).

        Args:
            direction: A direction of the linear part, shape (frame, column).
            agreed: How well linear part and range have to agree.
        """
        library, (low, high) = library_of(direction), self._sides
        found, ahead, correction, age = direction, 0 * direction, 0 * direction, 1.0
        for _ in range(_ROUNDS):
            wanted = found + ahead
            new = wanted - wanted.clip(low, high)
            step = new - correction
            if float(((ahead - new) * step).sum()) > 0:
                age = 1.0
            older, age = age, (1 + (1 + 4 * age**2) ** 0.5) / 2
            ahead, correction = new + (older - 1) / age * step, new
            previous, found = found, direction - self.linear.direction(ahead)
            if float(library.abs(found - previous).max()) < agreed:
                break
        return self._into_range(found)

    def _into_range(self, deviation: Array) -> Array:
        """Return a deviation from the plainest moved towards the middle of the range until it fits."""
        low, high = self._sides
        middle = 0.0 if self.linear.mean is not None else (low + high) / 2
        highest, lowest = float(deviation.max()), float(deviation.min())
        share = 1.0
        if highest > high:
            share = min(share, (high - middle) / (highest - middle))
        if lowest < low:
            share = min(share, (low - middle) / (lowest - middle))
        if share == 1:
            return deviation
        return share * deviation + (1 - share) * middle * _like(deviation)(self.linear.mask)

    def _reaching(self, kind: Array, budget: float) -> Array:
        """Return a deviation from the plainest of so much energy, as like a direction as can be.

        Between two that are allowed, all are, and their energy is known: so one that has too little
        and one that has too much are enough.
        """
        total, low, high = float((kind**2).sum()), *self._sides
        if total == 0 or budget <= 0:
            return 0 * kind
        strength = (budget / total) ** 0.5
        weak, strong = 0 * kind, strength * kind
        if low <= float(strong.min()) and float(strong.max()) <= high:
            return strong
        before = 0.0
        for _ in range(_TRIES):
            strong = self._in_range(strength * kind, _NEARLY)
            has = float((strong**2).sum())
            if has >= budget:
                return _between(weak, strong, budget)
            if has < max(_RISES * before, _LITTLE * budget):
                break
            weak, before = strong, has
            strength *= min(10.0, max(1.5, budget / has))
        found, most = weak, 0.0
        for start in (weak, *self.linear.plainer(kind)):
            strong, has = self._climbed(start, budget)
            if has >= budget:
                return _between(weak, strong, budget)
            if has > most:
                found, most = strong, has
        strong = _like(kind)(self._strongest)
        if float((strong**2).sum()) >= budget:
            return _between(weak, strong, budget)
        return strong if float((strong**2).sum()) > most else found

    def _climbed(self, start: Array, budget: float) -> tuple[Array, float]:
        """Return the allowed deviation to which one leads as it grows up to a budget, and its energy.

        What is nearest to a multiple of an allowed stimulus never has less energy than that.
        """
        total = float((start**2).sum())
        if total == 0:
            return start, 0.0
        strong, has, farther = (budget / total) ** 0.5 * start, 0.0, 1.0
        for _ in range(_TRIES):
            tried = self._in_range(self.linear.direction(farther * strong), _NEARLY)
            reached = float((tried**2).sum())
            if has == 0:
                farther = _FARTHER
            elif reached < _RISES * has:  # too far for linear part and range to agree
                farther = 1 + (farther - 1) / 2
            if reached > has:
                strong, has = tried, reached
            if has >= budget:
                break
        return strong, has

    @cached_property
    def _strongest(self) -> np.ndarray:
        """Of the deviations from the plainest about the strongest, whatever it is like, float32."""
        if self.linear.mean is None:
            return (self._far * self.linear.mask).astype(np.float32)
        budget = max(self.most_energy - self.least_energy, 1e-30)
        climbed = [self._climbed(start, budget) for start in self.linear.plainest_modes()]
        return max(climbed, key=lambda each: each[1], default=(0 * self.linear.mask, 0.0))[0]


def _between(weak: Array, strong: Array, energy: float) -> Array:
    """Return what lies between two deviations, of less energy and more, and has this one."""
    way = strong - weak
    square, mixed = float((way**2).sum()), float((weak * way).sum())
    missing = energy - float((weak**2).sum())
    root = (mixed**2 + square * max(missing, 0.0)) ** 0.5
    return weak + min(1.0, max(0.0, (root - mixed) / max(square, 1e-30))) * way


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


def _changed(
    below: Array, above: Array, first: Array, energy: float, *, partly: bool = False
) -> Array:
    """Return one stimulus with as many pixels of another as bring it nearest to an energy.

    Args:
        below: Luminance, shape (frame, column), with less energy than is wanted.
        above: The other, of which no pixel is nearer to grey.
        first: Where it is greatest, pixels are taken first; same shape.
        energy: The energy.
        partly: Whether the last pixel may go a part of the way, so that the energy is met.
    """
    library = library_of(below)
    gain = ((above - GREY) ** 2 - (below - GREY) ** 2).reshape(-1)
    order = library.argsort((-first).reshape(-1), stable=True)
    gained = library.asarray(gain[order], dtype=library.float64).cumsum(0)
    missing = energy - contrast_energy(below)
    taken = library.zeros_like(gain)
    if partly:
        n_whole = int((gained < missing).sum())
        taken[order[:n_whole]] = 1
        found = below + taken.reshape(below.shape) * (above - below)
        if n_whole < len(order):
            last = order[n_whole]
            rest = missing - (float(gained[n_whole - 1]) if n_whole else 0.0)
            before, after = (float(each.reshape(-1)[last]) - GREY for each in (below, above))
            found.reshape(-1)[last] = GREY + (1 if after > 0 else -1) * (before**2 + rest) ** 0.5
        return found
    if abs(missing) > float(abs(gained - missing).min()):
        taken[order[: 1 + int(abs(gained - missing).argmin())]] = 1
    return library.where(taken.reshape(below.shape) > 0, above, below)
