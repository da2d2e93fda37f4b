"""The server's thread that starts the process of live runs, tells it what people do, and listens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from maxstim_core.runs.job import AnyJob, Ending
from maxstim_core.runs.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    LiveAct,
    LiveReport,
    LiveTask,
    OfLive,
    Warm,
)
from maxstim_core.runs.run_job import LiveJob
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.worker_process import Gone, WorkerProcess

_TICK = 0.1
"""Seconds between looks at the clock while the process is silent."""


class LiveJobOwner(Protocol):
    """What a `LiveWorker` needs of the queue; every method may be called by any thread.

    Attributes:
        store: Where results go.
        clock: Seconds that never go back.
        grace_seconds: Patience with a cancelled job that does not stop.
    """

    store: RunStore
    clock: Callable[[], float]
    grace_seconds: float

    def live_jobs(self) -> tuple[LiveJob, ...]:
        """Return those that the process has."""

    def note_live(self, job: LiveJob, report: LiveReport) -> None:
        """Take in where one stands."""

    def finish(self, job: LiveJob, ending: Ending) -> None:
        """Take in how one ended."""


class LiveWorker(threading.Thread):
    """Runs many jobs at once in one process, until the queue is closed.

    A process that dies takes its runs with it, and the next run starts another.

    Args:
        owner: The queue.
    """

    def __init__(self, owner: LiveJobOwner) -> None:
        super().__init__(name="maxstim-live", daemon=True)
        self._owner = owner
        self._telling = threading.Lock()
        self._untold: list[LiveTask | LiveAct | Cancel | Warm] = []
        self._worker: WorkerProcess | None = None
        self._wanted = threading.Event()
        self._closed = False

    def begin(self, job: LiveJob) -> None:
        """Let the process begin a job; any thread."""
        self._tell(job.message)

    def act(self, act: LiveAct) -> None:
        """Tell the process what a person does; any thread."""
        self._tell(act)

    def warm(self, network: str) -> None:
        """Let the process get ready for a network; any thread."""
        self._tell(Warm(network))

    def cancel(self, job: AnyJob, *, by_server: bool = False) -> None:
        """Ask the process to stop a job; any thread."""
        self._tell(Cancel(job.job_id, job.runs[0].run_id, by_server))

    def give_way(self, job: AnyJob) -> None:
        """Live runs share: none gives way."""

    def kill(self) -> None:
        """End the process for good."""
        with self._telling:
            self._closed = True
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()
        self._wanted.set()

    def run(self) -> None:
        """Listen until the queue is closed (the thread's own method)."""
        while not self._closed:
            worker = self._worker
            if worker is None:
                self._wanted.wait()
                self._start()
                continue
            message = worker.receive(_TICK)
            if isinstance(message, OfLive):
                self._take(message)
            elif isinstance(message, Gone):
                with self._telling:
                    self._worker = None
                    self._wanted.clear()
                worker.end()
                self._fail_all(
                    f"the process of live runs died (exit code {message.exit_code}), perhaps for lack "
                    "of memory; run it again, with fewer frames."
                )
            elif message is None:
                self._end_deaf()
        self._fail_all("")  # the queue knows why

    def _tell(self, message: LiveTask | LiveAct | Cancel | Warm) -> None:
        """Send a message, when the process has been started."""
        with self._telling:
            if self._worker is None:
                self._untold.append(message)
                self._wanted.set()
            else:
                self._worker.send(message)

    def _start(self) -> None:
        """Start the process, and tell it what it missed."""
        problem = ""
        with self._telling:
            if self._closed:
                return
            try:
                self._worker = WorkerProcess(
                    "", "cpu", self._owner.store.root, module="maxstim_core.runs.live"
                )
            except (OSError, RuntimeError, MemoryError) as error:  # memory or threads are used up
                problem = str(error) or "out of memory"
                self._wanted.clear()
            else:
                for message in self._untold:
                    self._worker.send(message)
            self._untold.clear()
        if problem:
            self._fail_all(f"no process could be started ({problem}); close other programs.")

    def _take(self, message: OfLive) -> None:
        owner = self._owner
        job = next((job for job in owner.live_jobs() if job.job_id == message.job_id), None)
        if job is None:  # it was ended meanwhile
            return
        match message.message:
            case LiveReport() as report:
                owner.note_live(job, report)
            case Done(result, request):
                owner.finish(job, Ending("done", result, request=request))
            case Cancelled(result, reason):
                owner.finish(job, Ending("cancelled", result, reason))
            case Failed(reason):
                owner.finish(job, Ending("failed", reason=reason))

    def _fail_all(self, reason: str) -> None:
        for job in self._owner.live_jobs():
            state = "failed" if job.cancelled_at is None else "cancelled"
            self._owner.finish(job, Ending(state, reason=reason if state == "failed" else ""))

    def _end_deaf(self) -> None:
        """End the process where a cancelled job has not stopped for long: it hangs."""
        owner, now = self._owner, self._owner.clock()
        patience = 10 * owner.grace_seconds  # a step of many long movies is none
        for job in owner.live_jobs():
            if job.cancelled_at is not None and now - job.cancelled_at > patience:
                worker = self._worker
                if worker is not None:
                    worker.end()
                return
