"""One device: a worker process, and the thread of the server that keeps it busy and watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from maxstim_core.runs.job import AnyJob, Ending
from maxstim_core.runs.messages import (
    AheadReport,
    Cancel,
    Cancelled,
    Done,
    Failed,
    GaveWay,
    GiveWay,
    Hello,
    Progress,
    RestAhead,
    SearchAhead,
    StageReport,
    Stopping,
    Warm,
)
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.worker_process import Gone, WorkerProcess

_TICK = 0.1
"""Seconds between looks at the clock while a worker is silent."""


class JobSource(Protocol):
    """What a `DeviceWorker` needs of the queue; every method may be called by any thread.

    Attributes:
        runner: As `maxstim_core.runs.worker` takes it.
        store: Where results go.
        clock: Seconds that never go back.
        hang_seconds: Patience with a run that is silent after its last step.
        grace_seconds: Patience with a cancelled job that does not stop.
        start_seconds: Patience with a worker that starts, and with a job before its first step.
    """

    runner: str
    store: RunStore
    clock: Callable[[], float]
    hang_seconds: float
    grace_seconds: float
    start_seconds: float

    def take(self, worker: DeviceWorker) -> AnyJob | None:
        """Wait for the next job of a worker's device; None when there will be no more."""

    def note_report(self, job: AnyJob, report: Progress | StageReport) -> None:
        """Take in a report on a running job."""

    def finish(self, job: AnyJob, ending: Ending) -> None:
        """Take in how a running job ended."""

    def note_start(self, problem: str) -> None:
        """Learn whether a worker could be started: why not, or nothing."""

    def note_devices(self, hello: Hello) -> None:
        """Learn from a worker which devices there are."""


