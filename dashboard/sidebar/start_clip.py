"""Which clip a regularisation begins from, where a person has named one."""

from __future__ import annotations

from html import escape

import panel as pn

from dashboard.components.widgets.press import Press
from dashboard.state.choice import Choice
from dashboard.style.theme import TEXT


class StartClip(pn.viewable.Viewer):
    """The clip's name and a way back to the best one, bound to a `Choice`; else out of sight."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice
        self.text = pn.pane.HTML("", stylesheets=[TEXT], sizing_mode="stretch_width", margin=0)
        best = Press(
            lambda: choice.param.update(clip=""),
            label="Begin from the best instead",
            variant="text",
            size="small",
            margin=0,
        )
        self._layout = pn.Column(
            self.text, best, sizing_mode="stretch_width", margin=(2, 4, 6, 4), visible=False
        )
        choice.param.watch(self._update, "clip")
        self._update()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _update(self, *events: object) -> None:
        self.text.object = f"<p>Begins from “{escape(self.choice.clip)}”.</p>"
        self._layout.visible = bool(self.choice.clip)
