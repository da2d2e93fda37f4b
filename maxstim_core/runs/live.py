"""The process of live runs: many generated stimuli, each steered by somebody, step by step in turn.

Started as `maxstim_core.runs.worker` is, with messages of the same kind. As many threads as there are
cores take a run each, do one step of it, and put it behind all others: whoever asks for long movies
gets fewer steps, and nobody waits for them. What a run computes has no part in another.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.devices import usable_cores
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.execute import warm
from maxstim_core.runs.messages import (
    PAUSE_MINUTES,
    Cancel,
    Cancelled,
    Done,
    Hello,
    LiveAct,
    LiveReport,
    LiveTask,
    OfLive,
    Progress,
    Warm,
    read,
)
from maxstim_core.runs.request import content_key, opened, opened_network
from maxstim_core.runs.snapshot import Preview
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.worker import (
    SECONDS_BETWEEN_REPORTS,
    SHARE_OF_PREVIEWS,
    Outbox,
    cancelled_answer,
    failure,
    leave_signals_to_the_server,
    parse_options,
)

if TYPE_CHECKING:
    from maxstim_core.optimal.steered import Steered
    from maxstim_core.simulation.engine import Engine

PAUSE_SECONDS = 60.0 * PAUSE_MINUTES

_SHARE_OF_PREVIEWS = 0.2
"""Most of the time of all cores that the previews of all runs may take."""

_NICENESS = 5
"""By how much this process gives way to the server, which answers clicks."""

_SECONDS_PER_RUN = 0.02
"""With many runs, each reports less often: after so many seconds for each of them."""

_STEPS_AT_ONCE = {"cpu": 1}
"""Steps of a turn by kind of device, where they are not ten: on a GPU they are short."""

_ENGINES_KEPT = 6

PAUSED_TOO_LONG = (
    f"it was paused for {PAUSE_MINUTES} minutes and ended to make room; the best is kept."
)


class _Engines:
    """The engines of the last networks: for several runs at once, and for one that is alone."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[object, ...], Engine] = OrderedDict()
        self._making = threading.Lock()

    def find_all(self, networks: Sequence[Network], device: str, *, alone: bool) -> list[Engine]:
        """Return the engines of the networks of one run: see `find`."""
        # For both kinds of its turns; else each turn would make all of them anew.
        return [self.find(each, device, alone=alone, kept=2 * len(networks)) for each in networks]

    def find(self, network: Network, device: str, *, alone: bool, kept: int = 0) -> Engine:
        """Return an engine of a network on a device; made when it is first asked for.

        Args:
            network: The network to simulate.
            device: Where to compute.
            alone: Whether one run has all cores; else each of several runs has one.
            kept: Engines that are kept at least.
        """
        from maxstim_core.simulation.choose_engine import make_engine

        which = network.name, network.content_hash, device, alone
        with self._making:
            if which not in self._made:
                self._made[which] = make_engine(
                    network, device=device, threads=usable_cores() if alone else 1
                )
                while len(self._made) > max(_ENGINES_KEPT, kept):
                    self._made.popitem(last=False)
            self._made.move_to_end(which)
            return self._made[which]


