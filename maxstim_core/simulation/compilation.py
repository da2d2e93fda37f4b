"""Tells why the first run on a computer takes longer: the CPU engine is compiled there, once."""

from __future__ import annotations

from collections.abc import Callable

COMPILING = "Compiling the CPU engine for this computer, once: this takes some seconds."


def tell_of_compilation(tell: Callable[[str], None]) -> None:
    """From now on, call `tell` with one sentence when something is compiled in this process.

    Code that an earlier run has left in the cache is not compiled again. `tell` is called at most once,
    in whatever thread compiles.
    """
    from numba.core import event  # not before it is needed: numba takes a while to load

    class Listener(event.Listener):
        told = False

        def on_start(self, event) -> None:
            if not self.told:
                self.told = True
                tell(COMPILING)

        def on_end(self, event) -> None:
            pass

    event.register("numba:compile", Listener())
