"""The central cell under the three answers, overlaid and aligned at their peaks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr
from bokeh.models import ColumnDataSource, CrosshairTool, HoverTool, Span

from dashboard.style.plots import in_document, quiet_figure
from dashboard.style.theme import LOWER_CARD, TEXT
from maxstim_core.drawing.peak import peak_frame, time_from_peak
from maxstim_core.export.captions import source_words
from maxstim_core.optimal.configs import METHODS

_EMPTY = {"time": [], "value": []}

THIN = {"line_width": 2.5}
"""How the others are drawn."""

LOOK = {
    "natural": {"line_width": 6, "line_alpha": 0.65},
}
"""How some lines are drawn: the natural one wide and pale, to be seen beneath the regularized one."""

TARGET_COLOR = "#7F8C8A"
"""Grey that is seen on both themes, and on the line of every method."""


def aligned(answer: xr.Dataset, *, from_baseline: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return time in ms relative to the peak, and the central response, both of shape (frame,).

    A regularised answer is aligned at the peak of its target, so that it lies upon the clip that it
    came from even where that has two peaks of nearly the same height.

    Args:
        answer: A result (schema in `maxstim_core.optimal.result`).
        from_baseline: Subtract the value of the first frame, which grey alone sets.
    """
    values = answer["central_response"].values
    peaked = answer.get("target_response", answer["central_response"]).values
    time = time_from_peak(len(values), peak_frame(peaked), float(answer.attrs["dt"]))
    return time, values - values[0] if from_baseline else values


def deviation_sentence(answer: xr.Dataset) -> str:
    """Return how far a regularised response is from its target, or "" for other methods."""
    if "target_response" not in answer:
        return ""
    target, values = answer["target_response"].values, answer["central_response"].values
    rms = float(np.sqrt(np.mean((values - target) ** 2)))
    span = float(np.ptp(target))
    share = f", {100 * rms / span:.1f} % of the target's range" if span > 0 else ""
    return f"Regularized against its target: root mean square deviation {rms:.3g}{share}."


def missing_sentence(answers: Mapping[str, xr.Dataset]) -> str:
    """Return what to run to have all three answers side by side, or "" where nothing is missing."""
    if not answers:
        return ""
    partner = {"natural": "regularized", "regularized": "natural"}
    missing = [
        METHODS[method].title + (" of this clip" if partner.get(method) in answers else "")
        for method in METHODS
        if method not in answers
    ]
    return f"Run {' and '.join(missing)} to compare." if missing else ""


class Traces(pn.viewable.Viewer):
    """Overlaid central traces, with the target of the regularised answer and its deviation."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, xr.Dataset] = {}
        self.figure = quiet_figure(
            height=260, x_axis_label="Time from the peak (ms)", y_axis_label="Voltage (a.u.)"
        )
        self._target = ColumnDataSource({**_EMPTY, "predicted": []})
        self._band = self.figure.varea(
            "time", "value", "predicted", source=self._target, fill_alpha=0.25,
            fill_color=METHODS["regularized"].color,
        )  # fmt: skip
        self._sources = {method: ColumnDataSource(_EMPTY) for method in METHODS}
        self._lines = {
            method: self.figure.line(
                "time", "value", source=source, name=METHODS[method].title,
                line_color=METHODS[method].color, legend_label=METHODS[method].title,
                **LOOK.get(method, THIN),
            )
            for method, source in self._sources.items()
        }  # fmt: skip
        # Above the lines, which it almost always lies upon.
        self._dashes = self.figure.line(
            "time", "value", source=self._target, line_dash=[2, 4], line_width=2.5,
            line_color=TARGET_COLOR, legend_label="Target",
        )  # fmt: skip
        peak = Span(location=0, dimension="height", line_dash="dotted", line_alpha=0.5)
        self.figure.add_layout(peak)
        tooltips = [("", "$name"), ("time", "@time{0} ms"), ("voltage", "@value{0.000}")]
        self.figure.add_tools(
            HoverTool(tooltips=tooltips, renderers=list(self._lines.values()), mode="vline"),
            CrosshairTool(dimensions="height", line_alpha=0.3),
        )
        legend = self.figure.legend[0]
        self.figure.add_layout(legend, "above")
        legend.update(
            orientation="horizontal", click_policy="hide", border_line_color=None,
            background_fill_alpha=0, label_text_font_size="12px", padding=0, margin=4,
            glyph_width=26, spacing=12,
        )  # fmt: skip
        self.baseline = pmui.Switch(
            label="From baseline", value=False, size="small", align="center",
            description="Subtract the voltage of the first frame, which grey alone sets.",
        )  # fmt: skip
        self.baseline.param.watch(lambda event: in_document(self._draw), "value")
        self.note = pn.pane.HTML(
            "", stylesheets=[TEXT, _NOTE], sizing_mode="stretch_width", margin=(0, 4)
        )
        self._layout = pn.Column(
            pn.Row(
                pn.pane.HTML("<h2>Central cell</h2>", stylesheets=[TEXT], align="center"),
                pn.Spacer(sizing_mode="stretch_width"),
                self.baseline,
                sizing_mode="stretch_width",
            ),
            pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0),
            self.note,
            stylesheets=[LOWER_CARD],
            sizing_mode="stretch_width",
        )
        self.show({})

    def __panel__(self) -> pn.Column:
        return self._layout

    def show(self, answers: Mapping[str, xr.Dataset]) -> None:
        """Overlay these answers, by method."""
        self._answers = dict(answers)
        in_document(self._draw)

    def _draw(self) -> None:
        from_baseline = self.baseline.value
        for method, source in self._sources.items():
            answer = self._answers.get(method)
            self._lines[method].visible = answer is not None
            if answer is None:
                source.data = dict(_EMPTY)
                continue
            time, values = aligned(answer, from_baseline=from_baseline)
            source.data = {"time": time, "value": values}
        regularized = self._answers.get("regularized")
        has_target = regularized is not None and "target_response" in regularized
        self._band.visible = self._dashes.visible = has_target
        # Emptied, not only hidden: the axes would keep the room for what is out of sight.
        data = {**_EMPTY, "predicted": []}
        if has_target:
            time, values = aligned(regularized, from_baseline=from_baseline)
            offset = float(values[0] - regularized["central_response"].values[0])
            target = regularized["target_response"].values + offset
            data = {"time": time, "value": target, "predicted": values}
        self._target.data = data
        for item in self.figure.legend[0].items:
            item.visible = any(renderer.visible for renderer in item.renderers)
        self.note.object = self._said()

    def _said(self) -> str:
        """Return where each line comes from, how close the target was met, and what is missing."""
        lines = [
            f'<p class="small"><i style="background:{METHODS[method].color}"></i>'
            f"<b>{METHODS[method].title}</b> {escape(source_words(self._answers[method]))}</p>"
            for method in METHODS
            if method in self._answers
        ]
        regularized = self._answers.get("regularized")
        deviation = "" if regularized is None else deviation_sentence(regularized)
        said = f"{deviation} {missing_sentence(self._answers)}".strip()
        return "".join(lines) + (f'<p class="small quiet">{said}</p>' if said else "")


_NOTE = """
p.small { line-height: 1.6; }
p i { display: inline-block; width: 9px; height: 9px; margin-right: 6px; border-radius: 50%; }
"""
