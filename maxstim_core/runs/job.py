"""One computation and the sessions that wait for it.

Two sessions that ask for the same thing have a run each, and share one job. Nothing here is
thread-safe: the queue's lock guards it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.messages import (
    FunctionTask,
    LiveReport,
    LiveTask,
    Progress,
    RunTask,
    StageReport,
)
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot, TaskSnapshot, no_losses
from maxstim_core.runs.task import TaskRequest

STARTING = "Starting."
"""What a job says before its worker does."""

_REPORTS_IN_AVERAGE = 25

NEXT_STATES = {
    "queued": ("running", "cancelled", "failed"),
    "running": ("queued", "done", "cancelled", "failed"),
    "done": (),
    "cancelled": (),
    "failed": (),
}
"""The states of a job, and which can follow which; what gives way is queued again."""

Request = TypeVar("Request", RunRequest, TaskRequest)


class Stopper(Protocol):
    """What a job knows of the worker that does it."""

    def cancel(self, job: AnyJob) -> None:
        """Ask the worker to stop a job."""

    def give_way(self, job: AnyJob) -> None:
        """Ask the worker to end the present turn of a job."""


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        state: ``done``, ``cancelled`` or ``failed``; ``queued`` where it gave way and is to go on.
        result: What is in the store, if anything.
        reason: Why, where there is something to say.
        request: What the result is the answer to, where that is not what was asked for at first.
    """

    state: str
    result: Path | None = None
    reason: str = ""
    request: RunRequest | None = None


@dataclass(eq=False)
class Run(Generic[Request]):
    """One session's wish for a job.

    Attributes:
        run_id: Name of the run, or of the task where it is no run.
        session: Who asked.
        request: What was asked for.
        job: What it waits for; None once it has ended.
        last: Its final picture, once it has ended.
    """

    run_id: str
    session: str
    request: Request
    job: Job[Request] | None = None
    last: RunSnapshot | TaskSnapshot | None = None


class Job(Generic[Request]):
    """What is known of one computation.

    Attributes:
        key: What tells it from other jobs: equal for what is to be computed once.
        request: As the first session asked; others may have named the same network otherwise.
        job_id: The id of its first run.
        state: One of `NEXT_STATES`.
        device: Where it runs, once it does.
        worker: What runs it, once it does.
        runs: The wishes that wait for it.
        cancelled_at: When the last of them was cancelled, while it had begun; else None.
        turn: How often it has begun.
        version: Of the last change.
    """

    advice: ClassVar[str]
    """What to do after a worker has died of it."""

    advice_when_silent: ClassVar[str]
    """What to do after it gave no sign of life."""

    plural: ClassVar[str]
    """What several of its kind are called."""

    request: Request

    def __init__(self, job_id: str, key: str, request: Request) -> None:
        self.job_id, self.key, self.request = job_id, key, request
        self.state, self.device = "queued", ""
        self.worker: Stopper | None = None
        self.runs: list[Run[Request]] = []
        self.cancelled_at: float | None = None
        self.version = self.turn = 0
        self._began = 0.0
        self._ended: float | None = None

    @property
    def message(self) -> Any:
        """What its worker is sent."""
        raise NotImplementedError

    @property
    def gives_way(self) -> bool:
        """Whether it makes room for others, as `maxstim_core.runs.task.TaskRequest` says."""
        return False

    @property
    def seconds_per_step(self) -> float | None:
        """Mean duration of the last steps; None where there are none."""
        return None

    def begin(self, worker: Stopper | None, device: str, now: float) -> None:
        """Note that a worker has taken it."""
        self._move("running")
        self.turn += 1
        self.worker, self.device, self._began = worker, device, now
        self.set_message(STARTING)

    def wait_again(self) -> None:
        """Note that it has given way and is to go on later."""
        self._move("queued")
        self.worker, self.device = None, ""

    def end(self, state: str, now: float) -> None:
        """Note that it is over: ``done``, ``cancelled`` or ``failed``."""
        self._ended = now if self.state == "running" else self._began
        self._move(state)

    def set_message(self, message: str) -> None:
        """Change what is said of what it is doing, one sentence."""
        raise NotImplementedError

    def take(self, report: Progress | StageReport, now: float) -> None:
        """Take in a report of the worker."""
        raise NotImplementedError

    def snapshot(
        self,
        run: Run[Request],
        now: float,
        *,
        position: int = 0,
        device: str = "",
        version: int = 0,
    ) -> Any:
        """Return the picture that one of its runs has of it."""
        raise NotImplementedError

    def last_snapshot(
        self, run: Run[Request], now: float, ending: Ending, *, device: str, version: int
    ) -> Any:
        """Return the final picture of one of its runs, which may end before the job does."""
        raise NotImplementedError

    @property
    def elapsed(self) -> float:
        """Seconds that it has taken, once it has ended."""
        return self._elapsed(self._began)

    def _elapsed(self, now: float) -> float:
        if self.state == "queued":
            return 0.0
        return (now if self._ended is None else self._ended) - self._began

    def _move(self, state: str) -> None:
        assert state in NEXT_STATES[self.state], f"a {self.state} job cannot be {state}"
        self.state = state


