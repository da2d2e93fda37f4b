"""The clips of a search by name and score, best first, each a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.esm import source


class Ranking(pn.custom.JSComponent):
    """Shows clips with their whole names and says which one was chosen.

    Args:
        on_choose: Called with the place of the clip that a person clicks, 0 for the best.
        **params: Further parameters.
    """

    rows = param.List(
        item_type=dict, doc="For each clip: name, score, and time of the peak in ms; best first."
    )
    chosen = param.Integer(default=-1, doc="Place of the clip on the page, -1 if it is none.")

    _esm = source(Path(__file__).with_name("ranking.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("ranking.css").read_text(encoding="utf-8")
    ]

    def __init__(self, on_choose: Callable[[int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_choose = on_choose

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a place that there is counts.
        if isinstance(msg, int) and 0 <= msg < len(self.rows):
            self._on_choose(msg)