class LiveRun:
    """One live run. `turn` is called by one thread at a time, the rest by any.

    Attributes:
        due: When its next turn may be, by the monotonic clock.
    """

    def __init__(self, task: LiveTask, engines: _Engines, store: RunStore, outbox: Outbox) -> None:
        self.task, self.due = task, 0.0
        self._engines, self._store, self._outbox = engines, store, outbox
        self._acts: deque[LiveAct | Cancel] = deque()
        self._run: Steered | None = None
        self._paused, self._per_second, self._steps_left = False, 0.0, 0
        self._pause_at, self._paused_since = task.pause_at, 0.0
        self._problem = ""
        self._sent: tuple[tuple[str, ...], int] = ((), 0)  # terms, and steps whose losses were sent
        self._reported = self._preview_due = -np.inf
        self._n_going = 1

    def act(self, act: LiveAct | Cancel) -> None:
        """Let something be done at its next turn, which is at once."""
        self._acts.append(act)
        self.due = 0.0

    def hurry(self) -> None:
        """Let its next turn be at once where something came during the last."""
        if self._acts:
            self.due = 0.0

    @property
    def paused(self) -> bool:
        """Whether it takes no steps."""
        return self._paused

    def turn(self, n_going: int) -> bool:
        """Do what was asked, and one step; tell whether it goes on.

        Args:
            n_going: How many runs take steps.
        """
        self._n_going = n_going
        run = self._opened()
        cancel = next((act for act in list(self._acts) if isinstance(act, Cancel)), None)
        if cancel is not None:
            self._send(self._cancelled(cancel))
            return False
        acted = False
        while self._acts and run.n_done >= self.task.catch_up:
            acted = True
            self._do(run, self._acts.popleft())
        now = time.monotonic()
        if self._paused and not self._steps_left:
            if now - self._paused_since >= PAUSE_SECONDS:
                job_id = self.task.job_id
                ended = self._cancelled(Cancel(job_id, job_id))
                self._send(replace(ended, reason=PAUSED_TOO_LONG))
                return False
            self._report(run)
            self.due = self._paused_since + PAUSE_SECONDS
            return True
        alone = n_going == 1
        run.compute_with(*self._engines.find_all(self._networks, self.task.device, alone=alone))
        if run.advance(self._steps_at_once()) is None:
            self._report(run)
            self._send(self._done(run))
            return False
        self._steps_left = max(0, self._steps_left - 1)
        if self._pause_at and run.n_done >= self._pause_at:
            self._pause(now)
        seconds = max(SECONDS_BETWEEN_REPORTS, _SECONDS_PER_RUN * n_going)
        if acted or self._paused or self._per_second or now - self._reported >= seconds:
            self._report(run)
        self.due = now + 1 / self._per_second if self._per_second else 0.0
        return True

    def _opened(self) -> Steered:
        if self._run is None:
            from maxstim_core.optimal.generated import descent

            request, config = self.task.request, self.task.request.config
            network, clips, further = opened(request)
            if content_key(request, network, clips, further) != self.task.key:
                raise MaxstimError(
                    f"The network {' or '.join(request.networks)} has changed while the run waited; "
                    "submit it again."
                )
            assert isinstance(config, GenerateConfig)  # no other is live
            self._networks = [network, *further]
            engines = self._engines.find_all(self._networks, self.task.device, alone=False)
            self._run = descent(engines, request.cell_type, config, report_every=1)
        return self._run

    def _do(self, run: Steered, act: LiveAct | Cancel) -> None:
        """Do what a person asks; what cannot be is said with the next report."""
        assert isinstance(act, LiveAct)  # a cancel ends it before
        self._problem = ""
        try:
            match act.kind:
                case "steer":
                    run.steer(**act.values)
                case "back":
                    run.back_to(act.iteration)
                    terms, n_sent = self._sent
                    self._sent = terms, min(n_sent, act.iteration)
                    self._pause(time.monotonic())
                case "pause":
                    self._pause(time.monotonic())
                case "go":
                    self._paused, self._per_second, self._pause_at = False, act.per_second, 0
                case "step":
                    self._pause(time.monotonic())
                    self._steps_left += 1
        except MaxstimError as error:
            self._problem = str(error)

    def _pause(self, now: float) -> None:
        self._paused, self._pause_at, self._paused_since, self._steps_left = True, 0, now, 0

    def _steps_at_once(self) -> int:
        if self._per_second or self._paused:
            return 1
        n_steps = _STEPS_AT_ONCE.get(self.task.device, 10)
        assert self._run is not None  # it has begun
        left = self._pause_at - self._run.n_done if self._pause_at else n_steps
        return max(1, min(n_steps, left))

    def _report(self, run: Steered) -> None:
        terms, n_sent = self._sent
        n_kept = n_sent if terms == run.terms else 0
        losses = run.losses[n_kept:]
        self._sent, now = (run.terms, run.n_done), time.monotonic()
        calm = self._paused or self._per_second
        preview = self._preview(run) if calm or now >= self._preview_due else None
        progress = Progress(run.n_done, run.n_steps, run.terms, losses, preview, "")
        self._send(
            LiveReport(progress, n_kept, run.config, self._paused, self._per_second, self._problem)
        )
        self._reported = time.monotonic()

    def _preview(self, run: Steered) -> Preview:
        """Return the iterate and the response to it: a simulation, so not at every report."""
        began = time.monotonic()
        look = run.glance()
        assert look.stimulus is not None and look.respond is not None and look.lattice is not None
        response = look.respond()
        ended = time.monotonic()
        crowd = self._n_going / (usable_cores() * _SHARE_OF_PREVIEWS)
        self._preview_due = ended + (ended - began) * max(1 / SHARE_OF_PREVIEWS - 1, crowd)
        levels = np.rint(255 * np.clip(look.stimulus, 0, 1)).astype(np.uint8)
        return Preview(levels, look.lattice, response, look.step)

    def _cancelled(self, cancel: Cancel) -> Cancelled:
        """Store the best so far under the id of a run."""
        run = self._run
        if run is None or not run.n_done:
            return Cancelled()
        return Cancelled(self._store.save(cancel.run_id, cancelled_answer(run.result(), cancel)))

    def _done(self, run: Steered) -> Done:
        """Store the answer as that to the request whose schedule is what was done."""
        asked = replace(self.task.request, config=run.config)
        network, *further = self._networks
        key = content_key(asked, network, None, further)
        return Done(self._store.save(key, run.result()), asked)

    def fail(self, error: Exception) -> None:
        """Say why nothing comes of it."""
        task = self.task
        self._send(failure(error, task.job_id, task.device, self._store, True))

    def _send(self, message: Any) -> None:
        self._outbox.send(OfLive(self.task.job_id, message))


