"""What a network is fitted to: tuning measured in flies."""

from __future__ import annotations

import numpy as np

ANGLES = np.arange(0, 360, 30)
"""Directions of motion of the tuning curves, degrees counter-clockwise from rightward."""

TUNING_CURVES = {
    "T4a": (0.04, 0.05, 0.165, 0.19, 0.29, 0.50, 1.0, 0.585, 0.31, 0.11, 0.06, 0.04),
    "T4b": (0.745, 0.785, 0.305, 0.265, 0.25, 0.335, 0.285, 0.23, 0.14, 0.11, 0.26, 0.775),
    "T4c": (0.04, 0.2, 0.57, 0.775, 0.715, 0.325, 0.22, 0.13, 0.13, 0.22, 0.155, 0.11),
    "T4d": (0.07, 0.07, 0.12, 0.17, 0.21, 0.14, 0.21, 0.29, 0.67, 0.655, 0.7, 0.51),
    "T5a": (0.20, 0.295, 0.265, 0.20, 0.25, 0.65, 1.0, 0.59, 0.29, 0.21, 0.20, 0.22),
    "T5b": (0.83, 0.855, 0.405, 0.16, 0.175, 0.24, 0.30, 0.25, 0.13, 0.2, 0.30, 0.655),
    "T5c": (0.20, 0.44, 0.69, 0.595, 0.745, 0.525, 0.34, 0.255, 0.34, 0.295, 0.26, 0.28),
    "T5d": (0.17, 0.21, 0.21, 0.20, 0.19, 0.15, 0.185, 0.42, 0.85, 0.79, 0.685, 0.565),
}
"""Relative response of the T4 and T5 subtypes to edges moving at `ANGLES`: Maisak et al., Nature 500,
212 (2013), as in spec §8."""

NOT_DIRECTION_SELECTIVE = (
    *("Tm1", "Tm2", "Tm4", "Tm9", "CT1(Lo1)"),
    *("Mi1", "Tm3", "Mi4", "Mi9", "CT1(M10)"),
)
"""Cell types that answer to motion in all directions alike (spec §8)."""

UNRECTIFIED = (*(f"R{i}" for i in range(1, 9)), "L1", "L2")
"""Cell types whose voltage follows light both ways, which the flash index does not resolve."""
