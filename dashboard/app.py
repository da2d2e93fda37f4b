"""Composes the page: state, store, views, and the poll that keeps them up to date."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakMethod

import panel as pn
import panel_material_ui as pmui
import xarray as xr

# Not only when it is wanted: what a browser is told of a component's class after the page has been
# built, Panel 1.9 makes it fail to send back.
from dashboard.add_movie.dialog import MovieDialog
from dashboard.atlas.view import AtlasView
from dashboard.compare.view import Compare
from dashboard.components.component import Component, Later
from dashboard.components.frame.component import Frame
from dashboard.components.hexplayer.component import HexPlayer
from dashboard.components.lesson.component import LessonPanel
from dashboard.guard.gate import VISITOR, VISITOR_NAME
from dashboard.guard.stored_sets import StoredSets
from dashboard.lessons.lesson_page import Lessons
from dashboard.model_card.dialog import CardDialog
from dashboard.paint.view import PaintView
from dashboard.server import FILE_ALONE
from dashboard.sidebar.sidebar import Sidebar
from dashboard.state.choice import Choice
from dashboard.state.networks import Networks
from dashboard.state.page_link import OpenedLink, address_of, room_for_query, unread_entries
from dashboard.state.pins import Pins, pins_of
from dashboard.state.session import Session
from dashboard.state.sweep_choice import SweepChoice
from dashboard.state.url import PageAddress
from dashboard.state.views import VIEWS, Views
from dashboard.state.visitors import are_visitors, call_visitor, visitor_file, visitor_name
from dashboard.style.material import fetch_stylesheets
from dashboard.style.plain import Plain
from dashboard.style.theme import THEME
from dashboard.views.clip_browser import Browse
from dashboard.views.comparison import Comparisons
from dashboard.views.headline import Headline
from dashboard.views.losses import Losses
from dashboard.views.run_history import History
from dashboard.views.sweep import Sweeps
from dashboard.views.traces import Traces
from maxstim_core.drawing.colors import response_limit
from maxstim_core.drawing.peak import extreme_frame, peak_frame, telling_frame
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.optimal.configs import METHODS, GenerateConfig
from maxstim_core.optimal.painted import PaintedConfig
from maxstim_core.optimal.result import lattice_of
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import config_of
from maxstim_core.runs.result_index import ResultRecord
from maxstim_core.runs.shipped import answer_name
from maxstim_core.runs.snapshot import RunSnapshot

if __name__ != "dashboard.app":  # ``panel serve dashboard/app.py``
    raise SystemExit(FILE_ALONE)

LIVE_PERIOD, IDLE_PERIOD = 250, 1500
"""Milliseconds between polls while a run of this page is live, and otherwise."""


class App(pn.viewable.Viewer):
    """One open page.

    Args:
        queue: The queue that all pages share.
        library: Answers that were finished before.
        visitor: Who looks at it, as `visitor_of` tells; by default somebody new.
        name: What they want to be called, as `name_of` tells; by default as before.
    """

    def __init__(
        self, queue: RunQueue, library: ResultLibrary, visitor: str = "", name: str = ""
    ) -> None:
        super().__init__()
        self.choice = Choice()
        self.choice.listed_only = are_visitors() or bool(pn.config.basic_auth)
        self.session = Session(self.choice, queue, library, visitor)
        if name:
            call_visitor(self.session.id, name)
        self.opened = OpenedLink(self.session)
        self.networks = Networks(self.choice, CardMaker(queue), self.session.id)
        self.movies: MovieDialog | None = None
        self.card: CardDialog | None = None
        self.sweeps = Sweeps(self.session, SweepChoice(self.choice), self._show_in("sweep"))
        self.atlas = AtlasView(self.session, self._show_in("atlas"))
        self.paint = PaintView(self.session, self._show_in("paint"))
        self.sidebar = Sidebar(
            self.session, self.networks, self.sweeps, self._open_card, self._add_movie
        )
        self.pins = Pins(pins_of(self.session.id, queue.store.root), library)
        self.compare = Compare(self.session, self.pins, self._show_in("compare"))
        # Name of a view: what is polled for it, and what knows whether it is open.
        self._views = {
            "sweep": (self.sweeps, self.sweeps.choice),
            "atlas": (self.atlas, self.atlas),
            "compare": (self.compare, self.compare),
            "paint": (self.paint, self.paint),
        }
        self.views = Views({name: state for name, (_, state) in self._views.items()})
        self._awaits_lesson = False  # whether settings of the link wait for the step of a lesson
        self._panels: dict[str, Component] = {}  # of the views that have been opened so far
        self.lessons = Lessons(self.session, _weakly(self._show_lessons))
        self.headline = Headline(self.session, lambda: self.page.dark, self.pins)
        self.player = HexPlayer()
        self.browse = Browse(self.session)
        self.comparisons = Comparisons(self.session)
        self.traces, self.losses = Traces(), Losses(self.browse.choose)
        self.history = History(self.session, self.pins, self._follow)
        self.page = Frame(
            _weakly(self._is_settled),
            design=Plain,
            sidebar=self.sidebar.panel,
            headline=self.headline.panel,
            gallery=self.browse.gallery,
            player=self.player,
            comparison=self.comparisons.panel,
            traces=self.traces.plot,
            losses=self.losses.plot,
            runs=self.history.list,
            dialogs=Later(),
            lesson=Later(sizing_mode="stretch_width"),
            views=[{"name": name, "label": label} for name, label in VIEWS.items()],
            person=visitor_name(self.session.id),
            may_log_out=are_visitors(),
        )
        drawn = (
            self.player,
            self.browse.gallery,
            self.comparisons.panel,
            self.traces.plot,
            self.losses.plot,
        )
        for part in drawn:
            self.page.link(part, dark="dark")
        self.page.param.watch(self._dress, "dark")
        self.page.param.watch(self._call, "person")
        self._compared: dict[str, xr.Dataset] = {}  # what is on show beside the answer, and itself
        self._scale = ("", 0.0)  # of the run whose previews are on show
        self._drawn: xr.Dataset | None = None  # the answer in the player
        self.session.param.watch(self._draw, "shown")
        self.session.param.watch(self._listed, "looking")
        self.views.param.watch(self._view, "shown")
        self.page.param.watch(self._view_asked, "view")
        self.page.param.watch(self._lessons_asked, "lesson_open")
        self.lessons.param.watch(self._lessons_opened, "is_open")
        # After the networks' own, which forget what they know of the network chosen before.
        self.choice.param.watch(self._chosen, ["cell_type", "method", "network", "further"])
        self.networks.param.watch(self._chosen, "found")

    def __panel__(self) -> Frame:
        return self.page

    def start(self) -> None:
        """Open what the address asks for, or an example, and begin to poll."""
        pn.config.exception_handler = _weakly(self.session.unexpected)
        self._where = pn.state.location
        asked = PageAddress.parse(self._where.search if self._where is not None else "")
        example = self.session.library.example()
        self._asked_painting = asked.run if self._is_painted(asked.run) else ""
        if asked.run and not self._asked_painting:
            self.session.follow(asked.run)
        self.atlas.ask(asked.atlas)
        problem = self.session.problem
        shipped = self._shipped(asked) if self.session.key == "" else None
        if shipped is not None and self.session.library.is_ready(shipped):  # else in a moment
            self.session.follow(shipped.key, takes_settings=False)
        elif self.session.key == "" and example is not None and not self.session.chose_stopped:
            self.session.follow_meanwhile(example.key)
        elif example is not None:
            self.session.show_while_waiting(example.key)
        self.opened.choose(asked)
        if asked.pins:
            self.pins.follow(asked.pins.split(","))
        if asked.frame and self._drawn is not None:
            self._draw_answer()
        # Of the link: the example alone would not explain itself.
        self.session.problem = " ".join(filter(None, [problem, *self.opened.problems]))
        chosen = ["cell_type", "method", "network", "further", "clips", "clip"]
        self.choice.param.watch(self._address, chosen)
        for settings in self.choice.settings.values():
            settings.param.watch(self._address, list(settings.names()))
            settings.entries.param.watch(self._address, "refused")
        self.session.param.watch(self._address, ["key", "run", "shown", "best", "network_hash"])
        self.sweeps.param.watch(self._address, "key")
        self.sweeps.param.watch(self._tell_going, "going")
        self.atlas.param.watch(self._address, "words")
        self.paint.param.watch(self._address, "key")
        self.views.param.watch(self._address, "shown")
        self.pins.param.watch(self._address, "keys")
        if asked.lesson or asked.classroom:
            keeps = bool(asked.cell_type or asked.run)  # the link says itself what is on the page
            self._awaits_lesson = bool(asked.lesson and asked.settings) and not keeps
            self.lessons.begin(asked.lesson, asked.step, asked.classroom, keeps=keeps)
        self.lessons.param.watch(self._address, "place")
        self._address()
        # Not before the page is there: until then, Panel would try again at every turn of the server.
        pn.state.onload(self._begin)

    def _shipped(self, asked: PageAddress) -> ResultRecord | None:
        """Return the answer that comes with maxstim to what an address chooses, where it chooses.

        Where there is none by the method that it asks for, that is the generated one of its cell type.
        """
        chosen = self.choice if self.session.chose_stopped else asked
        method, network = chosen.method or GenerateConfig.method, chosen.network or DEFAULT
        if not chosen.cell_type or asked.further or network != DEFAULT:
            return None
        names = (answer_name(chosen.cell_type, one) for one in (method, GenerateConfig.method))
        found = (self.session.library.find(name) for name in names)
        return next((entry for entry in found if entry is not None), None)

    def _begin(self) -> None:
        self.poll = pn.state.add_periodic_callback(self._poll, LIVE_PERIOD)
        self.networks.param.watch(self._pace, ["found", "progress", "reply"])
        self.networks.param.watch(self._warm, "found")
        self.session.param.watch(self._pace, ["submitting", "looking"])
        self.comparisons.param.watch(self._pace, "busy")
        self.lessons.param.watch(self._pace, "busy")
        for polled, _ in self._views.values():
            polled.param.watch(self._pace, "busy")
        # At once: a browser refuses changes of a view that has not reached it yet.
        with pn.io.hold():
            self._open_asked()

    def _open_asked(self) -> None:
        """Open the view that the address asks for."""
        asked = self.opened.asked
        if asked.sweep:
            self.sweeps.open(asked.sweep)
        elif self._asked_painting:
            self._follow(self._asked_painting)
        elif asked.pins:
            self.views.open("compare")
        elif asked.view:
            self.views.open(asked.view)

    def _warm(self, *events: object) -> None:
        """Let the worker get ready for the chosen network, once that has been opened here."""
        found = self.networks.found
        if found is not None and not found.problem:
            self.session.queue.warm(found.name, self.choice.device)
            if self.choice.method == GenerateConfig.method:
                self.session.queue.warm_live(found.name)

    def _poll(self) -> None:
        with pn.io.hold():
            self.session.poll()
            self.opened.poll()
            self.networks.poll()
            self.comparisons.poll()
            self.lessons.poll()
            if self._awaits_lesson and self.lessons.visit is not None:
                self._awaits_lesson = False
                self.opened.take_settings()  # above those that the step has set
            for polled, _ in self._views.values():
                polled.poll()
            self.choice.offer_sets()  # another visitor, or the command line, may have stored one
        self._pace()

    def _pace(self, *events: object) -> None:
        """Poll as often as there may be news."""
        session = self.session
        news = session.live or session.submitting or session.looking
        news = news or self.networks.busy or self.comparisons.busy or self.lessons.busy
        news = news or any(polled.busy for polled, _ in self._views.values())
        period = LIVE_PERIOD if news else IDLE_PERIOD
        if self.poll.period != period:
            self.poll.period = period

    def _draw(self, *events: object) -> None:
        """Draw what is on show: the preview of a run, or an answer."""
        shown = self.session.shown
        if shown.run is not None:
            self._drawn = None
            self._preview(shown.run)
            self.traces.say_before(shown.answer)
            if shown.run.terms:
                run = shown.run
                self.losses.show(run.run_id, run.terms, run.losses, run.request.config)
            else:
                self.losses.say_before(shown.answer)
        elif shown.answer is None:
            self.player.clear()
        elif shown.answer is not self._drawn:
            self._draw_answer()

    def _draw_answer(self) -> None:
        shown = self.session.shown
        self._drawn = answer = shown.answer
        view, comparable_answers = shown.view, self.session.comparable_answers()
        self._compared = comparable_answers
        peak = extreme_frame(view["central_response"].values, answer.attrs)
        start = self.opened.frame(view.sizes["frame"])
        if start is None:
            start = telling_frame(
                view["stimulus"].values, lattice_of(answer), peak, float(answer.attrs["dt"])
            )
        self.player.show(
            answer,
            variable="best_stimulus" if shown.best else "stimulus",
            color=METHODS[answer.attrs["method"]].color,
            # One colour scale for all answers that are compared.
            limit=max(
                response_limit(one["response"].values, lattice_of(one))
                for one in comparable_answers.values()
            ),
            start=start,
            run=self.session.key,
        )
        self.traces.show(comparable_answers)
        if "clip_name" in answer:
            self.losses.show_ranking(answer)
        elif "loss" in answer:
            terms = tuple(str(term) for term in answer["term"].values)
            config = config_of(answer)
            self.losses.show(self.session.key, terms, answer["loss"].values, config)

    def _listed(self, *events: object) -> None:
        """Compare the answer with what comes to light after it."""
        session = self.session
        if session.looking or session.answer is None:
            return
        if session.shown.finished is None:
            return
        before = self._compared
        now = session.comparable_answers()
        if now.keys() != before.keys() or any(now[name] is not before[name] for name in now):
            self._draw_answer()

    def _preview(self, run: RunSnapshot) -> None:
        shown, limit = run.preview, None
        if shown.response is not None:
            # A scale that followed every step down again would hide what the run does.
            run_id, before = self._scale
            limit = max(
                response_limit(shown.response, shown.lattice), before if run_id == run.run_id else 0
            )
            self._scale = (run.run_id, limit)
        self.player.preview(
            shown.stimulus,
            shown.lattice,
            dt=run.request.config.dt,
            response=shown.response,
            cell_type=run.request.cell_type,
            limit=limit,
            color=METHODS[run.request.method].color,
            run=run.run_id,
            iteration=shown.step,
            start=self._start_of(run),
        )

    def _start_of(self, run: RunSnapshot) -> int | None:
        """Return the frame at which a run that is going is seen until somebody moves: a telling one."""
        shown = run.preview
        start = self.opened.frame(len(shown.stimulus))
        if start is not None or shown.response is None:
            return start
        peak = peak_frame(shown.response[:, shown.lattice.center])
        dt = run.request.config.dt
        return telling_frame(shown.stimulus / 255, shown.lattice, peak, dt)

    def _chosen(self, *events: object) -> None:
        """Show what there is of what is chosen by now."""
        found = self.networks.found
        with pn.io.hold():
            self.session.network_hash = "" if found is None else found.content_hash
            self.session.show_chosen()

    def _is_painted(self, key: str) -> bool:
        entry = self.session.library.find(key)
        return entry is not None and entry.method == PaintedConfig.method

    def _follow(self, key: str) -> None:
        """Show a run or an answer; one that was painted is painted on."""
        if self._is_painted(key):
            self.paint.open(key)
        else:
            self.session.follow(key)

    def _add_movie(self) -> None:
        """Open the dialog for a movie of one's own; most visits do without."""
        if self.movies is None:
            self.movies = MovieDialog(self.choice.take_set, self.session.id, self._stored_sets())
            self._add_dialog(self.movies.dialog)
        self.movies.open()

    def _stored_sets(self) -> StoredSets | None:
        """Return what the visitor has stored; None for who sits at the server, whose disk it is."""
        if not self.choice.listed_only:
            return None
        return StoredSets(visitor_file(self.session.id, self.session.queue.store.root, "sets"))

    def _open_card(self) -> None:
        """Open the model card of the chosen network; most visits do without."""
        if self.card is None:
            self.card = CardDialog(self.networks)
            self._add_dialog(self.card.dialog)
        self.card.show()

    def _add_dialog(self, dialog: pmui.Dialog) -> None:
        dialog.theme_config = THEME
        for part in dialog.select(pmui.MaterialComponent):
            fetch_stylesheets(part)
        self.page.has_dialogs = True
        self.page.dialogs.append(dialog)
        self._dress()

    def _show_in(self, view: str) -> Callable[[Component], None]:
        """Return what makes room for a view by what it shows; most visits do without most views."""
        return _weakly(self._make_room, view)

    def _make_room(self, view: str, panel: Component) -> None:
        panel.dark = self.page.dark
        self.page.link(panel, dark="dark")
        self._panels[view] = panel
        self.page.dialogs.append(panel)

    def _view(self, *events: object) -> None:
        for name, panel in self._panels.items():
            panel.visible = name == self.views.shown
        self.page.view = self.views.shown

    def _view_asked(self, *events: object) -> None:
        """Open the view that was asked for at the top of the page; a browser can ask for anything."""
        if self.page.view != self.views.shown:
            self.views.open(self.page.view)
            self._view()

    def _show_lessons(self, panel: LessonPanel) -> None:
        """Make room for the lessons; many visits do without."""
        panel.dark = self.page.dark
        self.page.link(panel, dark="dark")
        self.page.lesson.append(panel)

    def _lessons_asked(self, *events: object) -> None:
        self.lessons.is_open = self.page.lesson_open

    def _lessons_opened(self, *events: object) -> None:
        self.page.lesson_open = self.lessons.is_open

    def _dress(self, *events: object) -> None:
        """Let what Material draws be as dark as the page."""
        for dialog in self.page.dialogs:
            for part in dialog.select(pmui.MaterialComponent):
                part.dark_theme = self.page.dark

    def _call(self, *events: object) -> None:
        """Call the visitor as they wish: where there are logins, they have said so there."""
        wish = visitor_name(self.session.id) if self.page.may_log_out else self.page.person
        self.page.person = call_visitor(self.session.id, wish)
        self.history.refresh()

    def _tell_going(self, *events: object) -> None:
        """Tell beside the names of views what goes on in one that may be out of sight."""
        going = self.sweeps.going
        self.page.going = {"sweep": going} if going else {}

    def _is_settled(self) -> bool:
        """Whether nothing is on its way that a link says in a moment."""
        return self.networks.found is not None and self.session.settled

    def _address(self, *events: object) -> None:
        view, where = self.views.shown, self._where
        of_view: dict[str, dict[str, object]] = {
            "sweep": {"sweep": self.sweeps.key},
            "paint": {"run": self.paint.key, "of_run": frozenset()},
            "compare": {"pins": self.pins.names},
            "atlas": {"atlas": self.atlas.words},
        }
        lesson, step, code = self.lessons.place
        of_lesson = {"lesson": lesson, "step": step, "classroom": code}
        address = replace(address_of(self.session), view=view, **of_view.get(view, {}), **of_lesson)
        page = f"{where.protocol}//{where.hostname}:{where.port}{where.pathname}" if where else ""
        link = address.link(room_for_query(page))
        notes = (link.note, *unread_entries(self.choice))
        self.page.param.update(link_query=link.search, left_out=" ".join(filter(None, notes)))


def _weakly(handle: Callable[..., Any], *first: object) -> Callable[..., Any]:
    """Return a function that calls a method, with what comes first, as long as its object is there.

    Panel keeps the settings of a page for as long as the page is there; one that leads back to it would
    keep it for ever.
    """
    method = WeakMethod(handle)

    def handler(*then: object) -> Any:
        alive = method()
        return None if alive is None else alive(*first, *then)

    return handler


def visitor_of(headers: Mapping[str, str]) -> str:
    """Return who asks for a page, as the gate before the server says: an id, or nothing without it."""
    visitor = headers.get(VISITOR, "")
    return visitor if re.fullmatch("[0-9a-f]{32}", visitor) else ""


def name_of(headers: Mapping[str, str]) -> str:
    """Return what who asks for a page wants to be called, as they said at the login, if at all."""
    return headers.get(VISITOR_NAME, "") if visitor_of(headers) else ""