class LiveRuns:
    """The live runs of this process, and the threads that step them.

    Args:
        store: Where results go.
        outbox: Where reports go.
        threads: How many runs are stepped at the same time.
    """

    def __init__(self, store: RunStore, outbox: Outbox, threads: int) -> None:
        self._store, self._outbox, self._engines = store, outbox, _Engines()
        self._changed = threading.Condition()
        self._runs: dict[str, LiveRun] = {}
        self._waiting: deque[LiveRun] = deque()  # for their next turn
        self._on_gpu = threading.Lock()  # one at a time
        for k in range(threads):
            threading.Thread(target=self._work, name=f"maxstim-live-{k}", daemon=True).start()

    def add(self, task: LiveTask) -> None:
        """Begin a run."""
        with self._changed:
            run = self._runs[task.job_id] = LiveRun(task, self._engines, self._store, self._outbox)
            self._waiting.append(run)
            self._changed.notify()

    def act(self, act: LiveAct | Cancel) -> None:
        """Do something to a run; nothing to one that has ended."""
        with self._changed:
            run = self._runs.get(act.job_id)
            if run is not None:
                run.act(act)
                self._changed.notify()

    def warm(self, network: str) -> None:
        """Get ready for runs on a network, beside those that go on."""

        def get_ready() -> None:
            with suppress(Exception):  # what is wrong with a network, its run will report
                self._engines.find(opened_network(network), "cpu", alone=True)
                warm(network, "cpu")

        threading.Thread(target=get_ready, name="maxstim-live-warm", daemon=True).start()

    def _work(self) -> None:
        while True:
            run, n_going = self._next()
            try:
                if run.task.device == "cpu":
                    goes_on = run.turn(n_going)
                else:
                    with self._on_gpu:
                        goes_on = run.turn(n_going)
            except Exception as error:  # whatever it is, the others go on
                run.fail(error)
                goes_on = False
            with self._changed:
                if goes_on:
                    run.hurry()
                    self._waiting.append(run)
                    self._changed.notify()
                else:
                    del self._runs[run.task.job_id]

    def _next(self) -> tuple[LiveRun, int]:
        """Wait for a run whose turn it is, and tell how many runs take steps.

        Of those that are due, it is the one whose last turn was longest ago.
        """
        with self._changed:
            while True:
                now = time.monotonic()
                due = next((run for run in self._waiting if run.due <= now), None)
                if due is not None:
                    self._waiting.remove(due)
                    return due, sum(not run.paused for run in self._runs.values())
                soonest = min((run.due for run in self._waiting), default=None)
                self._changed.wait(None if soonest is None else max(0.0, soonest - now))


def serve_live() -> None:
    """Serve live runs until standard input ends."""
    options = parse_options()
    outbox = Outbox()
    leave_signals_to_the_server()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    runs = LiveRuns(RunStore(options.data), outbox, usable_cores())
    outbox.send(Hello(("cpu",), "cpu"))
    try:
        while True:
            match read(sys.stdin.buffer):
                case LiveTask() as task:
                    runs.add(task)
                case LiveAct() | Cancel() as act:
                    runs.act(act)
                case Warm(network):
                    runs.warm(network)
    except (EOFError, OSError):
        os._exit(0)  # the server is gone; a thread may be deep in a step


if __name__ == "__main__":
    serve_live()
