"""Where the tuning of a network contradicts what is known of flies.

A network that reproduces the known biology is not thereby right about the rest; one that contradicts
it is wrong about something. Each contradiction is said in one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.tuning.facts import (
    KNOWN_POLARITY,
    NOT_DIRECTION_SELECTIVE,
    ON,
    PREFERRED_DIRECTION,
    SELECTIVE,
)

if TYPE_CHECKING:
    from maxstim_core.tuning.protocol import Tuning

FAR = 45.0
"""Degrees from the known direction beyond which another of the four directions is nearer."""


@dataclass(frozen=True)
class Contradiction:
    """One thing that a network gets wrong.

    Attributes:
        cell_type: For example ``T4c``.
        about: ``polarity``, ``direction``, ``selectivity`` or ``contrast``.
        sentence: What flies do and what the network does.
    """

    cell_type: str
    about: str
    sentence: str


def contradictions(tuning: Tuning) -> list[Contradiction]:
    """Return what the network gets wrong, in the order of the cell types."""
    found = [*_polarities(tuning), *_directions(tuning), *_untuned(tuning)]
    return sorted(found, key=lambda item: tuning.cell_types.index(item.cell_type))


def _polarities(tuning: Tuning) -> Iterator[Contradiction]:
    for name, sign in KNOWN_POLARITY.items():
        index = tuning.flash_index[tuning.cell_types.index(name)]
        if index * sign <= 0:
            answers = "ON" if sign == ON else "OFF"
            does = "neither" if index == 0 else "OFF" if sign == ON else "ON"
            yield Contradiction(
                name,
                "polarity",
                f"{name} is {answers} in flies and {does} here (flash index {index:+.2f}).",
            )


def _directions(tuning: Tuning) -> Iterator[Contradiction]:
    for name, known in PREFERRED_DIRECTION.items():
        motion = tuning.motion(name)
        edge, other = ("bright", "dark") if KNOWN_POLARITY[name] == ON else ("dark", "bright")
        if motion.selectivity < SELECTIVE:
            yield Contradiction(
                name,
                "selectivity",
                f"{name} prefers one direction of {edge} edges in flies and hardly any here "
                f"(direction index {motion.selectivity:.2f}).",
            )
        elif motion.error > FAR:
            yield Contradiction(
                name,
                "direction",
                f"{name} prefers {edge} edges at {known}° in flies and at {motion.direction:.0f}° here.",
            )
        if motion.wrong_contrast >= 1:
            yield Contradiction(
                name,
                "contrast",
                f"{name} answers to {edge} edges in flies and to {other} ones "
                f"{motion.wrong_contrast:.2g} times as much here.",
            )


def _untuned(tuning: Tuning) -> Iterator[Contradiction]:
    for name in NOT_DIRECTION_SELECTIVE:
        index = np.max(tuning.selectivity[:, tuning.cell_types.index(name)])
        if index >= SELECTIVE:
            yield Contradiction(
                name,
                "selectivity",
                f"{name} answers to all directions alike in flies and prefers one here "
                f"(direction index {index:.2f}).",
            )
