"""A stimulus that a person draws: frames of the eye, painted with a brush.

A painting has 255 levels of luminance, so that grey is one of them, exactly. It is never changed: what
is done to one gives another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from maxstim_core.conventions import MAX_DT, MIN_DT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.settings import checked_number, checked_whole

WHITE_LEVEL, GREY_LEVEL = 254, 127
"""Levels of white and of grey; 0 is black."""

MOST_PAINTED = 200
"""Most frames of a painting."""

MAX_BRUSH = 8
"""Largest radius of the brush, in rings of columns around the one that it is on."""


@dataclass(frozen=True)
class BrushStroke:
    """One stroke of the brush.

    Attributes:
        columns: The columns that the middle of the brush passes over.
        level: What it leaves there, from 0 (black) to `WHITE_LEVEL`.
        first: The first frame that it paints.
        stop: The frame behind the last.
        radius: Rings of columns around the middle; 0 paints one column.
        mirror: Axis about which its mirror image is painted too, as of `Lattice.mirrored`; 0 for none.
    """

    columns: Sequence[int]
    level: int
    first: int
    stop: int
    radius: int = 0
    mirror: int = 0

    def covered(self, lattice: Lattice) -> np.ndarray:
        """Return which columns of an eye it covers, shape (column,), bool.

        Raises:
            MaxstimError: if a column is none of the eye's, or there is no such brush or axis.
        """
        radius = checked_whole(self.radius, "The size of the brush", (0, MAX_BRUSH))
        last = lattice.n_columns - 1
        middles = [checked_whole(one, "A painted column", (0, last)) for one in self.columns]
        passed = np.unique(np.asarray(middles, np.int64))
        around = Lattice(radius)
        u, v = (
            each[passed, None] + off for each, off in ((lattice.u, around.u), (lattice.v, around.v))
        )
        found = lattice.index(u, v)
        disc = np.zeros(lattice.n_columns, bool)
        disc[found[found >= 0]] = True
        return disc | lattice.mirrored(disc, checked_whole(self.mirror, "The mirror axis", (0, 3)))


@dataclass(frozen=True, eq=False)
class Painting:
    """A movie of levels of luminance.

    Attributes:
        lattice: The eye that it is for.
        dt: Seconds per frame.
        levels: From 0 (black) to `WHITE_LEVEL`, shape (frame, column), uint8, read-only.

    Raises:
        MaxstimError: if there are no frames, or too many, the levels do not fit the eye, or there is no
            such frame duration.

    Example:
        >>> from maxstim_core.lattice import Lattice
        >>> from maxstim_core.stimuli.painting import BrushStroke, Painting
        >>> painting = Painting.grey(Lattice(2), n_frames=3, dt=0.01)
        >>> spot = painting.painted(BrushStroke([9], level=254, first=1, stop=3))
        >>> float(spot.energy)  # one column white in two frames
        0.5
    """

    lattice: Lattice
    dt: float
    levels: np.ndarray

    def __post_init__(self) -> None:
        dt = checked_number(self.dt, "The frame duration (dt)", (MIN_DT, MAX_DT), unit="s")
        levels = np.array(self.levels)
        n_columns = self.lattice.n_columns
        if levels.ndim != 2 or levels.dtype != np.uint8 or levels.shape[1] != n_columns:
            raise MaxstimError(
                f"A painting needs levels as bytes, shape (frame, {n_columns}), not {levels.dtype} of "
                f"shape {levels.shape}."
            )
        _check_frames(len(levels))
        if levels.max() > WHITE_LEVEL:
            raise MaxstimError(f"The levels of a painting must lie between 0 and {WHITE_LEVEL}.")
        levels.setflags(write=False)
        object.__setattr__(self, "dt", dt)
        object.__setattr__(self, "levels", levels)

    @classmethod
    def grey(cls, lattice: Lattice, *, n_frames: int, dt: float) -> Painting:
        """Return a painting of nothing but grey.

        Args:
            lattice: The eye.
            n_frames: Number of frames.
            dt: Seconds per frame.

        Raises:
            MaxstimError: as of the class.
        """
        n_frames = _check_frames(n_frames)
        return cls(lattice, dt, np.full((n_frames, lattice.n_columns), GREY_LEVEL, np.uint8))

    @classmethod
    def of_luminance(cls, lattice: Lattice, luminance: np.ndarray, *, dt: float) -> Painting:
        """Return a movie as a painting: each value becomes the nearest level.

        Args:
            lattice: The eye.
            luminance: From 0 (black) to 1 (white), shape (frame, column); what lies outside is clipped.
            dt: Seconds per frame.

        Raises:
            MaxstimError: as of the class, or if a value is not finite.
        """
        values = np.asarray(luminance)
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise MaxstimError("A painting begins from luminance that is finite; choose another.")
        return cls(lattice, dt, np.rint(WHITE_LEVEL * np.clip(values, 0, 1)).astype(np.uint8))

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.levels)

    @cached_property
    def luminance(self) -> np.ndarray:
        """Luminance from 0 (black) to 1 (white), shape (frame, column), float32."""
        return self.levels.astype(np.float32) / np.float32(WHITE_LEVEL)

    @property
    def energy(self) -> float:
        """Contrast energy, the sum of (luminance - 0.5)² over frames and columns."""
        above = self.levels.astype(np.int64) - GREY_LEVEL
        return float((above**2).sum()) / WHITE_LEVEL**2

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of everything in it."""
        digest = hashlib.sha256(f"painting:{self.lattice.extent}:{self.dt!r}:".encode())
        digest.update(self.levels.tobytes())
        return digest.hexdigest()

    def painted(self, stroke: BrushStroke) -> Painting:
        """Return the painting after a stroke.

        Raises:
            MaxstimError: if the stroke leaves the eye or the movie, or there is no such brush or level.
        """
        level = checked_whole(stroke.level, "The level to paint", (0, WHITE_LEVEL))
        first, stop = self._frames(stroke.first, stroke.stop)
        levels = self.levels.copy()
        levels[first:stop, stroke.covered(self.lattice)] = level
        return replace(self, levels=levels)

    def copied_forward(self, frame: int, stop: int) -> Painting:
        """Return the painting with one frame copied over those that follow it.

        Args:
            frame: The frame to copy.
            stop: The frame behind the last that becomes the same.

        Raises:
            MaxstimError: if there are no such frames.
        """
        frame, stop = self._frames(frame, stop)
        levels = self.levels.copy()
        levels[frame:stop] = levels[frame]
        return replace(self, levels=levels)

    def with_frames(self, first: int, levels: np.ndarray) -> Painting:
        """Return the painting with some frames replaced.

        Args:
            first: The first of them.
            levels: Shape (frame, column), uint8.

        Raises:
            MaxstimError: if there are no such frames, or they are no levels of this eye.
        """
        levels = np.asarray(levels)
        if (
            levels.ndim != 2
            or levels.dtype != np.uint8
            or levels.shape[1:] != self.levels.shape[1:]
        ):
            raise MaxstimError(
                "The frames to replace do not fit the painting; load the page again."
            )
        first, stop = self._frames(first, first + len(levels))
        replaced = self.levels.copy()
        replaced[first:stop] = levels
        return replace(self, levels=replaced)

    def of_length(self, n_frames: int) -> Painting:
        """Return the painting with more frames, of grey at its end, or with fewer.

        Raises:
            MaxstimError: if there would be none, or too many.
        """
        n_frames = _check_frames(n_frames)
        levels = np.full((n_frames, self.lattice.n_columns), GREY_LEVEL, np.uint8)
        kept = self.levels[:n_frames]
        levels[: len(kept)] = kept
        return replace(self, levels=levels)

    def _frames(self, first: object, stop: object) -> tuple[int, int]:
        start = checked_whole(first, "The first frame", (0, self.n_frames - 1))
        return start, checked_whole(stop, "The end of the frames", (start + 1, self.n_frames))


def _check_frames(n_frames: object) -> int:
    return checked_whole(n_frames, "The number of frames of a painting", (1, MOST_PAINTED))
