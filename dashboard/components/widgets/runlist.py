"""A list of runs: state, cell type, method, peak and time, each a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import Component
from dashboard.components.esm import source, stylesheet


class RunList(Component):
    """Shows rows and says which one was chosen.

    Args:
        on_choose: Called with the key of the row that a person clicks.
        on_only: Called when they want the runs of the chosen cell type alone, or no longer.
        **params: Further parameters.
    """

    rows = param.List(
        doc="Dictionaries with key, state, title, person, detail, clip, settings, progress (0 to 1), "
        "and heading, which is shown above the first row that has it."
    )
    chosen = param.String(doc="Key of the row on the page.")
    only = param.String(doc="Words of the switch for the runs of the chosen cell type alone.")
    empty = param.String(doc="What is said where there is no row.")

    _esm = source(Path(__file__).with_name("runlist.js"))
    _stylesheets: ClassVar[list[str]] = [stylesheet(Path(__file__).with_name("runlist.css"))]

    def __init__(
        self, on_choose: Callable[[str], None], on_only: Callable[[bool], None], **params: object
    ) -> None:
        super().__init__(**params)
        self._on_choose, self._on_only = on_choose, on_only

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a key that is on the list counts.
        match msg:
            case {"only": bool(only)}:
                self._on_only(only)
            case str(key) if any(key == row["key"] for row in self.rows):
                self._on_choose(key)
