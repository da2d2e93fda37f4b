"""The queue: who asked for what, who is next, and what anyone may know of it.

Any thread may call any public method of `RunQueue`. One lock guards all state and is held for
moments only; files and networks are read outside it. Nobody is called back: pages poll
`RunSnapshot`s and `TaskSnapshot`s, so that no thread of the queue ever writes into a document.
"""

from __future__ import annotations

import atexit
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any

from maxstim_core.devices import ALWAYS_THERE, choose_device
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.schedule import check_steerable
from maxstim_core.runs.device_worker import DeviceWorker
from maxstim_core.runs.fair_order import FairOrder
from maxstim_core.runs.job import AnyJob, Ending, Run
from maxstim_core.runs.live_worker import LiveWorker
from maxstim_core.runs.messages import (
    LIVE_ACTS,
    AheadReport,
    Hello,
    LiveAct,
    LiveReport,
    Progress,
    SearchAhead,
    StageReport,
)
from maxstim_core.runs.request import RunRequest, content_key, opened
from maxstim_core.runs.run_job import LiveJob, RunJob
from maxstim_core.runs.shipped import find_shipped
from maxstim_core.runs.snapshot import RunSnapshot, TaskSnapshot, stored_snapshot
from maxstim_core.runs.stopped import StoppedRun
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.task import TaskRequest
from maxstim_core.runs.task_job import TaskJob
from maxstim_core.runs.waiting import RunPace

_ENDED_RUNS_KEPT = 500
"""Runs and tasks that are remembered after they have ended."""

_OTHERS_WAIT = "cancelled for you alone; others wait for the same answer, so it goes on."
_SHUT_DOWN = "the server was shut down; submit it again."


