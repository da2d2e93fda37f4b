"""How much of the server's one thread a visitor may take."""

from __future__ import annotations

import asyncio

RATE = 0.25
"""Of the thread, that one visitor may take for long."""

BURST = 2.0
"""Seconds of the thread that it may take at once."""


class Share:
    """What the pages of one visitor have taken of the server's thread, and how long they wait for more.

    Times are seconds of one clock that does not jump; the caller has it.

    Attributes:
        turn: What one page does at a time, so that others come in between.
    """

    def __init__(self, now: float) -> None:
        self._left, self._seen = BURST, now
        self.turn = asyncio.Lock()

    def take(self, seconds: float, now: float) -> float:
        """Note `seconds` of work done until `now`; return how long to wait before the next."""
        self._left = min(BURST, self._left + (now - self._seen) * RATE) - seconds
        self._seen = now
        return max(0.0, -self._left / RATE)
