"""What is on the page, in large type, with what to take home."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from io import BytesIO

import panel as pn
import xarray as xr

from dashboard.components.headline.component import HeadlinePanel, Plan
from dashboard.guard.allowance import DOWNLOADS
from dashboard.state.session import Session
from dashboard.text.cell_types import arrow, polarity
from dashboard.text.clip_sets import set_title
from maxstim_core.drawing.peak import peak_frame
from maxstim_core.export.captions import file_name
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import python_snippet
from maxstim_core.optimal.configs import METHODS
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.request import request_of
from maxstim_core.runs.snapshot import RunSnapshot


class Headline(pn.viewable.Viewer):
    """Title, key figures and downloads of the answer on the page.

    Args:
        session: Whose answer it is.
        is_dark: Tells whether the page is dark, for the figures that are taken home.
    """

    def __init__(self, session: Session, is_dark: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self.session, self._is_dark = session, is_dark
        plans = {
            "Figure": lambda: self._drawn(figure, "png"),
            "Film": lambda: self._drawn(film, "gif"),
            "NetCDF": self._data,
        }
        counted = {name: partial(self._counted, plan) for name, plan in plans.items()}
        self.panel = HeadlinePanel(counted, self._code, session.take_settings, session.unexpected)
        session.param.watch(self._update, ["shown", "run", "submitting", "network_hash"])
        choice = session.choice
        choice.param.watch(self._update, ["cell_type", "method", "network", "clips"])
        for settings in choice.settings.values():
            settings.param.watch(self._update, list(settings.names()))
        self._update()

    def __panel__(self) -> HeadlinePanel:
        return self.panel

    def _update(self, *events: object) -> None:
        session = self.session
        shown, title = session.shown, ""
        if shown.run is not None:
            title = live_heading(shown.run)
        elif shown.answer is not None:
            title = answer_heading(shown.answer, example=shown.is_example)
        told = {
            "html": title,
            "note": session.note,
            "settings": shown.finished is not None and session.other_settings,
            "live": shown.finished is None,
        }
        if told != self.panel.shown:
            self.panel.shown = told

    def _drawn(self, draw: Callable[..., BytesIO], ending: str) -> Plan:
        answer, compared = (
            self.session.shown.answer,
            list(self.session.comparable_answers().values()),
        )
        return file_name(answer, ending), partial(draw, answer, compared, dark=self._is_dark())

    def _data(self) -> Plan:
        answer = self.session.shown.answer
        return file_name(answer, "nc"), partial(netcdf, answer)

    def _counted(self, plan: Callable[[], Plan]) -> Plan:
        """Plan a file that counts against the visitor's allowance until it is made."""
        visitor = self.session.id
        name, make = plan()
        DOWNLOADS.begin(visitor)

        def counted() -> BytesIO:
            try:
                content = make()
                DOWNLOADS.add(visitor, content.getbuffer().nbytes)
                return content
            finally:
                DOWNLOADS.end(visitor)

        return name, counted

    def _code(self) -> dict[str, str]:
        answer = self.session.shown.answer
        request, output = request_of(answer), file_name(answer, "nc")
        return {"python": python_snippet(request, output), "shell": command_line(request, output)}


def answer_heading(answer: xr.Dataset, *, example: bool = False) -> str:
    """Return the title and the key figures of an answer as HTML."""
    about, central = answer.attrs, answer["central_response"].values
    peak = peak_frame(central)
    frames, dt = len(central), float(about["dt"])
    facts = [
        f"peak {central[peak]:.3g} a.u. at {1e3 * peak * dt:.0f} ms",
        f"{frames} frames of {1e3 * dt:g} ms",
        f"network {escape(str(about.get('network', 'unknown')))}",
    ]
    if "seed" in about and int(about["seed"]) >= 0:
        facts.append(f"seed {about['seed']}")
    clip = clip_of(answer)
    if about.get("clips"):
        facts.insert(0, f"of {escape(set_title(str(about['clips'])))}")
    if clip:
        facts.insert(0, f"clip “{escape(clip)}”")
    mark = "example" if example else "cancelled" if about["status"] == "cancelled" else ""
    return _heading(about["cell_type"], about["method"], mark, " · ".join(facts))


def live_heading(run: RunSnapshot) -> str:
    """Return the title of a run that is going, and how far it is, as HTML."""
    facts = METHODS[run.request.method].sentence
    if run.step and len(run.losses) and "total" in run.terms:
        loss = run.losses[-1][run.terms.index("total")]
        facts = f"iteration {run.step} of {run.n_steps} · loss {loss:.4g}"
    return _heading(run.request.cell_type, run.request.method, "live", facts)


def _heading(cell_type: str, method: str, mark: str, facts: str) -> str:
    words = {"example": "Example", "cancelled": "Cancelled early", "live": "Forming"}
    marks = "".join(
        f'<span class="{kind}">{text}</span>'
        for kind, text in (
            ("arrow", arrow(cell_type)),
            (f"polarity {polarity(cell_type).lower()}", polarity(cell_type)),
            (f"mark {mark}", words.get(mark, "")),
        )
        if text
    )
    return (
        f"<h1>{escape(cell_type)} <small>{METHODS[method].title.lower()}</small>{marks}</h1>"
        f'<p class="quiet">{facts}</p>'
    )
