"""How those who read or render films tell how far they are."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[float], None]
"""Called now and then with the share that is done, 0 to 1. What it raises ends the work."""


def no_report(share: float) -> None:
    """Tell nobody."""
