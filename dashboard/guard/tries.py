"""How often one client may try a password."""

from __future__ import annotations

from dashboard.guard.hosts import address_block
from dashboard.guard.remembered import Remembered

FREE = 5
"""Wrong passwords before a client is slowed down."""

PAUSE = 1.0
"""Seconds between two tries of a client that is slowed down."""

_FORGOTTEN_AFTER = 900.0
"""Seconds after which nothing is held against a client any more."""


class Tries:
    """The wrong passwords of each client of late.

    Times are seconds of one clock that does not jump; the caller has it.
    """

    def __init__(self) -> None:
        self._failed: Remembered[tuple[int, float]] = Remembered()

    def wait(self, client: str, now: float) -> float:
        """Return the seconds until this client may try again; 0 is now."""
        count, last = self._failed.get(address_block(client), (0, 0.0))
        if count < FREE or now - last >= _FORGOTTEN_AFTER:
            return 0.0
        return max(0.0, last + PAUSE - now)

    def failed(self, client: str, now: float) -> int:
        """Note a wrong password, and return how many this client has given of late."""
        key = address_block(client)
        count, last = self._failed.get(key, (0, 0.0))
        count = 1 if now - last >= _FORGOTTEN_AFTER else count + 1
        self._failed.set(key, (count, now))
        return count

    def succeeded(self, client: str) -> None:
        """Forget what this client got wrong."""
        self._failed.forget(address_block(client))
