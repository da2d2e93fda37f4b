"""Which network is asked: the picker, what contradicts flies in it, and the way to its model card."""

from __future__ import annotations

from html import escape

import panel as pn
import panel_material_ui as pmui

from dashboard.components.widgets.networkpicker import NetworkPicker
from dashboard.components.widgets.press import Press
from dashboard.model_card.dialog import CardDialog
from dashboard.state.networks import Networks
from dashboard.style.theme import QUIET_BUTTON, TEXT
from dashboard.text.tuning import agreement
from maxstim_core.networks.network_file import MOST_NETWORK_BYTES

_FIXED = {"flex": "0 0 auto", "width": "auto"}

_TIGHT = {
    "fontSize": 12.5,
    "lineHeight": 1.45,
    "padding": "2px 10px",
    "& p": {"margin": "0 0 6px"},
    "& .MuiAlert-icon": {"padding": "8px 0", "marginRight": "8px"},
}


class NetworkChooser(pn.viewable.Viewer):
    """The part of the sidebar that is about the network, bound to a `Networks`."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.networks = networks
        self.picker = NetworkPicker(
            networks.give_path,
            networks.take_file,
            networks.refresh,
            groups=networks.groups,
            value=networks.choice.network,
            most_bytes=MOST_NETWORK_BYTES,
            sizing_mode="stretch_width",
            margin=0,
        )
        self.picker.link(networks.choice, value="network", bidirectional=True)
        networks.param.watch(self._offer, ["groups", "reply", "refused"])
        self.dialog = CardDialog(networks)
        self.card = Press(self.dialog.show, label="Model card", icon="description", **QUIET_BUTTON)
        self.state = pn.pane.HTML(
            "", stylesheets=[TEXT], sizing_mode="stretch_width", align="center", margin=(0, 2)
        )
        self.warning = pmui.Alert(
            object="", severity="warning", visible=False, sizing_mode="stretch_width",
            margin=(8, 0, 0, 0), sx=_TIGHT,
        )  # fmt: skip
        self._layout = pn.Column(
            self.picker,
            pn.Row(
                self.state,
                pn.Row(self.card, margin=0, styles=_FIXED),
                sizing_mode="stretch_width",
                margin=(8, 0, 0, 0),
            ),
            self.warning,
            self.dialog,
            sizing_mode="stretch_width",
            margin=(10, 0, 6, 0),
        )
        networks.param.watch(self._update, ["found", "progress"])
        networks.choice.param.watch(self._update, "cell_type")
        self._update()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _offer(self, *events: object) -> None:
        networks = self.networks
        self.picker.param.update(
            groups=networks.groups, said=networks.reply, refused=networks.refused
        )

    def _update(self, *events: object) -> None:
        networks, found = self.networks, self.networks.found
        cell_type, warnings = networks.choice.cell_type, networks.warnings
        if found is None:
            text = "Opening the network …"
        elif found.problem:
            text = ""
        elif found.card is None:
            making = networks.progress is not None and networks.progress.live
            text = "Measuring its tuning …" if making else "Its tuning has not been measured."
        else:
            wrong = f"{cell_type} contradicts flies."
            text = wrong if warnings else agreement(found.card, cell_type)
        problem = [found.problem] if found is not None and found.problem else []
        with pn.io.hold():
            self.state.object = f'<p class="small quiet">{escape(text)}</p>' if text else ""
            self.card.disabled = found is None or bool(found.problem)
            self.warning.param.update(
                object=" ".join(problem or warnings),
                severity="error" if problem else "warning",
                visible=bool(problem or warnings),
            )
