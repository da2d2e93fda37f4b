"""The view of pinned answers, bound to the state of its page: made when it is opened."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

import param

from dashboard.compare.pinned import PinnedAnswer, read_pinned
from dashboard.compare.pinned_controls import PinnedControls
from dashboard.compare.tables import controls_table, difference_table
from dashboard.components.compare.component import ComparePanel
from dashboard.state.pins import MOST_PINS, Pins, matching
from dashboard.state.session import Session
from dashboard.views.run_history import entry_choices
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.comparisons import ComparisonMaker

_MOST_LISTED = 200
"""Stored runs that are offered."""

_KEPT = 2 * MOST_PINS
"""Answers that were read, kept for a page: what is taken out is often pinned again."""


class Compare(param.Parameterized):
    """Pinned answers side by side: read in a thread, taken in by `poll`.

    Args:
        session: The runs of the page.
        pins: What is pinned.
        show: Called with the view when that is made.
    """

    is_open = param.Boolean(False, doc="Whether the view is open.")
    busy = param.Boolean(False, doc="Whether there may be news in a moment.")

    def __init__(self, session: Session, pins: Pins, show: Callable[[ComparePanel], None]) -> None:
        super().__init__()
        self.session, self.pins, self._show = session, pins, show
        self.panel: ComparePanel | None = None
        self._maker = ComparisonMaker(session.queue)
        self._controls = PinnedControls(session, self._maker, _thread())
        self._reading: dict[str, Future[PinnedAnswer]] = {}
        self._read: OrderedDict[str, PinnedAnswer] = OrderedDict()
        self._problems: dict[str, str] = {}
        self._sought: tuple[str, ...] = ()  # pins for which the library was asked to look again
        self.param.watch(self._opened, "is_open")
        pins.param.watch(self._take, "keys")
        session.param.watch(self._offer, "finished")

    def poll(self) -> None:
        """Take in what was read, and what other pages of the visitor have pinned."""
        self.pins.poll()
        self._take()

    def _opened(self, *events: object) -> None:
        if not self.is_open:
            return
        is_new = self.panel is None
        if is_new:
            self.panel = ComparePanel(self._hear)
        self._offer()
        self._problems.clear()  # what was not there may be by now
        self._sought = ()
        self._take()
        if is_new:
            self._show(self.panel)

    # -- what is known of the pinned answers

    def _take(self, *events: object) -> None:
        if self.panel is None or not self.is_open:
            return
        self._look_again()
        for key in self.pins.keys:
            if key not in self._read and key not in self._problems and key not in self._reading:
                self._begin(key)
        for key in [key for key, reading in self._reading.items() if reading.done()]:
            self._end(key, self._reading.pop(key))
        for key, controls in self._controls.take(self._there).items():
            if key in self._read:
                self._read[key] = replace(self._read[key], controls=controls)
        self._tell()

    @property
    def _there(self) -> dict[str, PinnedAnswer]:
        """What is pinned and has been read, in order."""
        return {key: self._read[key] for key in self.pins.keys if key in self._read}

    def _look_again(self) -> None:
        """Have the folder of results looked at once for pins that nothing is known of."""
        library, keys = self.session.library, self.pins.keys
        lost = tuple(key for key in keys if key not in self._read and library.find(key) is None)
        if lost and lost != self._sought:
            self._sought = lost
            library.refresh()

    def _begin(self, key: str) -> None:
        library = self.session.library
        if library.find(key) is None:
            return
        maker = self._maker
        self._reading[key] = _thread().submit(read_pinned, key, library, maker)

    def _end(self, key: str, reading: Future[PinnedAnswer]) -> None:
        try:
            self._read[key] = reading.result()
        except MaxstimError as error:
            self._problems[key] = str(error)
        except Exception as error:  # a defect, which the session logs
            self._problems[key] = "It could not be read; the log of the server says why."
            self.session.unexpected(error)
        while len(self._read) > _KEPT:
            unpinned = [key for key in self._read if key not in self.pins.keys]
            del self._read[unpinned[0]]

    def _state(self, key: str) -> dict[str, str]:
        """Return how a pinned answer stands."""
        if key in self._read:
            return {"state": "there", "said": ""}
        if key in self._problems:
            return {"state": "gone", "said": self._problems[key]}
        if key in self._reading:
            return {"state": "reading", "said": "Being read …"}
        n_matches = len(matching(key, self.pins.known))
        if n_matches > 1:
            return {
                "state": "gone",
                "said": f"{n_matches} answers have keys that begin with {key}: pin the one that is "
                "meant from the list of runs.",
            }
        if n_matches or self.session.library.looking:
            return {"state": "reading", "said": "Being looked for …"}
        return {
            "state": "gone",
            "said": f"The answer {key[:12]} is not on this server, or not any more; take it out, or "
            "make it again.",
        }

    # -- what the browser is told

    def _tell(self) -> None:
        if self.panel is None:
            return
        states = {key: self._state(key) for key in self.pins.keys}
        there = [*self._there.values()]
        missing = [
            {"id": one.key, **self._controls.state(one)} for one in there if one.controls is None
        ]
        waits = {"reading", "going"}
        self.busy = self._controls.is_busy or any(
            each["state"] in waits for each in (*states.values(), *missing)
        )
        pins = [
            {"id": key, "title": key[:12], **states[key], **self._about(key)}
            for key in self.pins.keys
        ]
        told = json.dumps(
            {
                "pins": pins,
                "table": difference_table(there),
                "controls": {**controls_table(there), "missing": missing},
            }
        )
        if told != self.panel.told:
            self.panel.told = told

    def _about(self, key: str) -> dict[str, Any]:
        """Return what is told of a pinned answer once it has been read."""
        if key not in self._read:
            return {}
        answer = self._read[key]
        units = {name: answer.numbers[name] for name in ("baseline", "rms")}
        return {"title": answer.title, "detail": answer.detail, **units}

    def _offer(self, *events: object) -> None:
        """Offer the stored runs that there are."""
        if self.panel is None or not self.is_open:
            return
        library, wanted = self.session.library, self.session.choice.cell_type
        listed = [
            one for one in self.session.finished if one.has_response or one.cell_type == wanted
        ]
        # What comes with maxstim is one for each cell type: all can be compared.
        listed += [one for one in self.session.finished if one.example and one not in listed]
        self.panel.stored = entry_choices(listed[:_MOST_LISTED], library)

    # -- what a person does

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"films": list(wanted)}:
                self._hand_over([key for key in wanted[:MOST_PINS] if isinstance(key, str)])
            case {"toggle": str(key)}:
                self.toggle(key)
            case {"open": str(key)} if key in self._read:
                self.session.follow(key)
                self.is_open = False
            case {"press": "controls"}:
                self._controls.ask(self._there)
                self._take()
            case {"press": "no controls"}:
                self._controls.cancel(self._there)
                self._take()
            case {"press": "back"}:
                self.is_open = False

    def toggle(self, key: str) -> None:
        """Pin a stored answer, or take one out; say why where that cannot be."""
        try:
            self.pins.toggle(key)
        except MaxstimError as error:
            self.session.problem = str(error)

    def _hand_over(self, wanted: list[str]) -> None:
        for key in wanted:
            if key in self._read and key in self.pins.keys and self.panel is not None:
                self.panel.show_film(self._read[key].film)


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which answers are read, one for all pages."""
    return ThreadPoolExecutor(1, "pinned")
