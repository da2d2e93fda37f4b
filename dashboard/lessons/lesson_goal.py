"""What a step asks a person to reach, such as ``response of T5c > 2 with energy < 100``.

The grammar, which is parsed here by hand and nothing else is:

    goal      = condition { ("and" | "with") condition }
    condition = quantity [ "of" cell type ] relation number
              | label "is" word
    quantity  = "response" | "lowest" | "voltage" | "energy" | "duration"
    label     = "cell" | "method" | "network" | "silenced" | "objective"
    relation  = ">" | "<" | ">=" | "<="
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboard.lessons.quantities import LABELS, QUANTITIES, MeasuredAnswer
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.settings import did_you_mean, minus_signed

MOST_CONDITIONS = 6
"""Conditions that a goal may have."""

_RELATIONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    ">": (operator.gt, "above"),
    "<": (operator.lt, "below"),
    ">=": (operator.ge, "at least"),
    "<=": (operator.le, "at most"),
}

_TOKEN = re.compile(r">=|<=|>|<|[^\s<>]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?")
_WORD = re.compile(r"[A-Za-z0-9_./(),:-]{1,60}")


@dataclass(frozen=True)
class Condition:
    """A quantity that is to lie above or below a number.

    Attributes:
        quantity: A name of `QUANTITIES`.
        cell_type: The cell type whose answer is to be on show, or nothing for any.
        relation: ``>``, ``<``, ``>=`` or ``<=``.
        bound: The number.
    """

    quantity: str
    cell_type: str
    relation: str
    bound: float

    def __str__(self) -> str:
        of = f" of {self.cell_type}" if self.cell_type else ""
        return f"{self.quantity}{of} {self.relation} {self.bound:.12g}"

    def report(self, measured: MeasuredAnswer) -> tuple[bool, str]:
        """Return whether an answer keeps it, and the figure that was measured, in words."""
        words, unit = QUANTITIES[self.quantity]
        cell_type = measured.labels["cell"]
        if self.cell_type not in ("", cell_type):
            return False, f"the movie on show is for {cell_type}, not for {self.cell_type}"
        value = measured.values.get(self.quantity)
        if value is None:
            return False, f"{words}: this network has no unit for it yet"
        holds, relation = _RELATIONS[self.relation]
        reached = holds(value, self.bound)
        asked = f"{relation} {_figure(self.bound)}"
        of = f" of {self.cell_type}" if self.cell_type else ""
        figure = f"{_figure(value)} {unit}".rstrip()
        return reached, f"{words}{of} {figure}, which is {'' if reached else 'not '}{asked}"


@dataclass(frozen=True)
class Naming:
    """Something that is to have a name: a cell type, a method, an objective, what is silenced.

    Attributes:
        label: A name of `LABELS`.
        word: What it is to be.
    """

    label: str
    word: str

    def __str__(self) -> str:
        return f"{self.label} is {self.word}"

    def report(self, measured: MeasuredAnswer) -> tuple[bool, str]:
        """Return whether an answer keeps it, and what there is, in words."""
        there = measured.labels[self.label]
        reached = there == self.word
        said = f"{LABELS[self.label]}: {there or 'nothing'}"
        return reached, said if reached else f"{said}, not {self.word}"


@dataclass(frozen=True)
class GoalReport:
    """How an answer stands to a goal.

    Attributes:
        reached: Whether it keeps all conditions.
        said: The figures that were measured, in a sentence.
    """

    reached: bool
    said: str


@dataclass(frozen=True)
class LessonGoal:
    """All that a step asks for.

    Attributes:
        conditions: At least one; all are to hold.
    """

    conditions: tuple[Condition | Naming, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions))

    @classmethod
    def parse(cls, text: str, cell_types: Sequence[str]) -> LessonGoal:
        """Return the goal that a line says.

        Args:
            text: In the grammar of this module.
            cell_types: The names of all cell types.

        Raises:
            MaxstimError: if it says none.
        """
        tokens = [found[0] for found in _TOKEN.finditer(text)]
        conditions: list[Condition | Naming] = []
        reader = _Tokens(tokens)
        while True:
            conditions.append(_condition(reader, cell_types))
            if reader.is_over:
                break
            word = reader.take("'and' or 'with'")
            if word not in ("and", "with"):
                raise MaxstimError(
                    f"Between two conditions stands 'and' or 'with', not {shown(word)}."
                )
        if len(conditions) > MOST_CONDITIONS:
            raise MaxstimError(f"A check has at most {MOST_CONDITIONS} conditions.")
        return cls(tuple(conditions))

    def report(self, measured: MeasuredAnswer) -> GoalReport:
        """Hold an answer against it."""
        reports = [condition.report(measured) for condition in self.conditions]
        said = "; ".join(words for _, words in reports)
        return GoalReport(all(reached for reached, _ in reports), f"{said[:1].upper()}{said[1:]}.")


class _Tokens:
    """The words of a goal, one after the other."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._left: Iterator[str] = iter(tokens)
        self._n_left = len(tokens)

    @property
    def is_over(self) -> bool:
        return self._n_left == 0

    def take(self, wanted: str) -> str:
        """Return the next word.

        Raises:
            MaxstimError: if there is none; it says what is missing.
        """
        if self.is_over:
            raise MaxstimError(f"The check ends where {wanted} should stand.")
        self._n_left -= 1
        return next(self._left)


def _condition(tokens: _Tokens, cell_types: Sequence[str]) -> Condition | Naming:
    name = tokens.take("a quantity")
    if name in LABELS:
        word = tokens.take("'is'")
        if word != "is":
            raise MaxstimError(f"After {name!r} stands 'is', not {shown(word)}.")
        value = tokens.take("a name")
        if _WORD.fullmatch(value) is None:
            raise MaxstimError(f"{shown(value)} is no name that {name!r} can have.")
        if name == "cell":
            _known(value, cell_types)
        return Naming(name, value)
    if name not in QUANTITIES:
        known = did_you_mean(name, (*QUANTITIES, *LABELS))
        raise MaxstimError(f"There is nothing called {shown(name)} to check; {known}")
    word, cell_type = tokens.take("a relation"), ""
    if word == "of":
        cell_type = _known(tokens.take("a cell type"), cell_types)
        word = tokens.take("a relation")
    if word not in _RELATIONS:
        raise MaxstimError(
            f"After {name!r} stands one of {' '.join(_RELATIONS)}, not {shown(word)}."
        )
    number = tokens.take("a number")
    if _NUMBER.fullmatch(number) is None:
        raise MaxstimError(f"After {word!r} stands a number such as 2 or 0.5, not {shown(number)}.")
    return Condition(name, cell_type, word, float(number))


def _known(name: str, cell_types: Sequence[str]) -> str:
    if name not in cell_types:
        raise MaxstimError(f"There is no cell type {shown(name)}; {did_you_mean(name, cell_types)}")
    return name


def _figure(value: float) -> str:
    text = f"{value:z.2f}" if abs(value) < 10 else f"{value:.1f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return minus_signed(text)
