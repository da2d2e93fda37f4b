"""How much one visitor may send, and take home: files at a time, and bytes an hour."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dashboard.guard.remembered import Remembered
from maxstim_core.errors import MaxstimError

_HOUR = 3600.0


class Allowance:
    """Counts the files of each visitor. Any thread may call any method.

    What was counted is forgiven evenly, all that is allowed within an hour. A file counts for a least
    number of bytes: a small one takes its moment, and its place, too.

    Args:
        done: What happens to a file, as in "can be sent".
        at_once: Files at a time.
        bytes_an_hour: Bytes that may be counted.
        least: Bytes that every file counts for at least.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        done: str,
        *,
        at_once: int,
        bytes_an_hour: int,
        least: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._done, self._at_once = done, at_once
        self._most, self._least, self._clock = bytes_an_hour, least, clock
        self._lock = threading.Lock()
        self._counted: Remembered[tuple[float, float]] = Remembered()  # bytes, and when that was
        self._under_way: dict[str, int] = {}

    def begin(self, visitor: str, n_bytes: int = 0) -> None:
        """Count a file of a visitor; `end` must follow.

        Args:
            visitor: Whose it is.
            n_bytes: How large it is, as far as that is known.

        Raises:
            MaxstimError: if there are too many, or they are too large. Then nothing is counted.
        """
        with self._lock:
            under_way, counted = self._under_way.get(visitor, 0), self._now(visitor)
            if under_way >= self._at_once:
                raise MaxstimError(
                    f"At most {self._at_once} files at a time can be {self._done}; wait until one of "
                    "yours is through."
                )
            over = counted + max(n_bytes, self._least) - self._most
            if over > 0:
                minutes = math.ceil(60 * over / self._most)
                raise MaxstimError(
                    f"At most {self._most / 1e9:g} GB an hour can be {self._done}; try again in "
                    f"{minutes} minute{'s' * (minutes > 1)}."
                )
            self._under_way[visitor] = under_way + 1
            self._count(visitor, max(n_bytes, self._least))

    def add(self, visitor: str, n_bytes: int) -> None:
        """Count what a file has turned out to be larger than was known."""
        with self._lock:
            self._count(visitor, max(0, n_bytes - self._least))

    def end(self, visitor: str) -> None:
        """Note that one of the visitor's files is through."""
        with self._lock:
            left = self._under_way.pop(visitor) - 1
            if left:
                self._under_way[visitor] = left

    @contextmanager
    def one(self, visitor: str, n_bytes: int = 0) -> Iterator[None]:
        """Count a file of a visitor for as long as this lasts, as `begin` does.

        Raises:
            MaxstimError: as `begin`.
        """
        self.begin(visitor, n_bytes)
        try:
            yield
        finally:
            self.end(visitor)

    def _now(self, visitor: str) -> float:
        counted, when = self._counted.get(visitor, (0.0, 0.0))
        return max(0.0, counted - (self._clock() - when) * self._most / _HOUR)

    def _count(self, visitor: str, n_bytes: int) -> None:
        self._counted.set(visitor, (self._now(visitor) + n_bytes, self._clock()))


UPLOADS = Allowance("sent", at_once=2, bytes_an_hour=5_000_000_000, least=10_000_000)
"""Movies and networks that visitors send."""

DOWNLOADS = Allowance("taken home", at_once=3, bytes_an_hour=2_000_000_000, least=1_000_000)
"""Figures, films and data that are made for visitors."""
