"""Published tuning of the cell types: which contrast they prefer, and which direction of motion.

These are facts from experiments, not predictions of a network; flyvis compares its networks with the
same table (spec §8). Polarity is known for 32 of the 65 cell types, after the 26 studies listed in
Lappalainen et al. (2024), "Connectome-constrained networks predict neural activity across the fly
visual system", Nature 634:1132, doi:10.1038/s41586-024-07939-3. The preferred directions of T4 and
T5 are from Maisak et al. (2013), "A directional tuning map of Drosophila elementary motion
detectors", Nature 500:212, doi:10.1038/nature12320.
"""

from __future__ import annotations

import numpy as np

ON, OFF = 1, -1

_ON_TYPES = "R1 R2 R3 R4 R5 R6 R7 R8 L5 C3 CT1(M10) Mi1 Mi4 Tm3 T4a T4b T4c T4d"
_OFF_TYPES = "L1 L2 L3 L4 CT1(Lo1) Mi9 Tm1 Tm2 Tm4 Tm9 T5a T5b T5c T5d"

KNOWN_POLARITY: dict[str, int] = {
    **dict.fromkeys(_ON_TYPES.split(), ON),
    **dict.fromkeys(_OFF_TYPES.split(), OFF),
}
"""+1 for cell types that depolarise to light (ON), -1 to dark (OFF); a type not listed is not known."""

PREFERRED_DIRECTION: dict[str, int] = {
    "T4a": 180,
    "T4b": 0,
    "T4c": 90,
    "T4d": 270,
    "T5a": 180,
    "T5b": 0,
    "T5c": 90,
    "T5d": 270,
}
"""Direction of motion that excites the cell type most, degrees counter-clockwise from rightward."""


def flash_response_index(bright: np.ndarray, dark: np.ndarray) -> np.ndarray:
    """Return the flash response index: +1 pure ON, -1 pure OFF (spec §5.7).

    Peaks are counted from the lowest voltage of both flashes, in absolute value, as flyvis counts.

    Args:
        bright: Voltage while a bright disc is flashed, shape (frame, cell).
        dark: The same for a dark disc.

    Returns:
        Shape (cell,).
    """
    shift = np.abs(np.minimum(bright.min(0), dark.min(0)))
    on, off = bright.max(0) + shift, dark.max(0) + shift
    return (on - off) / (on + off + 1e-16)


def peak_response(voltage: np.ndarray) -> np.ndarray:
    """Return the rectified maximum over frames of voltages (…, frame, cell), shape (…, cell)."""
    return np.maximum(voltage, 0).max(-2)


def direction_selectivity_index(peaks: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return the direction selectivity index: 0 all directions alike, 1 one direction alone.

    As flyvis, both contrasts are normalised by the larger of their summed responses, and the mean is
    taken over speeds (spec §5.7).

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

    Args:
        peaks: Peak responses, shape (contrast, angle, speed, cell).
        angles: Degrees, shape (angle,).

    Returns:
        Shape (contrast, cell).
    """
    return np.rad2deg(np.angle(_pointed(peaks, angles).sum(1))) % 360


def _pointed(peaks: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Peaks as complex numbers in their directions, summed over angles: (contrast, speed, cell)."""
    return np.einsum("casn,a->csn", peaks, np.exp(1j * np.deg2rad(angles)))
