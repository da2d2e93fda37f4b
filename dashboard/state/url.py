"""The address of the page carries what is on it, so that a link opens the same thing.

Whatever stands in an address was typed by somebody: every value is checked, and of what is not known the
page says, in a sentence each, that it is not here. It never holds a path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus

from dashboard.state.link_keys import LINK_KEYS, unknown_words
from dashboard.state.link_settings import (
    linked_names,
    read_link_settings,
    setting_label,
    setting_text,
)
from maxstim_core.optimal.configs import GenerateConfig

LONGEST_LINK = 300
"""Characters of a link: what mail, chats and slides leave in one piece."""

_PLAIN = "/:,;="
"""What may stand in a value as it is."""


@dataclass(frozen=True)
class PageLink:
    """The text of an address, in the room that there was for it.

    Attributes:
        search: Its query, ``?`` first.
        left_out: What people call that for which there was no room.
    """

    search: str
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """A sentence on what is left out, or nothing."""
        if not self.left_out:
            return ""
        named = ", ".join(f"“{name}”" for name in self.left_out)
        return f"The link leaves out {named}: it has room for {LONGEST_LINK} characters."


@dataclass(frozen=True)
class PageAddress:
    """What an address says; empty where it says nothing valid.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of a network that there is, for example ``maxstim/003``; the default one where
            there is none of that name.
        run: Key of a run or of a finished answer.
        sweep: Key of a sweep.
        view: Name of the view that is open, of `dashboard.state.views.VIEWS`; nothing for the main part.
            A sweep needs none, nor do pinned answers: they are seen in their own.
        atlas: What of the atlas is on show, as `dashboard.atlas.selection.AtlasSelection` reads it.
        problems: What the page has to say of what is not here, a sentence each.
        settings: Settings of the method by name, of the generated one where it says none, above those of
            `run`, or above those that the page starts with.
        of_run: Which of them the run has as well: for one who has the run, they may be left out.
        iteration: Iteration of the run to look at, 0 for the last.
        shown: Which iteration of the answer is on show, ``last`` or ``best``; nothing for the one that
            it opens with.
        frame: Frame at which the player stands, from 1; 0 for where it stands by itself.
        pins: What pinned answers are called in links, parted by commas: see `dashboard.state.pins`.
        lesson: Name of a lesson.
        step: Number of its step, from 1; 0 for none.
        classroom: Code of a class.
        further: Names of networks that are asked at once with `network`, parted by commas.
    """

    cell_type: str = ""
    method: str = ""
    network: str = ""
    run: str = ""
    sweep: str = ""
    view: str = ""
    atlas: str = ""
    problems: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    of_run: frozenset[str] = field(default=frozenset(), compare=False)
    iteration: int = 0
    shown: str = ""
    frame: int = 0
    pins: str = ""
    lesson: str = ""
    step: int = 0
    classroom: str = ""
    further: str = ""

    @classmethod
    def parse(cls, search: str) -> PageAddress:
        """Return what the query of an address says, for example ``?cell=T4c&method=generated``."""
        found = parse_qs(search.removeprefix("?"), keep_blank_values=True)
        query = {name: texts[0] for name, texts in found.items()}
        said: dict[str, Any] = {}
        problems = []
        for key in LINK_KEYS:
            text = query.get(key.name, "")
            value = key.read(text) if text else None
            if text and value is None:
                problems.append(key.problem)
                value = key.instead
            if value is not None:
                said[key.attribute] = value
        settings, misread = read_link_settings(query, said.get("method", GenerateConfig.method))
        unknown = unknown_words({*query} - {key.name for key in LINK_KEYS} - linked_names())
        return cls(**said, problems=(*problems, *misread, *unknown), settings=settings)

    def search(self) -> str:
        """Return the query of this address, however long."""
        return "?" + "&".join(text for _, text in self._said())

    def link(self, room: int = LONGEST_LINK) -> PageLink:
        """Return the query of this address in so many characters.

        What it says is taken in the order of `LINK_KEYS` and then of the settings, each as long as it
        fits; settings mean nothing without what they need, method or networks, and those that the run
        has come last.
        """
        search, left_out = "?", []
        for name, text in sorted(self._said(), key=lambda said: said[0] in self.of_run):
            longer = f"{search}{'&' if len(search) > 1 else ''}{text}"
            needed = "further" if name == "across" else "method" if name in self.settings else ""
            if len(longer) <= room and needed not in left_out:
                search = longer
            else:
                left_out.append(name)
        if self.run and "run" not in left_out:
            left_out = [name for name in left_out if name not in self.of_run]
        labels = {key.name: key.label for key in LINK_KEYS}
        method = self.method or GenerateConfig.method
        names = (labels.get(name) or setting_label(method, name) for name in left_out)
        return PageLink(search, tuple(names))

    def _said(self) -> Iterator[tuple[str, str]]:
        """Yield what it says, key and text of each."""
        for key in LINK_KEYS:
            value = getattr(self, key.attribute)
            if value and not (key.name == "view" and (self.sweep or self.pins)):
                yield key.name, f"{key.name}={quote_plus(str(value), safe=_PLAIN)}"
        for name, value in self.settings.items():
            yield name, f"{name}={quote_plus(setting_text(value), safe=_PLAIN)}"
