"""The widget of one setting."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui
import param

from dashboard.components.widgets.described_select import DescribedSelect
from dashboard.components.widgets.numberfield import NumberField
from dashboard.state.settings import Settings

SELECT_MARGIN = (8, 4)
"""Above and below a choice, whose label sits on its upper edge."""


def setting_widget(
    settings: param.Parameterized, name: str
) -> pn.viewable.Viewable | pn.viewable.Viewer:
    """Return the widget of one setting: number field, switch or choice."""
    parameter = settings.param[name]
    common = {
        "description": f"{parameter.doc} In formulas: {name}.",
        "sizing_mode": "stretch_width",
        "margin": (3, 4),
    }
    if isinstance(parameter, param.Boolean):
        return pmui.Checkbox.from_param(parameter, size="small", **common)
    if isinstance(settings, Settings) and isinstance(parameter, param.Selector) and parameter.names:
        return DescribedSelect(settings, name, **common | {"margin": SELECT_MARGIN})
    if isinstance(parameter, param.Selector):
        return pmui.Select.from_param(parameter, size="small", **common | {"margin": SELECT_MARGIN})
    return NumberField(settings, name, **common)
