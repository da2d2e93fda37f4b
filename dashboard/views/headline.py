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
from dashboard.text.words import ordinal
from maxstim_core.drawing.peak import asks_lowest, extreme_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import (
    aim_words,
    asked_networks,
    at_once_words,
    file_name,
    listed,
    set_title,
    with_degrees,
)
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import python_snippet
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import (
    METHODS,
    PROTOCOLS,
    GenerateConfig,
    SearchConfig,
)
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.response_units import bundled_units, grey_voltage_of
from maxstim_core.optimal.result import cancelled_after, clip_of, has_other_best
from maxstim_core.runs.request import config_of, request_of
from maxstim_core.runs.snapshot import RunSnapshot
from maxstim_core.settings import Config, minus_signed
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
        self._place = ""  # the place of the clip on show in the set that was searched
        session.param.watch(self._anchor, ["shown", "looking"])
        news = ["shown", "run", "submitting", "awaits_asked", "network_hash", "ahead", "verdict"]
        session.param.watch(self._update, news)
        if pins is not None:
            pins.param.watch(self._update, "keys")
        choice = session.choice
        chosen = ["cell_type", "method", "network", "further", "clips", "clip"]
        choice.param.watch(self._update, chosen)
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
        said, place = self._range_said(shown.view), self._place_said(shown.view)
        if (said, place) != (self._range, self._place):
            self._range, self._place = said, place
            self._update()

    def _range_said(self, answer: xr.Dataset | None) -> str:
        """Return what the cell does over a set: that of the answer, else the default one.

        What somebody has searched in another way is nobody else's range.
        """
        if answer is None:
            return ""
        if answer.attrs["method"] == SearchConfig.method:
            return range_words(answer)
        if answer.attrs["method"] == GenerateConfig.method:
            said = default_range_words(answer.attrs)
            if said:
                return said
        natural = self.session.comparable_answers().get("natural")
        if natural is None:
            return default_range_words(answer.attrs)
        return ", ".join((range_words(natural), *_search_words(config_of(natural))))

    def _place_said(self, answer: xr.Dataset | None) -> str:
        """Return which place the clip of an answer has in its set, where that has been searched."""
        if answer is None or not clip_of(answer):
            return ""
        is_own = answer.attrs["method"] == SearchConfig.method
        searched = answer if is_own else self.session.library.searched(answer)
        return "" if searched is None else place_words(answer, searched)

    def _update(self, *events: object) -> None:
        session = self.session
        shown, title = session.shown, ""
        if shown.run is not None:
            title = live_heading(shown.run)
        elif shown.answer is not None:
            title = answer_heading(shown.view, self._range, self._place, example=shown.is_example)
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
        n_made = cancelled_after(shown.answer)
        python = python_snippet(request, output, n_made=n_made)
        shell = command_line(request, output, n_made=n_made)
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


def place_words(answer: xr.Dataset, searched: xr.Dataset) -> str:
    """Return the place of the clip that an answer shows, or began from, in the set that was searched.

    Args:
        answer: A natural or a regularized answer.
        searched: The natural answer that lists the best clips of that set.
    """
    best, of = (
        [str(name) for name in searched["clip_name"].values],
        set_title(answer.attrs["clips"]),
    )
    clip = clip_of(answer)
    if of == clip:  # a painting is a set by itself
        return ""
    if clip not in best:
        return f"not among the {len(best)} best of {of}"
    place = best.index(clip)
    return f"{ordinal(place + 1)} best of {of}" if place else f"best of {of}"


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


