"""Measures of tuning as flyvis takes them, on arrays of voltages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def flash_response_index(bright: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Return the flash response index: +1 pure ON, -1 pure OFF.

    Peaks are counted from the lowest voltage of both flashes, in absolute value, as flyvis counts
    (docs/numerics.md#flash-response-index).

    Args:
        bright: Voltage while a bright disc is flashed, shape (frame, cell).
        dark: The same for a dark disc, shape (frame, cell).

    Returns:
        Shape (cell,).
    """
    shift = np.abs(np.minimum(bright.min(0), dark.min(0)))
    on, off = bright.max(0) + shift, dark.max(0) + shift
    return (on - off) / (on + off + 1e-16)


def flash_change(bright: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Return the mean voltage during a bright flash less that during a dark one.

    It tells the polarity of cells that the index does not resolve: those whose voltage follows light
    both ways, such as photoreceptors, L1 and L2.

    Args:
        bright: Voltage while a bright disc is flashed, shape (frame, cell).
        dark: The same for a dark disc, shape (frame, cell).

    Returns:
        Shape (cell,).
    """
    return bright.mean(0) - dark.mean(0)


def peak_response(voltage: np.ndarray) -> np.ndarray:
    """Return the rectified maximum over frames of voltages (…, frame, cell), shape (…, cell)."""
    return np.maximum(voltage, 0).max(-2)


def direction_selectivity_index(peaks: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the direction selectivity index: 0 all directions alike, 1 one direction alone.

    As flyvis, both contrasts are normalised by the larger of their summed responses, and the mean is
    taken over speeds (docs/numerics.md#direction-selectivity-index).

    Args:
        peaks: Peak responses, shape (contrast, angle, speed, cell).
        angles: Degrees, shape (angle,).

    Returns:
        Shape (contrast, cell).
    """
    pointed = np.abs(_pointed(peaks, angles))
    return (pointed / (peaks.sum(1).max(0) + 1e-15)).mean(1)


def preferred_direction(peaks: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the direction of motion that excites most, degrees in [0, 360).

    A cell that no edge drives above zero has none: NaN, where flyvis says 0.

    Args:
        peaks: Peak responses, shape (contrast, angle, speed, cell).
        angles: Degrees, shape (angle,).

    Returns:
        Shape (contrast, cell).
    """
    direction = np.rad2deg(np.angle(_pointed(peaks, angles).sum(1))) % 360
    return np.where(peaks.any((1, 2)), direction, np.nan)


def angular_distance(first: npt.ArrayLike, second: np.ndarray | float) -> np.ndarray:
    """Return how far two directions, in degrees, lie apart: degrees in [0, 180]; any one shape."""
    return np.abs((np.asarray(first) - second + 180) % 360 - 180)


def _pointed(peaks: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Peaks as complex numbers in their directions, summed over angles: (contrast, speed, cell)."""
    return np.einsum("casn,a->csn", peaks, np.exp(1j * np.deg2rad(angles)))
