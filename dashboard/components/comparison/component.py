"""The Python half of the comparison: what the browser is told, and what a person asks for.

All movies travel once, as bytes, when a person opens the section; from then on looking at them, and
moving the dial of the curve, happens in the browser and sends nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import Component
from dashboard.components.esm import DRAWING, PLOT, source, stylesheet

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent / "plots"

ACTIONS = ("look", "compute", "cancel", "save")
"""What a person can ask for: to see it, to have it computed or not, and to take it home."""


class ComparisonPanel(Component):
    """Two sections that open: the controls of the answer on show, and its curve.

    Args:
        on_ask: Called with one of `ACTIONS` and what it is about, ``controls`` or ``curve``.
        **params: Further parameters.
    """

    states = param.Dict(
        default={},
        doc="For each of ``controls`` and ``curve`` that the answer can have: its ``state`` (``none``, "
        "``going``, ``there`` or ``failed``; ``reading`` or ``later`` while that is not known), and "
        "what is ``said`` of it.",
    )
    controls = param.Bytes(
        default=b"", doc="The controls, as `packed_controls` makes them, if seen."
    )
    curve = param.Bytes(default=b"", doc="The curve, as `packed_curve` makes it, if seen.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(DRAWING, PLOT, _HERE / "comparison.js")
    _stylesheets: ClassVar[list[str]] = [stylesheet(_PLOTS / "plots.css", _HERE / "comparison.css")]

    def __init__(self, on_ask: Callable[[str, str], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_ask = on_ask

    def take(self, name: str, data: bytes) -> None:
        """Hand a file to the browser."""
        self._send_msg({"name": name, "data": data})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if not isinstance(msg, dict) or len(msg) != 1:
            return
        (action, kind), *_ = msg.items()
        if action in ACTIONS and isinstance(kind, str) and kind in self.states:
            self._on_ask(action, kind)
