"""Work of the worker that gives way: what is begun of it is kept, and goes on where it was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

_KEPT = 4
"""Pieces of work that have given way and are remembered."""

Work = TypeVar("Work", bound=Iterator[str])


class Unfinished(Generic[Work]):
    """What is left of work that was begun, in the worker process.

    A piece of work is an iterator that yields, before each part, what that is in a few words. Where what
    is told of that raises, since the work has to give way or was cancelled, the rest stays here for a
    while, and a later call with the same name goes on with it.

    Args:
        turn: Returns what each turn of a piece of work happens within; what it holds there, such as a
            lock, is let go of between turns.
    """

    def __init__(
        self, turn: Callable[[Work], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self._turn = turn
        self._begun: OrderedDict[Hashable, Work] = OrderedDict()

    def go_on(
        self,
        name: Hashable,
        begin: Callable[[], Work | None],
        report_stage: Callable[[str], None],
    ) -> None:
        """Do a piece of work, or what is left of it.

        Args:
            name: What tells it from others.
            begin: Returns the work from its beginning; None where there is nothing to do.
            report_stage: Called with a few words before each part.
        """
        work = self._begun.pop(name, None) or begin()
        if work is None:
            return
        with self._turn(work):
            for stage in work:
                try:
                    report_stage(stage)
                except BaseException:
                    self._keep(name, work)
                    raise

    def _keep(self, name: Hashable, work: Work) -> None:
        self._begun[name] = work
        while len(self._begun) > _KEPT:
            self._begun.popitem(last=False)
