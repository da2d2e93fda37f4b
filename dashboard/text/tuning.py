"""What a model card says of a cell type, in plain words: where it contradicts flies, and directions."""

from __future__ import annotations

from typing import Any

_MOTIONS = (
    "motion to the right",
    "motion up and to the right",
    "upward motion",
    "motion up and to the left",
    "motion to the left",
    "motion down and to the left",
    "downward motion",
    "motion down and to the right",
)
"""Directions of motion, from rightward on, an eighth of a turn each."""


def motion_words(degrees: float) -> str:
    """Return a direction of motion, degrees counter-clockwise from rightward, in words."""
    return _MOTIONS[round(degrees / 45) % len(_MOTIONS)]


def contradictions_of(card: dict[str, Any], cell_type: str) -> list[str]:
    """Return what a network gets wrong about a cell type, a plain sentence each."""
    row = card["cell_types"].get(cell_type, {})
    found = (item for item in card["contradictions"] if item["cell_type"] == cell_type)
    return [_sentence(item, row) for item in found]


def agreement(card: dict[str, Any], cell_type: str) -> str:
    """Return what can be said of a cell type that a network gets right, or that is not known."""
    row = card["cell_types"].get(cell_type, {})
    if row.get("known_polarity") or row.get("known_direction") is not None:
        return f"{cell_type} is tuned here as it is in flies."
    return f"There is no measurement in flies to compare {cell_type} with."


def _sentence(item: dict[str, str], row: dict[str, Any]) -> str:
    name, known = item["cell_type"], row.get("known_direction")
    here = f"In this network {name}"
    is_on = row.get("known_polarity") == "ON"
    direction, index = (row.get(f"{what}_{'on' if is_on else 'off'}") for what in ("pd", "dsi"))
    match item["about"]:
        case "polarity":
            wrong, right = ("less", "more") if is_on else ("more", "less")
            does = (
                f"is excited by {wrong} light" if row["fri"] else "answers to light and dark alike"
            )
            return f"{here} {does}; in flies it is excited by {right} light."
        case "direction" if None not in (known, direction):
            does, should = motion_words(direction), motion_words(known)
            return f"{here} prefers {does}; in flies it prefers {should}."
        case "selectivity" if known is not None:
            strength = f" (selectivity {index:.2f})" if index is not None else ""
            return (
                f"{here} hardly prefers any direction{strength}; in flies it prefers "
                f"{motion_words(known)}."
            )
        case "selectivity":
            return f"{here} prefers some directions of motion; in flies it answers to all of them alike."
        case "contrast":
            wrong, right = ("dark", "bright") if is_on else ("bright", "dark")
            return f"{here} answers more to {wrong} edges; in flies it answers to {right} ones."
    return item["sentence"]
