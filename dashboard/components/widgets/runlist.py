"""A list of runs: state, cell type, method, peak and time, each a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.esm import source


class RunList(pn.custom.JSComponent):
    """Shows rows and says which one was chosen.

    Args:
        on_choose: Called with the key of the row that a person clicks.
        **params: Further parameters.
    """

    rows = param.List(
        doc="Dictionaries with key, state, title, detail, clip, settings, progress (0 to 1), and "
        "heading, which is shown above the first row that has it."
    )
    chosen = param.String(doc="Key of the row on the page.")
    empty = param.String(doc="What is said where there is no row.")

    _esm = source(Path(__file__).with_name("runlist.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("runlist.css").read_text(encoding="utf-8")
    ]

    def __init__(self, on_choose: Callable[[str], None], **params: object) -> None:
        super().__init__(**params)
        self._on_choose = on_choose

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a key that is on the list counts.
        if any(msg == row["key"] for row in self.rows):
            self._on_choose(msg)
