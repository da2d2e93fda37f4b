"""What stands beside the answer on the page, as far as it is there: controls, curve, mechanism."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial

import panel as pn
import param
import xarray as xr

from dashboard.components.comparison.component import ComparisonPanel
from dashboard.guard.allowance import DOWNLOADS
from dashboard.state.session import Session
from dashboard.state.shown import Shown
from dashboard.state.silence import check_silence
from dashboard.text.words import task_in_line
from dashboard.views.packed_controls import packed_controls, packed_curve
from dashboard.views.packed_mechanism import packed_cells, packed_mechanism
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import file_name
from maxstim_core.export.files import netcdf
from maxstim_core.runs.comparisons import (
    CONTROLS,
    CURVE,
    MECHANISM,
    ComparisonMaker,
    comparison_key,
)
from maxstim_core.runs.snapshot import LIVE
from maxstim_core.settings import minus_signed

_AHEAD = "MAXSTIM_CONTROLS_AHEAD"
"""Variable that is 0 where controls shall not be computed before somebody asks for them."""

_LATER = {"state": "later", "said": "After the run."}
"""What is told while a run is on show."""

_MOST_CELLS = 4
"""Input types whose cells are simulated at a time for one page."""


class Comparisons(param.Parameterized):
    """What stands beside the answer on show: found, computed, shown and taken home.

    Files are read, and what was found is packed, in a thread; `poll` takes in what has come of that.

    Args:
        session: Whose answer it is.
    """

    busy = param.Boolean(False, doc="Whether there may be news in a moment.")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.panel = ComparisonPanel(self._asked, self._asked_of)
        self._maker = ComparisonMaker(session.queue)
        self._answer: xr.Dataset | None = None
        self._sides: dict[str, _Side] = {}
        self._tried: set[str] = set()  # what was begun by itself, or left for another time
        self._cells: list[Future[bytes]] = []  # hexagons on their way
        session.param.watch(self._change, "shown")
        session.choice.param.watch(self._tell_silenced, ["method", "cell_type"])
        for settings in session.choice.settings.values():
            settings.param.watch(self._tell_silenced, "silence")
        self._change()
        self._tell_silenced()

    def poll(self) -> None:
        """Take in what was read, packed or computed since the last time."""
        for kind, side in self._sides.items():
            side.take(self._maker)
            packed = side.packed
            if packed is not None:
                setattr(self.panel, kind, packed)
        for packing in [one for one in self._cells if one.done()]:
            self._cells.remove(packing)
            try:
                self.panel.show_cells(packing.result())
            except Exception as error:  # its network is gone, or a defect, which the session logs
                self.session.unexpected(error)
        self._compute_ahead()
        self._tell()

    def _change(self, *events: object) -> None:
        """Look for what stands beside another answer."""
        shown = self.session.shown
        if shown.finished is self._answer and self._answer is not None:
            return
        self._answer, self._sides = shown.finished, {}
        if shown.finished is not None:
            for kind in (CONTROLS, CURVE, MECHANISM):
                with suppress(
                    MaxstimError
                ):  # an answer that has none, or says too little of itself
                    key = comparison_key(kind, shown.finished)
                    self._sides[kind] = _Side(kind, key, self._maker)
        self._clear()

    def _clear(self) -> None:
        self.panel.param.update(controls=b"", curve=b"", mechanism=b"")
        self._tell()

    def _tell(self) -> None:
        states = {kind: side.told for kind, side in self._sides.items()}
        if self.session.shown.run is not None:  # room is kept: nothing below shall move
            states = {kind: _LATER for kind in self.panel.states}
        if states != self.panel.states:
            self.panel.states = states
        controls = self._sides.get(CONTROLS)
        self.session.verdict = "" if controls is None else controls.headline
        self.busy = bool(self._cells) or any(side.is_busy for side in self._sides.values())

    def _asked(self, action: str, kind: str) -> None:
        side = self._sides.get(kind)
        if side is None or self._answer is None:
            return
        if action == "look":
            side.look()
        elif action == "compute":
            self._compute(kind)
        elif action == "cancel" and side.task is not None:
            self.session.queue.cancel(side.task.task_id)
        elif action == "save" and side.found is not None:
            pn.state.execute(partial(self._save, kind, side.found))
        self._tell()

    def _asked_of(self, action: str, name: str) -> None:
        """Show the hexagons of an input type, or let the next run silence it, or no longer."""
        side = self._sides.get(MECHANISM)
        if side is None or side.found is None or self._answer is None:
            return
        if name not in side.found["source_type"].values:
            return
        if action == "cells" and len(self._cells) < _MOST_CELLS:
            self._cells.append(_thread().submit(packed_cells, self._answer, name))
        elif action == "silence":
            self._toggle_silence(name)
        self._tell()

    def _toggle_silence(self, name: str) -> None:
        choice = self.session.choice
        settings = choice.settings[choice.method]
        names = {one for one in settings.silence.split(",") if one} ^ {name}
        wanted = ",".join(sorted(names))
        try:
            check_silence(wanted, choice.cell_type)
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        settings.enter("silence", wanted)

    def _tell_silenced(self, *events: object) -> None:
        choice = self.session.choice
        self.panel.silenced = choice.settings[choice.method].silence

    def _compute(self, kind: str) -> None:
        shown: Shown = self.session.shown
        side = self._sides[kind]
        try:
            self._maker.make(
                kind,
                self.session.lasting_key,
                shown.finished,
                self.session.id,
                best=shown.best,
            )
        except MaxstimError as error:
            side.problem = str(error)
            return
        side.begin(self._maker)

    def _compute_ahead(self) -> None:
        """Begin with the controls of a run of this page that has ended, once nothing else is to do."""
        run, side = self.session.run, self._sides.get(CONTROLS)
        if side is None or run is None or not side.is_missing or side.key in self._tried:
            return
        own = run.session == self.session.id and run.state == "done" and not run.cached
        if own and os.environ.get(_AHEAD, "1") != "0" and self.session.queue.is_idle:
            self._tried.add(side.key)
            self._compute(CONTROLS)

    async def _save(self, kind: str, found: xr.Dataset) -> None:
        """Hand what was found to the browser, as a file that counts against the visitor's allowance."""
        answer, visitor = self._answer, self.session.id
        try:
            with DOWNLOADS.one(visitor):
                content = (await asyncio.to_thread(netcdf, found)).getvalue()
                DOWNLOADS.add(visitor, len(content))
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        if answer is not None:
            self.panel.take(f"{kind}_{file_name(answer, 'nc')}", content)


