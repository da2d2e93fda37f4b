"""Tuning of the cell types: what is known, how it is measured, and what a network has of it.

The facts and the measures on arrays are here; `maxstim_core.tuning.protocol` shows a network flyvis's
own flashes and edges, `maxstim_core.tuning.card` sums a network up.
"""

from __future__ import annotations

from maxstim_core.tuning.facts import KNOWN_POLARITY, OFF, ON, PREFERRED_DIRECTION
from maxstim_core.tuning.measures import (
    angular_distance,
    direction_selectivity_index,
    flash_change,
    flash_response_index,
    peak_response,
    preferred_direction,
)

__all__ = [
    "KNOWN_POLARITY",
    "OFF",
    "ON",
    "PREFERRED_DIRECTION",
    "angular_distance",
    "direction_selectivity_index",
    "flash_change",
    "flash_response_index",
    "peak_response",
    "preferred_direction",
]
