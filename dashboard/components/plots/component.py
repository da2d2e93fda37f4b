"""The Python halves of the plots: what they draw, packed for the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import Component
from dashboard.components.esm import DRAWING, PLOT, source, stylesheet

_HERE = Path(__file__).parent
_RANKING = _HERE.parent / "widgets"


class TracePlot(Component):
    """Overlaid curves over the time from their peaks."""

    lines = param.List(
        default=[],
        item_type=dict,
        doc="For each curve ``name``, ``x`` (ms), ``y`` (None where it has no value), ``base`` (what is "
        "taken from it to show it from its baseline), ``color``, ``width``, ``alpha``, ``dash``; and as "
        "``band`` other values, up to which the room is filled with ``bandColor``.",
    )
    note = param.String(doc="What is said beneath, as HTML.")
    whose = param.String(doc="Whose curves these are, where it is not what the player shows.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(DRAWING, PLOT, _HERE / "traces.js")
    _stylesheets: ClassVar[list[str]] = [stylesheet(_HERE / "plots.css")]


class LossPlot(Component):
    """A small plot for each term of a loss, on one zoom; or the ranking of a search.

    Args:
        on_choose: Called with the place of a clip in the ranking that a person clicks, 0 for the best.
        **params: Further parameters.
    """

    losses = param.Bytes(
        default=b"",
        doc="Losses as `pack` makes them: ``iterations`` and ``values`` of shape (term, iteration); in "
        "the header ``run``, and for each of the ``terms`` its ``title``, its ``lowest`` value and the "
        "``powers`` of ten of its log axis.",
    )
    rows = param.List(
        default=[],
        item_type=dict,
        doc="For each clip: name, score, and time of the peak in ms; best first. Instead of losses.",
    )
    whose = param.String(doc="Whose losses these are, where it is not what the player shows.")
    chosen = param.Integer(default=-1, doc="Place of the clip on the page, -1 if it is none.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(DRAWING, PLOT, _RANKING / "ranking.js", _HERE / "losses.js")
    _stylesheets: ClassVar[list[str]] = [stylesheet(_HERE / "plots.css", _RANKING / "ranking.css")]

    def __init__(self, on_choose: Callable[[int], None], **params: object) -> None:
        super().__init__(**params)
        self._on_choose = on_choose

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a place that there is counts.
        if isinstance(msg, int) and 0 <= msg < len(self.rows):
            self._on_choose(msg)
