"""Work of the worker that gives way: what is begun of it is kept, and goes on where it was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

_KEPT = 4
"""Pieces of work that have given way and are remembered."""


class Unfinished:
    """What is left of work that was begun, in the worker process.

    A piece of work is an iterator that yields, before each part, what that is in a few words. Where what
    is told of that raises, since the work has to give way or was cancelled, the rest stays here for a
    while, and a later call with the same name goes on with it.
    """

    def __init__(self) -> None:
        self._begun: OrderedDict[Hashable, Iterator[str]] = OrderedDict()

    def go_on(
        self,
        name: Hashable,
        begin: Callable[[], Iterator[str] | None],
        report_stage: Callable[[str], None],
    ) -> None:
        """Do a piece of work, or what is left of it.

        Args:
            name: What tells it from others.
            begin: Returns the work from its beginning; None where there is nothing to do.
            report_stage: Called with a few words before each part.
        """
        if name not in self._begun:
            work = begin()
            if work is None:
                return
            self._begun[name] = work
            while len(self._begun) > _KEPT:
                self._begun.popitem(last=False)
        parts = self._begun[name]
        while (stage := self._next(parts, name)) is not None:
            report_stage(stage)

    def _next(self, parts: Iterator[str], name: Hashable) -> str | None:
        """Do a part and return what the next one is; None at the end, after which nothing is kept."""
        stage = None
        try:
            stage = next(parts, None)
        finally:
            if stage is None:
                self._begun.pop(name, None)
        return stage