class RunJob(Job[RunRequest]):
    """The computation of an answer; its key is the content key of the request."""

    advice = "try fewer frames, or another device"
    advice_when_silent = "run it again, with fewer frames or on another device"
    plural = "runs"

    def __init__(self, job_id: str, key: str, request: RunRequest) -> None:
        super().__init__(job_id, key, request)
        self._latest = Progress(0, 0, (), no_losses(), None, "")
        self._pace: deque[tuple[float, int]] = deque(maxlen=_REPORTS_IN_AVERAGE)

    @property
    def message(self) -> RunTask:
        """What its worker is sent."""
        return RunTask(self.job_id, self.key, self.request)

    @property
    def seconds_per_step(self) -> float | None:
        """Mean duration of the last steps; None before two reports."""
        if len(self._pace) < 2:
            return None
        (t0, step0), (t1, step1) = self._pace[0], self._pace[-1]
        return (t1 - t0) / (step1 - step0) if step1 > step0 else None

    def set_message(self, message: str) -> None:
        """Change what is said of what it is doing, one sentence."""
        self._latest = replace(self._latest, message=message)

    def take(self, report: Progress | StageReport, now: float) -> None:
        """Take in a report of the worker."""
        if isinstance(report, StageReport):
            return
        before = self._latest
        if (before.terms, before.message) != (report.terms, report.message):  # another stage
            self._pace.clear()
        losses = report.losses
        if before.terms == report.terms and len(before.losses):
            losses = np.concatenate([before.losses, losses])
        losses.setflags(write=False)
        preview = report.preview or before.preview
        if preview is not None:
            preview.freeze()
        message = before.message if self.cancelled_at is not None else report.message
        self._latest = replace(report, losses=losses, preview=preview, message=message)
        self._pace.append((now, report.step))

    def snapshot(
        self,
        run: Run[RunRequest],
        now: float,
        *,
        position: int = 0,
        device: str = "",
        version: int = 0,
    ) -> RunSnapshot:
        """Return the picture that one of its runs has of it."""
        latest = self._latest
        return RunSnapshot(
            run_id=run.run_id,
            request=run.request,
            session=run.session,
            state=self.state,
            position=position,
            step=latest.step,
            n_steps=latest.n_steps,
            elapsed=self._elapsed(now),
            eta=self._eta(now) if self.state == "running" else None,
            terms=latest.terms,
            losses=latest.losses,
            preview=latest.preview,
            message=latest.message if self._ended is None else "",
            device=device,
            version=version,
        )

    def last_snapshot(
        self, run: Run[RunRequest], now: float, ending: Ending, *, device: str, version: int
    ) -> RunSnapshot:
        """Return the final picture of one of its runs, which may end before the job does."""
        last = self.snapshot(run, now, device=device, version=version)
        message = f"Run {run.run_id}: {ending.reason}" if ending.reason else last.message
        return replace(
            last,
            state=ending.state,
            eta=None,
            preview=None,
            message=message,
            result=ending.result,
        )

    def seconds_left(self, now: float, usual: float | None) -> float | None:
        """Return about how long it still takes; None while unknown.

        Args:
            now: By the clock of the queue.
            usual: How long runs like it take, if that is known.
        """
        left = self._eta(now) if self.state == "running" else None
        if left is not None or usual is None:
            return left
        return max(0.0, usual - self._elapsed(now))

    def _eta(self, now: float) -> float | None:
        pace = self.seconds_per_step
        if pace is None:
            return None
        reported, step = self._pace[-1]
        return max(0.0, (self._latest.n_steps - step) * pace - (now - reported))


