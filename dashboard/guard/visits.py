"""How many pages one visitor may open: each takes a moment of the server's one thread, and memory."""

from __future__ import annotations

from collections import OrderedDict, deque

MINUTE = 60.0

PER_VISITOR = 30
"""Pages that one browser may open in a minute."""

PER_CLIENT = 120
"""Pages that one IP address may open in a minute: a class may share one."""

_REMEMBERED = 10_000


class Visits:
    """The pages that were opened within the last minute.

    Times are seconds of one clock that does not jump; the caller has it.
    """

    def __init__(self) -> None:
        self._opened: OrderedDict[str, deque[float]] = OrderedDict()

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
            self._opened.setdefault(key, deque()).append(now)
            self._opened.move_to_end(key)
        while len(self._opened) > _REMEMBERED:
            self._opened.popitem(last=False)
        return True

    def _recent(self, key: str, now: float) -> deque[float]:
        times = self._opened.get(key, deque())
        while times and now - times[0] >= MINUTE:
            times.popleft()
        return times
