"""How the search went: the loss and its terms, live; or the ranking of the natural clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import panel as pn
import xarray as xr

from dashboard.components.hexplayer.component import pack
from dashboard.components.plots.component import LossPlot
from dashboard.text.words import before_words
from maxstim_core.export.captions import with_degrees
from maxstim_core.optimal.configs import term_title
from maxstim_core.optimal.result import clip_of
from maxstim_core.settings import Config

DECADES = 4
"""Most powers of ten on a log axis; what is closer to the lowest value leaves it at the bottom."""

MOST_POINTS = 1000
"""Iterations that are drawn of a long run, evenly spaced: more than the plot has pixels."""


class Losses(pn.viewable.Viewer):
    """One small plot per loss term, each with its own scale, sharing the iterations.

    There are as many plots as the run has terms. Log plots show how far a term lies above its lowest
    value: a loss may be negative, so that its logarithm says nothing; that of this distance shows how a
    term settles.

    Args:
        on_choose: Called with the place of a clip in the ranking that a person clicks, 0 for the best.
    """

    def __init__(self, on_choose: Callable[[int], None] = lambda place: None) -> None:
        super().__init__()
        self.plot = LossPlot(on_choose)
        self._drawn: tuple[object, ...] = ()

    def __panel__(self) -> LossPlot:
        return self.plot

    def show(
        self,
        run: str,
        terms: tuple[str, ...],
        losses: np.ndarray,
        config: Config | None = None,
    ) -> None:
        """Draw the losses of a run so far.

        Args:
            run: Which run it is; another one starts the curves, and their zoom, afresh.
            terms: Names of the loss terms.
            losses: Loss terms of all steps so far, shape (step, term).
            config: The settings of the run, by which terms have their titles; None if not known.
        """
        told = run, terms, len(losses), losses[-1:].tobytes()
        if told == self._drawn and not self.plot.rows:
            self.plot.whose = ""
            return
        self._drawn = told
        self.plot.param.update(rows=[], losses=packed_losses(run, terms, losses, config), whose="")

    def say_before(self, answer: xr.Dataset | None) -> None:
        """Say that they are those of the answer before, while a run is on show that has none yet."""
        self.plot.whose = before_words(answer)

    def show_ranking(self, answer: xr.Dataset) -> None:
        """List the best clips of a natural search, best first."""
        scores = answer.get("score", answer["peak_value"]).values  # earlier answers have none
        frames, dt = answer["peak_frame"].values, float(answer.attrs["dt"])
        names = [str(name) for name in answer["clip_name"].values]
        shown = clip_of(answer)
        self.plot.param.update(
            whose="",
            chosen=names.index(shown) if shown in names else -1,
            rows=[
                {"name": with_degrees(name), "score": float(score), "time": float(1e3 * dt * frame)}
                for name, score, frame in zip(names, scores, frames, strict=True)
            ],
        )


def packed_losses(
    run: str, terms: tuple[str, ...], losses: np.ndarray, config: Config | None = None
) -> bytes:
    """Return losses as `LossPlot.losses` takes them: every one of a short run, else `MOST_POINTS`.

    The lowest value and the log axis of a term are those of all its values.

    Args:
        run: Which run it is.
        terms: Names of the loss terms.
        losses: Loss terms of all steps, shape (step, term).
        config: The settings of the run, by which terms have their titles; None if not known.
    """
    steps = len(losses)
    kept = np.unique(np.linspace(0, max(steps - 1, 0), min(steps, MOST_POINTS)).astype(int))
    kept = kept[:steps]
    described = [
        {"title": term_title(term, config), **_log_axis(values)}
        for term, values in zip(terms, losses.T, strict=False)
    ]
    arrays = {
        "iterations": kept.astype("<f4"),
        "values": losses[kept].T.astype("<f4"),
    }
    return pack({"run": run, "terms": described}, arrays)


def _log_axis(values: np.ndarray) -> dict[str, object]:
    above = above_lowest(values)
    known = above[np.isfinite(above)]
    low, top = log_powers(known) if len(known) else (-1, 0)
    finite = values[np.isfinite(values)]
    return {"lowest": float(finite.min()) if len(finite) else 0.0, "powers": [low, top]}


def above_lowest(losses: np.ndarray) -> np.ndarray:
    """Return how far each term lies above the lowest value that it has, NaN at that value itself.

    Args:
        losses: Loss terms of all steps so far, shape (step, term) or (step,).
    """
    if not len(losses):
        return losses
    # Of a term that no step has had yet, there is no lowest value.
    above = losses - np.where(np.isnan(losses), np.inf, losses).min(axis=0)
    return np.where(above > 0, above, np.nan)


def log_powers(values: np.ndarray) -> tuple[int, int]:
    """Return the powers of ten between which a log axis shows positive values."""
    top = int(np.ceil(np.log10(values.max()) - 1e-9))
    low = int(np.floor(np.log10(values.min()) + 1e-9))
    return min(max(low, top - DECADES), top - 1), top
