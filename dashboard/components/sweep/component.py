"""The Python half of the view of sweeps: what the browser is told, and what a person asks for.

The table is told as it grows. The movies of its rows travel once each, when they come into sight; from
then on playing and selecting happen in the browser and send nothing back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import LateComponent
from dashboard.components.esm import CHOOSER, DRAWING, PLAYERS, PLOT, source, stylesheet

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent / "plots"
_PLAYERS = _HERE.parent / "players"

MOST_FILMS = 24
"""Movies that are asked for at a time."""


class SweepPanel(LateComponent):
    """Films, table, parallel coordinates and scatter of many answers, with one selection.

    Args:
        on_message: Called with what the browser says: a dictionary, of anything at all.
        **params: Further parameters.
    """

    table = param.String(
        default="{}",
        doc="As JSON, which browsers read faster than Bokeh's values: ``key`` and ``title``; "
        "``columns``, each with name, label, unit, kind, better and log; ``rows``, each with id, title, "
        "state, values, front, finished, star, note, usable and picked.",
    )
    state = param.Dict(
        default={},
        doc="``state`` of the sweep (``none``, ``starting``, ``queued``, ``running``, ``done``, "
        "``stopped``, ``failed`` or ``unreadable``), what is ``said`` of it, ``done`` and ``total``, "
        "``mine``, and a sentence on whose settings were ``used``, or nothing.",
    )
    sweeps = param.List(default=[], doc="Sweeps to open: key, label and when each was begun.")
    stored = param.List(default=[], doc="Stored runs to add: key and label of each.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(
        DRAWING,
        PLOT,
        PLAYERS,
        CHOOSER,
        *(_HERE / f"{name}.js" for name in ("selection", "table", "grid", "linked", "sweep")),
    )
    _stylesheets: ClassVar[list[str]] = [
        stylesheet(_PLOTS / "plots.css", _PLAYERS / "players.css", _HERE / "sweep.css")
    ]

    def __init__(self, on_message: Callable[[dict], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_message = on_message

    def show_films(self, block: bytes) -> None:
        """Hand movies to the browser, as `packed_films` makes them."""
        self._send_msg({"films": block})

    def take(self, name: str, data: bytes) -> None:
        """Hand a file to the browser."""
        self._send_msg({"name": name, "data": data})

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if isinstance(msg, dict):
            self._on_message(msg)
