"""The sidebar in one piece: the pickers, the settings of every method, the run bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import Component
from dashboard.components.esm import NUMBER_FIELD, PICKER, source, stylesheet

_HERE = Path(__file__).parent
_WIDGETS = _HERE.parent / "widgets"


class SidebarPanel(Component):
    """Draws what it is told and says what a person does; one model, whatever there is to set.

    Args:
        described: What never changes: the ``cells`` in groups, the ``methods`` with their settings, the
            ``device`` and the largest network file, ``most_bytes``.
        on_message: Called with what the browser says: a dictionary or a word, of anything at all.
        **params: Further parameters.
    """

    choice = param.Dict(
        default={}, doc="What is chosen: `dashboard.sidebar.controls.chosen_words`."
    )
    groups = param.List(default=[], doc="Groups of networks, as `grouped_networks` makes them.")
    network = param.Dict(
        default={}, doc="What is known of the chosen network: `network_chooser.network_words`."
    )
    sweep = param.Dict(
        default={}, doc="The sweep that would be started: `sweep_controls.sweep_words`."
    )
    run = param.Dict(default={}, doc="What the run bar says: `run_bar.run_words`.")

    _esm = source(
        PICKER,
        NUMBER_FIELD,
        *(
            _HERE / f"{name}.js"
            for name in ("pickers", "entries", "objective", "sweep", "settings", "sidebar")
        ),
    )
    _stylesheets: ClassVar[list[str]] = [
        stylesheet(_HERE / "pickers.css", _WIDGETS / "numberfield.css", _HERE / "sidebar.css")
    ]

    def __init__(
        self, described: dict, on_message: Callable[[object], None], **params: object
    ) -> None:
        self._constants = {"described": described}
        super().__init__(**params)
        self._on_message = on_message

    def _handle_msg(self, msg: object) -> None:
        self._on_message(msg)
