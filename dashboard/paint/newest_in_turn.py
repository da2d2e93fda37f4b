"""Work of many pages of which only the newest is worth doing, in turn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any


class NewestInTurn:
    """One thread that does the newest work of each page, one page after the other.

    A page has at most one thing of a kind waiting: what it asks for next takes the place of that, also
    in line. So nobody waits for more than one thing of every other page, however often those ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Hashable, tuple[Future, Callable[[], Any]]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "paintings")

    def run(self, who: Hashable, work: Callable[[], Any]) -> Future:
        """Let something be done soon, in place of what the same page still waits for.

        Args:
            who: Which page, and which kind of work.
            work: What to do.

        Returns:
            What it returns, or raises; cancelled where something else took its place.
        """
        future: Future = Future()
        with self._lock:
            before = self._waiting.get(who)
            self._waiting[who] = future, work
        if before is None:
            self._thread.submit(self._next)
        else:
            before[0].cancel()
        return future

    def _next(self) -> None:
        with self._lock:
            _, (future, work) = self._waiting.popitem(last=False)
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # whatever it is, the other pages go on
            future.set_exception(error)


@cache
def painters_in_turn() -> NewestInTurn:
    """Return the thread in which networks watch paintings, one for all pages."""
    return NewestInTurn()
