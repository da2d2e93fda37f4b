"""Tells why the first run on a computer takes longer: the CPU engine is compiled there, once."""

from __future__ import annotations

from collections.abc import Callable

COMPILING = "Compiling the CPU engine for this computer, once: this takes some seconds."


def report_compilation(report_progress: Callable[[str], None]) -> None:
    """From now on, call `report_progress` with one sentence when something is compiled in this process.

    Code that an earlier run has left in the cache is not compiled again. `report_progress` is called at
    most once, in whatever thread compiles.
    """
    from numba.core import event  # not before it is needed: numba takes a while to load

    class Listener(event.Listener):
        told = False

        def on_start(self, event: event.Event) -> None:
            if not self.told:
                self.told = True
                report_progress(COMPILING)

        def on_end(self, event: event.Event) -> None:
            pass

    event.register("numba:compile", Listener())
