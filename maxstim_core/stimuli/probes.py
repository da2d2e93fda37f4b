"""Textbook stimuli, rendered straight onto the columns.

Angles are degrees counter-clockwise from rightward, speeds columns per second, wavelengths columns:
distances are those of the regular lattice on which plots are drawn (spec §2).
"""

from __future__ import annotations

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.network import GREY
from maxstim_core.optimal.configs import frames_in


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
        angle: Direction of motion.
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
        angle: Direction of drift.
        wavelength: Columns per cycle.
        frequency: Cycles per second.
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
) -> np.ndarray:
    """Return a disc that is switched on and off on grey.

    Args:
        lattice: The eye.
        dt: Seconds per frame.
        seconds: Duration of the whole movie.
        radius: Rings of columns around the centre; 0 is the central column alone.
        luminance: Luminance of the disc.
        onset: Seconds until the disc appears.
        duration: Seconds that it stays.

    Returns:
        Luminance, shape (frame, column).
    """
    frame = np.arange(frames_in(seconds, dt))
    shown = (frame >= round(onset / dt)) & (frame < round((onset + duration) / dt))
    return np.where(shown[:, None] & (lattice.ring <= radius), luminance, GREY)


def _times(seconds: float, dt: float) -> np.ndarray:
    return np.arange(frames_in(seconds, dt)) * dt


def _along(lattice: Lattice, angle: float) -> np.ndarray:
    """Position of each column along a direction, in columns from the centre."""
    direction = np.deg2rad(angle)
    return (lattice.x * np.cos(direction) + lattice.y * np.sin(direction)) / np.sqrt(3)
