"""Work of seconds that must not hold up the page: one thread each, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from dashboard.add_movie.places import Places
from maxstim_core.progress import ReportProgress

_PLACES = Places(2)
"""How many tasks of all visitors run at once, one of each; the others wait for their turn."""

_TURN_SECONDS = 5.0
"""After so long, a task lets those go first who wait: no movie keeps others from theirs."""


class _CancelledError(Exception):
    """Raised within a task that nobody waits for any more."""


class BackgroundTask:
    """Runs a function, to be asked now and then how far it is.

    Its thread does not keep the server from ending.

    Args:
        do: Called with a function that it must call often with the share it has done.
        who: Whose it is, of whom one task runs at a time; nobody else's if None.

    Attributes:
        share: How much is done, 0 to 1.
        waits: Whether it waits for its turn.
        done: Whether it has ended.
        result: What the function has returned.
        error: What it has raised instead.
    """

    def __init__(self, do: Callable[[ReportProgress], Any], who: Hashable = None) -> None:
        self._do, self._cancelled = do, threading.Event()
        self._who = self if who is None else who
        self.share, self.waits, self.done = 0.0, True, False
        self.result: Any = None
        self.error: Exception | None = None
        self._since = 0.0
        self._thread = threading.Thread(target=self._run, name="maxstim-movie", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Let it end soon, with `error` set; what it was about to make is not made."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, or for so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        self._take_turn()
        try:
            self._report_progress(0.0)
            self.result = self._do(self._report_progress)
        except Exception as error:
            self.error = error
        finally:
            _PLACES.give(self._who)
            self.done = True

    def _take_turn(self) -> None:
        self.waits = True
        _PLACES.take(self._who)
        self.waits, self._since = False, time.monotonic()

    def _report_progress(self, share: float) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        self.share = share
        if _PLACES.has_line and time.monotonic() - self._since > _TURN_SECONDS:
            _PLACES.give(self._who)
            self._take_turn()
