"""The table of an answer and its controls, and what it says in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from maxstim_core.comparison.equal_energy import Found
from maxstim_core.comparison.shares import is_next_to_nothing
from maxstim_core.comparison.textbook import FAMILIES
from maxstim_core.optimal.objectives.chosen import Objective
from maxstim_core.settings import minus_signed

FULL, EQUAL = "full contrast", "equal energy"
"""How a control is shown: as it is, or with no more contrast energy than the answer."""

NATURAL, ANSWER = "natural", "answer"
"""Families of the rows that are no textbook stimuli."""

FITTED, PREDICTED, OPPOSED = "fitted", "predicted", "opposed"
"""What a response is in a network that the answer was made for, in another, and in that from which it
was to tell the first."""


class ControlRow(NamedTuple):
    """A line of the table.

    Attributes:
        family: What kind of control.
        how: At full contrast or at equal energy.
        found: The movie, and what came of it.
    """

    family: str
    how: str
    found: Found


class Transferred(NamedTuple):
    """What an answer does in another network than the first that was asked.

    Attributes:
        network: Its name.
        relation: `FITTED`, `PREDICTED` or `OPPOSED`.
        response: What counts of the response, in its own RMS; not a number where there is none.
    """

    network: str
    relation: str
    response: float


class ToldApart(NamedTuple):
    """Two networks that an answer was to tell apart.

    Attributes:
        first: Name of the one that is compared in.
        second: Name of the other.
    """

    first: str
    second: str


def in_one_line(
    rows: Sequence[ControlRow],
    goal: Objective,
    sign: int,
    transferred: Sequence[Transferred],
    *,
    contrast: str = "",
    grey: float = 0.0,
    apart: ToldApart | None = None,
) -> str:
    """Return in one line how an answer compares: the numbers are those of the table.

    Args:
        rows: The table, the answer first.
        goal: What the answer was made for. Of a level, it is told how near the answer is and what
            others reach with its contrast energy: to be below a maximum says nothing of a level.
        sign: Which way is better, as of `maxstim_core.optimal.measured_response.Measured`.
        transferred: What it does in other networks.
        contrast: Whether a contrast holds, as a sentence; told where it does not.
        grey: What counts of the response to grey, in RMS above grey.
        apart: The networks that it was to tell apart, if any: what others do is told of the first alone.
    """
    answer, is_level = rows[0].found, goal.kind == "level"
    nothing = is_next_to_nothing(answer.response, grey)
    line = []
    if apart is not None:
        line = _of_two(rows, apart, transferred)
    if not is_level:
        said = _of_nothing(answer.response, goal) if nothing else _of_best(rows, sign, grey)
        line += [f"; in {apart.first} alone, " if apart is not None else "", said]
    elif apart is None:
        line = _of_level(rows, goal.level, sign)
    each_way = (FITTED, "it was made for too"), (PREDICTED, "")
    for relation, made_for in each_way:
        known = [
            each for each in transferred if each.relation == relation and np.isfinite(each.response)
        ]
        if known:
            middle = float(np.median([each.response for each in known]))
            number = f"{_rounded(middle / answer.response)} of the response" if not nothing else ""
            if is_level or nothing:
                number = _rounded(middle) + ("" if is_level else " RMS")
            which = _networks(known, made_for)
            line.append(f"; {'a median of ' if len(known) > 1 else ''}{number} in {which}")
    if contrast and "fails" in contrast:
        line.append(f"; {contrast[0].lower()}{contrast[1:].rstrip('.')}")
    return "".join(line).removeprefix("; ")


def _of_two(
    rows: Sequence[ControlRow],
    apart: ToldApart,
    transferred: Sequence[Transferred],
) -> list[str]:
    """Say what an answer does in the two networks that it was to tell apart."""
    shown = (each.response for each in transferred if each.relation == OPPOSED)
    in_second = next((response for response in shown if np.isfinite(response)), None)
    line = [f"{_rounded(rows[0].found.response)} RMS in {apart.first}"]
    if in_second is None:  # it was not shown there
        line.append(f", which it was to tell from {apart.second}")
    else:
        line.append(f", {_rounded(in_second)} in {apart.second}, from which it was to differ")
    return line


def _of_nothing(response: float, goal: Objective) -> str:
    """Say that there is nothing to compare: quotients of next to nothing would be noise."""
    if goal.others:
        return f"what counts of the response is next to nothing, {_rounded(response)} RMS"
    return f"the movie does next to nothing to the cell, {_rounded(response)} RMS above grey"


def _of_best(rows: Sequence[ControlRow], sign: int, grey: float) -> str:
    """Say how many times the response is that to the best textbook stimulus, and to the best clip."""
    response = rows[0].found.response
    said = []
    for families in (FAMILIES, (NATURAL,)):
        named = ""  # what the quotient before was with: it is not named twice
        for how in (FULL, EQUAL):
            best = _best(rows, families, how, sign)
            if best is None:
                continue
            what = f"the best {'clip' if best.family == NATURAL else best.family}"
            times = _times(response, best.found.response, what, grey)
            is_quotient = times.endswith(f"× {what}")
            if is_quotient and what == named:
                times = times.removesuffix(f" {what}")
            named = what if is_quotient else ""
            said.append(f"{times} at {how}")
    return ", ".join(said)


def _of_level(rows: Sequence[ControlRow], level: float, sign: int) -> list[str]:
    """Say how near a level the answer is, with which energy, and what others reach with no more."""
    answer = rows[0].found
    line = [
        f"{_rounded(answer.response)} RMS above grey for the level {minus_signed(f'{level:g}')}, with "
        f"contrast energy "
        f"{answer.energy:.3g}"
    ]
    tried = [_best(rows, families, EQUAL, sign) for families in (FAMILIES, (NATURAL,))]
    said = [f"{_rounded(row.found.response)} by {_title(row)}" for row in tried if row is not None]
    if said:
        line.append(f"; with no more energy, {' and '.join(said)} at best")
    return line


def _best(
    rows: Sequence[ControlRow], families: Sequence[str], how: str, sign: int
) -> ControlRow | None:
    tried = [row for row in rows if row.family in families and row.how == how]
    return max(tried, key=lambda row: sign * row.found.response, default=None)


def _title(row: ControlRow) -> str:
    return (
        "a clip"
        if row.family == NATURAL
        else f"{'an' if row.family == 'edge' else 'a'} {row.family}"
    )


def _rounded(response: float) -> str:
    """Return a response in hundredths, of which 0 has no sign."""
    return minus_signed(f"{response:z.2f}")


def _times(response: float, other: float, what: str, grey: float) -> str:
    """Say how many times a response is that to something else, where that means something."""
    if is_next_to_nothing(other, grey):
        return f"next to nothing by {what}"
    if response * other <= 0:
        return f"the other way than {what}"
    return f"{response / other:.2f} × {what}"


def _networks(known: Sequence[Transferred], made_for: str) -> str:
    """Name networks, or say how many there are."""
    if made_for:
        which = known[0].network if len(known) == 1 else f"the {len(known)} networks"
        return f"{which} that {made_for}"
    return "another network" if len(known) == 1 else f"the {len(known)} other networks"
