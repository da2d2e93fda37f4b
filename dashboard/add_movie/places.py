"""Places for work in the background: first come, first served, and none is kept for long."""

from __future__ import annotations

import threading
from collections import deque


class Places:
    """As many tasks as there are places run at once; the others stand in line.

    Args:
        n_places: How many.
    """

    def __init__(self, n_places: int) -> None:
        self._free, self._lock = n_places, threading.Lock()
        self._line: deque[threading.Event] = deque()

    @property
    def has_line(self) -> bool:
        """Whether somebody waits."""
        return bool(self._line)

    def take(self) -> None:
        """Wait for a place, behind all who wait already."""
        with self._lock:
            if self._free and not self._line:
                self._free -= 1
                return
            turn = threading.Event()
            self._line.append(turn)
        turn.wait()

    def give(self) -> None:
        """Give a place back: to who waits longest, or to whoever comes."""
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._free += 1
