"""The cell types as a person looks for them: in groups, with what is known of their tuning."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maxstim_core.tuning.facts import KNOWN_POLARITY, OFF, ON, PREFERRED_DIRECTION

GROUPS: tuple[tuple[str, str], ...] = (
    ("Photoreceptors", r"R\d"),
    ("Lamina", r"L\d"),
    ("Medulla", r"Mi\d+"),
    ("T1–T3", r"T[123]a?"),
    ("T4 and T5", r"T[45][abcd]"),
    ("Transmedullary Tm", r"Tm\d+\w?"),
    ("Transmedullary TmY", r"TmY\d+\w?"),
)
"""Title of each group and the names that belong to it; what matches none is in `REST`."""

REST = "Wide-field and feedback"

POLARITY_WORDS = {ON: "ON", OFF: "OFF"}
ARROWS = {0: "→", 90: "↑", 180: "←", 270: "↓"}
DIRECTION_WORDS = {0: "right", 90: "up", 180: "left", 270: "down"}


def group_of(name: str) -> str:
    """Return the title of the group that a cell type belongs to."""
    return next((title for title, pattern in GROUPS if re.fullmatch(pattern, name)), REST)


def grouped(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the cell types by group, groups and names in the order that people expect."""
    groups: dict[str, tuple[str, ...]] = {title: () for title, _ in GROUPS} | {REST: ()}
    for name in names:
        groups[group_of(name)] += (name,)
    return {title: members for title, members in groups.items() if members}


def polarity(name: str) -> str:
    """Return "ON", "OFF" or, where no experiment has told, ""."""
    return POLARITY_WORDS.get(KNOWN_POLARITY.get(name, 0), "")


def arrow(name: str) -> str:
    """Return an arrow in the preferred direction of motion, or "" where there is none."""
    return ARROWS.get(PREFERRED_DIRECTION.get(name, -1), "")


def tuning_sentence(name: str) -> str:
    """Return what experiments say about a cell type, as one sentence."""
    sign, direction = polarity(name), PREFERRED_DIRECTION.get(name)
    if direction is not None:
        edge = {"ON": "bright", "OFF": "dark"}[sign]
        return (
            f"In flies, {name} answers to {edge} edges that move "
            f"{DIRECTION_WORDS[direction]} ({direction}°)."
        )
    if sign:
        light = {"ON": "more", "OFF": "less"}[sign]
        return f"In flies, {name} is an {sign} cell: it is excited by {light} light."
    return f"No experiment has yet told what {name} prefers."
