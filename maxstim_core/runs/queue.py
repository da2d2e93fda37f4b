"""The queue: who asked for what, who is next, and what anyone may know of it.

Any thread may call any public method of `RunQueue`. One lock guards all state and is held for
moments only; files and networks are read outside it. Nobody is called back: pages poll
`RunSnapshot`s, so that no thread of the queue ever writes into a document.
"""

from __future__ import annotations

import atexit
import itertools
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from maxstim_core.devices import ALWAYS_THERE, choose_device
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.device_worker import DeviceWorker
from maxstim_core.runs.fair_order import FairOrder
from maxstim_core.runs.job import Ending, Job, Run
from maxstim_core.runs.messages import Hello, Progress
from maxstim_core.runs.request import RunRequest, content_key, opened
from maxstim_core.runs.snapshot import RunSnapshot, stored_snapshot
from maxstim_core.runs.store import RunStore

_ENDED_RUNS_KEPT = 500
_OTHERS_WAIT = "cancelled for you alone; others wait for the same answer, so it goes on."
_SHUT_DOWN = "the server was shut down; submit it again."


class RunQueue:
    """Runs of many sessions on the devices of this machine, one at a time on each.

    A run is ``queued``, then ``running``, then ``done``, ``cancelled`` or ``failed``. Sessions take
    turns. The same request, while it waits or runs, is computed once for all who ask; when it is in
    the store, it is ``done`` at once. Worker processes start with the first run, or with `warm`.

    Args:
        runner: ``module:function`` that starts a run in the worker; the module also has
            ``available_devices`` and ``warm``, as `maxstim_core.runs.execute`.
        store: Where results go; the user's data directory if None.
        hang_seconds: A run that gives no sign of life for so long after its last is ended.
        grace_seconds: A cancelled run that does not stop for so long is ended.
        start_seconds: A worker that is not ready after so long is given up, and so is a run that
            gives no first sign of life: its first step may have to be compiled.
        most_queued: Runs that one session may have waiting.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        *,
        runner: str = "maxstim_core.runs.execute:execute",
        store: RunStore | None = None,
        hang_seconds: float = 120.0,
        grace_seconds: float = 5.0,
        start_seconds: float = 300.0,
        most_queued: int = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.runner, self.store, self.clock = runner, store or RunStore(), clock
        self.hang_seconds, self.grace_seconds = hang_seconds, grace_seconds
        self.start_seconds, self.most_queued = start_seconds, most_queued
        self._changed = threading.Condition()
        self._versions = itertools.count(1)
        self._line_version = 0
        self._runs: dict[str, Run] = {}
        self._jobs: dict[str, Job] = {}  # that can be joined, by key
        self._line: FairOrder[Job] = FairOrder()
        self._workers: list[DeviceWorker] = []
        self._devices: tuple[str, ...] | None = None
        self._start_problem = ""
        self._closed = False

    @property
    def folder(self) -> Path:
        """Where results are stored; need not exist yet."""
        return self.store.results

    def submit(self, request: RunRequest, session: str) -> str:
        """Let a request wait for its turn, and return the id of its run.

        Raises:
            MaxstimError: if the network, cell type, clip set or device does not exist, results
                cannot be stored, or the session has too many runs waiting. Nothing has changed.
        """
        key = content_key(request, *opened(request))
        self._check_device(request.device)
        with self._changed:
            live = key in self._jobs
        # In this order: a job leaves `_jobs` after its result has reached the store.
        stored = None if live else self.store.find(key)
        if stored is None:
            self.store.check_writable()
        run = Run(secrets.token_hex(8), session, request)
        with self._changed:
            if self._closed:
                raise MaxstimError("The server is shutting down; start it again to run anything.")
            if stored is not None:
                run.last = stored_snapshot(
                    run.run_id, request, session, *stored, version=next(self._versions)
                )
            else:
                self._enter(run, key)
            self._runs[run.run_id] = run
            self._forget_old_runs()
        return run.run_id

    def cancel(self, run_id: str) -> None:
        """Cancel a run. What others wait for too goes on; the best so far of a lone run is kept.

        Raises:
            MaxstimError: if there is no such run.
        """
        with self._changed:
            run = self._run(run_id)
            if run.last is not None or run.job.cancelled_at is not None:
                return
            job = run.job
            if job.state == "queued":
                self._line.leave(run.session, job)
            if len(job.runs) > 1:
                self._end_run(run, Ending("cancelled", reason=_OTHERS_WAIT))
                job.runs.remove(run)
            elif job.state == "queued":
                self._finish(job, Ending("cancelled"))
            else:
                del self._jobs[job.key]
                job.cancelled_at = self.clock()
                job.say("Stopping.")
                job.version = next(self._versions)
                job.worker.cancel(job)
            self._order_changed()

    def snapshot(self, run_id: str) -> RunSnapshot:
        """Return how a run stands.

        Raises:
            MaxstimError: if there is no such run.
        """
        with self._changed:
            return self._picture(self._run(run_id), self._positions(), self.clock())

    def snapshots(self, session: str | None = None) -> tuple[RunSnapshot, ...]:
        """Return how all runs stand, or those of one session, newest first."""
        with self._changed:
            positions, now = self._positions(), self.clock()
            runs = [r for r in self._runs.values() if session is None or r.session == session]
            return tuple(self._picture(run, positions, now) for run in reversed(runs))

    def devices(self) -> tuple[str, ...]:
        """Return the devices that runs can use, the CPU first: all, once a worker has started."""
        with self._changed:
            return self._devices or ("cpu",)

    def warm(self, network: str = "", device: str = "auto") -> None:
        """Start the first worker now, so that the first run need not wait for it.

        Args:
            network: A network to get ready for, while there is nothing to run; the last one that was
                wished for alone counts.
            device: Where its runs will be; nothing is done for one that no worker has started on.
        """
        with self._changed:
            if not self._workers and not self._closed:
                self._open_lane("auto")
            workers = [
                worker for worker in self._workers if network and self._serves(worker, device)
            ]
        for worker in workers:
            worker.warm(network)

    def close(self) -> None:
        """End all workers; runs that have not ended are cancelled."""
        with self._changed:
            self._closed = True
            for job in list(self._line):
                self._line.serve(job)
                self._finish(job, Ending("cancelled", reason=_SHUT_DOWN))
            workers = tuple(self._workers)
            self._changed.notify_all()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(timeout=10)

    # What lanes call, each from its own thread.

    def take(self, worker: DeviceWorker) -> Job | None:
        """Wait for the next job of a lane's device; None when the queue is closed."""
        with self._changed:
            while not self._closed:
                job = next((job for job in self._line if self._suits(job, worker)), None)
                if job is not None:
                    self._line.serve(job)
                    job.begin(worker, self._device(job), self.clock())
                    job.version = next(self._versions)
                    self._order_changed()
                    return job
                self._changed.wait()
            return None

    def note(self, job: Job, news: Progress) -> None:
        """Take in a report on a running job."""
        with self._changed:
            job.take(news, self.clock())
            job.version = next(self._versions)

    def finish(self, job: Job, ending: Ending) -> None:
        """Take in how a running job ended."""
        with self._changed:
            if self._closed and ending.state == "failed":
                ending = Ending("cancelled", reason=_SHUT_DOWN)
            self._finish(job, ending)

    def note_start(self, problem: str) -> None:
        """Learn whether a worker could be started: why not, or nothing."""
        with self._changed:
            self._start_problem = problem
            self._changed.notify_all()

    def greet(self, hello: Hello) -> None:
        """Learn from a worker which devices there are."""
        with self._changed:
            self._devices = hello.devices
            for job in self._line:
                self._open_lane_for(job)
            self._order_changed()

    # Everything below runs under the lock, but for `_check_device`.

    def _enter(self, run: Run, key: str) -> None:
        job = self._jobs.get(key)
        if job is None or job.state == "queued":
            waiting = [
                r for r in self._runs.values() if r.last is None and r.session == run.session
            ]
            if sum(r.job.state == "queued" for r in waiting) >= self.most_queued:
                raise MaxstimError(
                    f"You have {self.most_queued} runs waiting; let one start, or cancel one."
                )
        if job is None:
            job = self._jobs[key] = Job(run.run_id, key, run.request)
        run.job = job
        job.runs.append(run)
        if job.state == "queued":
            self._line.add(run.session, job)
            self._open_lane_for(job)
        self._order_changed()

    def _finish(self, job: Job, ending: Ending) -> None:
        job.end(ending.state, self.clock())
        job.version = next(self._versions)
        for run in job.runs:
            self._end_run(run, ending)
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]

    def _end_run(self, run: Run, ending: Ending) -> None:
        """Fix the last picture of a run, and let go of its job."""
        message = f"Run {run.run_id}: {ending.reason}" if ending.reason else ""
        last = run.job.snapshot(
            run, self.clock(), message=message, device=self._device(run.job), result=ending.result
        )
        run.last = replace(
            last, state=ending.state, eta=None, preview=None, version=next(self._versions)
        )
        run.job = None

    def _picture(self, run: Run, positions: dict[Job, int], now: float) -> RunSnapshot:
        if run.last is not None:
            return run.last
        queued = run.job.state == "queued"
        return run.job.snapshot(
            run,
            now,
            position=positions.get(run.job, 0),
            device=self._device(run.job),
            version=max(run.job.version, self._line_version if queued else 0),
        )

    def _positions(self) -> dict[Job, int]:
        ahead: dict[str, int] = {}
        positions = {}
        for job in self._line:
            device = self._device(job)
            positions[job] = ahead[device] = ahead.get(device, 0) + 1
        return positions

    def _run(self, run_id: str) -> Run:
        if run_id not in self._runs:
            raise MaxstimError(
                f"There is no run {run_id!r} on this server any more; ask again, and a finished "
                "answer comes from the store at once."
            )
        return self._runs[run_id]

    def _device(self, job: Job) -> str:
        return job.device or choose_device(job.request.device, self._devices or ("cpu",))

    def _suits(self, job: Job, worker: DeviceWorker) -> bool:
        return self._devices is None or self._device(job) == worker.device

    def _serves(self, worker: DeviceWorker, device: str) -> bool:
        """Tell whether a lane takes runs that ask for a device; before it is known, the first may."""
        if self._devices is None:
            return True
        with suppress(MaxstimError):
            return worker.device == choose_device(device, self._devices)
        return False

    def _check_device(self, name: str) -> None:
        """Refuse a device that is not there; a GPU is there when a worker has said so."""
        if name in ALWAYS_THERE:
            return
        self.warm()
        with self._changed:
            self._changed.wait_for(lambda: self._devices or self._start_problem or self._closed)
            if not self._devices and self._start_problem:
                raise MaxstimError(f"Whether there is a {name} is not known: {self._start_problem}")
            choose_device(name, self._devices or ("cpu",))

    def _open_lane_for(self, job: Job) -> None:
        if not self._workers:
            self._open_lane("auto")
        elif self._devices is not None:
            device = self._device(job)
            if all(worker.device != device for worker in self._workers):
                self._open_lane(device)

    def _open_lane(self, name: str) -> None:
        self._workers.append(DeviceWorker(self, name))
        self._workers[-1].start()

    def _order_changed(self) -> None:
        self._line_version = next(self._versions)
        self._changed.notify_all()

    def _forget_old_runs(self) -> None:
        ended = [run_id for run_id, run in self._runs.items() if run.last is not None]
        for run_id in ended[: max(0, len(ended) - _ENDED_RUNS_KEPT)]:
            del self._runs[run_id]


_the_queue: RunQueue | None = None
_making = threading.Lock()


def the_queue() -> RunQueue:
    """Return the queue of this process, the same to every thread; made on the first call."""
    global _the_queue
    with _making:
        if _the_queue is None:
            _the_queue = RunQueue()
            _the_queue.store.sweep()
            atexit.register(_the_queue.close)
        return _the_queue
