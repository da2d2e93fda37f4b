"""The Python half of the view of the atlas: what the browser is told, and what a person asks for.

What all tiles say is told once. The tiles of a network, and those of a cell type, travel in one block
each, a movie once when it is opened; playing and looking happen in the browser and send nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import LateComponent
from dashboard.components.esm import DRAWING, PLAYERS, PLOT, source, stylesheet

_HERE = Path(__file__).parent
_PLAYERS = _HERE.parent / "players"

MOST_ATLAS_FILMS = 6
"""Movies that are asked for at a time: as many as play side by side."""


class AtlasPanel(LateComponent):
    """Tiles of a network, one cell type in all networks, and which types have one answer.

    Args:
        on_message: Called with what the browser says: a dictionary, of anything at all.
        **params: Further parameters.
    """

    about = param.String(
        default="{}",
        doc="What there is, as JSON: `dashboard.atlas.shown_atlas.ShownAtlas.about`, and what to show "
        "``first``: network, order, cell_type and playing.",
    )
    first = param.Bytes(default=b"", doc="The tiles of the network that is shown first.")
    state = param.Dict(
        default={}, doc="``state`` (``reading``, ``none`` or ``there``), and what is ``said``."
    )
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(
        DRAWING, PLOT, PLAYERS, _HERE / "tiles.js", _HERE / "opened.js", _HERE / "atlas.js"
    )
    _stylesheets: ClassVar[list[str]] = [stylesheet(_PLAYERS / "players.css", _HERE / "atlas.css")]

    def __init__(self, on_message: Callable[[dict], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_message = on_message

    def hand(self, kind: str, block: bytes) -> None:
        """Hand a block to the browser.

        Args:
            kind: ``tiles`` or ``films``.
            block: As `ShownAtlas` packs it.
        """
        self._send_msg({kind: block})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if isinstance(msg, dict):
            self._on_message(msg)
