"""How the search went: the loss and its terms, live; or the ranking of the natural clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import panel as pn
import panel_material_ui as pmui
import xarray as xr
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, LogTickFormatter, Range1d

from dashboard.components.widgets.ranking import Ranking
from dashboard.style.plots import in_document, quiet_figure
from dashboard.style.theme import LOWER_CARD, TEXT
from maxstim_core.optimal.configs import term_title
from maxstim_core.optimal.result import clip_of

DECADES = 4
"""Most powers of ten on a log axis; what is closer to the lowest value leaves it at the bottom."""


def above_lowest(losses: np.ndarray) -> np.ndarray:
    """Return how far each term lies above the lowest value that it has, NaN at that value itself.

    A loss may be negative, so that its logarithm says nothing; that of this distance shows how a term
    settles.

    Args:
        losses: Loss terms of all steps so far, shape (step, term).
    """
    if not len(losses):
        return losses
    above = losses - np.nanmin(losses, axis=0)
    return np.where(above > 0, above, np.nan)


class Losses(pn.viewable.Viewer):
    """One small plot per loss term, each with its own scale, sharing the iterations.

    There are as many plots as the run has terms. Rows are streamed, so that a zoomed axis stays where
    it is while a run goes on. Log plots show `above_lowest` and are made when they are first asked for.

    Args:
        on_choose: Called with the place of a clip in the ranking that a person clicks, 0 for the best.
    """

    def __init__(self, on_choose: Callable[[int], None] = lambda place: None) -> None:
        super().__init__()
        self._run = ""
        self._rows = 0
        self._terms: tuple[str, ...] = ()
        self._losses = np.zeros((0, 0))
        self.source, self.log_source = ColumnDataSource(), ColumnDataSource()
        self.plots: dict[str, list] = {"linear": []}
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
            scale: pn.Column(sizing_mode="stretch_width", visible=scale == "linear")
            for scale in ("linear", "log")
        }
        self.ranking = Ranking(on_choose, sizing_mode="stretch_width", margin=0, visible=False)
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
        self._terms, self._losses = terms, losses
        if len(self.plots["linear"]) == len(terms):
            in_document(lambda: self._draw(run, terms, losses))
        else:
            self._make_plots(run, terms, losses)

    def _draw(self, run: str, terms: tuple[str, ...], losses: np.ndarray) -> None:
        plots = self.plots["linear"]
        if len(plots) != len(terms):  # a run of other terms came before the tick
            return
        _entitle(plots, [term_title(term) for term in terms])
        if run == self._run and len(losses) >= self._rows:
            if len(losses) > self._rows:
                self.source.stream(self._columns(losses[self._rows :], self._rows))
        else:
            self.source.data = self._columns(losses, 0)
        self._run, self._rows = run, len(losses)
        if "log" in self.plots:
            self._draw_log()

    def _make_plots(self, run: str, terms: tuple[str, ...], losses: np.ndarray) -> None:
        """Make a plot for each term, drawn before the browser knows of it, so that no axis is empty."""
        # Bokeh complains of plots that have nothing at all: one point, of which nothing is seen.
        self.source, self.log_source = (
            ColumnDataSource(self._columns(np.zeros((1, len(terms))), 0)) for _ in range(2)
        )
        self.plots = {scale: self._plots(scale, len(terms)) for scale in self.plots}
        self._run = ""
        self._draw(run, terms, losses)
        for scale, plots in self.plots.items():
            self._boxes[scale].objects = [_pane(plot) for plot in plots]

    def _draw_log(self) -> None:
        plots, above = self.plots["log"], above_lowest(self._losses)
        if not plots or len(plots) != len(self._terms):  # nothing yet, or as above
            return
        _entitle(plots, [f"{term_title(term)}, above its lowest" for term in self._terms])
        self.log_source.data = self._columns(above, 0)
        plots[0].x_range.end = max(len(above) - 1, 1)
        for plot, values in zip(plots, above.T, strict=False):
            known = values[np.isfinite(values)]
            if len(known):
                low, top = log_powers(known)
                plot.y_range.update(start=10.0**low, end=10.0**top)
                # Every second power where there are many: the plots are low.
                plot.yaxis.ticker.ticks = [
                    10.0**power for power in range(top, low - 1, -2 if top - low > 2 else -1)
                ]

    def show_ranking(self, answer: xr.Dataset) -> None:
        """List the best clips of a natural search, best first."""
        scores = answer.get("score", answer["peak_value"]).values  # earlier answers have none
        frames, dt = answer["peak_frame"].values, float(answer.attrs["dt"])
        names = [str(name) for name in answer["clip_name"].values]
        shown = clip_of(answer)
        with pn.io.hold():
            self._mode(ranking=True)
            self.ranking.param.update(
                chosen=names.index(shown) if shown in names else -1,
                rows=[
                    {"name": name, "score": float(score), "time": float(1e3 * dt * frame)}
                    for name, score, frame in zip(names, scores, frames, strict=True)
                ],
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
        if self.scale.value == "log" and "log" not in self.plots:
            self.plots["log"] = self._plots("log", len(self.plots["linear"]))
            self._draw_log()  # before the browser knows of them, so that no axis is empty
            self._boxes["log"].objects = [_pane(plot) for plot in self.plots["log"]]
        for scale, box in self._boxes.items():
            box.visible = scale == self.scale.value

    def _plots(self, scale: str, n_terms: int) -> list:
        plots, shared = [], {}
        source = self.log_source if scale == "log" else self.source
        for term in range(n_terms):
            last = term == n_terms - 1
            if scale == "log":  # ranges of its own: automatic ones fail where there is nothing yet
                shared = {"x_range": Range1d(0, 1), **shared, "y_range": Range1d(0.1, 1)}
            plot = quiet_figure(
                height=144 if last else 102, y_axis_type=scale, title=" ",
                x_axis_label="Iteration" if last else None, **shared,
            )  # fmt: skip
            shared = {"x_range": plots[0].x_range if plots else plot.x_range}
            plot.title.update(text_font_size="11.5px", text_font_style="normal", offset=-2)
            plot.xaxis.visible = last
            if scale == "log":
                plot.yaxis.ticker = FixedTicker(ticks=[0.1, 1])
                plot.yaxis.formatter = LogTickFormatter(min_exponent=5)
            else:
                plot.yaxis.ticker.desired_num_ticks = 3
            line = plot.line("iteration", f"term_{term}", source=source, line_width=2)
            line.glyph.line_color = "#0F9D8A" if term == 0 else "#7C8A88"
            value = "above its lowest" if scale == "log" else "value"
            tips = [("iteration", "@iteration"), (value, f"@term_{term}{{0.0000}}")]
            plot.add_tools(HoverTool(tooltips=tips, renderers=[line], mode="vline"))
            plots.append(plot)
        return plots

    @staticmethod
    def _columns(losses: np.ndarray, first: int) -> dict[str, np.ndarray]:
        """Return the rows as columns: iteration and each term."""
        columns = {"iteration": np.arange(first, first + len(losses))}
        return columns | {f"term_{term}": values for term, values in enumerate(losses.T)}


def log_powers(values: np.ndarray) -> tuple[int, int]:
    """Return the powers of ten between which a log axis shows positive values."""
    top = int(np.ceil(np.log10(values.max()) - 1e-9))
    low = int(np.floor(np.log10(values.min()) + 1e-9))
    return min(max(low, top - DECADES), top - 1), top


def _entitle(plots: list, titles: list[str]) -> None:
    for plot, title in zip(plots, titles, strict=False):
        if plot.title.text != title:
            plot.title.text = title


def _pane(plot: object) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)
