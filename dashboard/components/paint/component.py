"""The Python half of the canvas to paint on: what the browser is told, and what a person does.

The browser draws at once and sends what was done, in small edits; blocks come back with the response to
the newest. What they hold: `dashboard.paint.edits`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import LateComponent
from dashboard.components.esm import DRAWING, PLOT, source, stylesheet
from maxstim_core.drawing.colors import diverging
from maxstim_core.lattice import DEGREES_PER_COLUMN
from maxstim_core.stimuli.painted_start import START_KINDS, START_SIZES, START_SPEEDS
from maxstim_core.stimuli.painting import MAX_BRUSH, MOST_PAINTED

_HERE = Path(__file__).parent


class PaintPanel(LateComponent):
    """A hexagonal canvas with brushes and a timeline, the response under it, and what to do with both.

    Args:
        on_message: Called with what the browser says: a dictionary, of anything at all.
        **params: Further parameters.
    """

    cell_type = param.String(doc="The cell type whose response is drawn.")
    cell_types = param.List(default=[], doc="Names of all of them.")
    stored = param.List(default=[], doc="Answers to start from: key and label of each.")
    said = param.String(doc="How a painting that is being stored, or taken home, stands.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(
        DRAWING,
        PLOT,
        *(_HERE / f"{name}.js" for name in ("movie", "canvas", "controls", "trace", "paint")),
    )
    _stylesheets: ClassVar[list[str]] = [stylesheet(_HERE / "paint.css")]
    _constants: ClassVar = {
        "diverging": ["#{:02x}{:02x}{:02x}".format(*color) for color in diverging()],
        "degrees_per_column": DEGREES_PER_COLUMN,
        "kinds": [{"name": name, "label": label} for name, label in START_KINDS.items()],
        "speeds": list(START_SPEEDS),
        "sizes": list(START_SIZES),
        "most_frames": MOST_PAINTED,
        "largest_brush": MAX_BRUSH,
    }

    def __init__(self, on_message: Callable[[dict], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_message = on_message

    def tell(self, block: bytes) -> None:
        """Hand the browser a block, as `dashboard.components.hexplayer.component.pack` makes it.

        From any thread.
        """
        self._send_msg({"block": block})

    def take(self, name: str, data: bytes) -> None:
        """Hand a file to the browser."""
        self._send_msg({"name": name, "data": data})

    def show_code(self, code: str) -> None:
        """Show Python lines to be copied."""
        self._send_msg({"code": code})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if isinstance(msg, dict):
            self._on_message(msg)
