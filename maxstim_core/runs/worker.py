"""The worker process: does one job after another on one device, and reports how it goes.

Started by `maxstim_core.runs.worker_process`. Messages come in on standard input and go out on what was
standard output; whatever a library prints goes to standard error. When the server dies, standard
input ends, and the worker with it, in the middle of a run if need be.
"""

from __future__ import annotations

import argparse
import importlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from maxstim_core.devices import choose_device
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import BY_SERVER
from maxstim_core.optimal.run import Optimization, StepReport
from maxstim_core.runs.job import STARTING
from maxstim_core.runs.messages import (
    AheadReport,
    Cancel,
    Cancelled,
    Done,
    Failed,
    FunctionTask,
    GaveWay,
    GiveWay,
    Hello,
    Progress,
    RestAhead,
    RunTask,
    SearchAhead,
    StageReport,
    Stopping,
    Warm,
    read,
    write,
)
from maxstim_core.runs.snapshot import Preview, no_losses
from maxstim_core.runs.store import RunStore
from maxstim_core.simulation.compilation import report_compilation

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

SECONDS_BETWEEN_REPORTS = 0.25

SHARE_OF_PREVIEWS = 0.08
"""Most of a run's time that its previews may take: each is a simulation more."""

_REST = 0.5
"""How long a search that nobody waits for rests after each part of it, of the time that took."""

_READY = Progress(0, 0, (), no_losses(), None, STARTING)
"""Sent after warming up, for a job that waits for it: nothing is being compiled any more."""

_OUT_OF_MEMORY = (
    "out of memory",
    "allocate memory",
    "not enough memory",
    # How Python and the loader of libraries say that they got none.
    "can't start new thread",
    "failed to map segment",
)


