"""Making the next thing while the last one is in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

_Item = TypeVar("_Item")


def prefetch(items: Iterator[_Item]) -> Iterator[_Item]:
    """Yield `items`, each made by another thread while the one before is in use.

    At most one is made ahead, so that memory stays bounded. What goes wrong in making an item is raised
    where the item would have been yielded. Items may not be None.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    made: SimpleQueue[tuple[_Item | None, BaseException | None]] = SimpleQueue()

    def make() -> None:
        while wanted.get():
            try:
                made.put((next(items, None), None))
            except BaseException as error:
                made.put((None, error))

    threading.Thread(target=make, name="maxstim-ahead", daemon=True).start()
    try:
        wanted.put(True)
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            wanted.put(True)
            yield item
    finally:
        wanted.put(False)
