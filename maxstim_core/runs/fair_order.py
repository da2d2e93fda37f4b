"""Who is next: sessions take turns, however many runs one of them has waiting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import zip_longest
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

_SESSIONS_REMEMBERED = 1_000


class FairOrder(Generic[_Item]):
    """Items that wait, each for one session or several.

    The session that was served longest ago is next, those never served before all others; within a
    session and within a turn, first come, first served. Not thread-safe: the queue's lock
    guards it.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[_Item]] = {}
        self._served: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, item: _Item) -> bool:
        return any(item in items for items in self._waiting.values())

    def __iter__(self) -> Iterator[_Item]:
        """Go through the items in the order in which they would be served."""
        turns = {session: turn for turn, session in enumerate(self._served, 1)}
        sessions = sorted(self._waiting, key=lambda session: turns.get(session, 0))
        rounds = zip_longest(*(self._waiting[session] for session in sessions))
        everything = (item for turn in rounds for item in turn if item is not None)
        return iter(dict.fromkeys(everything))

    def add(self, session: str, item: _Item) -> None:
        """Let an item wait for a session."""
        self._waiting.setdefault(session, []).append(item)

    def leave(self, session: str, item: _Item) -> None:
        """Let a session wait for an item no longer."""
        items = self._waiting[session]
        items.remove(item)
        if not items:
            del self._waiting[session]

    def serve(self, item: _Item) -> None:
        """Take an item out of the order: its sessions have had their turn."""
        for session in [s for s, items in self._waiting.items() if item in items]:
            while item in self._waiting.get(session, ()):
                self.leave(session, item)
            self._served[session] = None
            self._served.move_to_end(session)
        while len(self._served) > _SESSIONS_REMEMBERED:
            self._served.popitem(last=False)
