"""One computation and the sessions that wait for it.

Two sessions that ask for the same thing have a run each, and share one job. Nothing here is
thread-safe: the queue's lock guards it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from maxstim_core.runs.messages import Progress, StageReport
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot, TaskSnapshot
from maxstim_core.runs.task import TaskRequest

STARTING = "Starting."
"""What a job says before its worker does."""

NEXT_STATES = {
    "queued": ("running", "cancelled", "failed"),
    "running": ("queued", "done", "cancelled", "failed"),
    "done": (),
    "cancelled": (),
    "failed": (),
}
"""The states of a job, and which can follow which; what gives way is queued again."""

Request = TypeVar("Request", RunRequest, TaskRequest)
RunPicture = TypeVar("RunPicture", RunSnapshot, TaskSnapshot)


class Stopper(Protocol):
    """What a job knows of the worker that does it."""

    def cancel(self, job: AnyJob, *, by_server: bool = False) -> None:
        """Ask the worker to stop a job; `by_server` if the server is being stopped."""

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
    job: Job[Request, Any] | None = None
    last: RunSnapshot | TaskSnapshot | None = None


class Job(ABC, Generic[Request, RunPicture]):
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
        self._began = self._before = 0.0  # when this turn did; seconds of those before
        self._ended: float | None = None

    @property
    @abstractmethod
    def what(self) -> str:
        """What it is, one word or two, for those who wait behind it."""

    @property
    @abstractmethod
    def message(self) -> Any:
        """What its worker is sent."""

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

    def wait_again(self, now: float) -> None:
        """Note that it has given way and is to go on later."""
        self._before = self._elapsed(now)
        self._move("queued")
        self.worker, self.device = None, ""

    def end(self, state: str, now: float) -> None:
        """Note that it is over: ``done``, ``cancelled`` or ``failed``."""
        self._ended = now if self.state == "running" else self._began
        self._move(state)

    @abstractmethod
    def set_message(self, message: str) -> None:
        """Change what is said of what it is doing, one sentence."""

    @abstractmethod
    def take(self, report: Progress | StageReport, now: float) -> None:
        """Take in a report of the worker."""

    def snapshot(
        self,
        run: Run[Request],
        now: float,
        *,
        position: int = 0,
        device: str = "",
        version: int = 0,
    ) -> RunPicture:
        """Return the picture that one of its runs has of it.

        Args:
            run: Of those that wait for it.
            now: By the clock of the queue.
            position: Place in the order; 0 unless queued.
            device: Where it runs, or will.
            version: Of the last change of what is shown.
        """
        return replace(self._picture(run, now), position=position, device=device, version=version)

    def last_snapshot(
        self, run: Run[Request], now: float, ending: Ending, *, device: str, version: int
    ) -> RunPicture:
        """Return the final picture of one of its runs, which may end before the job does."""
        last = self.snapshot(run, now, device=device, version=version)
        return self._last_picture(replace(last, state=ending.state), run, ending)

    @abstractmethod
    def _picture(self, run: Run[Request], now: float) -> RunPicture:
        """Return what a run shows, but for what the queue knows."""

    @abstractmethod
    def _last_picture(self, last: RunPicture, run: Run[Request], ending: Ending) -> RunPicture:
        """Return what a run shows in the end, from what it would show otherwise."""

    @property
    def elapsed(self) -> float:
        """Seconds that it has taken, once it has ended."""
        return self._elapsed(self._began)

    def _elapsed(self, now: float) -> float:
        if self.state == "queued":
            return self._before
        return self._before + (now if self._ended is None else self._ended) - self._began

    def _move(self, state: str) -> None:
        assert state in NEXT_STATES[self.state], f"a {self.state} job cannot be {state}"
        self.state = state


AnyJob = Job[Any, Any]
"""A job of whichever kind."""
