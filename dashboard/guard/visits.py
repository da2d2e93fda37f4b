"""How many pages one visitor may open: each takes a moment of the server's one thread, and memory."""

from __future__ import annotations

from collections import deque

from dashboard.guard.remembered import Remembered

MINUTE = 60.0

PER_VISITOR = 30
"""Pages that one browser may open in a minute."""

PER_CLIENT = 120
"""Pages that one IP address may open in a minute: a class may share one."""


class Visits:
    """The pages that were opened within the last minute.

    Times are seconds of one clock that does not jump; the caller has it.
    """

    def __init__(self) -> None:
        self._opened: Remembered[deque[float]] = Remembered()

    def may_open(self, visitor: str, client: str, now: float) -> bool:
        """Tell whether one more page may be opened, and count it if so.

        Args:
            visitor: What the browser is known by.
            client: IP address that it asks from.
            now: Seconds.
        """
        asked = ((f"visitor {visitor}", PER_VISITOR), (f"client {client}", PER_CLIENT))
        if any(len(self._recent(key, now)) >= limit for key, limit in asked):
            return False
        for key, _ in asked:
            self._opened.set(key, self._recent(key, now)).append(now)
        return True

    def _recent(self, key: str, now: float) -> deque[float]:
        times = self._opened.get(key, deque())
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return times
