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
from maxstim_core.drawing.colors import diverging

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent / "plots"

ACTIONS = ("look", "compute", "cancel", "save")
"""What a person can ask for: to see it, to have it computed or not, and to take it home."""


OF_INPUT_TYPE = ("cells", "silence")
"""What can be asked of an input type: its hexagons, and to silence it in the next run or no longer."""


class ComparisonPanel(Component):
    """Three sections that open: the controls of the answer on show, its curve, and its mechanism.

    Args:
        on_ask: Called with one of `ACTIONS` and what it is about, a key of `states`.
        on_input_type: Called with one of `OF_INPUT_TYPE` and any text as the name of the input type.
        **params: Further parameters.
    """

    states = param.Dict(
        default={},
        doc="For each of ``controls``, ``curve`` and ``mechanism`` that the answer can have: its "
        "``state`` (``none``, ``going``, ``there`` or ``failed``; ``reading`` or ``later`` while that "
        "is not known), and what is ``said`` of it.",
    )
    controls = param.Bytes(
        default=b"", doc="The controls, as `packed_controls` makes them, if seen."
    )
    curve = param.Bytes(default=b"", doc="The curve, as `packed_curve` makes it, if seen.")
    mechanism = param.Bytes(
        default=b"", doc="The mechanism, as `packed_mechanism` makes it, if seen."
    )
    silenced = param.String(default="", doc="Cell types that the next run silences, by commas.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(DRAWING, PLOT, _HERE / "mechanism.js", _HERE / "comparison.js")
    _stylesheets: ClassVar[list[str]] = [stylesheet(_PLOTS / "plots.css", _HERE / "comparison.css")]

    _constants: ClassVar = {"diverging": ["#{:02x}{:02x}{:02x}".format(*c) for c in diverging()]}

    def __init__(
        self,
        on_ask: Callable[[str, str], None],
        on_input_type: Callable[[str, str], None] = lambda action, name: None,
        **params: object,
    ) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_ask, self._on_input_type = on_ask, on_input_type

    def take(self, name: str, data: bytes) -> None:
        """Hand a file to the browser."""
        self._send_msg({"name": name, "data": data})

    def show_cells(self, block: bytes) -> None:
        """Hand the hexagons of an input type to the browser, as `packed_cells` makes them."""
        self._send_msg({"cells": block})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if not isinstance(msg, dict) or len(msg) != 1:
            return
        (action, kind), *_ = msg.items()
        if action in ACTIONS and isinstance(kind, str) and kind in self.states:
            self._on_ask(action, kind)
        elif action in OF_INPUT_TYPE and isinstance(kind, str):
            self._on_input_type(action, kind)
