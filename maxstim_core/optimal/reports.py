"""What an optimisation tells its caller while it runs.

Each of the three answers is an object that is iterated once, yields small immutable reports, and can
be asked for its result at any moment. Progress, cancelling, live curves and previews are then the
caller's choice: to cancel is to stop iterating, and the best so far is always in hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class StepReport:
    """One glance at a running optimisation.

    Attributes:
        step: Steps (iterations, or clips of a search) done so far.
        n_steps: Steps in all.
        losses: Loss terms of the steps since the last report, in the order of `Optimisation.terms`,
            shape (steps, terms), as they were before each step; no rows for a search.
        stimulus: The stimulus after this step, shape (frame, column), luminance, read-only; None
            for a search.
    """

    step: int
    n_steps: int
    losses: np.ndarray
    stimulus: np.ndarray | None = None


class Optimisation(Protocol):
    """A run of one of the three answers: iterate it once, ask for the result when you like."""

    n_steps: int
    terms: tuple[str, ...]

    def __iter__(self) -> Iterator[StepReport]: ...

    def result(self) -> xr.Dataset:
        """Return the answer so far (schema in `maxstim_core.optimal.result`)."""
        ...
