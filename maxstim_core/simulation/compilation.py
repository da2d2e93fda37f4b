"""Tells why the first run on a computer takes longer, and what is wrong with what it leaves behind.

The CPU engine is compiled on each computer, once: numba keeps the compiled code in a cache
(`maxstim_core.simulation.compiled_code`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

COMPILING = "Compiling the CPU engine for this computer, once: this takes some seconds."

_told: set[str] = set()
_report: Callable[[str], None] | None = None


def report_compilation(report_progress: Callable[[str], None]) -> None:
    """From now on, call `report_progress` with one sentence when something is compiled in this process.

    Code that an earlier run has left in the cache is not compiled again. `report_progress` is called at
    most once, in whatever thread compiles: with why the cache is of no use where that is so.
    """
    global _report
    from numba.core import event  # not before it is needed: numba takes a while to load

    class Listener(event.Listener):
        def on_start(self, event: event.Event) -> None:
            if not _told:
                _told.add(COMPILING)
                report_progress(COMPILING)

        def on_end(self, event: event.Event) -> None:
            pass

    _report = report_progress
    event.register("numba:compile", Listener())


def report_cache(trouble: str) -> None:
    """Tell what is wrong with the cache of compiled code, once in this process, to whoever asked.

    Warns where nobody has asked (`report_compilation`).

    Args:
        trouble: What is wrong, and what to do, one sentence.
    """
    if _told - {COMPILING}:
        return
    _told.add(trouble)
    if _report is not None:
        _report(trouble)
    else:
        warnings.warn(trouble, RuntimeWarning, stacklevel=2)
