"""The view of the atlas, bound to the state of its page: made when it is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

import param

from dashboard.atlas.selection import AtlasSelection
from dashboard.atlas.shown_atlas import NO_ATLAS, ShownAtlas, read_atlas
from dashboard.components.atlas.component import MOST_ATLAS_FILMS, AtlasPanel
from dashboard.state.link_keys import is_known
from dashboard.state.session import Session
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import DEFAULT, default
from maxstim_core.runs.request import RunRequest

_MOST_UNDER_WAY = 20
"""Blocks that a page may have asked for and not got yet."""

_NOT_READ = "The atlas of this server cannot be read; who runs it makes one: maxstim atlas make."

_NOT_IN_ATLAS = "What this link shows is not in the atlas of this server; choose of what there is."


class AtlasView(param.Parameterized):
    """The atlas on the page.

    It is read, and what is shown of it is packed, in a thread; `poll` takes in what has come of that.

    Args:
        session: The runs of the page.
        show: Called with the view when that is made.
    """

    is_open = param.Boolean(False, doc="Whether the view stands in place of the main part.")
    busy = param.Boolean(False, doc="Whether there may be news in a moment.")
    words = param.String("", doc="What is on show, as the address says it.")

    def __init__(self, session: Session, show: Callable[[AtlasPanel], None]) -> None:
        super().__init__()
        self.session, self._show = session, show
        self.panel: AtlasPanel | None = None
        self._asked = ""  # what the address of the page said
        self._atlas: ShownAtlas | None = None
        self._selection = AtlasSelection()
        self._reading: Future[ShownAtlas | None] | None = None
        self._telling: Future[tuple[str, bytes]] | None = None
        self._packing: list[tuple[str, Future[bytes]]] = []
        self.param.watch(self._opened, "is_open")

    def ask(self, words: str) -> None:
        """Remember what the address of the page says, until the atlas is there."""
        self._asked = words

    def poll(self) -> None:
        """Take in what was read or packed since the last time."""
        if self.panel is None:
            return
        self._take_atlas()
        self._take_about()
        for kind, packing in [one for one in self._packing if one[1].done()]:
            self._packing.remove((kind, packing))
            try:
                self.panel.hand(kind, packing.result())
            except Exception as error:  # a defect, which the session logs
                self.session.unexpected(error)
        self._note()

    # -- what has come of the work in the thread

    def _take_atlas(self) -> None:
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            self._atlas = atlas = reading.result()
        except MaxstimError as error:
            # The sentence names the file, whose path is nothing for visitors.
            said = _NOT_READ if self.session.choice.listed_only else str(error)
            self.panel.state = {"state": "none", "said": said}
            return
        except Exception as error:
            self.panel.state = {"state": "none", "said": _NOT_READ}
            self.session.unexpected(error)
            return
        if atlas is None:
            self.panel.state = {"state": "none", "said": NO_ATLAS}
            return
        self._select(self._first(atlas))
        self._telling = _thread().submit(_told_first, atlas, self._selection)

    def _take_about(self) -> None:
        if self._telling is None or not self._telling.done():
            return
        telling, self._telling = self._telling, None
        try:
            about, first = telling.result()
        except Exception as error:
            self.panel.state = {"state": "none", "said": _NOT_READ}
            self.session.unexpected(error)
            return
        self.panel.param.update(about=about, first=first, state={"state": "there", "said": ""})

    def _first(self, atlas: ShownAtlas) -> AtlasSelection:
        """Return what to show first: what the address says, else the network that is chosen."""
        if self._asked:
            found = AtlasSelection.read(self._asked, atlas.labels, atlas.cell_types)
            if found is not None:
                return found
            self.session.problem = _NOT_IN_ATLAS
        name = self.session.choice.network
        if name == DEFAULT:
            name = default().member
        return AtlasSelection(atlas.networks.index(name) if name in atlas.networks else 0)

    # -- what a person does

    def _opened(self, *events: object) -> None:
        if not self.is_open:
            return
        is_new = self.panel is None
        if is_new:
            self.panel = AtlasPanel(self._hear)
        if self._atlas is None and self._reading is None:  # perhaps it was made meanwhile
            self.panel.state = {"state": "reading", "said": "Reading the atlas …"}
            self._reading = _thread().submit(read_atlas)
        self._note()
        if is_new:
            self._show(self.panel)

    def _hear(self, message: dict) -> None:
        atlas = self._atlas
        if atlas is None:
            return
        n_types, n_networks = len(atlas.cell_types), len(atlas.networks)
        match message:
            case {"show": said}:
                selection = AtlasSelection.taken(said, n_networks, n_types)
                if selection is not None:
                    self._select(selection)
            case {"tiles": ["network", int(number)]} if 0 <= number < n_networks:
                self._pack("network", number)
            case {"tiles": ["cell_type", int(number)]} if 0 <= number < n_types:
                self._pack("cell_type", number)
            case {"films": list(wanted)}:
                self._pack_films(atlas, wanted)
            case {"use": str(place)}:
                for k, j in _places([place], n_types, n_networks):
                    self._use(atlas, k, j)
        self._note()

    def _select(self, selection: AtlasSelection) -> None:
        atlas = self._atlas
        assert atlas is not None
        self._selection = selection
        self.words = selection.words(atlas.labels, atlas.cell_types)

    def _pack(self, kind: str, number: int) -> None:
        atlas = self._atlas
        if atlas is not None and len(self._packing) < _MOST_UNDER_WAY:
            self._packing.append(("tiles", _thread().submit(atlas.tiles, kind, number)))

    def _pack_films(self, atlas: ShownAtlas, wanted: list[object]) -> None:
        places = _places(wanted[:MOST_ATLAS_FILMS], len(atlas.cell_types), len(atlas.networks))
        if places and len(self._packing) < _MOST_UNDER_WAY:
            self._packing.append(("films", _thread().submit(atlas.films, places)))

    def _use(self, atlas: ShownAtlas, k: int, j: int) -> None:
        """Choose the question of an answer, and show the main part of the page."""
        choice, cell_type, network = self.session.choice, atlas.cell_types[k], atlas.networks[j]
        if not is_known(network):
            self._refuse(
                "The network of this answer is not on this server; store it here, or choose another."
            )
            return
        if cell_type not in choice.param.cell_type.objects:
            self._refuse("The cell type of this answer is not one of this page; choose another.")
            return
        config = atlas.config
        if config is None:
            choice.param.update(cell_type=cell_type, network=network)
        else:
            choice.take(RunRequest(cell_type, config, network))
        self.is_open = False

    def _refuse(self, sentence: str) -> None:
        self.panel.state = {"state": "there", "said": sentence}

    def _note(self) -> None:
        pending = (self._reading, self._telling)
        self.busy = bool(self._packing) or any(one is not None for one in pending)


def _told_first(atlas: ShownAtlas, selection: AtlasSelection) -> tuple[str, bytes]:
    """Return what a browser is told at first: all in words, and the tiles of a network."""
    about = json.dumps({**atlas.about, "first": selection.told()})
    return about, atlas.tiles("network", selection.network)


def _places(said: list[object], n_types: int, n_networks: int) -> list[tuple[int, int]]:
    """Return the answers that a browser means, of whatever it says: those that there are."""
    found = []
    for one in said:
        parts = one.split(":") if isinstance(one, str) and len(one) < 20 else []
        if len(parts) == 2 and all(part.isascii() and part.isdecimal() for part in parts):
            k, j = map(int, parts)
            if k < n_types and j < n_networks:
                found.append((k, j))
    return found


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which the atlas is read and packed, one for all pages."""
    return ThreadPoolExecutor(1, "atlas")
