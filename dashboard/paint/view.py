"""The view to paint in, bound to the state of its page: made when it is opened."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard.components.paint.component import PaintPanel
from dashboard.paint.edits import edited
from dashboard.paint.keeping import PaintingKeeper
from dashboard.paint.newest_in_turn import painters_in_turn
from dashboard.paint.packing import packed_rival
from dashboard.paint.watching import (
    PaintedMoment,
    WatchingNetwork,
    best_rival,
    moment_block,
    response_block,
    told_of,
    watching_engine,
)
from dashboard.state.session import Session
from dashboard.state.silence import check_silence
from dashboard.state.visitors import check_listed
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.optimal.painted import PaintedConfig
from maxstim_core.optimal.result import lattice_of, load
from maxstim_core.stimuli.painted_start import TextbookStart
from maxstim_core.stimuli.painting import Painting

FIRST_FRAMES, FIRST_DT = 80, 0.01
"""Frames of the painting that a page begins with, and the seconds that each lasts."""

_MOST_LISTED = 200
"""Answers that are offered to start from."""

_NOT_HERE = "That answer is not on this server any more; choose another to start from."


class PaintView(param.Parameterized):
    """A painting and the response to it.

    The browser draws at once and sends edits. The network watches the newest painting in the thread of
    all pages, `painters_in_turn`, which tells the browser by itself; `poll` says what went wrong there.

    Args:
        session: The runs of the page.
        show: Called with the view when that is made.
    """

    is_open = param.Boolean(False, doc="Whether the view is open.")
    busy = param.Boolean(False, doc="Whether the painting is being stored or taken home.")
    key = param.String("", doc="Key of the stored answer that the painting is, or nothing.")

    def __init__(self, session: Session, show: Callable[[PaintPanel], None]) -> None:
        super().__init__()
        self.session, self._show = session, show
        self.panel: PaintPanel | None = None
        self._moment: PaintedMoment | None = None  # another one at every change, of any thread
        self._going: dict[str, Future] = {}  # what the thread does for this page, by kind
        self._wanted = ""  # key of an answer to paint on, once the browser has drawn the view
        self._is_drawn = False
        self._silenced = ""  # what was silenced when somebody watched last
        self.param.watch(self._opened, "is_open")
        session.param.watch(self._listed, "finished")
        session.param.watch(self._watch_again, "network_hash")
        session.choice.param.watch(self._watch_again, ["cell_type", "network", "method"])
        for settings in session.choice.settings.values():
            settings.param.watch(self._watch_again, "silence")

    def open(self, key: str) -> None:
        """Open the view with the stimulus of a stored answer."""
        self._wanted = key
        self.is_open = True
        if self._is_drawn:
            self._begin_wanted()

    def poll(self) -> None:
        """Say what has gone wrong in the thread since the last time; all else comes by itself."""
        for kind, future in [*self._going.items()]:
            if future.done():
                del self._going[kind]
                error = None if future.cancelled() else future.exception()
                if error is not None:
                    self.session.unexpected(error)

    @property
    def moment(self) -> PaintedMoment | None:
        """The painting as it is now; None before the browser has drawn the view."""
        return self._moment

    @property
    def _network(self) -> WatchingNetwork:
        """The network that is to watch, with what the settings on the left silence.

        Raises:
            MaxstimError: if it is none that a visitor may ask for, or the cell type that is asked is one
                of those that are silenced.
        """
        session, choice = self.session, self.session.choice
        if choice.listed_only:
            check_listed(choice.network)
        silenced = choice.settings[choice.method].silence
        check_silence(silenced, choice.cell_type)
        return WatchingNetwork(choice.network, session.network_hash, silenced)

    def _watching(self) -> tuple[WatchingNetwork, MaxstimError | None]:
        """Return the network that watches: as before while the settings silence what cannot be.

        Returns:
            The network, and why it is not the one that the settings describe, or None.

        Raises:
            MaxstimError: if it is none that a visitor may ask for.
        """
        session, choice = self.session, self.session.choice
        silenced, refused = choice.settings[choice.method].silence, None
        try:
            check_silence(silenced, choice.cell_type)
        except MaxstimError as error:
            silenced, refused = self._silenced, error
            if choice.cell_type in silenced.split(","):
                silenced = ""
        self._silenced = silenced
        if choice.listed_only:
            check_listed(choice.network)
        return WatchingNetwork(choice.network, session.network_hash, silenced), refused

    # -- what the network does

    def _watch_again(self, *events: object) -> None:
        """Let the network that is chosen watch, and look for the answer to beat."""
        if self.panel is None or not self._is_drawn or not self.is_open:
            return
        self.panel.cell_type = self.session.choice.cell_type
        self._offer()
        self._ask("response", PaintView.watch)
        self._ask("rival", PaintView.find_rival)

    def _ask(self, kind: str, work: Callable[[PaintView], None]) -> None:
        # Weakly: what waits shall not keep a closed page.
        asked = partial(_if_there, weakref.ref(self), work)
        self._going[kind] = painters_in_turn().run((id(self), kind), asked)

    def watch(self) -> None:
        """Tell the browser the response to the newest painting; in the thread of all pages."""
        panel, cell_type = self.panel, self.session.choice.cell_type
        assert panel is not None  # it was asked for by the view
        network, refused = self._watching()
        note = _held(refused, network.silenced)
        engine = watching_engine(network)
        lattice = engine.layout.lattice
        if self._moment is None or self._moment.painting.lattice != lattice:
            blank = Painting.grey(lattice, n_frames=FIRST_FRAMES, dt=FIRST_DT)
            self._begin_with(blank, fresh=True)
        assert self._moment is not None  # there is one from now on
        panel.tell(response_block(engine, cell_type, self._moment, network, note))
        if refused is not None:
            raise refused

    def find_rival(self) -> None:
        """Tell the browser which answer is to be beaten; in the thread of all pages."""
        panel, cell_type = self.panel, self.session.choice.cell_type
        assert panel is not None  # it was asked for by the view
        network, _ = self._watching()
        rival = best_rival(self.session.library, watching_engine(network), cell_type)
        panel.tell(packed_rival(rival, told_of(network, cell_type)))

    def _begin_with(self, painting: Painting, **about: object) -> None:
        """Show a painting in place of the one there is."""
        generation = 0 if self._moment is None else self._moment.generation + 1
        self._moment = PaintedMoment(painting, generation, 0)
        if self.panel is not None:
            self.panel.tell(moment_block(self._moment, **about))

    # -- what a person does

    def _opened(self, *events: object) -> None:
        if self.is_open and self.panel is None:
            choice = self.session.choice
            self.panel = PaintPanel(
                self._hear,
                cell_type=choice.cell_type,
                cell_types=list(choice.param.cell_type.objects),
            )
            self._offer()
            self._show(self.panel)
        else:
            self._watch_again()

    def _listed(self, *events: object) -> None:
        """Offer what was finished meanwhile, which may be harder to beat."""
        self._offer()
        if self._is_drawn and self.is_open:
            self._ask("rival", PaintView.find_rival)

    def _offer(self) -> None:
        """Offer the answers that there are to start from, those of the chosen cell type first."""
        if self.panel is None:
            return
        wanted = self.session.choice.cell_type
        listed = [
            one for one in self.session.finished if one.has_response or one.cell_type == wanted
        ]
        listed.sort(key=lambda one: one.cell_type != wanted)
        offered = [
            {
                "key": one.key,
                "label": f"{one.cell_type} {one.method}, {_told(one.key, one.example)}",
            }
            for one in listed[:_MOST_LISTED]
        ]
        if offered != self.panel.stored:
            self.panel.stored = offered

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            match message:
                case {"ready": True}:
                    self._drawn()
                case {"edits": list(edits), "serial": int(serial), "generation": int(generation)}:
                    self._edit(edits, serial, generation)
                case {"cell": str(name)} if name in self.session.choice.param.cell_type.objects:
                    self.session.choice.cell_type = name
                case {"textbook": dict(asked)}:
                    self._begin_from_textbook(asked)
                case {"from": str(key)}:
                    self._wanted = key
                    self._begin_wanted()
                case {"press": str(name)}:
                    self._pressed(name)
        except MaxstimError as error:
            self.session.problem = str(error)

    def _drawn(self) -> None:
        self._is_drawn = True
        if self._moment is not None:  # drawn anew, with nothing in it yet
            self._begin_with(self._moment.painting)
        self._watch_again()
        self._begin_wanted()

    def _edit(self, edits: list, serial: int, generation: int) -> None:
        moment = self._moment
        if moment is None or generation != moment.generation:
            return  # of a painting that is not there any more
        try:
            painting = edited(moment.painting, edits)
        except MaxstimError:
            self._begin_with(moment.painting)  # or the two halves would differ from now on
            raise
        self._moment, self.key = PaintedMoment(painting, generation, serial), ""
        self._ask("response", PaintView.watch)

    def _begin_from_textbook(self, asked: dict) -> None:
        if self._moment is None:
            return
        painting = self._moment.painting
        names = ("kind", "direction", "degrees_per_second", "degrees", "luminance")
        start = TextbookStart(**{name: asked[name] for name in names if name in asked})
        drawn = start.painting(painting.lattice, n_frames=painting.n_frames, dt=painting.dt)
        self.key = ""
        self._begin_with(drawn, undoable=True)
        self._ask("response", PaintView.watch)

    def _begin_wanted(self) -> None:
        """Paint on the stimulus of an answer, which is read in a thread."""
        key, self._wanted = self._wanted, ""
        if key:
            pn.state.execute(partial(self._begin_from, key))

    async def _begin_from(self, key: str) -> None:
        entry = self.session.library.find(key)
        if entry is None:
            self.session.problem = _NOT_HERE
            return
        try:
            painting = await asyncio.to_thread(_painting_of, entry.path)
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        is_painted = entry.method == PaintedConfig.method
        if is_painted and entry.cell_type in self.session.choice.param.cell_type.objects:
            self.session.choice.cell_type = entry.cell_type
        self.key = key if is_painted else ""
        self._begin_with(painting, undoable=True)
        self._ask("response", PaintView.watch)

    def _pressed(self, name: str) -> None:
        moment, panel = self._moment, self.panel
        if name == "back":
            self.is_open = False
        elif moment is not None and panel is not None and not self.busy:
            keeper = PaintingKeeper(
                self.session, panel, moment.painting, self._network, self._note_stored
            )
            way = keeper.way(name)
            if way is not None:
                self.busy = True
                panel.said = "One moment …"
                leaves = name in (RegularizeConfig.method, GenerateConfig.method)
                pn.state.execute(partial(self._keep, panel, way, leaves))

    def _note_stored(self, painting: Painting, key: str) -> None:
        if self._moment is not None and self._moment.painting is painting:
            self.key = key

    async def _keep(
        self, panel: PaintPanel, way: Callable[[], Awaitable[str]], leaves: bool
    ) -> None:
        """Do something with the painting that takes a while; one thing at a time."""
        try:
            panel.said = await way()
        except Exception as error:  # refused, or a defect, which the session logs
            panel.said = ""
            self.session.unexpected(error)
        else:
            if leaves:
                self.is_open = False
        finally:
            self.busy = False


def _held(refused: MaxstimError | None, silenced: str) -> str:
    """Return a sentence on what is silenced while the settings silence what cannot be, or nothing."""
    if refused is None:
        return ""
    stays = f"{silenced.replace(',', ', ')} silenced as before" if silenced else "nothing silenced"
    return f"{refused} Until then the response is with {stays}."


def _if_there(view: weakref.ref[PaintView], work: Callable[[PaintView], None]) -> None:
    there = view()
    if there is not None:
        work(there)


def _painting_of(path: Path) -> Painting:
    answer = load(path)
    return Painting.of_luminance(
        lattice_of(answer), answer["stimulus"].values, dt=float(answer.attrs["dt"])
    )


def _told(key: str, is_example: bool) -> str:
    return "example" if is_example else key[:6]
