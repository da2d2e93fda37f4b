"""Ctrl-C, which ends work early but not the writing of what there is."""

from __future__ import annotations

import signal
import threading

STOPPING = "Stopping, writing what there is …"
"""What is told when Ctrl-C has been heeded."""


class OneInterrupt:
    """Heeds Ctrl-C once: a second one would lose what the first one kept.

    Use as a context manager around work and the writing after it. After a Ctrl-C the process is about
    to end, and is left to end in peace.
    """

    def __enter__(self) -> OneInterrupt:
        self._heeded = False
        self._before = signal.getsignal(signal.SIGINT)
        # Whoever handles or ignores it otherwise knows why; threads may not handle it at all.
        self._ours = self._before is signal.default_int_handler and (
            threading.current_thread() is threading.main_thread()
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._heed)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours and not self._heeded:
            signal.signal(signal.SIGINT, self._before)

    def ignore(self) -> None:
        """From now on, heed none: the work is done."""
        if self._ours:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _heed(self, *_: object) -> None:
        self.ignore()
        self._heeded = True
        raise KeyboardInterrupt