class DeviceWorker(threading.Thread):
    """Takes jobs for a device from the queue, one after another, until the queue is closed.

    The thread alone starts the worker process and reads from it; `cancel` and `kill` may be called by
    any thread.

    Args:
        queue: Where jobs come from.
        name: Device asked for; ``auto`` for the first worker, which finds out what there is.
    """

    def __init__(self, queue: JobSource, name: str) -> None:
        super().__init__(name=f"maxstim-device-{name}", daemon=True)
        self.device = name
        self._queue = queue
        self._worker: WorkerProcess | None = None
        self._wish = ""  # network to be ready for
        self._ahead: SearchAhead | None = None  # what to search while there is nothing to do
        self._rests = False  # whether that shall rest
        self._starting = threading.Lock()
        self._closed = False

    def run(self) -> None:
        """Work until the queue is closed (the thread's own method)."""
        while True:
            # Before waiting for a job, so that importing torch does not delay the next one.
            problem = self._worker_problem()
            self._queue.note_start(problem)
            job = self._queue.take(self)
            if job is None:
                break
            if self._worker is not None and not self._worker.alive:
                self._replace_worker()  # it died idle, which is not this job's fault
                problem = self._worker_problem()
            problem = problem and self._worker_problem()
            try:
                ending = Ending("failed", reason=problem) if problem else self._follow(job)
            except Exception as error:  # a defect of ours must not leave the device idle for good
                self._replace_worker()
                ending = Ending("failed", reason=self._queue.store.defect(job.job_id, error))
            self._queue.finish(job, ending)
        self.kill()

    def cancel(self, job: AnyJob, *, by_server: bool = False) -> None:
        """Ask the worker to stop a job: for its last run, or for all where the server is stopped."""
        worker = self._worker
        if worker is not None:
            worker.send(Cancel(job.job_id, job.runs[0].run_id, by_server))

    def give_way(self, job: AnyJob) -> None:
        """Ask the worker to end the present turn of a job."""
        worker = self._worker
        if worker is not None:
            worker.send(GiveWay(job.job_id, job.turn))

    def warm(self, network: str) -> None:
        """Let the worker get ready for a network, as soon as it has nothing else to do."""
        self._wish = network
        worker = self._worker
        if worker is not None:
            worker.send(Warm(network))

    def search_ahead(self, wish: SearchAhead) -> None:
        """Let the worker search for all cell types, whenever it has nothing else to do."""
        self._ahead = wish
        worker = self._worker
        if worker is not None:
            worker.send(wish)

    def rest_ahead(self, rests: bool) -> None:
        """Let the search ahead rest, or go on."""
        self._rests = rests
        worker = self._worker
        if worker is not None:
            worker.send(RestAhead(rests))

    @property
    def ahead(self) -> AheadReport | None:
        """How far it is with that, or None."""
        worker = self._worker
        return None if worker is None else worker.ahead

    def kill(self) -> None:
        """End the worker for good."""
        with self._starting:
            self._closed = True
            self._replace_worker()

    def _worker_problem(self) -> str:
        """Start a worker where there is none; return why that failed, or nothing."""
        with self._starting:
            if self._worker is not None or self._closed:
                return ""
            queue = self._queue
            try:
                worker = WorkerProcess(queue.runner, self.device, queue.store.root)
            except (OSError, RuntimeError, MemoryError) as error:  # memory or threads are used up
                reason = str(error) or "out of memory"
                return (
                    f"no worker process could be started ({reason}); close other programs, or restart "
                    "the server."
                )
            self._worker = worker
            if self._wish:
                worker.send(Warm(self._wish))
            if self._rests:
                worker.send(RestAhead(True))
            if self._ahead is not None:
                worker.send(self._ahead)
        give_up = queue.clock() + queue.start_seconds
        while (message := worker.receive(_TICK)) is None and queue.clock() < give_up:
            pass
        if isinstance(message, Hello):
            self.device = message.device
            queue.note_devices(message)
            return ""
        self._replace_worker()
        if isinstance(message, Failed):
            return message.reason
        return "its worker process did not start; run `maxstim doctor` to see what is missing."

    def _follow(self, job: AnyJob) -> Ending:
        """Give a job to the worker and listen until it ends, one way or another."""
        queue, worker = self._queue, self._worker
        if worker is None:  # the queue was closed a moment ago
            return Ending("cancelled")
        worker.send(job.message)
        if job.cancelled_at is not None:  # perhaps before this worker could be asked to stop
            self.cancel(job)
        last_sign, stepped, stopping = queue.clock(), False, False
        while True:
            message = worker.receive(_TICK)
            now = queue.clock()
            if message is None:
                silence = queue.hang_seconds if stepped else queue.start_seconds
                ending = self._overdue(job, now, now - last_sign > silence, stopping)
                if ending is not None:
                    self._replace_worker()
                    return ending
                continue
            last_sign = now
            match message:
                case Progress(step):
                    stepped = step > 0  # before, it may compile; a function has no steps at all
                    queue.note_report(job, message)
                case StageReport():
                    queue.note_report(job, message)
                case Stopping():
                    stopping = True
                case Done(result):
                    return Ending("done", result)
                case Cancelled(result):
                    return Ending("cancelled", result)
                case GaveWay():
                    return Ending("queued")
                case Failed(reason, replace):
                    if replace:
                        self._replace_worker()
                    return Ending("failed", reason=reason)
                case Gone(exit_code):
                    self._replace_worker()
                    if job.cancelled_at is not None:
                        return Ending("cancelled")
                    return Ending("failed", reason=_died(exit_code, job))

    def _overdue(self, job: AnyJob, now: float, silent: bool, stopping: bool) -> Ending | None:
        """Return how a job ends whose worker must be ended, or None while there is patience."""
        queue = self._queue
        if job.cancelled_at is not None and not stopping:
            # A long step is no hang: wait for the end of the step, where its duration is known.
            patience = max(queue.grace_seconds, 2 * (job.seconds_per_step or 0.0))
            if now - job.cancelled_at > patience:
                return Ending(
                    "cancelled",
                    reason="it did not stop by itself and was ended, so nothing could be kept.",
                )
        if silent:
            return Ending(
                "failed",
                reason="it gave no sign of life for too long and was ended; "
                f"{job.advice_when_silent}.",
            )
        return None

    def _replace_worker(self) -> None:
        worker, self._worker = self._worker, None
        self._wish, self._ahead = "", None  # it may have been the reason
        if worker is not None:
            worker.end()


def _died(exit_code: int, job: AnyJob) -> str:
    return f"its worker process died (exit code {exit_code}), perhaps for lack of memory; {job.advice}."
