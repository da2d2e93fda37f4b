"""What is typed into fields: read, checked, and remembered where it is no value."""

from __future__ import annotations

import math
import re
from collections.abc import Container

import param

from maxstim_core.errors import MaxstimError
from maxstim_core.settings import minus_signed, number_text

LONGEST_ENTRY = 1_000
"""Characters that a field may hold: more than the names of all cell types."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


class TypedNumbers(param.Parameterized):
    """The entries of a group of settings that could not be taken; the settings keep their values."""

    refused = param.Dict({}, doc="Entry, and the sentence why not, by the name of the setting.")

    def refuse(self, name: str, entry: str, sentence: str) -> None:
        """Remember that a field holds what is no value of its setting."""
        self.refused = {**self.refused, name: (entry, sentence)}

    def accept(self, name: str) -> None:
        """Forget what was refused of one setting."""
        self.refused = {other: said for other, said in self.refused.items() if other != name}

    def clear(self) -> None:
        """Forget all that was refused; the fields show the values again."""
        self.refused = {}

    def check(self, *, but: Container[str] = ()) -> None:
        """Refuse to go on while a field shows what is not used.

        Args:
            but: Names of settings that change nothing, whatever their fields hold.

        Raises:
            MaxstimError: if there is such a field.
        """
        for name, (_, sentence) in self.refused.items():
            if name not in but:
                raise MaxstimError(sentence)


def read_number(text: str, *, whole: bool) -> float | int | None:
    """Return the number that a person has typed, or None if it is none.

    Exponents are read, and a decimal comma; but not for whole numbers, where it may part thousands.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if not whole and "." not in text:
        text = text.replace(",", ".", 1)
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number) or (whole and number != int(number)):
        return None
    return int(number) if whole else number


def allowed(low: float, high: float, unit: str, *, whole: bool) -> str:
    """Return what a field takes: "between 0.001 and 10 s"."""
    kind = "a whole number " if whole else ""
    return minus_signed(f"{kind}between {number_text(low)} and {number_text(high)} {unit}").rstrip()


def take_entry(settings: param.Parameterized, name: str, entry: str, allowed: str) -> None:
    """Take what a person has typed for a number of `settings`, or let these remember that it is none.

    Args:
        settings: Has `entries`, a `TypedNumbers`, and `set_number(name, number)`.
        name: The name of the number.
        entry: What was typed.
        allowed: What the field takes, as `allowed` says it.
    """
    number = read_number(entry, whole=isinstance(settings.param[name], param.Integer))
    try:
        if number is None:
            raise MaxstimError(f"{entry!r} is no number.")
        settings.set_number(name, number)
        settings.entries.accept(name)
    except MaxstimError:
        # Said as people type numbers, and shorter: the field stands beside it.
        label = settings.param[name].label
        settings.entries.refuse(name, entry[:80], f"{label} must be {allowed}.")
