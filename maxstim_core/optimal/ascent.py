"""Descents under hard constraints: on a budget of contrast energy, or to a level of the response.

The obvious way to keep a budget, a projection after every step of Adam, reaches half of what is
possible: Adam moves every pixel by about its learning rate, those that hardly matter too, and the
projection then weakens those that do. Here the budget has a price: the weight of the pull to grey rises
while there is too much energy and falls while there is too little, so that Adam ends near the best
stimulus of that energy; the last iterations polish it on the budget itself. Formulas:
docs/objectives.md#the-budget; measured in benchmarks/STIMULI.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

import numpy as np

from maxstim_core.arrays import QUIET, Array, copy_of, library_of
from maxstim_core.conventions import GREY
from maxstim_core.optimal.adam import Adam
from maxstim_core.optimal.constraints import Allowed, contrast_energy
from maxstim_core.optimal.missed import LEVEL_MISSED, missed_energy, missed_level
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.recording import Recording
from maxstim_core.optimal.run import check_losses
from maxstim_core.optimal.stepping import Point, Standing, Stepper

POLISHED = 1 / 6
"""Share of the iterations that polish on the budget; those before steer towards it."""

_FIRST_RATE, _LAST_RATE = 6.0, 0.5
"""Learning rate of the first and the last steered step, in units of the one that was asked for; between
them half a cosine. Large steps find the place, small ones settle."""

_SETTLED_RATE = 0.2
"""Most learning rate where the start is good already, in units of its typical contrast."""

_NEAR, _INTEGRAL = 0.5, 0.12
"""How the logarithm of the price answers to that of the energy over its budget: at once, and by its sum
over the iterations."""

_FARTHEST = 1.0
"""Most that the price answers to: at the start there can be twenty times the budget."""

_FIRST_ENERGY, _LEAST_WAY, _MOST_RESCALED = 10.0, 0.25, 0.3
"""To reach a level: the energy whose price is tried first, the least unit of what is missing, in RMS,
and how much stronger or weaker the contrast becomes in a polishing step."""

_LEAST_SLOPE = 0.05
"""Least that a response is taken to grow with its contrast, in units of the way to the level: where it
falls, more contrast is tried all the same."""

_FIRST_STEP, _FIRST_CHOICE, _LONGER, _SHORTER = 0.02, 0.1, 1.3, 0.5
"""Length of the polishing step, as a share of the way to the steepest stimulus; the same where it
chooses among two levels, and small steps move nothing; how it changes after a success and a failure."""


@dataclass(frozen=True)
class Level:
    """A level that a response has to reach, with as little contrast as that takes.

    Attributes:
        guide: What leads there from grey, if lowered: to drive the cell, or to suppress it.
        reached: Tells how far responses, shape (1, watched cell, frame), are on that way, in RMS: in
            each network.
        target: How far they shall be, RMS.
        sign: 1 if the way leads above grey, -1 if below.
        combined: What of several networks is brought to the level.
    """

    guide: Loss
    reached: Callable[[Array], list[float]]
    target: float
    sign: int = 1
    combined: Callable[[list[float]], float] = mean

    @property
    def way(self) -> float:
        """The unit of what is missing: the whole way, but for levels close to grey."""
        return max(abs(self.target), _LEAST_WAY)

    def excess(self, response: Array) -> float:
        """Return how far a response is beyond the level, in units of `way`."""
        return (self.combined(self.reached(response)) - self.target) / self.way

    def worst(self, response: Array) -> float:
        """Return how far a response is, RMS above grey, in the network where it is furthest off."""
        return self.sign * max(self.reached(response), key=lambda one: abs(one - self.target))

    def is_at(self, response: Array) -> bool:
        """Return whether the response of each network is at the level."""
        furthest = self.sign * self.worst(response) - self.target
        return abs(furthest) <= LEVEL_MISSED * self.way


class Ascent(Stepper):
    """Lowers a loss on one movie under constraints: a batch of one.

    Args:
        recording: Simulates.
        start: Luminance, shape (frame, column), an array of the engine.
        loss: What to lower, without the pull to grey where there is a budget.
        allowed: What the stimulus must satisfy.
        n_iters: Iterations: each is one simulation and one gradient.
        rate: Learning rate, in units of luminance.
        level: The level to reach in place of a budget, if any.
        settled: Whether the start is good already, so that small steps are best.
    """

    def __init__(
        self,
        recording: Recording,
        start: Array,
        loss: Loss,
        allowed: Allowed,
        *,
        n_iters: int,
        rate: float,
        level: Level | None = None,
        settled: bool = False,
    ) -> None:
        self._recording, self._loss, self._allowed, self._level = recording, loss, allowed, level
        super().__init__(n_iters)
        self._rate, self._settled = rate, settled
        self._n_steered = n_iters - max(1, round(POLISHED * n_iters))
        self._free = self._bounded(start)
        typical = (contrast_energy(self._free) / max(1.0, float(allowed.linear.mask.sum()))) ** 0.5
        self._settled_share = min(_LAST_RATE, _SETTLED_RATE * typical / rate)
        library = library_of(start)
        self.stimuli = self._shown(self._free)[None]
        self.best = copy_of(self.stimuli)
        self.best_total = library.full_like(start[0, :1], library.inf)
        self._adam = Adam(self._free[None], rate)
        self._price, self._trend = 0.0, 0.0
        self._here: Point | None = None
        self._length = _FIRST_CHOICE if allowed.chooses else _FIRST_STEP
        self._trust = 1.0

    def advance(self, n_steps: int) -> np.ndarray:
        """See `Stepper`."""
        losses = np.empty((n_steps, 1, 1 + len(self._loss.parts)), np.float32)
        n_taken = 0
        while n_taken < n_steps and not self.stopped:
            steers = self.n_done < self._n_steered
            losses[n_taken] = self._steer() if steers else self._polish()
            self.n_done += 1
            n_taken += 1
        if n_taken:
            check_losses(losses[:n_taken], self.n_done)
        return losses[:n_taken]

    def response(self, stimuli: Array) -> Array:
        """See `Stepper`."""
        return self._recording.response(stimuli)

    def missed(self, stimulus: Array, response: Array) -> str:
        """See `Stepper`."""
        level = self._level
        if level is None:
            return missed_energy([self._allowed.energy], [contrast_energy(stimulus)])
        if level.is_at(response):
            return ""
        return missed_level(level.sign * level.target, level.worst(response))

    def standing(self) -> Standing:
        """See `Stepper`."""
        free = self._free if self._here is None else self._raw(self._here)
        return Standing(
            self.n_done,
            copy_of(free)[None],
            copy_of(self.stimuli),
            self._adam.moments,
            copy_of(self.best),
            copy_of(self.best_total),
            (self._price, self._trend),
            (self._here, self._length, self._trust),
        )

    def resume(self, standing: Standing) -> None:
        """See `Stepper`."""
        self.take_over(standing, same_price=True)
        self.best[...], self.best_total[...] = standing.best, standing.best_total
        self._free[...] = standing.free[0]
        self.stimuli[...] = standing.shown
        self._here, self._length, self._trust = standing.here

    def take_over(self, standing: Standing, *, same_price: bool) -> None:
        """See `Stepper`."""
        self.n_done = standing.n_done
        self._free[...] = self._bounded(standing.free[0])
        self.stimuli[0] = self._shown(self._free)
        self._adam.resume(standing.moments)
        if same_price:
            self._price, self._trend = standing.price

    def _steer(self) -> np.ndarray:
        """Take a step towards the budget, or the level; return the losses before it."""
        self._here = None  # more iterations may follow those that polished
        point = self._at(self._free)
        gradient = point.gradient
        if self._has_price:
            self._price = self._price or self._first_price(gradient)
            off = min(_FARTHEST, max(-_FARTHEST, self._off(point)))
            self._trend += _INTEGRAL * off
            price = self._price * math.exp(self._trend + _NEAR * off)
            gradient = gradient + price * (self._free - GREY)
        self._adam.rate = self._rate * self._share(self.n_done / max(1, self._n_steered - 1))
        self._adam.step(gradient[None])
        self._free[...] = self._bounded(self._free)
        self.stimuli[0] = self._shown(self._free)
        return self._host(point.losses)

    def _bounded(self, free: Array) -> Array:
        """Return what is steered as it is allowed, but for which pixels have which of two levels.

        With a budget, that is their order, which would be lost at the ends of the range.
        """
        allowed = self._allowed
        return allowed.linear(free) if allowed.chooses else allowed.nearest(free)

    @property
    def _has_price(self) -> bool:
        return self._allowed.energy > 0 or self._level is not None

    def _off(self, point: Point) -> float:
        """Return how much contrast there is too much: the logarithm of its energy over the right one."""
        if self._level is not None:
            return 2 * self._excess_contrast(point)
        return math.log(max(contrast_energy(self._free), 1e-30) / self._allowed.energy)

    def _share(self, done: float) -> float:
        if self._settled:
            return self._settled_share
        return _LAST_RATE + (_FIRST_RATE - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))

    def _first_price(self, gradient: Array) -> float:
        """Return the weight of the pull to grey under which the steepest stimulus keeps the budget."""
        budget = self._allowed.energy or _FIRST_ENERGY
        deviation = self._allowed.filled(GREY - gradient, budget) - GREY
        steepness, strength = float((gradient**2).sum()), float((deviation**2).sum())
        # A cell that nothing reaches yet has no gradient: then nothing pulls to grey either.
        return (steepness / strength) ** 0.5 if strength else 0.0

    def _polish(self) -> np.ndarray:
        """Go uphill on the budget: a step is kept where the loss falls, and else shortened.

        Returns:
            The losses of what was tried.
        """
        here = self._here
        if here is None:
            self._here = there = self._at(self._shown(self._free), raw=self._free)
            self._keep(there)
            return self._host(there.losses)
        raw = self._towards(here, self._length)
        there = self._at(self._shown(raw), raw=raw)
        better = there.total < here.total
        self._length = min(1.0, _LONGER * self._length) if better else _SHORTER * self._length
        # Close to a level, movies that use less contrast for it lie on both sides.
        taken = better or (self._level is not None and abs(there.excess) <= LEVEL_MISSED)
        self._trust = min(1.0, _LONGER * self._trust) if taken else _SHORTER * self._trust
        if taken:
            self._here = there
        if better:
            self._keep(there)
        return self._host(there.losses)

    def _towards(self, here: Point, length: float) -> Array:
        """Return the stimulus some way towards the one that is steepest."""
        raw = self._raw(here)
        if self._has_price:
            budget = self._allowed.energy or max(contrast_energy(raw), 1e-30)
            allowed = self._allowed
            if allowed.chooses:
                largest = float(library_of(raw).abs(here.gradient).max()) or 1.0
                steepest = allowed.leveled(GREY - here.gradient / largest, budget)
            else:
                steepest = allowed.filled(GREY - here.gradient, budget)
            moved = (1 - length) * raw + length * steepest
            return moved if self._level is None else self._rescaled(here, moved)
        library = library_of(here.gradient)
        largest = float(library.abs(here.gradient).max()) or 1.0
        return raw - length * self._rate / largest * here.gradient

    def _rescaled(self, here: Point, moved: Array) -> Array:
        """Return a stimulus with the contrast that should bring it to the level (Newton's step)."""
        by = min(_MOST_RESCALED, max(-_MOST_RESCALED, -self._excess_contrast(here)))
        return GREY + (1 + self._trust * by) * (moved - GREY)

    def _excess_contrast(self, point: Point) -> float:
        """Return by which share of its contrast a stimulus is too strong for the level (Newton's step).

        Close to the most that a cell does, the response grows little with the contrast: then much more
        of it is needed than the response tells that is missing.
        """
        assert self._level is not None
        slope = -float((point.gradient * (point.stimulus - GREY)).sum()) / self._level.way
        return point.excess / max(slope, _LEAST_SLOPE)

    def _raw(self, point: Point) -> Array:
        """Return what to move on from: levels would hold small steps."""
        return point.raw if self._allowed.levels else point.stimulus

    @QUIET
    def _at(self, stimulus: Array, *, raw: Array | None = None) -> Point:
        response, back = self._recording.with_way_back(stimulus[None])
        losses = self._loss(stimulus[None], response)[0]
        guide = self._loss if self._level is None else self._level.guide
        on_stimulus, on_response = guide.gradient(stimulus[None], response)
        gradient = self._allowed.linear.direction((on_stimulus + back(on_response))[0])
        excess = 0.0 if self._level is None else self._level.excess(response)
        raw = copy_of(stimulus if raw is None else raw)
        return Point(raw, copy_of(stimulus), losses, gradient, excess)

    def _shown(self, stimulus: Array) -> Array:
        """Return the stimulus as it is allowed: on the budget, at the levels."""
        allowed = self._allowed
        if allowed.levels:
            return allowed.leveled(stimulus)
        return allowed.nearest(allowed.on_budget(stimulus) if allowed.energy else stimulus)

    def _keep(self, point: Point) -> None:
        self.stimuli[0] = point.stimulus
        if point.total < float(self.best_total[0]):
            self.best[0] = point.stimulus
            self.best_total[0] = point.total

    def _host(self, losses: Array) -> np.ndarray:
        return np.array(losses.tolist(), np.float32)
