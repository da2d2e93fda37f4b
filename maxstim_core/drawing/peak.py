"""When the central cell responds most, and time relative to that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from maxstim_core.lattice import Lattice

LEAD = 0.15
"""Seconds before the peak in which the telling frame is looked for."""

NEAR = 2
"""Rings around the central column that count for it: about what the cell itself sees."""

_ENOUGH = 0.25
"""Share of the contrast energy of the strongest frame that a frame must have to tell anything."""


def peak_frame(central: np.ndarray) -> int:
    """Return the frame of the largest finite central response, 0 where none is finite.

    Args:
        central: Voltage of the central cell, shape (frame,).
    """
    return int(np.argmax(np.where(np.isfinite(central), central, -np.inf)))


def asks_lowest(about: Mapping[str, Any]) -> bool:
    """Tell whether an answer was to hyperpolarize its cell: what it shows then is a lowest voltage.

    Args:
        about: Attributes of the answer.
    """
    try:
        return bool(json.loads(str(about.get("config", "{}"))).get("objective") == "suppress")
    except (AttributeError, ValueError):  # of another version
        return False


def extreme_frame(central: np.ndarray, about: Mapping[str, Any]) -> int:
    """Return the frame of what an answer was asked for: of the highest voltage, or of the lowest.

    Args:
        central: Voltage of the central cell, shape (frame,).
        about: Attributes of the answer.
    """
    return peak_frame(-central if asks_lowest(about) else central)


def telling_frame(stimulus: np.ndarray, lattice: Lattice, peak: int, dt: float) -> int:
    """Return the frame that shows best what the cell answers to: where the most has changed before it.

    At the peak itself a stimulus is often grey again: what is shown then reaches the cell too late. Only
    the columns near the centre count, and as a change: a scene is never grey, and is full of contrast
    that the cell does not see. A stimulus that is on already may end within these moments, which is a
    change, too: frames that are nearly grey, beside the strongest until the peak, are left out.

    Args:
        stimulus: Luminance, shape (frame, column).
        lattice: The eye that the columns belong to.
        peak: Frame of the peak response.
        dt: Seconds per frame.
    """
    until = stimulus[: peak + 1]
    contrast = np.square(until - 0.5).sum(axis=1)
    tells = contrast >= _ENOUGH * contrast.max()
    first = max(0, peak - round(LEAD / dt))
    if not tells[first:].any():
        first = 0
    window = until[first:, lattice.ring <= NEAR]
    change = np.square(window - window[0]).sum(axis=1)
    return first + int(np.argmax(np.where(tells[first:], change, -1)))


def time_from_peak(n_frames: int, peak: int, dt: float) -> np.ndarray:
    """Return the time of each frame in milliseconds relative to frame `peak`, shape (frame,)."""
    return (np.arange(n_frames) - peak) * dt * 1e3
