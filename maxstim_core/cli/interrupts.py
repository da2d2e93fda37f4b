"""Ctrl-C, which ends work early but not the writing of what there is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = "Stopping, writing what there is …"
"""What is told when Ctrl-C has been heeded."""


class OneInterrupt:
    """Heeds Ctrl-C once: a second one would lose what the first one kept.

    Use as a context manager around work and the writing after it. After a Ctrl-C the process is about
    to end, and is left to end in peace.
    """

    def __enter__(self) -> OneInterrupt:
        self._heeded = False
        self._ours = _is_ours()
        if self._ours:
            signal.signal(signal.SIGINT, self._heed)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours and not self._heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def ignore(self) -> None:
        """From now on, heed none: the work is done."""
        if self._ours:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _heed(self, *_: object) -> None:
        self.ignore()
        self._heeded = True
        raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Heed Ctrl-C only afterwards: some modules, while they load, make an error of their own of it."""
    pressed = []
    ours = _is_ours()
    if ours:
        signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if pressed:
        raise KeyboardInterrupt


def _is_ours() -> bool:
    """Tell whether Ctrl-C may be handled: who handles or ignores it otherwise knows why."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
