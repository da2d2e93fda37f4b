"""Films that a browser has asked for, packed some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future

_AT_ONCE = 48
"""Films that are packed before other pages have their turn: a part of a second."""


Pack = Callable[[list[str]], Future[list[bytes]]]
"""Begins to pack the films of some rows."""


class WantedFilms:
    """Films of one page, each asked for by the name of its row.

    Packing happens elsewhere, in a thread that pages share: of each of them one order stands in its
    line, however much their browsers ask for.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._packing: Future[list[bytes]] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether there is something to come."""
        return self._packing is not None

    def want(self, row_ids: Iterable[str], pack: Pack) -> None:
        """Ask for the films of rows, which there are."""
        self._waiting.update(dict.fromkeys(row_ids))
        self._go_on(pack)

    def forget(self) -> None:
        """Want nothing any more, and nothing of what is being packed."""
        self._waiting.clear()
        self._packing = None

    def take(self, pack: Pack) -> list[bytes]:
        """Return what has been packed, as blocks for the browser, and go on with what waits."""
        if self._packing is None or not self._packing.done():
            return []
        packed, self._packing = self._packing, None
        self._go_on(pack)
        return packed.result()

    def _go_on(self, pack: Pack) -> None:
        if self._packing is None and self._waiting:
            now = [*self._waiting][:_AT_ONCE]
            for row_id in now:
                del self._waiting[row_id]
            self._packing = pack(now)
