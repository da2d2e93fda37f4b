"""The objective as a person puts it together: a kind, and the level or the cell types that it needs."""

from __future__ import annotations

import re
from contextlib import suppress

from dashboard.state.typed_numbers import read_number
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.objectives.chosen import OBJECTIVES, Objective
from maxstim_core.settings import did_you_mean, number_text

_FIRST_LEVEL = "level:1"

_NEEDED = {
    "contrast": "Name the cell types that are not to respond, for example T4a, T4b.",
    "group": "Name the cell types that are to respond as well, for example Mi1, Tm3.",
}
"""What is said where an objective names no cell type yet."""


def read_objective(entry: str) -> str:
    """Return an objective as it stands in configurations, from what a person has entered.

    Names are parted by commas, with spaces or without, and a level is read as all numbers are.

    Raises:
        MaxstimError: if it is none.
    """
    kind, _, rest = entry.strip().partition(":")
    if kind in _NEEDED:
        names = [name.strip() for name in rest.strip(" ,").split(",")]
        if names == [""]:
            raise MaxstimError(_NEEDED[kind])
        entry = f"{kind}:{','.join(names)}"
    elif kind == "level" and (level := read_number(rest, whole=False)) is not None:
        entry = f"{kind}:{number_text(level)}"
    Objective.parse(entry)
    return entry


def check_others(objective: str, cell_type: str) -> None:
    """Make sure that the cell types that an objective names exist, and are others than the chosen one.

    Raises:
        MaxstimError: if not.
    """
    known = bundled_connectome().names
    for name in Objective.parse(objective).others:
        if name == cell_type:
            raise MaxstimError(
                f"{name} is the cell type that the movie is for; leave it out of the others."
            )
        if name not in known:
            raise MaxstimError(f"There is no cell type {shown(name)}; {did_you_mean(name, known)}")


def entry_of_kind(kind: str, before: str, cell_type: str) -> str:
    """Return what stands in the chooser once a person has chosen another kind of objective.

    Cell types that are named already stay; else its siblings are proposed.

    Args:
        kind: A key of `OBJECTIVES`.
        before: The objective that was chosen before.
        cell_type: The chosen cell type.
    """
    if kind not in _NEEDED:
        return _FIRST_LEVEL if ":" in OBJECTIVES[kind][2] else kind
    others: tuple[str, ...] = ()
    with suppress(MaxstimError):
        others = Objective.parse(before).others
    return f"{kind}:{','.join(others or siblings(cell_type))}"


def siblings(cell_type: str) -> tuple[str, ...]:
    """Return the cell types that differ by the letter at their end alone: T4a, T4b, T4d of T4c."""
    stem = re.sub("[a-z]$", "", cell_type)
    if not stem[-1:].isdigit():
        return ()
    return tuple(
        name
        for name in bundled_connectome().names
        if name != cell_type and re.fullmatch(f"{re.escape(stem)}[a-z]?", name)
    )
