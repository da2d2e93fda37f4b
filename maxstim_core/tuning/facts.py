"""Published tuning of the cell types: which contrast they prefer, and which direction of motion.

These are facts from experiments, not predictions of a network; flyvis compares its networks with the
same table (docs/numerics.md#known-tuning). Polarity is known for 32 of the 65 cell types, after the 26
studies listed in Lappalainen et al. (2024), "Connectome-constrained networks predict neural activity
across the fly visual system", Nature 634:1132, doi:10.1038/s41586-024-07939-3. The preferred directions
of T4 and T5 are from Maisak et al. (2013), "A directional tuning map of Drosophila elementary motion
detectors", Nature 500:212, doi:10.1038/nature12320.
"""

from __future__ import annotations

import numpy as np

ON, OFF = 1, -1

_ON_TYPES = "R1 R2 R3 R4 R5 R6 R7 R8 L5 C3 CT1(M10) Mi1 Mi4 Tm3 T4a T4b T4c T4d"
_OFF_TYPES = "L1 L2 L3 L4 CT1(Lo1) Mi9 Tm1 Tm2 Tm4 Tm9 T5a T5b T5c T5d"

CLEAR = 0.1
"""Flash response index from which a polarity counts as clear."""

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

SELECTIVE = 0.2
"""Direction selectivity index from which a cell type counts as direction selective."""

ANGLES: np.ndarray = np.arange(0, 360, 30)
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
212 (2013), as in flyvis 1.2.0, ``flyvis/utils/groundtruth_utils.py``."""

NOT_DIRECTION_SELECTIVE = (
    *("Tm1", "Tm2", "Tm4", "Tm9", "CT1(Lo1)"),
    *("Mi1", "Tm3", "Mi4", "Mi9", "CT1(M10)"),
)
"""Cell types that answer to motion in all directions alike: docs/numerics.md#known-tuning."""

UNRECTIFIED = (*(f"R{i}" for i in range(1, 9)), "L1", "L2")
"""Cell types whose voltage follows light both ways, which the flash index does not resolve."""
