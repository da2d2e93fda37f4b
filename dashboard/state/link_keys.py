"""What an address says of a page, beside settings: the one table of its keys, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dashboard.state.listing import NETWORKS
from dashboard.state.pins import MOST_PINS, are_pins
from dashboard.state.typed_numbers import read_number
from dashboard.state.views import VIEWS
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import listed
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig
from maxstim_core.optimal.shared_settings import MAX_FRAMES
from maxstim_core.runs.library import KEY


@dataclass(frozen=True)
class LinkKey:
    """A key of an address.

    Attributes:
        name: What it is called there.
        attribute: What `PageAddress` calls it.
        label: What people call it, where a link leaves it out.
        read: Returns the value that a text says, or None where it says none.
        problem: What the page says then, a sentence.
        instead: What is taken then.
    """

    name: str
    attribute: str
    label: str
    read: Callable[[str], Any]
    problem: str
    instead: Any = None


def is_known(network: str) -> bool:
    """Tell whether a network goes by this name on every page of this server; a path does not."""
    return any(known.name == network for known in NETWORKS.latest())


def is_network_here(network: str) -> bool:
    """Whether `is_known`, or so by now: who stores a network may send a link to it at once."""
    return bool(network) and (
        is_known(network) or any(known.name == network for known in NETWORKS.read())
    )


def _if(is_one: Callable[[str], bool]) -> Callable[[str], str | None]:
    """Return what reads a text that is its own value, if `is_one` says so."""
    return lambda text: text if is_one(text) else None


def _count(most: int) -> Callable[[str], int | None]:
    """Return what reads a whole number from 1 to `most`."""

    def read(text: str) -> int | None:
        number = read_number(text, whole=True)
        return int(number) if number is not None and 1 <= number <= most else None

    return read


def _read_frame(text: str) -> int | None:
    """Return the frame that a text says, from 1; of those beyond the end of any movie the first."""
    number = read_number(text, whole=True)
    return min(int(number), MAX_FRAMES) if number is not None and number >= 1 else None


def _read_iteration(text: str) -> int | None:
    number = read_number(text, whole=True)
    try:
        return None if number is None else GenerateConfig.taken("n_iters", number)
    except MaxstimError:
        return None


_OF_ATLAS = re.compile(r"[\w./,()-]{1,280}")
_LESSON = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CLASS = re.compile(r"[A-Za-z]{4,12}")

LINK_KEYS = (
    LinkKey(
        "cell",
        "cell_type",
        "cell type",
        _if(lambda text: text in bundled_connectome().names),
        "The cell type of this link is not one of the network's; choose one that is.",
    ),
    LinkKey(
        "method",
        "method",
        "method",
        _if(lambda text: text in CONFIGS),
        "The method of this link is none of the three here; choose one of the tabs.",
    ),
    LinkKey(
        "network",
        "network",
        "network",
        _if(is_network_here),
        "The network of this link is not on this server, so the default one is chosen; choose another, "
        "or store that one here.",
        instead=DEFAULT,
    ),
    LinkKey(
        "further",
        "further",
        "further networks",
        _if(lambda text: all(is_network_here(name) for name in text.split(","))),
        "Not all further networks of this link are on this server, so one network is asked; choose "
        "others, or store them here.",
    ),
    LinkKey(
        "run",
        "run",
        "run",
        _if(lambda text: KEY.fullmatch(text) is not None),
        "The run of this link has a key that no run can have; choose one of the list of runs.",
    ),
    LinkKey(
        "sweep",
        "sweep",
        "sweep",
        _if(lambda text: KEY.fullmatch(text) is not None),
        "The sweep of this link has a key that no sweep can have; choose one of the list of sweeps.",
    ),
    LinkKey(
        "view",
        "view",
        "view",
        _if(lambda text: text in VIEWS),
        "The view of this link is none that this page has; choose one at the top of the page.",
    ),
    LinkKey(
        "atlas",
        "atlas",
        "what is on show of the atlas",
        _if(lambda text: _OF_ATLAS.fullmatch(text) is not None),
        "What this link shows of the atlas is nothing that one can have; choose in the view Atlas.",
    ),
    LinkKey(
        "pins",
        "pins",
        "pinned answers",
        _if(are_pins),
        f"The pinned answers of this link are not the keys of {MOST_PINS} answers or fewer; pin them "
        "from the list of runs.",
    ),
    LinkKey(
        "lesson",
        "lesson",
        "lesson",
        _if(lambda text: _LESSON.fullmatch(text) is not None),
        "The lesson of this link has a name that no lesson can have; choose one of the list.",
    ),
    LinkKey(
        "step",
        "step",
        "step",
        _count(99),
        "The step of this link is no number of a step; the lesson begins with its first.",
    ),
    LinkKey(
        "class",
        "classroom",
        "class",
        lambda text: text.upper() if _CLASS.fullmatch(text) else None,
        "The class of this link has a code that no class can have; ask who presents it for the link.",
    ),
    LinkKey(
        "iteration",
        "iteration",
        "iteration",
        _read_iteration,
        "The iteration of this link is no number of an iteration; the last one is shown.",
    ),
    LinkKey(
        "shown",
        "shown",
        "last or best iteration",
        _if(lambda text: text in ("last", "best")),
        "The iteration to show of this link is neither last nor best; choose one above the player.",
    ),
    LinkKey(
        "frame",
        "frame",
        "frame",
        _read_frame,
        "The frame of this link is no number of a frame; the movie begins where it always does.",
    ),
)
"""Every key but those of settings, which follow them. What stands first is left out last."""

_OF_OTHERS = re.compile(
    r"utm_\w*|mc_[ce]id|\w*clid|_\w*|igshid|ref|source|si|theme|token|bokeh-[\w-]*|embed",
    re.IGNORECASE,
)
"""Keys that mails, networks of friends, proxies, notebooks and Panel add to a link that they hand on."""

_MOST_NAMED = 3
_NAMED = re.compile(r"[\w-]{1,30}")


def unknown_words(names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence on keys of an address that the page does not know, if there are any.

    Args:
        names: The keys that are none of the page's; those that others add to links are passed over.
    """
    strange = sorted(name for name in names if not _OF_OTHERS.fullmatch(name))
    if not strange:
        return ()
    told = [f"“{name}”" for name in strange if _NAMED.fullmatch(name)][:_MOST_NAMED]
    rest = len(strange) - len(told)
    if rest:
        more = "more" if told else "key" if rest == 1 else "keys"
        told.append(f"{rest} {more}")
    was = "it was" if len(strange) == 1 else "they were"
    return (
        f"This link has {listed(told)}, which the page does not know; {was} left out: check how "
        f"{was.split()[0]} {'is' if len(strange) == 1 else 'are'} written.",
    )


PLACE_ROOM = len("&iteration=100000&frame=1000")
"""Characters that the browser may add when a link is copied: it alone knows where its player stands."""
