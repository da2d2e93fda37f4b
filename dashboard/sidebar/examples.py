"""Questions to begin with: each sets objective and constraints, for the chosen cell type, at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from dashboard.state.objective import siblings
from maxstim_core.export.captions import aim_words
from maxstim_core.optimal.configs import GenerateConfig, starting_preset

_ENERGY = {"energy": 100.0}
"""The same for all, so that their answers can be compared."""


@dataclass(frozen=True)
class Example:
    """One of them.

    Attributes:
        title: What it asks.
        aims: Objective and constraints that it sets, by name; the others have their defaults.
    """

    title: str
    aims: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def sets(self) -> str:
        """What it sets, in words."""
        return (
            " · ".join(aim_words(starting_preset(GenerateConfig, **self.aims)))
            or "no budget and no constraints"
        )


@lru_cache(maxsize=128)
def examples(cell_type: str) -> tuple[Example, ...]:
    """Return the examples for a cell type; those about its siblings where it has any."""
    drive = {"objective": "drive", **_ENERGY}
    others = ",".join(siblings(cell_type))
    about_siblings = (
        Example(
            f"{cell_type} and not its siblings", {"objective": f"contrast:{others}", **_ENERGY}
        ),
        Example(f"{cell_type} with its siblings", {"objective": f"group:{others}", **_ENERGY}),
    )
    return (
        Example("As flyvis asks it"),
        Example("Drive at 100 units of contrast energy", drive),
        Example("Suppress at the same energy", {"objective": "suppress", **_ENERGY}),
        *(about_siblings if others else ()),
        Example("Drive and keep all others quiet", {**drive, "weight_quiet": 1.0}),
        Example(
            "As strong as natural movies in the mean, with the least contrast",
            {"objective": "level:1"},
        ),
        Example("Center only: 3 rings", {**drive, "rings": 3}),
        Example("Slow movies: below 8 Hz", {**drive, "highest_hz": 8.0}),
        Example("Two levels: a binary display", {"objective": "drive", "levels": 2}),
        Example("Black, grey and white", {**drive, "levels": 3}),
    )
