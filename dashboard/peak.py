"""When the central cell responds most, and time relative to that."""

from __future__ import annotations

import numpy as np

from maxstim_core.network import GREY

LEAD = 0.15
"""Seconds before the peak in which the telling frame is looked for."""


def peak_frame(central: np.ndarray) -> int:
    """Return the frame of the largest finite central response, 0 where none is finite."""
    return int(np.argmax(np.where(np.isfinite(central), central, -np.inf)))


def telling_frame(stimulus: np.ndarray, peak: int, dt: float) -> int:
    """Return the frame that shows best what the cell answers to: the strongest one before the peak.

    At the peak itself a stimulus is often grey again: what is shown then reaches the cell too late.

    Args:
        stimulus: Luminance, shape (frame, column).
        peak: Frame of the peak response.
        dt: Seconds per frame.
    """
    first = max(0, peak - round(LEAD / dt))
    contrast = np.square(stimulus[first : peak + 1] - GREY).sum(axis=1)
    return first + int(np.argmax(contrast))


def time_from_peak(n_frames: int, peak: int, dt: float) -> np.ndarray:
    """Return the time of each frame in milliseconds relative to frame `peak`, shape (frame,)."""
    return (np.arange(n_frames) - peak) * dt * 1e3
