"""What differs between pinned answers, and their controls, as tables with a column for each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.compare.pinned import NUMBERS, PinnedAnswer
from maxstim_core.comparison.headline import ANSWER, FULL, NATURAL
from maxstim_core.comparison.textbook import FAMILIES

_NO_FACT = "–"

_CLIP = "natural clip"

_BEST_OF = (*FAMILIES, _CLIP)
"""Kinds of control of which the best was taken."""

_OF_ANSWER = ("the answer", "")


def difference_table(answers: Sequence[PinnedAnswer]) -> dict[str, Any]:
    """Return what was asked differently, and all numbers, of answers.

    Args:
        answers: Those that are compared, in order.

    Returns:
        ``facts``, each with a ``label`` and ``values`` in words, of what is not the same for all that
        can have it: a setting that a method does not have is no difference;
        ``numbers``, each with ``label``, ``unit`` and ``values``, None where one is not known; and
        ``same``, what all have in common, in words.
    """
    labels = list(dict.fromkeys(label for one in answers for label in one.facts))
    told = {label: [one.facts.get(label, _NO_FACT) for one in answers] for label in labels}
    settings = {label for one in answers for label in one.settings}
    having = {
        label: [one for one in answers if label not in settings or label in one.settings]
        for label in labels
    }
    differ = {
        label: told[label]
        for label in labels
        if len({one.facts.get(label, _NO_FACT) for one in having[label]}) > 1
    }
    return {
        "facts": [{"label": label, "values": values} for label, values in differ.items()],
        "numbers": [
            {"label": label, "unit": unit, "values": [one.numbers.get(name) for one in answers]}
            for name, (label, unit) in NUMBERS.items()
        ],
        "same": [f"{label}: {told[label][0]}" for label in labels if len(set(told[label])) == 1],
    }


def controls_table(answers: Sequence[PinnedAnswer]) -> dict[str, Any]:
    """Return the stored controls of answers side by side: docs/controls.md.

    The best of each family of textbook stimuli was another for each answer: they stand in one row, each
    with its name.

    Args:
        answers: Those that are compared, in order.

    Returns:
        ``rows``, each with ``kind``, how it was ``shown``, and ``cells``: ``name``, ``response`` in RMS,
        ``share`` of the response to the answer, where that is above 0, and ``energy``, or None where
        there is none;
        ``contrast`` and ``shift``, each a list with ``id``, ``x`` and ``y`` of the answers that have
        them. Rows are those of all answers that have controls.
    """
    rows: dict[tuple[str, str], list[dict[str, Any] | None]] = {}
    for place, one in enumerate(answers):
        for row in [] if one.controls is None else one.controls["controls"]:
            cells = rows.setdefault(_row_of(row), [None] * len(answers))
            best = cells[place]
            if best is None or (row["response"] or 0) > (best["response"] or 0):
                cells[place] = {
                    "name": row["name"],
                    "response": row["response"],
                    "share": row["share"] if one.controls["response"] > 0 else None,
                    "energy": row["contrast_energy"],
                }
    return {
        "rows": [
            {"kind": kind, "shown": shown, "cells": cells}
            for (kind, shown), cells in sorted(rows.items(), key=lambda row: _order(row[0]))
        ],
        "contrast": _curves(answers, "contrast_response", "contrast"),
        "shift": _curves(answers, "shift_response", "ring"),
    }


def _row_of(row: Mapping[str, Any]) -> tuple[str, str]:
    family = str(row["family"])
    if family == ANSWER:
        return _OF_ANSWER
    if family == NATURAL:
        family = _CLIP
    return (family if family in _BEST_OF else str(row["name"])), str(row["shown"])


def _order(row: tuple[str, str]) -> tuple[int, int, str]:
    kind, shown = row
    if row == _OF_ANSWER:
        return (0, 0, "")
    is_equal = int(shown != FULL)
    return (1, 2 * _BEST_OF.index(kind) + is_equal, "") if kind in _BEST_OF else (2, is_equal, kind)


def _curves(answers: Sequence[PinnedAnswer], name: str, dim: str) -> list[dict[str, Any]]:
    return [
        {"id": one.key, "x": one.controls[name][dim], "y": one.controls[name]["response"]}
        for one in answers
        if one.controls is not None and name in one.controls
    ]
