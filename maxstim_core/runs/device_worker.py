"""One device: a worker process, and the thread of the server that keeps it busy and watches it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from maxstim_core.runs.job import Ending, Job
from maxstim_core.runs.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Hello,
    Progress,
    RunTask,
    Stopping,
    Warm,
)
from maxstim_core.runs.worker_process import Gone, WorkerProcess

if TYPE_CHECKING:
    from maxstim_core.runs.queue import RunQueue

_TICK = 0.1
"""Seconds between looks at the clock while a worker is silent."""


class DeviceWorker(threading.Thread):
    """Takes jobs for a device from the queue, one after another, until the queue is closed.

    The thread alone starts and hears the worker; `cancel` and `kill` may be called by any thread.

    Args:
        queue: Where jobs come from.
        name: Device asked for; ``auto`` for the first lane, which finds out what there is.
    """

    def __init__(self, queue: RunQueue, name: str) -> None:
        super().__init__(name=f"maxstim-lane-{name}", daemon=True)
        self.device = name
        self._queue = queue
        self._worker: WorkerProcess | None = None
        self._wish = ""  # network to be ready for
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
            except Exception as error:  # a defect of ours must not leave the device without a lane
                self._replace_worker()
                ending = Ending("failed", reason=self._queue.store.defect(job.job_id, error))
            self._queue.finish(job, ending)
        self.kill()

    def cancel(self, job: Job) -> None:
        """Ask the worker to stop a job, for its last run."""
        worker = self._worker
        if worker is not None:
            worker.send(Cancel(job.job_id, job.runs[0].run_id))

    def warm(self, network: str) -> None:
        """Let the worker get ready for a network, as soon as it has nothing else to do."""
        self._wish = network
        worker = self._worker
        if worker is not None:
            worker.send(Warm(network))

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
            except OSError as error:
                return f"no worker process could be started ({error}); restart the server."
            self._worker = worker
            if self._wish:
                worker.send(Warm(self._wish))
        give_up = queue.clock() + queue.start_seconds
        while (message := worker.receive(_TICK)) is None and queue.clock() < give_up:
            pass
        if isinstance(message, Hello):
            self.device = message.device
            queue.greet(message)
            return ""
        self._replace_worker()
        if isinstance(message, Failed):
            return message.reason
        return "its worker process did not start; run `maxstim doctor` to see what is missing."

    def _follow(self, job: Job) -> Ending:
        """Give a job to the worker and listen until it ends, one way or another."""
        queue, worker = self._queue, self._worker
        if worker is None:  # the queue was closed a moment ago
            return Ending("cancelled")
        worker.send(RunTask(job.job_id, job.key, job.request))
        if job.cancelled_at is not None:  # it may have been cancelled before this worker could hear
            self.cancel(job)
        heard, stepped, stopping = queue.clock(), False, False
        while True:
            message = worker.receive(_TICK)
            now = queue.clock()
            if message is None:
                silence = queue.hang_seconds if stepped else queue.start_seconds
                ending = self._overdue(job, now, now - heard > silence, stopping)
                if ending is not None:
                    self._replace_worker()
                    return ending
                continue
            heard = now
            match message:
                case Progress(step):
                    stepped = step > 0  # before, it may compile
                    queue.note(job, message)
                case Stopping():
                    stopping = True
                case Done(result):
                    return Ending("done", result)
                case Cancelled(result):
                    return Ending("cancelled", result)
                case Failed(reason, replace):
                    if replace:
                        self._replace_worker()
                    return Ending("failed", reason=reason)
                case Gone(exit_code):
                    self._replace_worker()
                    if job.cancelled_at is not None:
                        return Ending("cancelled")
                    return Ending("failed", reason=_died(exit_code))

    def _overdue(self, job: Job, now: float, silent: bool, stopping: bool) -> Ending | None:
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
                reason="it gave no sign of life for too long and was ended; run it again, with "
                "fewer frames or on another device.",
            )
        return None

    def _replace_worker(self) -> None:
        worker, self._worker = self._worker, None
        self._wish = ""  # it may have been the reason
        if worker is not None:
            worker.end()


def _died(exit_code: int) -> str:
    return (
        f"its worker process died (exit code {exit_code}), perhaps for lack of memory; "
        "try fewer frames, or another device."
    )