class LiveJob(RunJob):
    """The computation of a generated answer that can be steered, beside others.

    Attributes:
        on: The device that it will be on.
        pause_at: The iteration to pause at; 0 for none.
        catch_up: The iteration that it has to come to before anything is done to it.
    """

    plural = "live runs"

    def __init__(
        self,
        job_id: str,
        key: str,
        request: RunRequest,
        device: str,
        *,
        pause_at: int = 0,
        catch_up: int = 0,
    ) -> None:
        super().__init__(job_id, key, request)
        self.on, self.pause_at, self.catch_up = device, pause_at, catch_up
        self._standing: LiveReport | None = None

    @property
    def message(self) -> Any:
        """What its worker is sent."""
        return LiveTask(self.job_id, self.request, self.key, self.on, self.pause_at, self.catch_up)

    @property
    def config(self) -> GenerateConfig:
        """The settings that it began with, and the schedule of all changes."""
        assert isinstance(self.request.config, GenerateConfig)  # no other is live
        return self.request.config if self._standing is None else self._standing.config

    @property
    def n_done(self) -> int:
        """Steps done, as far as is known."""
        return self._latest.step

    def take_live(self, report: LiveReport, now: float) -> None:
        """Take in where it stands; losses after those that still hold are replaced."""
        before = self._latest
        kept = before.losses[: report.n_kept] if before.terms == report.progress.terms else None
        if report.progress.step < before.step or report.paused:
            self._pace.clear()
        self._standing = report
        self._latest = replace(before, losses=no_losses() if kept is None else kept)
        message = report.problem or ("Paused." if report.paused else "")
        self.take(replace(report.progress, message=message), now)

    def snapshot(
        self,
        run: Run[RunRequest],
        now: float,
        *,
        position: int = 0,
        device: str = "",
        version: int = 0,
    ) -> RunSnapshot:
        """See `RunJob`; its request is that of now."""
        shown = super().snapshot(run, now, position=position, device=device, version=version)
        standing = self._standing
        if standing is None:
            return replace(shown, steerable=True)
        return replace(
            shown,
            request=replace(run.request, config=standing.config),
            steerable=True,
            paused=standing.paused,
            per_second=standing.per_second,
            eta=None if standing.paused or standing.per_second else shown.eta,
        )

    def last_snapshot(
        self, run: Run[RunRequest], now: float, ending: Ending, *, device: str, version: int
    ) -> RunSnapshot:
        """See `RunJob`; its request is what its answer is to."""
        last = super().last_snapshot(run, now, ending, device=device, version=version)
        config = last.request.config if ending.request is None else ending.request.config
        request = replace(run.request, config=config)
        return replace(last, request=request, steerable=False, paused=False, per_second=0.0)


class TaskJob(Job[TaskRequest]):
    """Work that is no run: a function that the worker calls."""

    advice = "try again"
    advice_when_silent = "try again"
    plural = "tasks"

    def __init__(self, job_id: str, key: str, request: TaskRequest) -> None:
        super().__init__(job_id, key, request)
        self._stage = self._message = ""

    @property
    def message(self) -> FunctionTask:
        """What its worker is sent."""
        request = self.request
        return FunctionTask(self.job_id, self.turn, request.function, dict(request.arguments))

    @property
    def gives_way(self) -> bool:
        """Whether it makes room for others, as `maxstim_core.runs.task.TaskRequest` says."""
        return self.request.gives_way

    def set_message(self, message: str) -> None:
        """Change what is said of what it is doing, one sentence."""
        self._message = message

    def take(self, report: Progress | StageReport, now: float) -> None:
        """Take in a report of the worker: a stage, or what the worker does for it, as a message."""
        if self.cancelled_at is not None:
            return
        if isinstance(report, StageReport):
            self._stage, self._message = report.stage, ""
        else:
            self._message = report.message

    def snapshot(
        self,
        run: Run[TaskRequest],
        now: float,
        *,
        position: int = 0,
        device: str = "",
        version: int = 0,
    ) -> TaskSnapshot:
        """Return the picture that one of those who wait has of it."""
        return TaskSnapshot(
            task_id=run.run_id,
            request=run.request,
            session=run.session,
            state=self.state,
            position=position,
            stage=self._stage,
            message=self._message if self._ended is None else "",
            elapsed=self._elapsed(now),
            device=device,
            version=version,
        )

    def last_snapshot(
        self, run: Run[TaskRequest], now: float, ending: Ending, *, device: str, version: int
    ) -> TaskSnapshot:
        """Return the final picture of one of those who wait, who may leave before the job ends."""
        last = self.snapshot(run, now, device=device, version=version)
        message = ending.reason[:1].upper() + ending.reason[1:]
        return replace(last, state=ending.state, message=message)


AnyJob = Job[Any]
"""A job of whichever kind."""
