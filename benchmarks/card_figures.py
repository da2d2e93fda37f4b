"""The figures of a model card that networks are compared by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FAST = 9.7
"""Columns per second from which edges count as fast in the tables."""

Figure = Callable[[dict], float]


def wrong_contrast(card: dict, least: float, most: float = np.inf) -> float:
    """Return the largest wrong over right contrast at edge speeds from `least` to below `most`.

    Not a number if a T4 or T5 does not answer to edges of one of these speeds at all.
    """
    edges = card["evidence"]["edges"]
    return _largest(
        [item["largest_wrong_contrast"] for item in edges if least <= item["speed"] < most]
    )


def _grating_error(card: dict) -> float:
    return _largest([item["largest_error"] for item in card["evidence"]["gratings"]])


def _largest(values: list[float | None]) -> float:
    return float(np.max(np.array(values, float)))


FIGURES: dict[str, Figure] = {
    "right polarity of 32": lambda card: card["summary"]["polarity_right"],
    "the same, other discs": lambda card: min(
        item["polarity_right"] for item in card["evidence"]["flashes"] if not item["fitted"]
    ),
    "error of direction, °": lambda card: card["summary"]["largest_error"],
    "least DSI": lambda card: card["summary"]["least_selectivity"],
    "wrong contrast, 9.7 to 25": lambda card: wrong_contrast(card, FAST),
    "4.8": lambda card: wrong_contrast(card, 4.8, FAST),
    "2.4": lambda card: wrong_contrast(card, 0, 4.8),
    "DSI of the untuned": lambda card: card["summary"]["largest_untuned_selectivity"],
    "error to gratings, °": _grating_error,
}
"""From a card of `maxstim_core.model_cards.card.make_card`, by the name that tables give them."""


def flow_figures(card: dict) -> dict[str, float]:
    """Return the correlations with the flow of scenes that no fit saw, by scenes and axis."""
    return {
        f"{item['picture']}, {axis}": item[axis]
        for item in card["evidence"]["scenes"]
        for axis in ("horizontal", "vertical")
    }