class RunQueue:
    """Runs of many sessions on the devices of this machine, one at a time on each.

    A run is ``queued``, then ``running``, then ``done``, ``cancelled`` or ``failed``. Sessions take
    turns. The same request, while it waits or runs, is computed once for all who ask; when it is in
    the store, it is ``done`` at once. Worker processes start with the first run, or with `warm`.

    Generated answers may be asked for as live runs, which are steered while they go (`act`). They share
    a process of their own, step by step in turn, so that none of them waits for another to end.

    Other work, such as measuring a model card, is a task (`submit_task`): it has the same states, waits
    in the same order and is done by the same workers. One that gives way is ``queued`` again while
    something else has its turn.

    Args:
        runner: ``module:function`` that starts a run in the worker; the module also has
            ``available_devices`` and ``warm``, as `maxstim_core.runs.execute`.
        store: Where results go; the user's data directory if None.
        hang_seconds: A run that gives no sign of life for so long after its last is ended.
        grace_seconds: A cancelled run that does not stop for so long is ended.
        keep_seconds: How long runs that are going have to store their best when the queue is closed.
        start_seconds: A worker that is not ready after so long is given up, and so is a run that
            gives no first sign of life: its first step may have to be compiled. So is a task that
            is silent for so long.
        most_queued: Runs that one session may have waiting, and tasks.
        most_live: Live runs that go on at once, the paused ones among them; others wait. 0 for none:
            then they are runs as all others.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        *,
        runner: str = "maxstim_core.runs.execute:execute",
        store: RunStore | None = None,
        hang_seconds: float = 120.0,
        grace_seconds: float = 5.0,
        keep_seconds: float = 3.0,
        start_seconds: float = 300.0,
        most_queued: int = 8,
        most_live: int = 32,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.runner, self.store, self.clock = runner, store or RunStore(), clock
        self.hang_seconds, self.grace_seconds = hang_seconds, grace_seconds
        self.start_seconds, self.most_queued = start_seconds, most_queued
        self.keep_seconds = keep_seconds
        self.most_live = most_live
        self._changed = threading.Condition()
        self._versions = itertools.count(1)
        self._order_version = 0
        self._runs: dict[str, Run] = {}
        self._newest_tasks: dict[str, str] = {}  # id of the last task of each key
        self._jobs: dict[str, AnyJob] = {}  # that can be joined, by key
        self._order: FairOrder[AnyJob] = FairOrder()
        self._live_order: FairOrder[LiveJob] = FairOrder()
        self._live: LiveWorker | None = None
        self._ahead_rests = False
        self._running: set[AnyJob] = set()
        self._pace = RunPace()
        self._workers: list[DeviceWorker] = []
        self._devices: tuple[str, ...] | None = None
        self._start_problem = ""
        self._closed = False

    @property
    def folder(self) -> Path:
        """Where results are stored; need not exist yet."""
        return self.store.results

    def submit(
        self, request: RunRequest, session: str, *, live: bool = False, pause_at: int = 0
    ) -> str:
        """Let a request wait for its turn, and return the id of its run.

        Args:
            request: What to compute.
            session: Who asks.
            live: Whether to be able to steer it: a generated answer alone can be.
            pause_at: The iteration at which a live run pauses; 0 for none. It is not looked up in the
                store.

        Raises:
            MaxstimError: if the network, cell type, clip set or device does not exist, results
                cannot be stored, or the session has too many runs waiting. Nothing has changed.
        """
        if live and request.method != GenerateConfig.method:
            raise MaxstimError(
                "Only a generated stimulus can be steered; run the others as they are."
            )
        network, clips, further = opened(request)
        key = content_key(request, network, clips, further)
        self._check_device(request.device)
        with self._changed:
            joined = key in self._jobs
        # In this order: a job leaves `_jobs` after its result has reached the store.
        stored = None
        if not joined and not pause_at:
            stored = self.store.find(key) or find_shipped(request, network)
        if stored is None:
            self.store.check_writable()
        run = Run(secrets.token_hex(8), session, request)
        with self._changed:
            self._check_open()
            if stored is not None:
                run.last = stored_snapshot(
                    run.run_id, request, session, *stored, version=next(self._versions)
                )
            elif live and self.most_live:
                self._enter_live(run, key, pause_at)
            else:
                self._enter(run, key, RunJob)
            self._runs[run.run_id] = run
            self._forget_old_runs()
        return run.run_id

    def submit_task(self, request: TaskRequest, session: str) -> str:
        """Let a task wait for its turn, and return its id; reads no files.

        A session that waits for a task of the same key already gets the id of that.

        Raises:
            MaxstimError: if the session has too many tasks waiting. Nothing has changed.
        """
        key = f"task {request.key}"
        with self._changed:
            self._check_open()
            job = self._jobs.get(key)
            same = (run for run in (job.runs if job is not None else ()) if run.session == session)
            run = next(same, None)
            if run is None:
                run = Run(secrets.token_hex(8), session, request)
                self._enter(run, key, TaskJob)
                self._runs[run.run_id] = run
                self._newest_tasks[request.key] = run.run_id
                self._forget_old_runs()
        return run.run_id

    def task(self, task_id: str) -> TaskSnapshot:
        """Return how a task stands.

        Raises:
            MaxstimError: if there is no such task.
        """
        with self._changed:
            return self._picture(self._find(task_id, TaskRequest), self._positions(), self.clock())

    def newest_task(self, key: str) -> TaskSnapshot | None:
        """Return how the last task of a key stands, whoever asked for it, or None.

        Of those that have ended, the last ones of all are remembered.
        """
        with self._changed:
            job, task_id = self._jobs.get(f"task {key}"), self._newest_tasks.get(key)
            run = job.runs[0] if job is not None else self._runs.get(task_id or "")
            if run is None:
                return None
            return self._picture(run, self._positions(), self.clock())

    def cancel(self, run_id: str) -> None:
        """Cancel a run or task. What others wait for too goes on; the best of a lone run is kept.

        Raises:
            MaxstimError: if there is no such run or task.
        """
        with self._changed:
            run = self._find(run_id, RunRequest | TaskRequest)
            job = run.job
            if job is None or job.cancelled_at is not None:
                return
            if job.state == "queued":
                self._order_of(job).leave(run.session, job)
            if len(job.runs) > 1:
                self._end_run(run, job, Ending("cancelled", reason=_OTHERS_WAIT))
                job.runs.remove(run)
            elif job.state == "queued":
                self._finish(job, Ending("cancelled"))
            else:
                if self._jobs.get(job.key) is job:  # a steered run is nobody else's
                    del self._jobs[job.key]
                job.cancelled_at = self.clock()
                job.set_message("Stopping.")
                job.version = next(self._versions)
                if job.worker is not None:
                    job.worker.cancel(job)
            self._order_changed()

    def act(
        self,
        run_id: str,
        kind: str,
        *,
        values: Mapping[str, Any] | None = None,
        iteration: int = 0,
        per_second: float = 0.0,
    ) -> None:
        """Steer a live run, pause it, send it back or on; from its next step on, and for this run alone.

        Where others wait for the same answer, the run goes its own way from here.

        Args:
            run_id: Which.
            kind: A member of `maxstim_core.runs.messages.LIVE_ACTS`.
            values: To ``steer``: new values by setting.
            iteration: To go ``back``: where to. There it pauses.
            per_second: To ``go`` on slowly: most steps a second; 0 for as many as there can be.

        Raises:
            MaxstimError: if there is no such run, it is not live or has ended, or a value is none.
        """
        if kind not in LIVE_ACTS:
            raise MaxstimError(f"A live run does not {kind}; choose from {', '.join(LIVE_ACTS)}.")
        with self._changed:
            run = self._find(run_id, RunRequest)
            job = run.job
            if not isinstance(job, LiveJob) or job.cancelled_at is not None:
                raise MaxstimError("This run cannot be steered, or not any more; run it again.")
            if job.state == "queued":
                raise MaxstimError("This run waits for others; steer it when it has begun.")
            if values:
                check_values(job.config, values)
            own = job if len(job.runs) == 1 else self._go_alone(run, job)
            if self._jobs.get(own.key) is own:
                del self._jobs[own.key]
            act = LiveAct(own.job_id, kind, dict(values or {}), iteration, per_second)
            self._live_worker().act(act)

    def snapshot(self, run_id: str) -> RunSnapshot:
        """Return how a run stands.

        Raises:
            MaxstimError: if there is no such run.
        """
        with self._changed:
            return self._picture(self._find(run_id, RunRequest), self._positions(), self.clock())

    def snapshots(self, session: str | None = None) -> tuple[RunSnapshot, ...]:
        """Return how all runs stand, or those of one session, newest first."""
        with self._changed:
            positions, now = self._positions(), self.clock()
            runs = [
                run
                for run in self._runs.values()
                if isinstance(run.request, RunRequest) and session in (None, run.session)
            ]
            return tuple(self._picture(run, positions, now) for run in reversed(runs))

    @property
    def has_waiting(self) -> bool:
        """Whether any run or task waits for its turn, but for live runs, which go beside the others."""
        with self._changed:
            return any(True for _ in self._order)

    def usual_seconds(self, requests: Iterable[RunRequest]) -> float | None:
        """Return about how long runs take, one after another, by what the last ones of this queue took.

        Returns:
            None where no run of their method has ended yet.
        """
        with self._changed:
            each = [self._pace.seconds(request) for request in requests]
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) if len(known) == len(each) else None

    def usual_task_seconds(self, function: str, work: float) -> float | None:
        """Return about how long a task takes, by what the last ones of its function took.

        Args:
            function: As `maxstim_core.runs.task.TaskRequest` names it.
            work: How much there is to do.

        Returns:
            None where no task of this function has ended yet.
        """
        with self._changed:
            return self._pace.seconds_for(function, work)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or runs."""
        with self._changed:
            waits = any(True for order in (self._order, self._live_order) for _ in order)
            return not self._running and not waits

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
                self._start_worker("auto")
            workers = [
                worker for worker in self._workers if network and self._serves(worker, device)
            ]
        for worker in workers:
            worker.warm(network)

    def warm_live(self, network: str) -> None:
        """Let the process of live runs start, and get ready for a network."""
        with self._changed:
            if self.most_live and not self._closed:
                self._live_worker().warm(network)

    def search_ahead(self, network: str, clips: str) -> None:
        """Let the first worker find the natural answers of all cell types while it has nothing to do.

        One search serves all of them. It gives way to whatever is submitted, and goes on afterwards;
        what is in the store already is not computed again.

        Args:
            network: As `maxstim_core.networks.catalog.open_network` takes it.
            clips: Name of the set to search.
        """
        self.warm()
        with self._changed:
            workers, rests = self._workers[:1], self._ahead_rests
        for worker in workers:
            worker.rest_ahead(rests)
            worker.search_ahead(SearchAhead(network, clips))

    def ahead(self) -> AheadReport | None:
        """Return how far `search_ahead` is; None where nothing is known of one."""
        with self._changed:
            workers = self._workers[:1]
        return workers[0].ahead if workers else None

    def close(self) -> None:
        """End all workers; runs and tasks that have not ended are cancelled.

        Runs that are going have `keep_seconds` to store their best, as when a person cancels them. What
        became of all runs is noted in the store, for pages that come back. Closing again does nothing.
        """
        with self._changed:
            stopped = [] if self._closed else self._stop_all()
            workers: list[DeviceWorker | LiveWorker] = [*self._workers]
            workers += [self._live] if self._live is not None else []
            busy = {job.worker for job in self._running if isinstance(job, RunJob)}
        try:
            for worker in workers:
                if worker not in busy:
                    worker.kill()  # first: whoever keeps something needs the cores
            if stopped:
                self._keep_best(stopped)
        finally:
            for worker in workers:
                worker.kill()
            for worker in workers:
                worker.join(timeout=10)

    def _keep_best(self, stopped: Sequence[tuple[Run[RunRequest], bool]]) -> None:
        """Wait for runs that were stopped, and note what became of them and of those that waited."""
        with self._changed:
            self._changed.wait_for(
                lambda: not any(isinstance(job, RunJob) for job in self._running), self.keep_seconds
            )
            pictures = [(self._picture(run, {}, self.clock()), began) for run, began in stopped]
        runs = [
            StoppedRun(one.run_id, one.request, one.result.stem if one.result else "", began)
            for one, began in pictures
        ]
        with suppress(MaxstimError):  # pages then say less
            self.store.stopped.note(runs)

    # What the device workers call, each from its own thread: `device_worker.JobSource`.

    def take(self, worker: DeviceWorker) -> AnyJob | None:
        """Wait for the next job of a worker's device; None when the queue is closed."""
        with self._changed:
            while not self._closed:
                job = next((job for job in self._order if self._suits(job, worker)), None)
                if job is not None:
                    self._order.serve(job)
                    job.begin(worker, self._device(job), self.clock())
                    self._running.add(job)
                    job.version = next(self._versions)
                    if any(not o.gives_way and self._suits(o, worker) for o in self._order):
                        self._make_way(worker.device)
                    self._order_changed()
                    return job
                self._changed.wait()
            return None

    def note_report(self, job: AnyJob, report: Progress | StageReport) -> None:
        """Take in a report on a running job."""
        with self._changed:
            job.take(report, self.clock())
            job.version = next(self._versions)

    def finish(self, job: AnyJob, ending: Ending) -> None:
        """Take in how a running job ended."""
        with self._changed:
            if self._closed and ending.state in ("failed", "queued"):
                ending = Ending("cancelled", reason=_SHUT_DOWN)
            if ending.state != "queued":
                self._finish(job, ending)
                self._changed.notify_all()  # who closes the queue waits for it
            elif job.cancelled_at is not None:
                self._finish(job, Ending("cancelled"))
            else:
                self._put_back(job)

    def live_jobs(self) -> tuple[LiveJob, ...]:
        """Return the live runs that have begun: for `live_worker.LiveWorker`."""
        with self._changed:
            return tuple(job for job in self._running if isinstance(job, LiveJob))

    def note_live(self, job: LiveJob, report: LiveReport) -> None:
        """Take in where a live run stands."""
        with self._changed:
            job.take_live(report, self.clock())
            job.version = next(self._versions)
            self._rest_ahead()

    def note_start(self, problem: str) -> None:
        """Learn whether a worker could be started: why not, or nothing."""
        with self._changed:
            self._start_problem = problem
            self._changed.notify_all()

    def note_devices(self, hello: Hello) -> None:
        """Learn from a worker which devices there are."""
        with self._changed:
            self._devices = hello.devices
            for job in self._order:
                self._start_worker_for(job)
            self._order_changed()

    # Everything below runs under the lock, but for `_check_device`.

    def _stop_all(self) -> list[tuple[Run[RunRequest], bool]]:
        """Take nothing more, and ask what is going to stop; return all runs, and whether they began."""
        self._closed = True
        waiting: list[AnyJob] = [*self._order, *self._live_order]
        going = [job for job in self._running if isinstance(job, RunJob)]
        jobs = [(job, False) for job in waiting] + [(job, True) for job in going]
        stopped = [(run, began) for job, began in jobs for run in job.runs]
        for job in waiting:
            self._order_of(job).serve(job)
            self._finish(job, Ending("cancelled", reason=_SHUT_DOWN))
        for job in going:
            if job.cancelled_at is None:
                job.cancelled_at = self.clock()
                if job.worker is not None:
                    job.worker.cancel(job, by_server=True)
        self._changed.notify_all()
        return [(run, began) for run, began in stopped if isinstance(run.request, RunRequest)]

    def _check_open(self) -> None:
        if self._closed:
            raise MaxstimError("The server is shutting down; start it again to run anything.")

    def _enter(self, run: Run, key: str, kind: type[RunJob] | type[TaskJob]) -> None:
        job = self._jobs.get(key)
        self._check_waiting(run, job, kind)
        if job is None:
            job = self._jobs[key] = kind(run.run_id, key, run.request)
        self._join(run, job)
        if job.state == "queued":
            self._start_worker_for(job)
            if not job.gives_way:
                self._make_way(self._device(job))
        self._order_changed()

    def _enter_live(self, run: Run, key: str, pause_at: int) -> None:
        """Let a live run begin, or wait while there are as many as there may be."""
        job = self._jobs.get(key) if not pause_at else None
        self._check_waiting(run, job, LiveJob)
        if job is None:
            device = choose_device(run.request.device, self._devices or ("cpu",))
            job = LiveJob(run.run_id, key, run.request, device, pause_at=pause_at)
            if not pause_at:  # nobody else wants it to pause there
                self._jobs[key] = job
        self._join(run, job)
        self._begin_live()
        self._order_changed()

    def _check_waiting(self, run: Run, job: AnyJob | None, kind: type[AnyJob]) -> None:
        if job is None or job.state == "queued":
            jobs = [other.job for other in self._runs.values() if other.session == run.session]
            count = sum(isinstance(one, kind) and one.state == "queued" for one in jobs)
            if count >= self.most_queued:
                raise MaxstimError(
                    f"You have {count} {kind.plural} waiting; let one start, or cancel one."
                )

    def _join(self, run: Run, job: AnyJob) -> None:
        run.job = job
        job.runs.append(run)
        if job.state == "queued":
            self._order_of(job).add(run.session, job)

    def _begin_live(self) -> None:
        """Let live runs begin while there is room."""
        live = self._live_worker()
        n_live = sum(isinstance(job, LiveJob) for job in self._running)
        for job in itertools.islice(list(self._live_order), max(0, self.most_live - n_live)):
            self._live_order.serve(job)
            self._begin(job, live)

    def _live_worker(self) -> LiveWorker:
        if self._live is None:
            self._live = LiveWorker(self)
            self._live.start()
        return self._live

    def _begin(self, job: LiveJob, worker: LiveWorker) -> None:
        job.begin(worker, job.on, self.clock())
        self._running.add(job)
        job.version = next(self._versions)
        worker.begin(job)
        self._rest_ahead()

    def _rest_ahead(self) -> None:
        """Let the search ahead rest while live runs go: they are in another process."""
        rests = any(isinstance(job, LiveJob) and not job.is_paused for job in self._running)
        if rests != self._ahead_rests:
            self._ahead_rests = rests
            for worker in self._workers[:1]:
                worker.rest_ahead(rests)

    def _go_alone(self, run: Run, shared: LiveJob) -> LiveJob:
        """Let a run leave a job that others wait for, and come to where that is by itself."""
        shared.runs.remove(run)
        job_id, seen = secrets.token_hex(8), shared.n_done
        job = LiveJob(job_id, shared.key, shared.request, shared.on, catch_up=seen)
        self._join(run, job)
        self._live_order.serve(job)
        self._begin(job, self._live_worker())
        self._order_changed()
        return job

    def _order_of(self, job: AnyJob) -> FairOrder[Any]:
        return self._live_order if isinstance(job, LiveJob) else self._order

    def _make_way(self, device: str) -> None:
        """Ask what gives way on a device to do so."""
        for job in self._running:
            if job.gives_way and job.worker is not None and self._device(job) == device:
                job.worker.give_way(job)

    def _put_back(self, job: AnyJob) -> None:
        """Let a job that has given way wait for its next turn."""
        self._running.discard(job)
        job.wait_again(self.clock())
        job.version = next(self._versions)
        for run in job.runs:
            self._order.add(run.session, job)
        self._order_changed()

    def _finish(self, job: AnyJob, ending: Ending) -> None:
        job.end(ending.state, self.clock())
        self._running.discard(job)
        if isinstance(job, LiveJob) and not self._closed:
            self._begin_live()
            self._rest_ahead()
        if ending.state == "done":
            self._note_pace(job)
        job.version = next(self._versions)
        for run in job.runs:
            self._end_run(run, job, ending)
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]

    def _note_pace(self, job: AnyJob) -> None:
        """Learn how long a job that is done has taken, where that tells something of others."""
        if isinstance(job, RunJob) and job.usual is not None:
            self._pace.note(job.request, job.usual)
        elif isinstance(job, TaskJob) and job.request.work > 0:
            self._pace.note_work(job.request.function, job.request.work, job.elapsed)

    def _end_run(self, run: Run, job: AnyJob, ending: Ending) -> None:
        """Fix the last picture of a run, and let go of its job."""
        run.last = job.last_snapshot(
            run, self.clock(), ending, device=self._device(job), version=next(self._versions)
        )
        run.job = None

    def _picture(self, run: Run, positions: dict[AnyJob, int], now: float) -> Any:
        job = run.job
        if job is None:
            return run.last
        picture = job.snapshot(
            run,
            now,
            position=positions.get(job, 0),
            device=self._device(job),
            version=max(job.version, self._order_version if job.state == "queued" else 0),
        )
        if isinstance(picture, RunSnapshot) and job.state == "queued":
            return replace(picture, wait=self._wait(job, now))
        if isinstance(picture, TaskSnapshot) and job.state == "queued":
            return replace(picture, ahead=tuple(other.what for other in self._ahead(job)))
        return picture

    def _ahead(self, job: AnyJob) -> list[AnyJob]:
        """Return what a job that is not live waits for on its device, that which has its turn first."""
        device = self._device(job)
        queued = itertools.takewhile(lambda other: other is not job, self._order)
        return [
            other
            for other in [*self._running, *queued]
            if self._device(other) == device and not isinstance(other, LiveJob)
        ]

    def _wait(self, job: AnyJob, now: float) -> float | None:
        """Return about how long a job will wait for those before it; None where one is not known."""
        if isinstance(job, LiveJob):  # which waits until somebody ends a run
            return None
        waits = 0.0
        for other in self._ahead(job):
            if other.gives_way:
                continue
            if not isinstance(other, RunJob):
                return None
            left = other.seconds_left(now, self._pace.seconds(other.request))
            if left is None:
                return None
            waits += left
        return waits

    def _positions(self) -> dict[AnyJob, int]:
        ahead: dict[str, int] = {}
        positions = {}
        for job in self._order:
            device = self._device(job)
            positions[job] = ahead[device] = ahead.get(device, 0) + 1
        positions |= {job: place for place, job in enumerate(self._live_order, 1)}
        return positions

    def _find(self, run_id: str, kind: type | UnionType) -> Run:
        run = self._runs.get(run_id)
        if run is None or not isinstance(run.request, kind):
            raise MaxstimError(
                f"There is no run {run_id!r} on this server any more; ask again, and a finished "
                "answer comes from the store at once."
            )
        return run

    def _device(self, job: AnyJob) -> str:
        return job.device or choose_device(job.request.device, self._devices or ("cpu",))

    def _suits(self, job: AnyJob, worker: DeviceWorker) -> bool:
        return self._devices is None or self._device(job) == worker.device

    def _serves(self, worker: DeviceWorker, device: str) -> bool:
        """Whether a worker takes runs that ask for a device; before it is known, the first may."""
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

    def _start_worker_for(self, job: AnyJob) -> None:
        if not self._workers:
            self._start_worker("auto")
        elif self._devices is not None:
            device = self._device(job)
            if all(worker.device != device for worker in self._workers):
                self._start_worker(device)

    def _start_worker(self, name: str) -> None:
        self._workers.append(DeviceWorker(self, name))
        self._workers[-1].start()

    def _order_changed(self) -> None:
        self._order_version = next(self._versions)
        self._changed.notify_all()

    def _forget_old_runs(self) -> None:
        ended = [run_id for run_id, run in self._runs.items() if run.last is not None]
        for run_id in ended[: max(0, len(ended) - _ENDED_RUNS_KEPT)]:
            request = self._runs.pop(run_id).request
            if isinstance(request, TaskRequest) and self._newest_tasks.get(request.key) == run_id:
                del self._newest_tasks[request.key]


def check_values(config: GenerateConfig, values: Mapping[str, Any]) -> None:
    """Make sure that a run may be steered to these values.

    Raises:
        MaxstimError: if a setting cannot change on the way, does not take its value, or contradicts
            another.
    """
    for name in values:
        check_steerable(name)
    replace(config.stages[-1][1], **values)


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
