"""Published tuning of the cell types: which contrast they prefer, and which direction of motion.

These are facts from experiments, not predictions of a network; flyvis compares its networks with the
same table (spec §8). Polarity is known for 32 of the 65 cell types, after the 26 studies listed in
Lappalainen et al. (2024), "Connectome-constrained networks predict neural activity across the fly
visual system", Nature 634:1132, doi:10.1038/s41586-024-07939-3. The preferred directions of T4 and
T5 are from Maisak et al. (2013), "A directional tuning map of Drosophila elementary motion
detectors", Nature 500:212, doi:10.1038/nature12320.
"""

from __future__ import annotations

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
