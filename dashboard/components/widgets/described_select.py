"""A choice that says what is chosen."""

from __future__ import annotations

import dataclasses

import panel as pn
import panel_material_ui as pmui

from dashboard.state.settings import Settings
from dashboard.style.theme import TEXT


class DescribedSelect(pn.viewable.Viewer):
    """The select of a setting whose choices have words, and beneath it what the chosen one means.

    Args:
        settings: Whose setting it is.
        name: Its name.
        **look: Parameters of the select.
    """

    def __init__(self, settings: Settings, name: str, **look: object) -> None:
        super().__init__()
        fields = {field.name: field for field in dataclasses.fields(settings.config_class)}
        words = fields[name].metadata["choice_words"]
        select = pmui.Select.from_param(settings.param[name], size="small", **look)
        meaning = (
            settings.param[name]
            .rx()
            .rx.pipe(lambda chosen: f'<p class="small quiet">{words[chosen][1]}</p>')
        )
        self._layout = pn.Column(
            select,
            pn.pane.HTML(
                meaning, stylesheets=[TEXT], sizing_mode="stretch_width", margin=(0, 4, 8, 4)
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.Column:
        return self._layout