def answer_heading(
    answer: xr.Dataset, over_set: str = "", place: str = "", *, example: bool = False
) -> str:
    """Return the title and the key figures of an answer as HTML.

    Args:
        answer: The answer, as of the iteration on show.
        over_set: What the cell does over a set, as `range_words` says it, or nothing.
        place: Which place its clip has in the set that was searched, as `place_words` says it, or
            nothing.
        example: Whether it came with maxstim.
    """
    about, config = answer.attrs, config_of(answer)
    frames, dt = answer.sizes["frame"], float(about["dt"])
    facts = [
        _extreme_words(answer, escape(over_set)),
        *_aimed_at(answer, config),
        *(
            [escape(minus_signed(str(about["contrast"]).rstrip(".")))]
            if "contrast" in about
            else []
        ),
        f"{frames} frames of {1e3 * dt:g} ms",
        escape(asked_networks(about)),
    ]
    if "seed" in about and int(about["seed"]) >= 0:
        facts.append(f"seed {about['seed']}")
    if about.get("missed"):
        facts.append(escape(minus_signed(str(about["missed"]))))
    clip = clip_of(answer)
    searched = set_title(str(about.get("clips", "")))
    if place:
        facts.insert(0, escape(place))
    elif searched and searched not in over_set and searched != clip:
        facts.insert(0, f"of {escape(searched)}")
    if clip:
        facts.insert(0, f"clip “{escape(with_degrees(clip))}”")
    mark = "example" if example else "cancelled" if about["status"] == "cancelled" else ""
    return _heading(about["cell_type"], about["method"], mark, " · ".join(facts))


def _extreme_words(answer: xr.Dataset, over_set: str) -> str:
    """Return the peak of a response, or its lowest point where that was asked for, in words."""
    about, central = answer.attrs, answer["central_response"].values
    frame = extreme_frame(central, about)
    voltage = float(central[frame])
    scaled = ""
    if "rms_voltage" in about and about["method"] == GenerateConfig.method:
        above = (voltage - float(about["grey_voltage"])) / float(about["rms_voltage"])
        scaled = f", {above:z.2f} RMS above grey,"
    grey = grey_voltage_of(about)
    base = f"{central[0]:.2g} in the first frame" if grey is None else f"{grey:.2g} under grey"
    anchors = "; ".join(filter(None, (base, over_set)))
    what, when = (
        "lowest" if asks_lowest(about) else "peak",
        f"{1e3 * frame * float(about['dt']):.0f} ms",
    )
    return minus_signed(f"{what} {voltage:.3g} a.u.{scaled} at {when} ({anchors})")


def _aimed_at(answer: xr.Dataset, config: Config | None) -> list[str]:
    """Return objective and constraints of an answer as HTML, and its contrast energy.

    Of a clip, how it was searched where that is not as usual.
    """
    if answer.attrs["method"] == SearchConfig.method:
        return [escape(said) for said in _search_words(config)]
    energy = contrast_energy(answer["stimulus"].values)
    spent = f"contrast energy {energy:.3g}" if energy < 100 else f"contrast energy {energy:.0f}"
    aims = [] if config is None else aim_words(config, but=("energy", "across"))  # said elsewhere
    return [f"made with {escape(', '.join(aims))}", spent] if aims else [spent]


def _search_words(config: Config | None) -> list[str]:
    """Return how clips were searched, where that is not as usual."""
    if not isinstance(config, SearchConfig):
        return []
    said = [] if config.protocol == "default" else [f"chosen after {PROTOCOLS[config.protocol][0]}"]
    return said + _silenced_words(config)


def _silenced_words(config: Config) -> list[str]:
    """Return which cell types are silenced, if any are."""
    names = str(getattr(config, "silence", ""))
    return [f"{listed(names.split(','))} silenced"] if names else []


def live_heading(run: RunSnapshot) -> str:
    """Return the title of a run that is going, and how far it is, as HTML."""
    facts, request = METHODS[run.request.method].sentence, run.request
    if run.request.method == SearchConfig.method and run.step:
        facts = f"best of {run.step} of {run.n_steps} clips so far"
    if run.request.method != GenerateConfig.method:
        facts += f" · of {escape(set_title(run.request.clips))}"
    if run.step and len(run.losses) and "total" in run.terms:
        loss = run.losses[-1][run.terms.index("total")]
        facts = f"iteration {run.step} of {run.n_steps} · loss {minus_signed(f'{loss:.4g}')}"
    if request.further_networks and isinstance(request.config, GenerateConfig):
        facts += f" · for {escape(at_once_words(request.networks, request.config.across))}"
    else:
        facts += f" · network {escape(request.network)}"
    for said in _silenced_words(request.config):
        facts += f" · {escape(said)}"
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