class _Side:
    """One thing that stands beside an answer.

    Attributes:
        key: Where it is kept.
        found: What was computed, once it has been read.
        task: How its computation stands, or None.
        problem: Why it was refused, or nothing.
        packed: What the browser is to have, once it has been packed.
        headline: What it says in one line, or nothing.
    """

    def __init__(self, kind: str, key: str, maker: ComparisonMaker) -> None:
        self.kind, self.key, self.problem, self.headline = kind, key, "", ""
        self.found: xr.Dataset | None = None
        self.packed: bytes | None = None
        self.task = maker.progress(key)
        self._reading: Future | None = _thread().submit(maker.find, key)
        self._packing: Future | None = None
        self._is_wanted = False

    def begin(self, maker: ComparisonMaker) -> None:
        """Note that it is being computed."""
        self.problem, self.task = "", maker.progress(self.key)

    def look(self) -> None:
        """Have it packed for the browser, now or as soon as it is there."""
        self._is_wanted = True
        if self.found is not None and self._packing is None:
            pack_it = {
                CONTROLS: packed_controls,
                CURVE: packed_curve,
                MECHANISM: packed_mechanism,
            }[self.kind]
            self._packing = _thread().submit(pack_it, self.found)

    def take(self, maker: ComparisonMaker) -> None:
        """Take in what has come of reading, packing and computing."""
        if self.task is not None and self.task.state in LIVE:
            self.task = maker.progress(self.key)
            if self.task is not None and self.task.state == "done":
                self._reading = _thread().submit(maker.find, self.key)
        if self._reading is not None and self._reading.done():
            self.found, self._reading = self._reading.result(), None
            if self.found is not None:
                self.headline = minus_signed(str(self.found.attrs.get("headline", "")))
                if self._is_wanted:
                    self.look()
        if self._packing is not None and self._packing.done() and self.packed is None:
            self.packed = self._packing.result()

    @property
    def is_live(self) -> bool:
        """Whether it is being computed, or waits for that."""
        return self.task is not None and self.task.state in LIVE

    @property
    def is_missing(self) -> bool:
        """Whether nobody has computed it, or asked for that."""
        return self.found is None and self._reading is None and not self.is_live

    @property
    def is_busy(self) -> bool:
        """Whether there may be news in a moment."""
        packing = self._packing is not None and self.packed is None
        return self._reading is not None or self.is_live or packing

    @property
    def told(self) -> dict[str, str]:
        """How it stands, as the browser is told."""
        if self.found is not None:
            return {"state": "there", "said": self.headline}
        if self.task is not None and self.is_live:
            waits = self.task.state == "queued"
            said = task_in_line(self.task) if waits else self.task.message or self.task.stage
            return {"state": "going", "said": said or "Starting."}
        if self._reading is not None:
            return {"state": "reading", "said": ""}
        failed = self.task is not None and self.task.state == "failed"
        problem = self.problem or (self.task.message if failed else "")
        return {"state": "failed" if problem else "none", "said": problem}


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which files are read and packed, one for all pages."""
    return ThreadPoolExecutor(1, "comparisons")
