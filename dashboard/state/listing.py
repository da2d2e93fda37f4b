"""What there is to choose from, as a thread has read it: on a network drive a look takes seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from maxstim_core.networks.catalog import known_networks
from maxstim_core.networks.flyvis_models import ROOT_VARIABLE
from maxstim_core.stimuli.catalog import clip_set_names
from maxstim_core.storage.data_dir import data_directory

_Item = TypeVar("_Item")


class Listing(Generic[_Item]):
    """What a folder held when it was last read, for all pages of the server. Any thread.

    Args:
        read: Reads it; may take long, but raises nothing.
        seconds: Age from which `latest` lets it be read again.
    """

    def __init__(self, read: Callable[[], tuple[_Item, ...]], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._lock = threading.Lock()
        self._found: tuple[_Item, ...] = ()
        self._where: object = None
        self._read_at = -float("inf")
        self._reading = False

    def latest(self) -> tuple[_Item, ...]:
        """Return what was found last, at once but for the first time; what is old is read again.

        As long as nothing changes, this is the same object.
        """
        with self._lock:
            known = self._where == _where()
            is_old = time.monotonic() - self._read_at > self._seconds
            start = known and is_old and not self._reading
            self._reading = self._reading or start
        if start:
            threading.Thread(target=self.read, name="maxstim-listing", daemon=True).start()
        return self._found if known else self.read()

    def read(self) -> tuple[_Item, ...]:
        """Read it now, in this thread, and return what there is."""
        where = _where()
        try:
            found = self._read()
        finally:
            with self._lock:
                self._reading = False
        with self._lock:
            if (found, where) != (self._found, self._where):
                self._found, self._where = found, where
            self._read_at = time.monotonic()
            return self._found


def _where() -> tuple[object, ...]:
    """The folders that are read; tests change them."""
    return data_directory(), os.environ.get(ROOT_VARIABLE)


CLIP_SETS = Listing(clip_set_names, seconds=1.0)
"""Names of the sets of movies."""

NETWORKS = Listing(known_networks, seconds=10.0)
"""The networks that every page offers, as `NetworkInfo`."""
