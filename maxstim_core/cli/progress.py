"""One line that says how far a run is."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from maxstim_core.cli.streams import print_message

if TYPE_CHECKING:
    from maxstim_core.optimal.run import StepReport

_REDRAW_SECONDS = 0.1
_LINES = 10


class ProgressLine:
    """Shows reports on a terminal as one line that is redrawn, elsewhere as a line for each tenth.

    Use as a context manager: leaving it ends the line.

    Attributes:
        step: Steps done so far.
    """

    def __init__(self, what: str, terms: tuple[str, ...], stream: TextIO | None = None) -> None:
        self.step = 0
        self._what, self._terms = what, terms
        self._stream = stream or sys.stderr
        self._redraws = self._stream.isatty()
        self._started = self._shown_at = time.monotonic()
        self._first: tuple[float, float] | None = None
        self._lines = 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._redraws and self._lines:
            self._write("\n")

    def show(self, report: StepReport, share: float | None = None) -> None:
        """Take a report, and show it if the last one was shown long enough ago.

        Args:
            report: Tells steps.
            share: How much is done, 0 to 1, where that is told more finely than by steps.
        """
        now = time.monotonic()
        self.step = report.step
        done = report.step if share is None else share * report.n_steps
        # The first step also compiles: it does not tell how long the others take.
        self._first = self._first or (done, now)
        last = report.step == report.n_steps
        if self._redraws and (last or not self._lines or now - self._shown_at > _REDRAW_SECONDS):
            # Return, text, and erase what is left of a longer line before.
            self._write(f"\r{self._text(report, done, now)}\033[K")
            self._shown_at = now
        elif not self._redraws and done * _LINES >= self._lines * report.n_steps:
            self._write(f"{self._text(report, done, now)}\n")

    def say(self, sentence: str) -> None:
        """Say something above the line, which is then redrawn below it."""
        print_message(f"\r{sentence}\033[K" if self._redraws else sentence, stream=self._stream)

    def _write(self, text: str) -> None:
        self._lines += 1
        print_message(text, end="", stream=self._stream)

    def _text(self, report: StepReport, done: float, now: float) -> str:
        parts = [f"{self._what}: {report.step}/{report.n_steps}"]
        if self._terms and report.losses.size:
            parts.append(f"{self._terms[0]} {report.losses[-1][0]:.4g}")
        parts.append(self._time(report, done, now))
        return " · ".join(parts)

    def _time(self, report: StepReport, done: float, now: float) -> str:
        assert self._first is not None  # `show` has set it
        first_done, first_time = self._first
        if report.step == report.n_steps:
            return f"{now - self._started:.1f} s"
        if done <= first_done:
            return "time left unknown"
        left = (now - first_time) / (done - first_done) * (report.n_steps - done)
        return f"{left:.0f} s left"
