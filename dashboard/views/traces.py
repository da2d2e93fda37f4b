"""The central cell under the three answers, overlaid and aligned at their peaks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import panel as pn
import xarray as xr

from dashboard.components.plots.component import TracePlot
from dashboard.text.words import before_words
from maxstim_core.drawing.peak import extreme_frame, time_from_peak
from maxstim_core.export.captions import source_words
from maxstim_core.optimal.configs import METHODS

THIN = {"width": 2.5, "alpha": 1.0}
"""How the others are drawn."""

LOOK = {"natural": {"width": 6.0, "alpha": 0.65}}
"""How some lines are drawn: the natural one wide and pale, to be seen beneath the regularized one."""

TARGET_COLOR = "#7F8C8A"
"""Grey that is seen on both themes, and on the line of every method."""


def aligned(answer: xr.Dataset, *, from_baseline: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return time in ms relative to the peak, and the central response, both of shape (frame,).

    Where the lowest voltage was asked for, that stands in place of the peak.

    A regularised answer is aligned at the peak of its target, so that it lies upon the clip that it
    came from even where that has two peaks of nearly the same height.

    Args:
        answer: A result (schema in `maxstim_core.optimal.result`).
        from_baseline: Subtract the value of the first frame, which grey alone sets.
    """
    values = answer["central_response"].values
    peaked = answer.get("target_response", answer["central_response"]).values
    zero = extreme_frame(peaked, answer.attrs)
    time = time_from_peak(len(values), zero, float(answer.attrs["dt"]))
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
        self.plot = TracePlot()
        self.show({})

    def __panel__(self) -> TracePlot:
        return self.plot

    def show(self, answers: Mapping[str, xr.Dataset]) -> None:
        """Overlay these answers, by method."""
        self._answers = dict(answers)
        self.plot.param.update(lines=overlaid(self._answers), note=self._said(), whose="")

    def say_before(self, answer: xr.Dataset | None) -> None:
        """Say that the lines are those of the answer before, while a run is on show beside them."""
        self.plot.whose = before_words(answer)

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


def overlaid(answers: Mapping[str, xr.Dataset]) -> list[dict[str, Any]]:
    """Return the lines of `TracePlot`: one for each answer, and last, above them, the target.

    Args:
        answers: Results by method.
    """
    lines = []
    for method in METHODS:
        if method in answers:
            lines.append(_line(METHODS[method].title, METHODS[method].color, answers[method]))
            lines[-1] |= LOOK.get(method, THIN)
    regularized = answers.get("regularized")
    if regularized is not None and "target_response" in regularized:
        # Almost always upon the line of the answer.
        target = _line("Target", TARGET_COLOR, regularized)
        band, values = target["y"], regularized["target_response"].values
        lines.append(
            {**target, "y": _finite(values), "band": band, "dash": [2, 4], **THIN,
             "bandColor": METHODS["regularized"].color}
        )  # fmt: skip
    return lines


def _line(name: str, color: str, answer: xr.Dataset) -> dict[str, Any]:
    time, values = aligned(answer)
    y = _finite(values)
    return {"name": name, "color": color, "x": time.tolist(), "y": y, "base": y[0] or 0.0}


def _finite(values: np.ndarray) -> list[float | None]:
    """Return values as JSON can say them."""
    return [value if np.isfinite(value) else None for value in values.astype(float).tolist()]
