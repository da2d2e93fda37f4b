"""Composes the page: state, store, views, and the poll that keeps them up to date."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui
import xarray as xr
from panel.util import edit_readonly

# Not only when it is wanted: what a browser is told of a component's class after the page has been
# built, Panel 1.9 makes it fail to send back.
from dashboard.add_movie.dialog import MovieDialog
from dashboard.components.hexplayer.component import HexPlayer
from dashboard.components.widgets.press import Press
from dashboard.components.widgets.remember import RememberTheme
from dashboard.sidebar.controls import Controls
from dashboard.sidebar.network_chooser import NetworkChooser
from dashboard.sidebar.run_bar import RunBar
from dashboard.state.choice import Choice
from dashboard.state.networks import Networks
from dashboard.state.session import Session
from dashboard.state.url import Address, is_known
from dashboard.state.visitors import are_visitors
from dashboard.style.theme import CARD, PAGE, QUIET_BUTTON, TEXT, THEME
from dashboard.text.words import HOW_TO_READ
from dashboard.views.clip_browser import Browse
from dashboard.views.headline import Headline
from dashboard.views.losses import Losses
from dashboard.views.run_history import History
from dashboard.views.traces import Traces
from maxstim_core.export.colors import response_limit
from maxstim_core.export.peak import peak_frame, telling_frame
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.optimal.configs import METHODS
from maxstim_core.optimal.result import lattice_of
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.snapshot import LIVE, RunSnapshot

LIVE_PERIOD, IDLE_PERIOD = 250, 1500
"""Milliseconds between polls while a run of this page is live, and otherwise."""


class App(pn.viewable.Viewer):
    """One open page.

    Args:
        queue: The queue that all pages share.
        library: Answers that were finished before.
    """

    def __init__(self, queue: RunQueue, library: ResultLibrary) -> None:
        super().__init__()
        self.choice = Choice()
        self.choice.listed_only = are_visitors() or bool(pn.config.basic_auth)
        self.session = Session(self.choice, queue, library)
        self.networks = Networks(self.choice, CardMaker(queue), self.session.id)
        self.controls = Controls(self.choice, NetworkChooser(self.networks), self._add_movie)
        self.movies: MovieDialog | None = None
        # Dialogs take the width of what they hold, even closed: they stand below, not beside.
        self.dialogs = pn.Column(sizing_mode="stretch_width", margin=0)
        self.runbar = RunBar(self.session)
        self.headline = Headline(self.session)
        self.player = HexPlayer()
        self.browse = Browse(self.session, self.player.preview)
        self.traces, self.losses = Traces(), Losses(self.browse.choose)
        self.history = History(self.session)
        self.theme = RememberTheme(width=0, height=0, margin=0)
        self.page = self._page()
        for drawn in (self.player, self.browse.gallery):
            self.page.link(drawn, dark_theme="dark")
            drawn.dark = self.page.dark_theme
        self.page.link(self.theme, dark_theme="dark")
        self._compared: dict[str, xr.Dataset] = {}  # what is on show beside the answer, and itself
        self._scale = ("", 0.0)  # of the run whose previews are on show
        self.session.param.watch(self._answered, "answer")
        self.session.param.watch(self._listed, "looking")
        self.session.param.watch(self._running, "run")
        self.session.param.watch(self._devices, "devices")
        # After the networks' own, which forget what they know of the network chosen before.
        self.choice.param.watch(self._chosen, ["cell_type", "method", "network"])
        self.networks.param.watch(self._chosen, "found")
        self._devices()

    def __panel__(self) -> pmui.Page:
        return self.page

    def start(self) -> None:
        """Open what the address asks for, or an example, and begin to poll."""
        pn.config.exception_handler = self.session.unexpected
        location = pn.state.location
        asked = Address.parse(location.search if location is not None else "")
        example = self.session.library.example()
        if asked.run:
            self.session.follow(asked.run)
        problems = [self.session.problem, asked.cell_problem, asked.problem]
        if self.session.key == "" and example is not None:
            self.session.follow(example.key)
        chosen = {
            "cell_type": asked.cell_type,
            "method": asked.method,
            "network": DEFAULT if asked.problem else asked.network,
        }
        self.choice.param.update({name: value for name, value in chosen.items() if value})
        # Of the link: the example alone would not explain itself.
        self.session.problem = " ".join(filter(None, problems))
        self.choice.param.watch(self._address, ["cell_type", "method", "network"])
        self.session.param.watch(self._address, ["key", "run", "answer", "network_hash"])
        # Not before the page is there: until then, Panel would try again at every turn of the server.
        pn.state.onload(self._begin)

    def _begin(self) -> None:
        self.poll = pn.state.add_periodic_callback(self._poll, LIVE_PERIOD)
        self.networks.param.watch(self._pace, ["found", "progress", "reply"])
        self.networks.param.watch(self._warm, "found")
        self.session.param.watch(self._pace, ["submitting", "looking"])
        # What the page is told before it is there, it does not hear.
        self.page.dark_theme = self.theme.dark
        self.theme.link(self.page, dark="dark_theme")

    def _warm(self, *events: object) -> None:
        """Let the worker get ready for the chosen network, once that has been opened here."""
        found = self.networks.found
        if found is not None and not found.problem:
            self.session.queue.warm(found.name, self.choice.device)

    def _poll(self) -> None:
        with pn.io.hold():
            self.session.poll()
            self.networks.poll()
            self.choice.offer_sets()  # another visitor, or the command line, may have stored one
        self._pace()

    def _pace(self, *events: object) -> None:
        """Poll as often as there may be news."""
        session = self.session
        news = session.live or session.submitting or session.looking or self.networks.busy
        period = LIVE_PERIOD if news else IDLE_PERIOD
        if self.poll.period != period:
            self.poll.period = period

    def _answered(self, *events: object) -> None:
        answer, comparable_answers = self.session.answer, self.session.comparable_answers()
        self._compared = comparable_answers
        peak = peak_frame(answer["central_response"].values)
        self.player.show(
            answer,
            color=METHODS[answer.attrs["method"]].color,
            # One colour scale for all answers that are compared.
            limit=max(
                response_limit(one["response"].values, lattice_of(one))
                for one in comparable_answers.values()
            ),
            start=telling_frame(
                answer["stimulus"].values, lattice_of(answer), peak, float(answer.attrs["dt"])
            ),
        )
        self.traces.show(comparable_answers)
        if "clip_name" in answer:
            self.losses.show_ranking(answer)
        elif "loss" in answer:
            terms = tuple(str(term) for term in answer["term"].values)
            self.losses.show(self.session.key, terms, answer["loss"].values)

    def _listed(self, *events: object) -> None:
        """Compare the answer with what comes to light after it."""
        session = self.session
        if session.looking or session.answer is None:
            return
        if session.run is not None and session.run.state in LIVE:
            return
        before = self._compared
        now = session.comparable_answers()
        if now.keys() != before.keys() or any(now[name] is not before[name] for name in now):
            self._answered()

    def _running(self, *events: object) -> None:
        run = self.session.run
        if run is None:
            return
        if run.state not in LIVE:
            if run.result is None and self.session.answer is not None:
                self._answered()  # nothing came of it: the last answer takes the player back
            return
        if run.preview is not None:
            self._preview(run)
        if run.terms:
            self.losses.show(run.run_id, run.terms, run.losses)

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
        )

    def _chosen(self, *events: object) -> None:
        """Show what there is of what is chosen by now."""
        found = self.networks.found
        with pn.io.hold():
            self.session.network_hash = "" if found is None else found.content_hash
            self.session.show_chosen()

    def _devices(self, *events: object) -> None:
        self.controls.offer_devices(self.session.devices)

    def _add_movie(self) -> None:
        """Open the dialog for a movie of one's own; most visits do without."""
        if self.movies is None:
            self.movies = MovieDialog(self.choice.take_set)
            self.dialogs.append(self.movies)
        self.movies.open()

    def _address(self, *events: object) -> None:
        choice = self.choice
        search = Address(
            cell_type=choice.cell_type,
            method=choice.method,
            network=choice.network if is_known(choice.network) else "",
            run=self.session.link_key,
        ).search()
        if pn.state.location is not None and pn.state.location.search != search:
            pn.state.location.search = search

    def _page(self) -> pmui.Page:
        help_text = pmui.Dialog(
            pn.pane.Markdown(HOW_TO_READ, stylesheets=[TEXT]),
            title="How to read this page", close_on_click=True, show_close_button=True,
        )  # fmt: skip
        help_button = Press(
            lambda: help_text.param.update(open=True),
            label="How to read this",
            icon="help_outline",
            **QUIET_BUTTON,
        )
        tagline = pn.pane.HTML(
            '<p class="quiet">Which movie excites this neuron most?</p>',
            stylesheets=[TEXT], align="center",
        )  # fmt: skip
        # By the width of the window, of which the sidebar takes its part.
        below = pmui.Grid(
            pmui.Grid(self.traces, size={"xs": 12, "lg": 7, "xl": 5}),
            pmui.Grid(self.losses, size={"xs": 12, "lg": 5, "xl": 4}),
            pmui.Grid(self.history, size={"xs": 12, "xl": 3}),
            container=True, spacing=2, margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        page = pmui.Page(
            title="maxstim",
            header=[tagline, pn.Spacer(sizing_mode="stretch_width"), help_button],
            sidebar=[self.controls, self.runbar],
            main=[
                pn.Column(
                    self.headline,
                    self.browse,
                    pn.Column(
                        self.player,
                        stylesheets=[CARD],
                        sizing_mode="stretch_width",
                        margin=(0, 0, 16, 0),
                    ),
                    below,
                    help_text,
                    self.dialogs,
                    self.theme,
                    sizing_mode="stretch_width",
                    margin=(16, 20, 28, 20),
                )
            ],
            sidebar_width=360,
            busy_indicator=None,
            theme_config=THEME,
            sx=PAGE,
        )
        # Panel's `busy` is one for the whole server: it would tell of what other visitors do, and be
        # written into this page from their callbacks.
        with edit_readonly(page):
            page.busy = False
        return page
