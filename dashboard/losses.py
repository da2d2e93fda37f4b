"""How the search went: the loss and its terms, live; or the ranking of the natural clips."""

from __future__ import annotations

from html import escape

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr
from bokeh.models import ColumnDataSource, HoverTool

from dashboard.plots import in_document, quiet_figure
from dashboard.theme import LOWER_CARD, TEXT
from dashboard.words import term_words

N_TERMS = 3
"""Curves of an optimisation: the total and its two terms."""


class Losses(pn.viewable.Viewer):
    """One small plot per loss term, each with its own scale, sharing the iterations.

    Rows are streamed, so that a zoomed axis stays where it is while a run goes on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._run = ""
        self._rows = 0
        self.source = ColumnDataSource(self._columns(np.zeros((0, N_TERMS)), 0))
        self.plots = {scale: self._plots(scale) for scale in ("linear", "log")}
        self.scale = pmui.RadioButtonGroup(
            options={"Linear": "linear", "Log": "log"},
            value="linear",
            size="small",
            align="center",
            sx={"& .MuiButtonBase-root": {"py": 0.25, "fontSize": 12}},
        )
        self.scale.param.watch(self._scale_chosen, "value")
        self.title = pn.pane.HTML("<h2>Loss</h2>", stylesheets=[TEXT], align="center")
        self._boxes = {
            scale: pn.Column(
                *map(_pane, plots), sizing_mode="stretch_width", visible=scale == "linear"
            )
            for scale, plots in self.plots.items()
        }
        self.ranking = pn.pane.HTML(
            "", stylesheets=[TEXT, RANKING], sizing_mode="stretch_width", visible=False
        )
        self._layout = pn.Column(
            pn.Row(
                self.title,
                pn.Spacer(sizing_mode="stretch_width"),
                self.scale,
                sizing_mode="stretch_width",
            ),
            *self._boxes.values(),
            self.ranking,
            stylesheets=[LOWER_CARD],
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.Column:
        return self._layout

    def show(self, run: str, terms: tuple[str, ...], losses: np.ndarray) -> None:
        """Draw the losses of a run so far, adding only what is new.

        Args:
            run: Which run it is; another one starts the curves afresh.
            terms: Names of the loss terms.
            losses: Loss terms of all steps so far, shape (step, term).
        """
        self._mode(ranking=False)
        in_document(lambda: self._draw(run, terms, losses))

    def _draw(self, run: str, terms: tuple[str, ...], losses: np.ndarray) -> None:
        for plots in self.plots.values():
            for plot, term in zip(plots, terms, strict=False):
                if plot.title.text != term_words(term):
                    plot.title.text = term_words(term)
        if run == self._run and len(losses) >= self._rows:
            if new := self._columns(losses[self._rows :], self._rows):
                self.source.stream(new)
        else:
            self.source.data = self._columns(losses, 0)
        self._run, self._rows = run, len(losses)

    def show_ranking(self, answer: xr.Dataset) -> None:
        """List the best clips of a natural search, best first."""
        self._mode(ranking=True)
        scores = answer.get("score", answer["peak_value"]).values  # earlier answers have none
        rows = zip(answer["clip_name"].values, scores, answer["peak_frame"].values, strict=True)
        best = float(np.nanmax(np.abs(scores))) or 1.0
        dt = float(answer.attrs["dt"])
        self.ranking.object = "".join(
            f'<div class="clip"><span class="rank">{rank}</span><span>{escape(str(name))}</span>'
            f'<span class="value">{value:.3f}</span><span class="quiet">{1e3 * dt * frame:.0f} ms'
            f'</span><i style="width:{100 * max(0.0, value) / best:.1f}%"></i></div>'
            for rank, (name, value, frame) in enumerate(rows, 1)
        )

    def _mode(self, *, ranking: bool) -> None:
        if self.ranking.visible == ranking:
            return
        self.title.object = "<h2>Best clips</h2>" if ranking else "<h2>Loss</h2>"
        self.ranking.visible = ranking
        self.scale.visible = not ranking
        for scale, box in self._boxes.items():
            box.visible = not ranking and scale == self.scale.value

    def _scale_chosen(self, event: object) -> None:
        for scale, box in self._boxes.items():
            box.visible = scale == self.scale.value

    def _plots(self, scale: str) -> list:
        plots, shared = [], {}
        for term in range(N_TERMS):
            last = term == N_TERMS - 1
            plot = quiet_figure(
                height=122 if last else 82, y_axis_type=scale, title=" ",
                x_axis_label="Iteration" if last else None, **shared,
            )  # fmt: skip
            shared = {"x_range": plots[0].x_range if plots else plot.x_range}
            plot.title.update(text_font_size="11.5px", text_font_style="normal", offset=-2)
            plot.xaxis.visible = last
            plot.yaxis.ticker.desired_num_ticks = 3
            column = f"{scale}_{term}"
            line = plot.line("iteration", column, source=self.source, line_width=2)
            line.glyph.line_color = "#0F9D8A" if term == 0 else "#7C8A88"
            tips = [("iteration", "@iteration"), ("value", f"@linear_{term}{{0.0000}}")]
            plot.add_tools(HoverTool(tooltips=tips, renderers=[line], mode="vline"))
            plots.append(plot)
        return plots

    @staticmethod
    def _columns(losses: np.ndarray, first: int) -> dict[str, np.ndarray]:
        """Return the rows as columns: iteration, each term, and its magnitude for the log axis."""
        columns = {"iteration": np.arange(first, first + len(losses))}
        for term in range(N_TERMS):
            values = losses[:, term] if term < losses.shape[1] else np.full(len(losses), np.nan)
            columns[f"linear_{term}"] = values
            columns[f"log_{term}"] = np.where(values == 0, np.nan, np.abs(values))
        return columns


def _pane(plot: object) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)


RANKING = """
:host { max-height: 296px; overflow-y: auto; scrollbar-width: thin; }
.clip {
  position: relative; display: grid; grid-template-columns: 22px 1fr auto 64px; gap: 8px;
  padding: 9px 2px 11px; font-size: 13px;
}
.rank { opacity: 0.55; }
.value { font-variant-numeric: tabular-nums; font-weight: 700; }
.clip .quiet { text-align: right; }
.clip i {
  position: absolute; left: 0; bottom: 2px; height: 3px; border-radius: 2px;
  background: var(--panel-primary-color); opacity: 0.75;
}
"""
