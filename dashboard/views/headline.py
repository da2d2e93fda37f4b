"""What is on the page, in large type, with what to take home."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from io import BytesIO

import panel as pn
import panel_material_ui as pmui
import xarray as xr

from dashboard.components.widgets.download import Download, Plan
from dashboard.components.widgets.press import Press
from dashboard.components.widgets.snippet import Snippet
from dashboard.state.session import Session
from dashboard.style.theme import HEADLINE, NOTE, QUIET_BUTTON, TEXT
from dashboard.text.cell_types import arrow, polarity
from maxstim_core.drawing.peak import peak_frame
from maxstim_core.export.captions import file_name
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import python_snippet
from maxstim_core.optimal.configs import METHODS
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.request import request_of
from maxstim_core.runs.snapshot import LIVE, RunSnapshot

_FIXED = {"flex": "0 0 auto", "width": "auto"}
_WRAPPED = {"flex": "1 1 320px", "width": "auto", "min-width": "0"}


class Headline(pn.viewable.Viewer):
    """Title, key figures and downloads of the answer on the page."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.title = pn.pane.HTML(
            "", stylesheets=[TEXT, HEADLINE], sizing_mode="stretch_width", margin=0, styles=_WRAPPED
        )
        self.picture = Download(self._picture, label="Figure", icon="image", **QUIET_BUTTON)
        self.film = Download(self._film, label="Film", icon="movie", **QUIET_BUTTON)
        self.data = Download(self._data, label="NetCDF", icon="download", **QUIET_BUTTON)
        self.code = Press(self._open_code, label="Code", icon="code", **QUIET_BUTTON)
        self.python, self.shell = Snippet(), Snippet()
        self.dialog = pmui.Dialog(
            pmui.Tabs(
                ("Python", self.python),
                ("Command line", self.shell),
                sizing_mode="stretch_width",
                margin=(0, 10, 16, 10),
            ),
            title="Make this answer without the page",
            close_on_click=True,
            show_close_button=True,
            width_option="md",
        )
        buttons = pn.Row(
            self.picture,
            self.film,
            self.data,
            self.code,
            align="center",
            margin=(0, 0, 0, -8),
            styles=_FIXED,
        )
        self.note = pn.pane.HTML(
            "", stylesheets=[TEXT, NOTE], sizing_mode="stretch_width", margin=(0, 0, 12, 0),
            visible=False,
        )  # fmt: skip
        head = pn.Row(
            self.title, buttons, sizing_mode="stretch_width", margin=(0, 0, 12, 0),
            styles={"flex-wrap": "wrap", "gap": "8px 0"},
        )  # fmt: skip
        # The closed dialog takes width but no height: it stands below, not beside.
        self._layout = pn.Column(
            head, self.note, self.dialog, sizing_mode="stretch_width", margin=0
        )
        session.param.watch(self._update, ["answer", "run", "network_hash"])
        session.choice.param.watch(self._update, ["cell_type", "method", "network"])
        self._update()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _update(self, *events: object) -> None:
        run, answer = self.session.run, self.session.answer
        # A run is what the player shows from its first preview on.
        live = run is not None and run.state in LIVE and run.preview is not None
        with pn.io.hold():
            if live:
                self.title.object = live_heading(run)
            elif answer is not None:
                self.title.object = answer_heading(answer, example=self.session.is_example)
            said = self.session.note
            self.note.param.update(
                object=f'<p class="choice" aria-live="polite">{escape(said)}</p>',
                visible=bool(said),
            )
            for button in (self.picture, self.film, self.data, self.code):
                button.disabled = live or answer is None

    def _picture(self) -> Plan:
        return self._drawn(figure, "png")

    def _film(self) -> Plan:
        return self._drawn(film, "gif")

    def _drawn(self, draw: Callable[..., BytesIO], ending: str) -> Plan:
        answer, compared = self.session.answer, list(self.session.comparable_answers().values())
        dark = pn.config.theme == "dark"
        return file_name(answer, ending), partial(draw, answer, compared, dark=dark)

    def _data(self) -> Plan:
        answer = self.session.answer
        return file_name(answer, "nc"), partial(netcdf, answer)

    def _open_code(self) -> None:
        answer = self.session.answer
        request, output = request_of(answer), file_name(answer, "nc")
        self.python.text = python_snippet(request, output)
        self.shell.text = command_line(request, output)
        self.dialog.open = True


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
