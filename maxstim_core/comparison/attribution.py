"""Which part of a movie the response comes from, and how small a part is enough.

Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv:1703.01365) from grey: the deviation of each
pixel from grey times the mean gradient on the way from grey to the movie. They add up to the response.
That they name the right pixels is not taken on trust: pixels, columns and frames are kept in their
order, all else is grey, until the response is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from maxstim_core.comparison.shares import is_next_to_nothing
from maxstim_core.conventions import GREY
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.recording import Recording
from maxstim_core.simulation.engine import Engine

KEPT = 0.85
"""Share of the response that the smallest part has to keep."""

PATH_STEPS = 16
"""Points on the way from grey at which gradients are taken."""

_FIRST_WIDTH, _WIDTH = 12, 6
"""Sizes of the smallest part that are tried in the first round, and in each of the later ones."""


class Part(NamedTuple):
    """The smallest part of a movie that keeps most of the response, the rest grey.

    Attributes:
        kept: 1 where the movie is kept, else 0; shape (frame, column), or broadcastable to it.
        size: How many pixels, columns or frames are kept.
        share: Share of the response that it keeps; NaN, and nothing kept, where the response is next to
            nothing.
    """

    kept: np.ndarray
    size: int
    share: float


def attribution(engine: Engine, measured: Measured, stimulus: np.ndarray, dt: float) -> np.ndarray:
    """Return how much of the response comes from each pixel, shape (frame, column), in RMS.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        stimulus: Luminance, shape (frame, column).
        dt: Seconds per frame.
    """
    deviation = stimulus - np.float32(GREY)
    way = (np.arange(PATH_STEPS, dtype=np.float32) + np.float32(0.5)) / PATH_STEPS
    cells = engine.layout.central_cells[list(measured.kinds)]
    total = np.zeros(stimulus.shape, np.float64)
    for share in way:
        recording = Recording([engine], cells[None], dt)
        movie = engine.array((np.float32(GREY) + share * deviation)[None])
        voltage, back = recording.with_way_back(movie)
        gradient = back(engine.array(measured.gradient(engine.host(voltage))))
        total += engine.host(gradient)[0]
    return (deviation * total / PATH_STEPS).astype(np.float32)


def smallest_parts(
    engine: Engine,
    measured: Measured,
    stimulus: np.ndarray,
    dt: float,
    attributed: np.ndarray,
) -> Iterator[tuple[str, Part]]:
    """Find the smallest set of pixels, of columns and of frames that keeps `KEPT` of the response.

    Each is sought among the sets of the most important of every size, by attribution and by its
    magnitude; the fewest are found by bisection, so that one fewer keeps less. What is negative on the
    way from grey can be needed all the same: the dark before a bright edge, without which a generated
    movie of T4c keeps half of its response.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the response.
        stimulus: Luminance, shape (frame, column).
        dt: Seconds per frame.
        attributed: As of `attribution`.

    Yields:
        What it is a set of, ``pixels``, ``columns`` or ``frames``, and the set.
    """
    shown = np.stack([stimulus, np.full_like(stimulus, GREY)])
    whole, grey = map(float, measured.responses(engine, shown, dt))
    worth = measured.sign * attributed
    for name, axis in (("pixels", None), ("columns", 0), ("frames", 1)):
        if is_next_to_nothing(whole, grey):
            nothing = np.zeros(_summed(worth, axis).shape, bool)
            yield name, Part(nothing, 0, float("nan"))
            continue
        parts = [
            _smallest(engine, measured, stimulus, dt, _summed(each, axis), whole)
            for each in (worth, np.abs(worth))
        ]
        yield name, min(parts, key=lambda part: part.size)


def _summed(worth: np.ndarray, axis: int | None) -> np.ndarray:
    return worth if axis is None else worth.sum(axis, keepdims=True)


def _smallest(
    engine: Engine,
    measured: Measured,
    stimulus: np.ndarray,
    dt: float,
    importance: np.ndarray,
    whole: float,
) -> Part:
    rank = np.empty(importance.size, int)
    rank[np.argsort(-importance, axis=None, kind="stable")] = np.arange(importance.size)
    place = rank.reshape(importance.shape)

    def kept(size: int) -> np.ndarray:
        return place < size

    def shares(sizes: np.ndarray) -> np.ndarray:
        deviation = stimulus - np.float32(GREY)
        movies = np.stack([np.float32(GREY) + kept(size) * deviation for size in sizes])
        return measured.responses(engine, movies, dt) / whole

    too_few, enough, share = 0, importance.size, 1.0
    width = _FIRST_WIDTH
    while enough - too_few > 1:
        # Evenly in their logarithm at first; between the two last that are left, all.
        sizes = np.geomspace(too_few + 1, enough, width + 1).round().astype(int)
        sizes = np.unique(sizes[sizes < enough])
        found = shares(sizes)
        keeps = np.flatnonzero(found >= KEPT)
        first = int(keeps[0]) if keeps.size else len(sizes)
        if keeps.size:
            enough, share = int(sizes[first]), float(found[first])
        if first:
            too_few = int(sizes[first - 1])
        width = _WIDTH
    return Part(kept(enough), enough, share)
