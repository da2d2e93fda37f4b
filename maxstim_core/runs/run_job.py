"""The jobs that compute answers: runs, and live runs that can be steered."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np

from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.job import Ending, Job, Run, Stopper
from maxstim_core.runs.messages import LiveReport, LiveTask, Progress, RunTask, StageReport
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot, no_losses

_REPORTS_IN_AVERAGE = 25


class RunJob(Job[RunRequest, RunSnapshot]):
    """The computation of an answer; its key is the content key of the request."""

    advice = "try fewer frames, or another device"
    advice_when_silent = "run it again, with fewer frames or on another device"
    plural = "runs"

    def __init__(self, job_id: str, key: str, request: RunRequest) -> None:
        super().__init__(job_id, key, request)
        self._latest = Progress(0, 0, (), no_losses(), None, "")
        self._pace: deque[tuple[float, int]] = deque(maxlen=_REPORTS_IN_AVERAGE)

    @property
    def what(self) -> str:
        """What it is, one word or two, for those who wait behind it."""
        return "run"

    @property
    def usual(self) -> float | None:
        """Seconds that a run like it takes, once it has ended; None where it tells nothing of that."""
        return self.elapsed

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

    def _picture(self, run: Run[RunRequest], now: float) -> RunSnapshot:
        latest = self._latest
        return RunSnapshot(
            run_id=run.run_id,
            request=run.request,
            session=run.session,
            state=self.state,
            step=latest.step,
            n_steps=latest.n_steps,
            elapsed=self._elapsed(now),
            eta=self._eta(now) if self.state == "running" else None,
            terms=latest.terms,
            losses=latest.losses,
            preview=latest.preview,
            message=latest.message if self._ended is None else "",
        )

    def _last_picture(self, last: RunSnapshot, run: Run[RunRequest], ending: Ending) -> RunSnapshot:
        message = f"Run {run.run_id}: {ending.reason}" if ending.reason else last.message
        return replace(last, eta=None, preview=None, message=message, result=ending.result)

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
        self._first: tuple[float, int] | None = None  # when the first report came, and its step
        self._is_steady = not (pause_at or catch_up)
        self._rested = 0.0  # seconds of this turn's pauses that are over
        self._rests_since: float | None = None

    @property
    def usual(self) -> float | None:
        """Seconds that a run like it takes, once it has ended, by its steps after the first report.

        None where it was steered, paused, slowed or sent back: that tells nothing of others.
        """
        n_steps = self._latest.n_steps
        if self._ended is None or self._first is None or not self._is_steady:
            return None
        began, step = self._first
        return (
            (self._ended - began) * n_steps / (n_steps - step) if step < n_steps else self.elapsed
        )

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
    def is_paused(self) -> bool:
        """Whether it waits for somebody to let it go on."""
        return self._standing is not None and self._standing.paused

    def begin(self, worker: Stopper | None, device: str, now: float) -> None:
        """Note that a worker has taken it."""
        super().begin(worker, device, now)
        self._rested, self._rests_since = 0.0, None

    def _elapsed(self, now: float) -> float:
        """Return the seconds that it ran: a pause is somebody's time, not the run's."""
        taken = super()._elapsed(now)
        if self.state == "queued":
            return taken
        until = now if self._ended is None else self._ended
        resting = 0.0 if self._rests_since is None else until - self._rests_since
        return taken - self._rested - resting

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
        if report.paused or report.per_second or report.progress.step < before.step:
            self._is_steady = False
        if report.config != self.request.config:
            self._is_steady = False
        if self._first is None and report.progress.step:
            self._first = now, report.progress.step
        if report.paused and self._rests_since is None:
            self._rests_since = now
        elif not report.paused and self._rests_since is not None:
            self._rested += now - self._rests_since
            self._rests_since = None
        self._standing = report
        self._latest = replace(before, losses=no_losses() if kept is None else kept)
        message = report.problem or ("Paused." if report.paused else "")
        self.take(replace(report.progress, message=message), now)

    def _picture(self, run: Run[RunRequest], now: float) -> RunSnapshot:
        """Show the settings of now."""
        shown, standing = super()._picture(run, now), self._standing
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

    def _last_picture(self, last: RunSnapshot, run: Run[RunRequest], ending: Ending) -> RunSnapshot:
        """Show the settings that its answer is to."""
        last = super()._last_picture(last, run, ending)
        config = last.request.config if ending.request is None else ending.request.config
        request = replace(run.request, config=config)
        return replace(last, request=request, steerable=False, paused=False, per_second=0.0)
