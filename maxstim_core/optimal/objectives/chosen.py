"""Objectives by name: what a person chooses from, as text, and what it is about.

An objective is text such as ``drive``, ``level:1.2`` or ``contrast:T4b,T4c,T4d``, which stands in
configurations, addresses and commands.
"""

from __future__ import annotations

from dataclasses import dataclass

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.settings import checked_number, did_you_mean, minus_signed

FLYVIS = "flyvis"
"""The objective of flyvis: exp of the voltage."""

OBJECTIVES = {
    FLYVIS: (
        "As flyvis does",
        "Drives the cell: the exponential of its voltage, in arbitrary units.",
        "flyvis",
    ),
    "drive": (
        "Drive the cell",
        "Drives the cell as far above grey as possible, in units of its own RMS.",
        "drive",
    ),
    "suppress": (
        "Suppress the cell",
        "Brings the cell as far below grey as possible: its anti-preferred stimulus.",
        "suppress",
    ),
    "level": (
        "Reach a level",
        "Brings the response to a level, in units of RMS above grey, with as little contrast as needed.",
        "level:1.2",
    ),
    "contrast": (
        "Drive it, and not others",
        "Drives the cell and none of the other cell types named.",
        "contrast:T4b,T4c,T4d",
    ),
    "group": (
        "Drive several",
        "Drives the cell and the cell types named, all in the mean.",
        "group:Mi1,Tm3",
    ),
}
"""Name, meaning and form of each kind of objective."""

LEVEL_BOUNDS = (-100.0, 100.0)
"""Least and greatest level that can be asked for, in units of RMS above grey."""


@dataclass(frozen=True)
class Objective:
    """An objective, taken apart.

    Attributes:
        kind: A key of `OBJECTIVES`.
        others: The cell types that it names, besides the one that is asked for.
        level: The level to reach, in units of RMS above grey.
    """

    kind: str
    others: tuple[str, ...] = ()
    level: float = 0.0

    @property
    def words(self) -> str:
        """What it is called where it is chosen, with what it names: "Drive several (Mi1, Tm3)"."""
        title = OBJECTIVES[self.kind][0]
        if self.kind == "level":
            return minus_signed(f"{title} ({self.level:g} RMS)")
        return f"{title} ({', '.join(self.others)})" if self.others else title

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read an objective from its text.

        Raises:
            MaxstimError: if it is none.
        """
        kind, colon, rest = text.partition(":")
        if kind not in OBJECTIVES:
            raise MaxstimError(
                f"There is no objective {shown(kind)}; {did_you_mean(kind, OBJECTIVES)}"
            )
        form = OBJECTIVES[kind][2]
        if bool(colon) != (":" in form):
            raise MaxstimError(f"The objective {kind} is written {form}, not {shown(text)}.")
        if kind == "level":
            try:
                number: object = float(rest)
            except ValueError:
                number = rest
            return cls(
                kind, level=checked_number(number, "The level to reach", LEVEL_BOUNDS, unit="RMS")
            )
        others = tuple(name.strip() for name in rest.split(",")) if colon else ()
        if not all(others) or len(set(others)) < len(others):
            raise MaxstimError(
                f"The objective {kind} names each of its cell types once, as in {form}, not "
                f"{shown(text)}."
            )
        return cls(kind, others)
