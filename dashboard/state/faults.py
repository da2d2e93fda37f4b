"""Faults of the page itself, as its log tells them: whole the first time, then in a line each.

What a browser sends can lead to the same fault again and again, and a traceback has twenty lines.
"""

from __future__ import annotations

import logging
import secrets
import traceback

from dashboard.guard.remembered import Remembered

_logger = logging.getLogger(__name__)

_first: Remembered[str] = Remembered(1000)
"""Under which reference a fault was told whole, by its kind and place."""


def log_fault(error: BaseException) -> str:
    """Write a fault to the log, and return the reference under which it is there."""
    reference = secrets.token_hex(4)
    places = [
        f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    fault = " ".join([type(error).__name__, *places])
    first = _first.get(fault, "") if places else ""
    if first:
        _logger.error("Fault %s: that of %s again", reference, first)
    else:
        _first.set(fault, reference)
        _logger.error("Fault %s", reference, exc_info=error)
    return reference
