"""Which view stands in place of the main part of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import param

VIEWS = {
    "": "Answer",
    "sweep": "Sweep",
    "paint": "Paint",
    "compare": "Compare",
    "atlas": "Atlas",
}
"""Every view by the name that the address has for it, with its label; the first is the main part."""


class Views(param.Parameterized):
    """One view at a time: opening one closes the others.

    Args:
        states: What knows whether it is open, in a parameter ``is_open``, by the name of its view; it
            makes what it shows when it is opened, and not before.
    """

    shown = param.String("", doc="Name of the view that is open, or nothing.")

    def __init__(self, states: Mapping[str, Any]) -> None:
        super().__init__()
        self._states = dict(states)
        for state in self._states.values():
            state.param.watch(self._changed, "is_open")

    def open(self, name: str) -> None:
        """Open a view, or, by nothing or a name that no view has, the main part of the page."""
        state = self._states.get(name)
        if state is not None:
            state.is_open = True
        else:
            for one in self._states.values():
                one.is_open = False

    def _changed(self, event: param.parameterized.Event) -> None:
        if event.new:
            for state in self._states.values():
                if state is not event.obj:
                    state.is_open = False
        self.shown = next((name for name, state in self._states.items() if state.is_open), "")
