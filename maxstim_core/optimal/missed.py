"""What a finished stimulus was asked to reach and did not, in a sentence.

Attribute ``missed`` of an answer; the command line prints it. docs/objectives.md#what-was-not-reached.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maxstim_core.optimal.constraints import MISSED
from maxstim_core.settings import minus_signed

LEVEL_MISSED = 0.02
"""Share of a level by which a response may differ from it and is still said to be on it."""


def missed_energy(asked: Sequence[float], reached: Sequence[float]) -> str:
    """Return what to say of budgets that stimuli are not on; nothing where all are.

    Args:
        asked: The budgets, sum_th (x_th - 0.5)^2; 0 for none.
        reached: The contrast energy of the stimulus of each.
    """
    budgets, found = np.array(asked, float), np.array(reached, float)
    off = np.abs(found - budgets) * (budgets > 0) - MISSED * budgets
    if not (off > 0).any():
        return ""
    worst = int(np.argmax(off / np.maximum(budgets, 1e-30)))
    others = int((off > 0).sum()) - 1
    more = f", and {others} more" if others else ""
    return (
        f"The contrast energy is {found[worst]:.4g}, not {budgets[worst]:g} as asked{more}: ask for "
        "another, or loosen the range, the mean, the levels, the highest frequencies, the rings or the "
        "window of the stimulus."
    )


def missed_level(asked: float, reached: float) -> str:
    """Return what to say of a level that a response is not at, both in RMS above grey."""
    return (
        minus_signed(
            f"The response is {reached:.3g} RMS above grey, not at the level {asked:g} as asked"
        )
        + ": take more iterations, loosen the constraints, or ask for a level that is nearer."
    )
