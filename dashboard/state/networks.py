"""The networks of one open page: which there are, and what is known of the chosen one.

A network is opened, its card looked up and a folder searched in a thread, because that can take seconds.
Nothing is pushed into the page: `poll` takes in what has been found.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import param

from dashboard.guard.allowance import UPLOADS
from dashboard.state.choice import Choice
from dashboard.state.listing import NETWORKS
from dashboard.state.visitors import check_listed
from dashboard.text.tuning import contradictions_of
from maxstim_core.errors import MaxstimError
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.bundled import DEFAULT, ENSEMBLE, cards_folder, default
from maxstim_core.networks.catalog import BUNDLED, OWN, PUBLISHED, NetworkInfo, known_networks
from maxstim_core.networks.flyvis_models import published_models
from maxstim_core.networks.user_networks import PREFIX, name_for, store_beside
from maxstim_core.runs.request import opened_network

TITLES = {DEFAULT: "Default", "prior": "Prior", "flyvis-init": "flyvis initialisation"}
"""What networks are called that have a clearer title than their name."""

_RECOMMENDED = "The recommended one ({}): best on tests that it was not fitted to."


@dataclass(frozen=True)
class OpenedNetwork:
    """What is known of a network.

    Attributes:
        name: What was opened.
        content_hash: Its content hash; empty if it could not be opened.
        card: Its model card, if there is one.
        problem: Why it could not be opened, one sentence.
    """

    name: str
    content_hash: str = ""
    card: dict[str, Any] | None = None
    problem: str = ""


class Networks(param.Parameterized):
    """What the page offers and knows of networks, bound to a `Choice`.

    Args:
        choice: What the person has chosen.
        maker: Who makes model cards.
        session: For whom they are made, as in `RunQueue.submit`.
    """

    groups = param.List(doc="Groups of networks, as `NetworkPicker` draws them.")
    found = param.Parameter(
        None, doc="`OpenedNetwork` of the chosen network, or None while it is opened."
    )
    progress = param.Parameter(None, doc="`CardProgress` of its card, if that is being made.")
    reply = param.String("", doc="Reply to the last path or file that was given, one sentence.")
    refused = param.Boolean(False, doc="Whether that reply is a refusal.")

    def __init__(self, choice: Choice, maker: CardMaker, session: str = "") -> None:
        super().__init__()
        self.choice, self.maker, self.session = choice, maker, session
        self._folder = ""
        self._loader: _NetworkLoader | None = None
        self._search: _NetworkSearch | None = None
        self._listed = NETWORKS.latest()
        self.groups = grouped_networks(self._listed)
        choice.param.watch(self._chosen, "network")
        self._chosen()

    @property
    def busy(self) -> bool:
        """Whether there may soon be something to poll."""
        making = self.progress is not None and self.progress.live
        return making or self._loader is not None or self._search is not None

    @property
    def warnings(self) -> list[str]:
        """What the chosen network gets wrong about the chosen cell type, a sentence each."""
        found = self.found
        if found is None or found.card is None:
            return []
        return contradictions_of(found.card, self.choice.cell_type)

    def refresh(self) -> None:
        """Look again which networks there are; `poll` takes them in."""
        if self._search is None:
            self._search_in(self._folder)

    def poll(self) -> None:
        """Take in what the threads have found."""
        self._take_list()
        loader = self._loader
        if loader is not None and loader.found is not None:
            self._loader = None
            if loader.found.name == self.choice.network:
                self.found = loader.found
            else:
                self._open()
        found, before = self.found, self.progress
        if found is None or not found.content_hash:
            self.progress = None
            return
        self.progress = progress = self.maker.progress(found.content_hash)
        made = progress is not None and progress.state == "done"
        # Once: a card that was removed after it had been made would not be there next time either.
        if made and found.card is None and progress != before:
            self._open()

    def make_card(self) -> None:
        """Let the card of the chosen network be made, if it has none.

        Raises:
            MaxstimError: as `CardMaker.make`.
        """
        found = self.found
        if found is not None and found.content_hash and found.card is None:
            self.maker.make(found.name, found.content_hash, self.session)
            self.poll()

    def give_path(self, path: str) -> None:
        """Take a network file or model on the server, or a folder of them, by its path."""
        path = path.strip()
        if path and self.choice.listed_only:
            try:
                check_listed(path)
            except MaxstimError as error:
                self._reply(str(error), refused=True)
                return
        if os.path.isdir(path) and not os.path.isfile(os.path.join(path, "_meta.yaml")):
            self._reply(f"Looking for networks in {path} …")
            self._search_in(path, asked=True)
        elif path:
            self._reply("")
            self.choice.network = path

    def take_file(self, file_name: str, content: str) -> None:
        """Store a network file that a person sends, and choose it; say why where it is refused."""
        stem = name_for(re.split(r"[/\\]", file_name)[-1].removesuffix(".json")) or "network"
        try:
            with UPLOADS.one(self.session, len(content)):
                name = store_beside(content, stem)
        except MaxstimError as error:
            self._reply(str(error), refused=True)
            return
        going = self._search
        if going is None:
            self._search_in(self._folder)
        else:  # it may have begun before the file was stored
            self._search_in(going.folder, asked=going.asked)
        self._reply(f"It is stored as {name}.")
        self.choice.network = name

    def _reply(self, text: str, *, refused: bool = False) -> None:
        self.param.update(reply=text, refused=refused)

    def _search_in(self, folder: str, *, asked: bool = False) -> None:
        """Look which networks there are, in a folder besides; an earlier look counts no more."""
        self._search = _NetworkSearch(folder, asked)
        self._search.start()

    def _take_list(self) -> None:
        search = self._search
        if search is None:
            listed = NETWORKS.latest()
            if not self._folder and listed is not self._listed:  # another visitor has stored one
                self._listed, self.groups = listed, grouped_networks(listed)
        elif search.problem:
            self._search = None
            self._reply(search.problem, refused=True)
        elif search.networks is not None:
            self._search = None
            if search.asked:
                self._reply(f"{search.count} networks of {search.folder} can be chosen now.")
            self._folder, self._listed = search.folder, search.networks
            self.groups = grouped_networks(search.networks)

    def _chosen(self, *events: object) -> None:
        self.param.update(found=None, progress=None)
        self._open()

    def _open(self) -> None:
        # One at a time: who clicks through many networks waits for the first and the last of them.
        if self._loader is None:
            self._loader = _NetworkLoader(self.choice.network, self.choice.listed_only)
            self._loader.start()


class _NetworkLoader(threading.Thread):
    """Opens a network and looks for its card.

    Args:
        name: What to open.
        listed_only: Whether only a network of the list is opened.
    """

    def __init__(self, name: str, listed_only: bool) -> None:
        super().__init__(name="maxstim-network", daemon=True)
        self._name, self._listed_only = name, listed_only
        self.found: OpenedNetwork | None = None

    def run(self) -> None:
        try:
            if self._listed_only:
                check_listed(self._name)
            content_hash = opened_network(self._name).content_hash
            self.found = OpenedNetwork(self._name, content_hash, find_card(content_hash))
        except MaxstimError as error:
            self.found = OpenedNetwork(self._name, problem=str(error))
        except Exception as error:
            self.found = OpenedNetwork(
                self._name,
                problem=f"The network {self._name} could not be opened ({type(error).__name__}); "
                "choose another.",
            )


class _NetworkSearch(threading.Thread):
    """Looks which networks there are.

    Args:
        folder: Where to look for published models besides the usual places, or nothing.
        asked: Whether a person has just named the folder and waits for a reply.

    Attributes:
        networks: What was found, once it has been.
        count: How many models the folder holds.
        problem: Why the folder cannot be taken, one sentence.
    """

    def __init__(self, folder: str, asked: bool) -> None:
        super().__init__(name="maxstim-networks", daemon=True)
        self.folder, self.asked, self.count, self.problem = folder, asked, 0, ""
        self.networks: tuple[NetworkInfo, ...] | None = None

    def run(self) -> None:
        folder = self.folder
        try:
            networks = NETWORKS.read()
            if folder:
                networks, self.count = known_networks(folder), len(published_models(folder))
                if not self.count:
                    raise MaxstimError(
                        f"The folder {folder} holds no flyvis models; give one that does, or a file."
                    )
            self.networks = networks
        except MaxstimError as error:
            self.problem = str(error)
        except Exception as error:
            self.problem = (
                f"The folder {folder or 'of the networks'} could not be read "
                f"({type(error).__name__}); check who may read it."
            )


def grouped_networks(networks: Iterable[NetworkInfo]) -> list[dict[str, Any]]:
    """Return networks in the groups in which a person looks for them.

    Each group has a ``title`` and ``members`` with ``name``, ``label`` (what is shown in the group),
    ``title`` (what is shown alone), ``note``, and ``more`` for those who ask.
    """
    groups: dict[str, list[dict[str, str]]] = {}
    for known in networks:
        groups.setdefault(_group_title(known), []).append(_member(known))
    return [{"title": title, "members": members} for title, members in groups.items()]


def _group_title(known: NetworkInfo) -> str:
    match known.source:
        case source if source == BUNDLED:
            return "Fitted ensemble" if known.ensemble == ENSEMBLE else "Come with maxstim"
        case source if source == PUBLISHED:
            return f"Published by flyvis: {known.ensemble}"
        case source if source == OWN and known.ensemble:
            return f"Your own: {known.ensemble}"
    return "Your own"


def _member(known: NetworkInfo) -> dict[str, str]:
    title = TITLES.get(known.name, known.name.removeprefix(PREFIX))
    note, more = known.note, ""
    if known.name == DEFAULT:
        note, more = _RECOMMENDED.format(default().member or DEFAULT), known.note
    elif known.ensemble == ENSEMBLE and known.source == BUNDLED:
        note = _member_note(known.name)
    if known.source == PUBLISHED:
        title = "/".join(known.name.replace("\\", "/").split("/")[-3:])
    label = title.rpartition("/")[2] if known.ensemble else title
    return {"name": known.name, "label": label, "title": title, "note": note, "more": more}


@cache
def _member_note(name: str) -> str:
    """Return what tells a member of the bundled ensemble from the others, from its card."""
    file = (cards_folder() / name.rpartition("/")[2]).with_suffix(".json")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        summary, held_out = card["summary"], card["origin"]["held_out"]
        fitted = (
            f"not fitted to {' and '.join(held_out)}" if held_out else "fitted to all that is known"
        )
        return (
            f"{summary['polarity_right']} of {summary['polarity_known']} polarities right, T4 and T5 "
            f"within {summary['largest_error']:.0f}°; {fitted}."
        )
    except (OSError, KeyError, ValueError):
        return ""
