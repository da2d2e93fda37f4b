"""What an optimisation tells its caller while it runs.

Each of the three answers is an object that is iterated once, yields small immutable reports, and can
be asked for its result at any moment. Progress, cancelling, live curves and previews are then the
caller's choice: to cancel is to stop iterating, and the best so far is always in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.settings import checked_whole

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


@dataclass(frozen=True)
class StepReport:
    """One glance at a running optimisation.

    Attributes:
        step: Steps (iterations, or clips of a search) done so far.
        n_steps: Steps in all.
        losses: Loss terms of the steps since the last report, in the order of `Optimization.terms`,
            shape (steps, terms), as they were before each step; no rows for a search.
        stimulus: The stimulus after this step, or the best clip so far, shape (frame, column),
            luminance, read-only; None for a bare search.
        respond: Computes the voltage of the cell type while the network watches this stimulus, shape
            (frame, column), NaN where no cell is; None for a search. It takes a simulation: ask only
            if you show it.
        lattice: The eye that the columns of the stimulus belong to; None for a search.
    """

    step: int
    n_steps: int
    losses: np.ndarray
    stimulus: np.ndarray | None = None
    respond: Callable[[], np.ndarray] | None = None
    lattice: Lattice | None = None


def checked_report_every(steps: object) -> int:
    """Return the number of steps between reports, once it is sure that it is one.

    Raises:
        MaxstimError: if it is no whole number of at least 1.
    """
    return checked_whole(steps, "The steps between reports (report_every)", (1, 1_000_000))


def check_not_begun(n_done: int) -> None:
    """Make sure that a run has not been iterated yet: it would go on behind its end.

    Args:
        n_done: Steps that it has taken.

    Raises:
        MaxstimError: if it has taken any.
    """
    if n_done:
        raise MaxstimError(
            "This run has been iterated already, and a run is iterated once; ask it for its result(), "
            "or start another."
        )


def check_losses(losses: np.ndarray, step: int) -> None:
    """Make sure that a run can go on.

    Args:
        losses: Those since the last report, as they were before each step, shape (step, …).
        step: The last of these steps.

    Raises:
        MaxstimError: if one is no finite number.
    """
    if np.isfinite(losses).all():
        return
    if step == len(losses) and not np.isfinite(losses[0]).all():
        raise MaxstimError(
            "The loss is no number before the first step already: the network's response to the movie "
            "that it starts from is too large; use another network, or another movie."
        )
    raise MaxstimError(
        f"The loss was no longer a number by step {step}; lower the learning rate or the weight of the "
        "response."
    )


class Optimization(Protocol):
    """A run of one of the three answers: iterate it once, ask for the result when you like."""

    @property
    def n_steps(self) -> int:
        """Steps of the present stage."""
        ...

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the logged losses of the present stage."""
        ...

    def __iter__(self) -> Iterator[StepReport]: ...

    def result(self) -> Result | None:
        """Return the answer so far (schema in `maxstim_core.optimal.result`), or None before any."""
        ...


def finish(run: Optimization) -> Result:
    """Run to the end and return the answer.

    Ctrl-C, or a notebook's stop button, ends the run early and keeps the best so far: the answer then
    says ``status`` "cancelled". For progress or a stopping rule of your own, iterate the run yourself
    and ask for its result.

    Args:
        run: What `generate`, `generate_many`, `regularize` or `search` returns.

    Returns:
        Its result: arrays with named dimensions and units (schema in `maxstim_core.optimal.result`).

    Raises:
        MaxstimError: if it is no run, or one that cannot go on: see its function.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> run = ms.generate(network, "Mi1", ms.GenerateConfig(t_stim=0.05, n_iters=2))
        >>> ms.finish(run).attrs["status"]
        'complete'
    """
    if not hasattr(run, "result") or not hasattr(run, "n_steps"):
        raise MaxstimError(
            f"Only a run can be finished, such as generate(network, 'T4c'), not {shown(run)}."
        )
    begun = False
    try:
        for _ in run:
            begun = True
    except KeyboardInterrupt:
        if not begun:  # there is nothing yet
            raise
    result = run.result()
    assert result is not None  # a run that has begun has one
    return result
