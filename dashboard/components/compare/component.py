"""The Python half of the view of pinned answers: what the browser is told, and what a person asks for.

Each film travels once, when the browser asks for it; from then on playing, scrubbing and choosing what
is subtracted happen in the browser and send nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import LateComponent
from dashboard.components.esm import CHOOSER, DRAWING, PLAYERS, PLOT, source, stylesheet
from maxstim_core.drawing.colors import diverging

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent / "plots"
_PLAYERS = _HERE.parent / "players"


class ComparePanel(LateComponent):
    """Two to six answers in step, their traces overlaid, what differs between them, and differences.

    Args:
        on_message: Called with what the browser says: a dictionary, of anything at all.
        **params: Further parameters.
    """

    told = param.String(
        default="{}",
        doc="As JSON: ``pins``, each with id, title, state (``reading``, ``there`` or ``gone``), what "
        "is said, and once it is there detail, baseline and rms in a.u.; ``table``, as "
        "`difference_table` makes it, and ``controls``, as `controls_table` does, both with a column "
        "for each answer that is there; of controls also ``missing``: id, ``state`` (``none``, "
        "``going``, ``failed`` or ``never``) and what is said of those that are not there.",
    )
    stored = param.List(default=[], doc="Stored runs to pin: key and label of each.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(
        DRAWING,
        PLOT,
        PLAYERS,
        CHOOSER,
        *(_HERE / f"{name}.js" for name in ("players", "difference", "tables", "compare")),
    )
    _stylesheets: ClassVar[list[str]] = [
        stylesheet(_PLOTS / "plots.css", _PLAYERS / "players.css", _HERE / "compare.css")
    ]
    _constants: ClassVar = {"diverging": diverging().tolist()}

    def __init__(self, on_message: Callable[[dict], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_message = on_message

    def show_film(self, block: bytes) -> None:
        """Hand a film to the browser, as `packed_answer` makes it."""
        self._send_msg({"film": block})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if isinstance(msg, dict):
            self._on_message(msg)
