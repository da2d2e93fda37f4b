"""What anyone may know of a run or another task: an immutable picture of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.lattice import Lattice
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.task import TaskRequest

if TYPE_CHECKING:
    import xarray as xr


def no_losses() -> np.ndarray:
    """Return losses of no step, shape (0, 0), read-only."""
    losses = np.empty((0, 0), np.float32)
    losses.setflags(write=False)
    return losses


@dataclass(frozen=True, eq=False)
class Preview:
    """What a run shows of itself while it is going: the latest iterate, and the response to it.

    Attributes:
        stimulus: Luminance, uint8, shape (frame, column), 255 is white.
        lattice: The eye that the columns belong to.
        response: Voltage of the cell type, float32, same shape, NaN where no cell is; None where the
            run cannot tell.
        step: Iterations that have led to it; None where it is no iterate.
    """

    stimulus: np.ndarray
    lattice: Lattice
    response: np.ndarray | None = None
    step: int | None = None

    def freeze(self) -> None:
        """Make the arrays read-only."""
        for array in (self.stimulus, self.response):
            if array is not None:
                array.setflags(write=False)


@dataclass(frozen=True, eq=False)
class RunSnapshot:
    """One run at one moment. Its arrays are read-only; any thread may keep and read it.

    Attributes:
        run_id: Name of the run, unique and not to be guessed.
        request: What was asked for.
        session: Who asked.
        state: ``queued``, ``running``, ``done``, ``cancelled`` or ``failed``.
        position: Place in the order, 1 = next; 0 unless queued.
        wait: About how many seconds it will wait; None unless queued, or while unknown.
        step: Steps done: iterations, or clips while a clip set is searched.
        n_steps: Steps in all, 0 while unknown.
        elapsed: Seconds that it has run by now, or had when it ended, pauses left out.
        eta: Seconds that are left, by a moving average over the last steps; None while unknown.
        terms: Names of the logged losses.
        losses: All losses so far, shape (step, term).
        preview: What there is to see so far; None while there is nothing.
        message: One sentence: why it failed, or what it is doing.
        result: The stored answer (`maxstim_core.optimal.result.load`); also of a cancelled run that
            had something to keep.
        device: Where it runs, for example ``cpu`` or ``cuda:0``.
        cached: Whether the answer was in the store already.
        steerable: Whether it can be steered, paused and sent back (`RunQueue.act`): live runs can.
        paused: Whether it is paused.
        per_second: Most steps a second in slow motion; 0 for as many as there can be.
        version: Grows with every change but the passing of time.
    """

    run_id: str
    request: RunRequest
    session: str
    state: str = "queued"
    position: int = 0
    wait: float | None = None
    step: int = 0
    n_steps: int = 0
    elapsed: float = 0.0
    eta: float | None = None
    terms: tuple[str, ...] = ()
    losses: np.ndarray = field(default_factory=no_losses)
    preview: Preview | None = None
    message: str = ""
    result: Path | None = None
    device: str = "cpu"
    cached: bool = False
    steerable: bool = False
    paused: bool = False
    per_second: float = 0.0
    version: int = 0


@dataclass(frozen=True)
class TaskSnapshot:
    """One task that is no run, at one moment.

    Attributes:
        task_id: Name of the task, unique and not to be guessed.
        request: What was asked for.
        session: Who asked.
        state: ``queued``, ``running``, ``done``, ``cancelled`` or ``failed``.
        position: Place in the order, 1 = next; 0 unless queued.
        ahead: What each of those is that it waits for, that which has its turn first.
        stage: What it reported last that it does, in a few words; empty before the first report.
        message: One sentence: why it failed or was cancelled, or what it waits for while it runs.
        elapsed: Seconds since it began; its duration once it has ended.
        device: Where it runs, for example ``cpu`` or ``cuda:0``.
        version: Grows with every change but the passing of time.
    """

    task_id: str
    request: TaskRequest
    session: str
    state: str = "queued"
    position: int = 0
    ahead: tuple[str, ...] = ()
    stage: str = ""
    message: str = ""
    elapsed: float = 0.0
    device: str = "cpu"
    version: int = 0


def stored_snapshot(
    run_id: str, request: RunRequest, session: str, path: Path, answer: xr.Dataset, version: int
) -> RunSnapshot:
    """Return the picture of a run whose answer was in the store already."""
    logged: dict[str, Any] = {}
    if "loss" in answer:
        losses = answer["loss"].values
        losses.setflags(write=False)
        terms = tuple(str(term) for term in answer["term"].values)
        logged = {"terms": terms, "losses": losses, "step": len(losses), "n_steps": len(losses)}
    return RunSnapshot(
        run_id=run_id,
        request=request,
        session=session,
        state="done",
        result=path,
        device=str(answer.attrs.get("device", "cpu")),
        cached=True,
        version=version,
        **logged,
    )


LIVE = ("queued", "running")
"""States of a run that has not ended."""
