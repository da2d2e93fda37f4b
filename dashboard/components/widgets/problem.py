"""What went wrong, as one sentence that can be put away."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui
import param

_LOOK = {
    "alignItems": "center",
    "py": "2px",
    "pl": "10px",
    "fontSize": 13,
    "lineHeight": 1.4,
    "& .MuiAlert-icon": {"mr": "8px", "p": 0, "fontSize": 20},
    "& .MuiAlert-message": {"py": "4px"},
    "& .MuiAlert-message p": {"m": 0},
    "& .MuiAlert-action": {"pt": 0, "pl": "4px", "alignItems": "center"},
    "& .MuiAlertTitle-root": {"display": "none"},
}


class Problem(pn.viewable.Viewer):
    """Shows the `problem` of an object while there is one; closing it empties that.

    Args:
        source: What has a `problem`, a text that is empty when all is well.
        **look: Parameters of the alert.
    """

    def __init__(self, source: param.Parameterized, **look: object) -> None:
        super().__init__()
        self._source = source
        self.alert = pmui.Alert(
            object="", severity="error", visible=False, closeable=True, sizing_mode="stretch_width",
            sx=_LOOK, **look,
        )  # fmt: skip
        self.alert.param.watch(self._closed, "closed")
        source.param.watch(self._show, "problem")
        self._show()

    def __panel__(self) -> pmui.Alert:
        return self.alert

    def _closed(self, event: param.parameterized.Event) -> None:
        if event.new:
            self._source.problem = ""

    def _show(self, *events: object) -> None:
        said = self._source.problem
        self.alert.param.update(object=_as_text(said), visible=bool(said), closed=False)


def _as_text(said: str) -> str:
    """Return Markdown that shows a sentence as it is: names in it come from people and their files."""
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in said)
