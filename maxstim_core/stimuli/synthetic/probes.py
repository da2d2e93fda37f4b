"""Textbook stimuli, rendered straight onto the columns.

Angles are degrees counter-clockwise from rightward, speeds columns per second, wavelengths columns:
distances are those of the regular lattice on which plots are drawn (docs/numerics.md#the-lattice).
"""

from __future__ import annotations

import numpy as np

from maxstim_core.conventions import GREY, frames_in
from maxstim_core.lattice import Lattice, ring_distance


def moving_edge(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    angle: float,
    speed: float,
    before: float,
    after: float,
    start: float,
) -> np.ndarray:
    """Return an edge that sweeps over the eye, one column wide.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        angle: Direction of motion, degrees counter-clockwise from rightward.
        speed: Columns per second.
        before: Luminance ahead of the edge.
        after: Luminance that it leaves behind.
        start: Where the edge begins, in columns from the centre along its motion (negative: before
            the centre).

    Returns:
        Luminance, shape (frame, column).
    """
    position = start + speed * _times(seconds, dt)
    passed = np.clip(position[:, None] - _along(lattice, angle) + 0.5, 0, 1)
    return before + (after - before) * passed


def moving_bar(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    angle: float,
    speed: float,
    width: float,
    luminance: float,
    start: float,
    background: float = GREY,
) -> np.ndarray:
    """Return a bar, as long as the eye, that moves across its length.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        angle: Direction of motion, degrees counter-clockwise from rightward.
        speed: Columns per second.
        width: Columns.
        luminance: Luminance of the bar.
        start: Where the middle of the bar begins, in columns from the centre along its motion.
        background: Luminance elsewhere.

    Returns:
        Luminance, shape (frame, column).
    """
    sweep = {
        "dt": dt,
        "seconds": seconds,
        "angle": angle,
        "speed": speed,
        "before": 0.0,
        "after": 1.0,
    }
    front = moving_edge(lattice, **sweep, start=start + width / 2)
    back = moving_edge(lattice, **sweep, start=start - width / 2)
    return background + (luminance - background) * (front - back)


def grating(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    angle: float,
    wavelength: float,
    frequency: float,
    contrast: float = 1.0,
) -> np.ndarray:
    """Return a drifting sine grating about grey.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration.
        angle: Direction of drift, degrees counter-clockwise from rightward.
        wavelength: Columns per cycle.
        frequency: Cycles per second (Hz).
        contrast: Michelson contrast, 0 to 1.

    Returns:
        Luminance, shape (frame, column).
    """
    cycles = frequency * _times(seconds, dt)[:, None] - _along(lattice, angle) / wavelength
    return GREY + GREY * contrast * np.sin(2 * np.pi * cycles)


def flash(
    lattice: Lattice,
    *,
    dt: float,
    seconds: float,
    radius: float,
    luminance: float,
    onset: float,
    duration: float,
    center: tuple[int, int] = (0, 0),
    background: float = GREY,
) -> np.ndarray:
    """Return a disc that is switched on and off.

    A disc of radius 0 is a dot; shown for one frame it is an impulse.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration of the whole movie.
        radius: Rings of columns around the disc's centre; 0 is one column alone.
        luminance: Luminance of the disc.
        onset: Seconds until the disc appears.
        duration: Seconds that it stays.
        center: Coordinates (u, v) of the disc's central column.
        background: Luminance before, after and elsewhere.

    Returns:
        Luminance, shape (frame, column).
    """
    frame = np.arange(frames_in(seconds, dt))
    shown = (frame >= round(onset / dt)) & (frame < round((onset + duration) / dt))
    disc = ring_distance(lattice.u - center[0], lattice.v - center[1]) <= radius
    return np.where(shown[:, None] & disc, luminance, background)


def step(
    lattice: Lattice, *, dt: float, seconds: float, before: float, after: float, onset: float
) -> np.ndarray:
    """Return a change of the whole field's luminance.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration of the whole movie.
        before: Luminance until the step.
        after: Luminance from then on.
        onset: Seconds until the step.

    Returns:
        Luminance, shape (frame, column).
    """
    stepped = np.arange(frames_in(seconds, dt)) >= round(onset / dt)
    return np.repeat(np.where(stepped, after, before)[:, None], lattice.n_columns, axis=1)


def _times(seconds: float, dt: float) -> np.ndarray:
    return np.arange(frames_in(seconds, dt)) * dt


def _along(lattice: Lattice, angle: float) -> np.ndarray:
    """Position of each column along a direction, in columns from the centre."""
    direction = np.deg2rad(angle)
    return (lattice.x * np.cos(direction) + lattice.y * np.sin(direction)) / np.sqrt(3)
