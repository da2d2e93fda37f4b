"""How many pages one visitor may open: each takes a moment of the server's one thread, and memory."""

from __future__ import annotations

from collections import deque

from dashboard.guard.hosts import address_block
from dashboard.guard.remembered import Remembered

MINUTE = 60.0

PER_VISITOR = 30
"""Pages that one browser may open in a minute."""

OPEN = 20
"""Pages that one browser may have open."""

PER_CLIENT = 120
"""Pages that one IP address (a /64 of IPv6) may open in a minute, and logins: a class may share one."""


class PerMinute:
    """What each client has done within the last minute.

    Times are seconds of one clock that does not jump; the caller has it.

    Args:
        most: How often it may be done.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._done: Remembered[deque[float]] = Remembered()

    def may(self, client: str, now: float) -> bool:
        """Tell whether a client may do it once more."""
        return len(self._recent(client, now)) < self._most

    def note(self, client: str, now: float) -> None:
        """Note that a client does it."""
        self._done.set(client, self._recent(client, now)).append(now)

    def _recent(self, client: str, now: float) -> deque[float]:
        times = self._done.get(client, None) or deque()
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return times


class Visits:
    """The pages that were opened within the last minute."""

    def __init__(self) -> None:
        self._by_visitor, self._by_client = PerMinute(PER_VISITOR), PerMinute(PER_CLIENT)

    def may_open(self, visitor: str, client: str, now: float) -> bool:
        """Tell whether one more page may be opened, and count it if so.

        Args:
            visitor: What the browser is known by.
            client: IP address that it asks from.
            now: Seconds.
        """
        client = address_block(client)
        if not (self._by_visitor.may(visitor, now) and self._by_client.may(client, now)):
            return False
        self._by_visitor.note(visitor, now)
        self._by_client.note(client, now)
        return True
