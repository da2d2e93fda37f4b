"""The best of several movies for a cell, as they are, or with no more contrast energy than an answer.

A movie of full contrast spends most of its energy on columns and frames that the cell does not look at.
At equal energy that would make any comparison easy to win: so each movie is also tried behind apertures,
and without its beginning, before its contrast is made weaker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.simulation.engine import Engine

APERTURES = (1, 2, 3, 5, 8)
"""Rings of columns of the apertures that movies are tried behind, besides none."""

BEGINNINGS = (0.03, 0.06, 0.1, 0.2)
"""Seconds before what counts from which movies are tried, besides all."""

_TRIED = 4
"""How many of the best movies are tried in all these ways."""


class Found(NamedTuple):
    """The best movie of its kind.

    Attributes:
        name: What it shows.
        movie: Luminance, shape (frame, column).
        response: What counts of the response, in RMS above grey.
        energy: Contrast energy.
    """

    name: str
    movie: np.ndarray
    response: float
    energy: float


@dataclass(frozen=True)
class Trial:
    """A movie to try.

    Attributes:
        name: What it shows.
        movie: Luminance, shape (frame, column).
        end: The frame behind the last that what counts can depend on.
        rings: Of the aperture; none if None.
        seconds: From when before `end` it is shown; all if None.
    """

    name: str
    movie: np.ndarray
    end: int
    rings: int | None = None
    seconds: float | None = None

    @property
    def words(self) -> str:
        """Name and what was changed."""
        aperture = "" if self.rings is None else f", within {self.rings} rings"
        beginning = "" if self.seconds is None else f", last {1e3 * self.seconds:g} ms"
        return f"{self.name}{aperture}{beginning}"

    def first_frame(self, dt: float) -> int:
        """Return the first frame that is shown: all before are grey.

        Args:
            dt: Seconds per frame.
        """
        if self.seconds is None:
            return 0
        return max(0, self.end - max(1, round(self.seconds / dt)))

    def luminance(self, lattice: Lattice, dt: float, most_energy: float | None) -> np.ndarray:
        """Return it as it is shown.

        Args:
            lattice: The eye.
            dt: Seconds per frame.
            most_energy: Most contrast energy, to which contrast is made weaker; any if None.

        Returns:
            Luminance, shape (frame, column).
        """
        deviation = np.asarray(self.movie, np.float32) - np.float32(GREY)
        deviation[self.end :] = 0
        if self.rings is not None:
            deviation[:, lattice.ring > self.rings] = 0
        deviation[: self.first_frame(dt)] = 0
        energy = float(np.square(deviation, dtype=np.float64).sum())
        if most_energy is not None and energy > most_energy:
            deviation *= np.float32((most_energy / energy) ** 0.5)
        return np.float32(GREY) + deviation


def best_shown(
    engine: Engine,
    measured: Measured,
    dt: float,
    trials: Sequence[Trial],
    most_energy: float | None,
    *,
    apertures: Sequence[int] = APERTURES,
    n_tried: int = _TRIED,
) -> Found:
    """Return the best of movies, as they are or cut down by apertures and later beginnings.

    Args:
        engine: The network, ready to simulate.
        measured: What counts of the responses.
        dt: Seconds per frame.
        trials: The movies, those that promise most first; only a few of them are tried in all ways.
        most_energy: Most contrast energy, to which contrast is made weaker; any if None.
        apertures: Rings of columns of the apertures to try, besides none.
        n_tried: How many of the movies are tried behind apertures, and of these from later on.
    """
    lattice = engine.network.lattice
    rings = [None, *(each for each in apertures if each < lattice.extent)]
    tried = [replace(movie, rings=ring) for movie in trials[:n_tried] for ring in rings]
    found = _responses(engine, measured, dt, tried, most_energy)
    if most_energy is not None:
        order = np.argsort(-measured.sign * found, kind="stable")[:n_tried]
        later = [replace(tried[k], seconds=each) for k in order for each in BEGINNINGS]
        found = np.append(found, _responses(engine, measured, dt, later, most_energy))
        tried += later
    best = int(np.argmax(measured.sign * found))
    movie = tried[best].luminance(lattice, dt, most_energy)
    return Found(tried[best].words, movie, float(found[best]), contrast_energy(movie))


def _responses(
    engine: Engine,
    measured: Measured,
    dt: float,
    trials: Sequence[Trial],
    most_energy: float | None,
) -> np.ndarray:
    lattice = engine.network.lattice
    movies = np.stack([each.luminance(lattice, dt, most_energy) for each in trials])
    return measured.responses(engine, movies, dt)
