"""One computation and the runs that wait for it.

Two sessions that ask for the same thing have a run each, and share one job. Nothing here is
thread-safe: the queue's lock guards it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.runs.messages import Progress
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot, no_losses

if TYPE_CHECKING:
    from maxstim_core.runs.device_worker import DeviceWorker

STARTING = "Starting."
"""What a job says before its worker does."""

_REPORTS_IN_AVERAGE = 25

NEXT_STATES = {
    "queued": ("running", "cancelled", "failed"),
    "running": ("done", "cancelled", "failed"),
    "done": (),
    "cancelled": (),
    "failed": (),
}
"""The states of a job, and which can follow which."""


class Job:
    """What is known of one computation.

    Attributes:
        key: Content key of the request.
        request: As the first session asked; others may have named the same network otherwise.
        job_id: The id of its first run.
        state: One of `NEXT_STATES`.
        device: Where it runs, once it does.
        worker: What runs it, once it does.
        runs: The runs that wait for it.
        cancelled_at: When the last of them was cancelled, while it had begun; else None.
        version: Of the last change.
    """

    def __init__(self, job_id: str, key: str, request: RunRequest) -> None:
        self.job_id, self.key, self.request = job_id, key, request
        self.state, self.device = "queued", ""
        self.worker: DeviceWorker | None = None
        self.runs: list[Run] = []
        self.cancelled_at: float | None = None
        self.version = 0
        self._began = 0.0
        self._ended: float | None = None
        self._latest = Progress(0, 0, (), no_losses(), None, "")
        self._pace: deque[tuple[float, int]] = deque(maxlen=_REPORTS_IN_AVERAGE)

    def begin(self, worker: DeviceWorker, device: str, now: float) -> None:
        """Note that a lane has taken it."""
        self._move("running")
        self.worker, self.device, self._began = worker, device, now
        self._latest = replace(self._latest, message=STARTING)

    def end(self, state: str, now: float) -> None:
        """Note that it is over: ``done``, ``cancelled`` or ``failed``."""
        self._ended = now if self.state == "running" else self._began
        self._move(state)

    def say(self, message: str) -> None:
        """Change what it says that it is doing."""
        self._latest = replace(self._latest, message=message)

    def take(self, news: Progress, now: float) -> None:
        """Take in a report of the worker."""
        before = self._latest
        if (before.terms, before.message) != (news.terms, news.message):  # another stage
            self._pace.clear()
        losses = news.losses
        if before.terms == news.terms and len(before.losses):
            losses = np.concatenate([before.losses, losses])
        losses.setflags(write=False)
        preview = news.preview or before.preview
        if preview is not None:
            preview.freeze()
        message = before.message if self.cancelled_at is not None else news.message
        self._latest = replace(news, losses=losses, preview=preview, message=message)
        self._pace.append((now, news.step))

    @property
    def seconds_per_step(self) -> float | None:
        """Mean duration of the last steps; None before two reports."""
        if len(self._pace) < 2:
            return None
        (t0, step0), (t1, step1) = self._pace[0], self._pace[-1]
        return (t1 - t0) / (step1 - step0) if step1 > step0 else None

    def snapshot(self, run: Run, now: float, *, message: str = "", **place: object) -> RunSnapshot:
        """Return the picture that one of its runs has of it; `place` as in `RunSnapshot`."""
        latest = self._latest
        begun = self.state != "queued"
        return RunSnapshot(
            run_id=run.run_id,
            request=run.request,
            session=run.session,
            state=self.state,
            step=latest.step,
            n_steps=latest.n_steps,
            elapsed=(now if self._ended is None else self._ended) - self._began if begun else 0.0,
            eta=self._eta(now) if self.state == "running" else None,
            terms=latest.terms,
            losses=latest.losses,
            preview=latest.preview,
            message=message or (latest.message if self._ended is None else ""),
            **place,
        )

    def _eta(self, now: float) -> float | None:
        pace = self.seconds_per_step
        if pace is None:
            return None
        reported, step = self._pace[-1]
        return max(0.0, (self._latest.n_steps - step) * pace - (now - reported))

    def _move(self, state: str) -> None:
        assert state in NEXT_STATES[self.state], f"a {self.state} job cannot be {state}"
        self.state = state


@dataclass(eq=False)
class Run:
    """One session's wish for a job.

    Attributes:
        job: What it waits for; None for an answer that was in the store.
        last: Its final picture, once it has ended.
    """

    run_id: str
    session: str
    request: RunRequest
    job: Job | None = None
    last: RunSnapshot | None = None


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        state: ``done``, ``cancelled`` or ``failed``.
        result: What is in the store, if anything.
        reason: Why, where there is something to say.
    """

    state: str
    result: Path | None = None
    reason: str = ""
