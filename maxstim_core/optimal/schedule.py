"""Settings that change while a stimulus is grown: from which iteration on which of them has which value.

A schedule is text, such as ``40: lr=0.02 weight_mei=1000; 80: energy=50``, which stands in
configurations, addresses and commands: from iteration 40 on (after 40 steps have been taken) the
learning rate is 0.02. What of a descent goes on through a change: docs/objectives.md#steering.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maxstim_core.errors import MaxstimError, shown

FIXED = ("t_stim", "dt", "random_seed", "silence", "across", "schedule", "start")
"""Settings that cannot change on the way: they say what the stimulus is and which network is asked."""

_STAGE = re.compile(r"(\d{1,6}):((?:\s+\w+=\S*)+)")
_TRUTHS = {"True": True, "False": False}
_EXAMPLE = "40: lr=0.02 weight_mei=1000; 80: energy=50"


@dataclass(frozen=True)
class Change:
    """What changes at one iteration.

    Attributes:
        iteration: Steps that have been taken before it is in force.
        values: The new values, by setting.
    """

    iteration: int
    values: Mapping[str, Any]

    def __str__(self) -> str:
        each = (f"{name}={_written(value)}" for name, value in self.values.items())
        return f"{self.iteration}: {' '.join(each)}"


def parse_schedule(text: str) -> tuple[Change, ...]:
    """Read a schedule from its text: changes by iteration, in that order.

    Raises:
        MaxstimError: if it is none.
    """
    changes = []
    for stage in filter(None, (part.strip() for part in text.split(";"))):
        found = _STAGE.fullmatch(stage)
        if found is None:
            raise MaxstimError(f"A schedule is written {_EXAMPLE!r}, not {shown(text)}.")
        values = {}
        for written in found[2].split():
            name, _, value = written.partition("=")
            if name in values:
                raise MaxstimError(f"The schedule changes {name} twice at iteration {found[1]}.")
            values[name] = _TRUTHS.get(value, value)
        changes.append(Change(int(found[1]), values))
    iterations = [change.iteration for change in changes]
    if iterations != sorted(set(iterations)) or iterations[:1] == [0]:
        raise MaxstimError(
            "The iterations of a schedule are 1 or more, each once, in rising order, not "
            f"{', '.join(map(str, iterations))}."
        )
    return tuple(changes)


def check_unscheduled(schedule: str, what: str) -> None:
    """Make sure that settings do not change on the way, where nothing heeds that.

    Raises:
        MaxstimError: if they do.
    """
    if schedule:
        raise MaxstimError(
            f"The settings of {what} stay as they are; leave the schedule out, or generate one stimulus "
            "with it."
        )


def schedule_text(changes: Iterable[Change]) -> str:
    """Return the text of a schedule; what changes nothing is left out."""
    return "; ".join(str(change) for change in changes if change.values)


def check_steerable(name: str) -> None:
    """Make sure that a setting may change while a stimulus is grown.

    Raises:
        MaxstimError: if not.
    """
    if name in FIXED:
        raise MaxstimError(
            f"The setting {name} cannot change while a stimulus is grown; start another run with it."
        )


def _written(value: object) -> str:
    """Return a value as it stands in a schedule, where white space parts one from the next."""
    return "".join(value.split()) if isinstance(value, str) else repr(value)
