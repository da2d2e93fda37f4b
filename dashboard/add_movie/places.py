"""Places for work in the background: first come, first served, one for each, and none kept for long."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable


class Places:
    """As many tasks as there are places run at once; the others stand in line.

    Whoever has a place gets no second one: with two places, nobody keeps others from both.

    Args:
        n_places: How many.
    """

    def __init__(self, n_places: int) -> None:
        self._free, self._lock = n_places, threading.Lock()
        self._line: deque[tuple[Hashable, threading.Event]] = deque()
        self._held: set[Hashable] = set()

    @property
    def has_line(self) -> bool:
        """Whether somebody waits."""
        return bool(self._line)

    def take(self, who: Hashable) -> None:
        """Wait for a place, behind all who wait already and have none."""
        turn = threading.Event()
        with self._lock:
            self._line.append((who, turn))
            self._hand_out()
        turn.wait()

    def give(self, who: Hashable) -> None:
        """Give a place back: to who waits longest, or to whoever comes."""
        with self._lock:
            self._held.remove(who)
            self._free += 1
            self._hand_out()

    def _hand_out(self) -> None:
        for waiting in [*self._line]:
            who, turn = waiting
            if self._free and who not in self._held:
                self._line.remove(waiting)
                self._held.add(who)
                self._free -= 1
                turn.set()
