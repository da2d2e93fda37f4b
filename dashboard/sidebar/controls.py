"""The sidebar: what to excite, by which method, with which settings, where."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import panel as pn
import panel_material_ui as pmui
import param

from dashboard.components.widgets.cellpicker import CellPicker
from dashboard.components.widgets.press import Press
from dashboard.components.widgets.setting import SELECT_MARGIN, setting_widget
from dashboard.sidebar.start_clip import StartClip
from dashboard.state.choice import Choice
from dashboard.style.theme import TEXT
from dashboard.text.words import device_words, equation_html
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import METHODS


class Controls(pn.viewable.Viewer):
    """Cell type, network, method tabs and device, bound both ways to a `Choice`.

    Args:
        choice: What the person has chosen.
        network: What the network is chosen with.
        on_add_movie: Called when they want to search a movie of their own.
    """

    choice = param.ClassSelector(class_=Choice)

    def __init__(
        self, choice: Choice, network: pn.viewable.Viewer, on_add_movie: Callable[[], None]
    ) -> None:
        super().__init__(choice=choice)
        self._on_add_movie = on_add_movie
        self.picker = CellPicker(choice.param.cell_type.objects, value=choice.cell_type)
        self.picker.link(choice, value="cell_type", bidirectional=True)
        self.tabs = pmui.Tabs(
            *((METHODS[method].title, self._tab(method)) for method in METHODS),
            active=list(METHODS).index(choice.method),
            sizing_mode="stretch_width",
            sx={"& .MuiTab-root": {"minWidth": 0, "flex": 1, "px": 1}},
        )
        self.tabs.param.watch(self._tab_chosen, "active")
        choice.param.watch(self._method_chosen, "method")
        self._layout = pn.Column(
            self.picker,
            network,
            self.tabs,
            pmui.Divider(sizing_mode="stretch_width", margin=(4, 0, 8, 0)),
            *self._where(),
            sizing_mode="stretch_width",
            margin=(12, 16),
        )

    def __panel__(self) -> pn.Column:
        return self._layout

    def _tab_chosen(self, event: param.parameterized.Event) -> None:
        self.choice.method = list(METHODS)[event.new]

    def _method_chosen(self, event: param.parameterized.Event) -> None:
        self.tabs.active = list(METHODS).index(event.new)

    def _tab(self, method: str) -> pn.Column:
        settings = self.choice.settings[method]
        presets = pn.Row(
            _preset("Starting values", settings.load_starting),
            _preset("flyvis's values", settings.load_flyvis),
            margin=(0, 0, 4, 0),
        )
        return pn.Column(
            self._description(method),
            *self._movies(method),
            *(setting_widget(settings, name) for name in settings.names()),
            presets,
            sizing_mode="stretch_width",
            name=method,
        )

    def _description(self, method: str) -> pn.pane.HTML:
        """What a method does, and its formula, which follows the settings."""
        settings, sentence = self.choice.settings[method], METHODS[method].sentence
        pane = pn.pane.HTML(
            "", stylesheets=[TEXT], sizing_mode="stretch_width", margin=(12, 4, 8, 4)
        )

        def describe(*events: object) -> None:
            # Settings that contradict each other have no formula; the last one stays.
            with suppress(MaxstimError):
                equation = equation_html(settings.of_values())
                pane.object = f'<p class="quiet">{sentence}</p>{equation}'

        settings.param.watch(describe, list(settings.names()))
        describe()
        return pane

    def _movies(self, method: str) -> tuple[pn.viewable.Viewable, ...]:
        """What the natural clip is searched in, for the methods that start from one."""
        if method == "generated":
            return ()
        clips = self.choice.param.clips
        return (
            pmui.Select.from_param(
                clips,
                size="small",
                description=clips.doc,
                sizing_mode="stretch_width",
                margin=SELECT_MARGIN,
            ),
            _preset("Add your own…", self._on_add_movie),
            *((StartClip(self.choice),) if method == "regularized" else ()),
        )

    def _where(self) -> tuple[pn.viewable.Viewable, ...]:
        self.device = pmui.Select.from_param(
            self.choice.param.device, size="small", sizing_mode="stretch_width", margin=(6, 0)
        )
        self.device_note = pn.pane.HTML(
            "", stylesheets=[TEXT], sizing_mode="stretch_width", margin=(0, 4, 8, 4)
        )
        return self.device, self.device_note

    def offer_devices(self, devices: tuple[str, ...]) -> None:
        """Offer "auto" and the devices that the worker can use, and say so where no GPU is."""
        offered = {"Automatic": "auto"} | {device_words(device): device for device in devices}
        if list(offered.values()) != list(self.device.options.values()):
            self.choice.param.device.objects = offered
            self.device.options = offered
        gpus = [device for device in devices if device != "cpu"]
        self.device_note.object = '<p class="small quiet">{}</p>'.format(
            "Automatic takes the first GPU." if gpus else "No GPU found: running on the CPU."
        )


def _preset(label: str, load: Callable[[], None]) -> Press:
    return Press(load, label=label, variant="text", size="small", margin=(0, 8, 0, 0))