def parse_options() -> argparse.Namespace:
    """Return what `maxstim_core.runs.worker_process` starts a worker with; modules can be found then."""
    parser = argparse.ArgumentParser(prog="maxstim_core.runs.worker")
    parser.add_argument(
        "--runner", required=True, help="module:function that starts a run; see RunQueue"
    )
    parser.add_argument("--device", required=True, help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--data", required=True, help="data directory")
    parser.add_argument("--path", action="append", default=[], help="where modules are, last")
    options = parser.parse_args()
    sys.path += [path for path in options.path if path not in sys.path]
    return options


def leave_signals_to_the_server() -> None:
    """Ignore what asks all processes of a terminal or a service to end.

    The server alone decides what it means, and keeps the best of what is going.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def cancelled_answer(best: Result, cancel: Cancel) -> Result:
    """Return the best so far as the answer of a run that was cancelled."""
    by_server = {"cancelled_by": BY_SERVER} if cancel.by_server else {}
    return best.assign_attrs(status="cancelled", **by_server)


def serve_tasks() -> None:
    """Serve tasks until standard input ends."""
    options = parse_options()
    outbox = Outbox()
    leave_signals_to_the_server()
    store = RunStore(options.data)
    try:
        inbox = _Inbox(sys.stdin.buffer)
        module_name, _, function = options.runner.partition(":")
        module = importlib.import_module(module_name)
        runner, warm = getattr(module, function), module.warm
        devices = module.available_devices()
        device = choose_device(options.device, devices)
    except Exception as error:
        outbox.send(failure(error, "worker", options.device, store))
        return
    if device == "cpu":
        report_compilation(
            lambda sentence: outbox.send(Progress(0, 0, (), no_losses(), None, sentence))
        )
    outbox.send(Hello(devices, device))
    ahead: Iterator[AheadReport] | None = None
    rests = False
    while True:
        if ahead is not None and not rests and inbox.is_empty:
            ahead = _go_on(ahead, inbox, outbox, store)
            continue
        task = inbox.next_task()
        if isinstance(task, SearchAhead):
            ahead = module.search_ahead(task.network, task.clips, device, store)
            continue
        if isinstance(task, RestAhead):
            rests = task.rests
            continue
        if isinstance(task, Warm):
            with suppress(Exception):  # what is wrong with a network, its run will report
                warm(task.network, device)
            outbox.send(_READY)
            continue
        ending: Done | Cancelled | GaveWay | Failed
        try:
            if isinstance(task, FunctionTask):
                ending = _call(task, device, inbox, outbox)
            else:
                ending = _perform(task, runner, device, store, inbox, outbox)
        except Exception as error:  # whatever it is, the next job should have a worker
            ending = failure(error, task.job_id, device, store, isinstance(task, RunTask))
        outbox.send(ending)


def _go_on(
    ahead: Iterator[AheadReport], inbox: _Inbox, outbox: Outbox, store: RunStore
) -> Iterator[AheadReport] | None:
    """Do a little of what nobody waits for, and rest unless something comes; None when it is over."""
    began = time.monotonic()
    try:
        report = next(ahead)
    except StopIteration:
        return None
    except Exception as error:  # a network or set that is not there any more, or a full disk
        store.defect("search-ahead", error)
        return None
    outbox.send(report)
    inbox.wait(_REST * (time.monotonic() - began))
    return ahead


class _CancelledError(Exception):
    """Raised within a function that nobody waits for any more."""


class _GaveWayError(Exception):
    """Raised within a function that is to go on later."""


def _call(
    task: FunctionTask, device: str, inbox: _Inbox, outbox: Outbox
) -> Done | Cancelled | GaveWay:
    has_begun = False

    def report_stage(stage: str) -> None:
        nonlocal has_begun
        if task.job_id in inbox.cancelled:
            raise _CancelledError
        if has_begun and inbox.giving_way.get(task.job_id) == task.turn:
            raise _GaveWayError
        has_begun = True
        outbox.send(StageReport(stage))

    module_name, _, name = task.function.partition(":")
    function = getattr(importlib.import_module(module_name), name)
    try:
        function(device=device, report_stage=report_stage, **task.arguments)
    except _CancelledError:
        return Cancelled()
    except _GaveWayError:
        return GaveWay()
    return Done()


def _perform(
    task: RunTask,
    runner: Callable[..., Optimization],
    device: str,
    store: RunStore,
    inbox: _Inbox,
    outbox: Outbox,
) -> Done | Cancelled:
    run = runner(task.request, task.key, device, store)
    progress = _ProgressReporter(run, outbox)
    for report in run:
        progress.take(report)
        cancel = inbox.cancelled.get(task.job_id)
        if cancel is not None:
            outbox.send(Stopping())
            best = run.result()
            if best is None:
                return Cancelled()
            return Cancelled(store.save(cancel.run_id, cancelled_answer(best, cancel)))
    progress.flush()
    result = run.result()
    assert result is not None  # a run that has ended has one
    return Done(store.save(task.key, result))


def failure(
    error: Exception, run_id: str, device: str, store: RunStore, has_frames: bool = False
) -> Failed:
    """Return the sentence for a person that says what went wrong; the traceback goes to a log."""
    text = str(error)
    said = [str(one).lower() for one in _chain(error)]
    if isinstance(error, MaxstimError):
        return Failed(text)
    # By its words, since torch has one class for GPUs and none for the CPU.
    starved = any(isinstance(one, MemoryError) for one in _chain(error))
    if starved or any(words in one for one in said for words in _OUT_OF_MEMORY):
        advice = "choose the CPU" if device.startswith("cuda") else "close other programs"
        if has_frames:
            advice = f"try fewer frames, or {advice}"
        return Failed(f"there was not enough memory on {device}; {advice}.", True)
    return Failed(store.defect(run_id, error), True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what led to it."""
    shown: BaseException | None = error
    while shown is not None:
        yield shown
        shown = shown.__cause__ or shown.__context__


class _ProgressReporter:
    """Sums up the reports of a run, so that at most four a second travel."""

    def __init__(self, run: Optimization, outbox: Outbox) -> None:
        self._run, self._outbox = run, outbox
        self._losses: list[np.ndarray] = []
        self._latest: StepReport | None = None
        self._stage: tuple[tuple[str, ...], str] = ((), "")
        self._sent = self._preview_due = -np.inf

    def take(self, report: StepReport) -> None:
        stage = (tuple(self._run.terms), getattr(self._run, "message", ""))
        if stage != self._stage:
            self.flush()
            self._stage, self._sent, self._preview_due = stage, -np.inf, -np.inf
        self._latest = report
        self._losses.append(report.losses)
        if time.monotonic() - self._sent >= SECONDS_BETWEEN_REPORTS:
            self.flush()

    def flush(self) -> None:
        """Send what has not been sent."""
        if self._latest is None:
            return
        latest, (terms, message) = self._latest, self._stage
        losses = np.concatenate(self._losses)
        preview = self._preview(latest)
        self._outbox.send(Progress(latest.step, latest.n_steps, terms, losses, preview, message))
        self._losses, self._latest, self._sent = [], None, time.monotonic()

    def _preview(self, report: StepReport) -> Preview | None:
        began = time.monotonic()
        if report.stimulus is None or report.lattice is None or began < self._preview_due:
            return None
        response = None if report.respond is None else report.respond()
        ended = time.monotonic()
        self._preview_due = ended + (ended - began) * (1 / SHARE_OF_PREVIEWS - 1)
        levels = np.rint(255 * np.clip(report.stimulus, 0, 1)).astype(np.uint8)
        return Preview(levels, report.lattice, response)


_Task = RunTask | FunctionTask | Warm | SearchAhead | RestAhead
"""What the server may ask for."""


class _Inbox:
    """Reads messages in its own thread, so that a cancel is seen while a step is computed."""

    def __init__(self, stream: BinaryIO) -> None:
        self.cancelled: dict[str, Cancel] = {}
        self.giving_way: dict[str, int] = {}
        self._tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._came = threading.Event()
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self._tasks.empty()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until there is something to do."""
        self._came.clear()
        if self.is_empty:
            self._came.wait(seconds)

    def next_task(self) -> _Task:
        """Wait for something to do; of what came after it, a wish to be warm makes way."""
        task = self._tasks.get()
        while isinstance(task, Warm) and not self._tasks.empty():
            task = self._tasks.get()
        return task

    def _listen(self, stream: BinaryIO) -> None:
        try:
            while True:
                message = read(stream)
                if isinstance(message, Cancel):
                    self.cancelled.setdefault(message.job_id, message)
                elif isinstance(message, GiveWay):
                    self.giving_way[message.job_id] = message.turn
                else:
                    self._tasks.put(message)
                    self._came.set()
        except (EOFError, OSError):
            # The server is gone. Nothing that this process holds is worth an orderly end, and its
            # serve_tasks thread may be deep in a step.
            os._exit(0)


class Outbox:
    """Takes standard output for messages, and gives standard error to all who print. Any thread."""

    def __init__(self) -> None:
        self._sending = threading.Lock()
        self._stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.stdout = sys.stderr

    def send(self, message: Any) -> None:
        """Send a message; a worker whose server is gone ends."""
        try:
            with self._sending:
                write(self._stream, message)
        except OSError:
            os._exit(0)


if __name__ == "__main__":
    serve_tasks()
