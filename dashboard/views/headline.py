"""What is on the page, in large type, with what to take home."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from io import BytesIO
from typing import Any

import panel as pn
import xarray as xr

from dashboard.components.headline.component import HeadlinePanel, Plan
from dashboard.guard.allowance import DOWNLOADS
from dashboard.state.pins import Pins
from dashboard.state.session import Session
from dashboard.text.cell_types import arrow, polarity
from dashboard.text.clip_sets import set_title
from maxstim_core.drawing.peak import peak_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import (
    aim_words,
    asked_networks,
    at_once_words,
    file_name,
    with_degrees,
)
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import python_snippet
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import METHODS, GenerateConfig, SearchConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.response_units import bundled_units
from maxstim_core.optimal.result import clip_of, has_other_best
from maxstim_core.runs.request import config_of, request_of
from maxstim_core.runs.snapshot import RunSnapshot
from maxstim_core.settings import Config
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS


class Headline(pn.viewable.Viewer):
    """Title, key figures and downloads of the answer on the page.

    Args:
        session: Whose answer it is.
        is_dark: Tells whether the page is dark, for the figures that are taken home.
        pins: Where the answer can be pinned; nowhere if None.
    """

    def __init__(
        self,
        session: Session,
        is_dark: Callable[[], bool] = lambda: False,
        pins: Pins | None = None,
    ) -> None:
        super().__init__()
        self.session, self._is_dark, self._pins = session, is_dark, pins
        plans = {
            "Figure": lambda: self._drawn(figure, "png"),
            "Film": lambda: self._drawn(film, "gif"),
            "NetCDF": self._data,
        }
        counted = {name: partial(self._counted, plan) for name, plan in plans.items()}
        self.panel = HeadlinePanel(
            counted,
            self._code,
            session.take_settings,
            self._choose_iteration,
            session.unexpected,
            self._pin,
        )
        self._range = ""  # what the cell does over a set, beside which the peak is seen
        session.param.watch(self._anchor, ["shown", "looking"])
        news = ["shown", "run", "submitting", "network_hash", "ahead", "verdict"]
        session.param.watch(self._update, news)
        if pins is not None:
            pins.param.watch(self._update, "keys")
        choice = session.choice
        choice.param.watch(self._update, ["cell_type", "method", "network", "further", "clips"])
        for settings in choice.settings.values():
            settings.param.watch(self._update, list(settings.names()))
        self._update()

    def __panel__(self) -> HeadlinePanel:
        return self.panel

    def _anchor(self, *events: object) -> None:
        """Learn what the cell does over a set, where that has been searched or comes with maxstim."""
        shown = self.session.shown
        if shown.run is not None:
            return
        natural = self.session.comparable_answers().get("natural")
        said = "" if natural is None else range_words(natural)
        if natural is None and shown.answer is not None:
            said = default_range_words(shown.answer.attrs)
        if said != self._range:
            self._range = said
            self._update()

    def _update(self, *events: object) -> None:
        session = self.session
        shown, title = session.shown, ""
        if shown.run is not None:
            title = live_heading(shown.run)
        elif shown.answer is not None:
            title = answer_heading(shown.view, self._range, example=shown.is_example)
        told = {
            "html": title,
            "verdict": session.verdict,
            "note": session.note,
            "settings": shown.finished is not None and session.other_settings,
            "live": shown.finished is None,
            "iteration": self._iteration(),
            "pinned": self._pinned(),
        }
        if told != self.panel.shown:
            self.panel.shown = told

    def _iteration(self) -> str:
        """Return which iteration is on show, where there are two: ``last`` or ``best``."""
        shown = self.session.shown
        if shown.finished is None or not (shown.best or has_other_best(shown.answer)):
            return ""
        return "best" if shown.best else "last"

    def _pinned(self) -> bool | None:
        """Return whether the answer on show is pinned; None where there is nothing to pin it to."""
        if self._pins is None:
            return None
        return self.session.lasting_key in self._pins.keys

    def _pin(self) -> None:
        if self._pins is not None:
            try:
                self._pins.toggle(self.session.lasting_key)
            except MaxstimError as error:
                self.session.problem = str(error)

    def _choose_iteration(self, which: str) -> None:
        self.session.best = which == "best"

    def _drawn(self, draw: Callable[..., BytesIO], ending: str) -> Plan:
        answer = self.session.shown.view
        compared = list(self.session.comparable_answers().values())
        return file_name(answer, ending), partial(draw, answer, compared, dark=self._is_dark())

    def _data(self) -> Plan:
        answer = self.session.shown.view
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
        shown = self.session.shown
        request, output = request_of(shown.answer), file_name(shown.view, "nc")
        python, shell = python_snippet(request, output), command_line(request, output)
        if shown.best:
            python += (
                f'best = ms.load({json.dumps(output)})["best_stimulus"]  # of the lowest loss\n'
            )
            shell += "\n# The stimulus of the lowest loss is best_stimulus in that file."
        return {"python": python, "shell": shell}


def range_words(natural: xr.Dataset) -> str:
    """Return what a cell does over the set that was searched, to hold a peak against."""
    about = natural.attrs
    # Answers that were stored before these were measured lack them.
    rms, lowest = (about.get(name) for name in ("rms_voltage", "lowest_voltage"))
    return _range_words(str(about["clips"]), rms, lowest, float(natural["peak_value"][0]))


def default_range_words(about: Mapping[str, Any]) -> str:
    """Return what a cell does over the default set in a bundled network, or nothing for others.

    Args:
        about: Attributes of an answer of that cell and network.
    """
    units, names = bundled_units(str(about["network_hash"])), bundled_connectome().names
    if units is None or about["cell_type"] not in names:
        return ""
    k = names.index(about["cell_type"])
    return _range_words(DEFAULT_CLIPS, units.rms[k], units.least[k], units.greatest[k])


def _range_words(clips: str, rms: float | None, lowest: float | None, highest: float) -> str:
    spread = "" if rms is None else f"RMS {rms:.2g}, "
    least = "up" if lowest is None else f"{lowest:.3g}"
    return f"over {set_title(clips)} {spread}{least} to {highest:.3g}"


def answer_heading(answer: xr.Dataset, over_set: str = "", *, example: bool = False) -> str:
    """Return the title and the key figures of an answer as HTML.

    Args:
        answer: The answer, as of the iteration on show.
        over_set: What the cell does over a set, as `range_words` says it, or nothing.
        example: Whether it came with maxstim.
    """
    about, config = answer.attrs, config_of(answer)
    frames, dt = answer.sizes["frame"], float(about["dt"])
    facts = [
        _extreme_words(answer, config, escape(over_set)),
        *_aimed_at(answer, config),
        *([escape(str(about["contrast"]).rstrip("."))] if "contrast" in about else []),
        f"{frames} frames of {1e3 * dt:g} ms",
        escape(asked_networks(about)),
    ]
    if "seed" in about and int(about["seed"]) >= 0:
        facts.append(f"seed {about['seed']}")
    if about.get("missed"):
        facts.append(escape(str(about["missed"])))
    clip = clip_of(answer)
    searched = set_title(str(about.get("clips", "")))
    if searched and searched not in over_set and searched != clip:
        facts.insert(0, f"of {escape(searched)}")
    if clip:
        facts.insert(0, f"clip “{escape(with_degrees(clip))}”")
    mark = "example" if example else "cancelled" if about["status"] == "cancelled" else ""
    return _heading(about["cell_type"], about["method"], mark, " · ".join(facts))


def _extreme_words(answer: xr.Dataset, config: Config | None, over_set: str) -> str:
    """Return the peak of a response, or its lowest point where that was asked for, in words."""
    about, central = answer.attrs, answer["central_response"].values
    is_low = isinstance(config, GenerateConfig) and config.goal.kind == "suppress"
    frame = peak_frame(-central if is_low else central)
    voltage = float(central[frame])
    scaled = ""
    if "rms_voltage" in about and about["method"] == GenerateConfig.method:
        above = (voltage - float(about["grey_voltage"])) / float(about["rms_voltage"])
        scaled = f", {above:z.2f} RMS above grey,"
    anchors = "; ".join(filter(None, (f"{central[0]:.2g} under grey", over_set)))
    what, when = "lowest" if is_low else "peak", f"{1e3 * frame * float(about['dt']):.0f} ms"
    return f"{what} {voltage:.3g} a.u.{scaled} at {when} ({anchors})".replace("-", "−")


def _aimed_at(answer: xr.Dataset, config: Config | None) -> list[str]:
    """Return objective and constraints of an answer as HTML, and its contrast energy; none of a clip."""
    if answer.attrs["method"] == SearchConfig.method:
        return []
    energy = contrast_energy(answer["stimulus"].values)
    spent = f"contrast energy {energy:.3g}" if energy < 100 else f"contrast energy {energy:.0f}"
    aims = [] if config is None else aim_words(config, but=("energy", "across"))  # said elsewhere
    return [f"made with {escape(', '.join(aims))}", spent] if aims else [spent]


def live_heading(run: RunSnapshot) -> str:
    """Return the title of a run that is going, and how far it is, as HTML."""
    facts, request = METHODS[run.request.method].sentence, run.request
    if run.request.method == SearchConfig.method and run.step:
        facts = f"best of {run.step} of {run.n_steps} clips so far"
    if run.request.method != GenerateConfig.method:
        facts += f" · of {escape(set_title(run.request.clips))}"
    if run.step and len(run.losses) and "total" in run.terms:
        loss = run.losses[-1][run.terms.index("total")]
        facts = f"iteration {run.step} of {run.n_steps} · loss {loss:.4g}"
    if request.further_networks and isinstance(request.config, GenerateConfig):
        facts += f" · for {escape(at_once_words(request.networks, request.config.across))}"
    return _heading(request.cell_type, request.method, "live", facts)


def _heading(cell_type: str, method: str, mark: str, facts: str) -> str:
    words = {"example": "Example", "cancelled": "Cancelled early", "live": "Forming"}
    marks = "".join(
        f'<span class="{kind}"{part}>{text}</span>'
        for kind, part, text in (  # by their parts lessons hide them
            ("arrow", ' data-part="tuning"', arrow(cell_type)),
            (
                f"polarity {polarity(cell_type).lower()}",
                ' data-part="tuning"',
                polarity(cell_type),
            ),
            (f"mark {mark}", "", words.get(mark, "")),
        )
        if text
    )
    return (
        f"<h1>{escape(cell_type)} <small>{METHODS[method].title.lower()}</small>{marks}</h1>"
        f'<p class="quiet" data-part="figures">{facts}</p>'
    )
