"""What stands beside the answer on the page: its controls and its curve, as far as they are there."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any

import numpy as np
import panel as pn
import param
import xarray as xr

from dashboard.components.comparison.component import ComparisonPanel
from dashboard.components.hexplayer.component import pack
from dashboard.guard.allowance import DOWNLOADS
from dashboard.state.session import Session
from dashboard.state.shown import Shown
from maxstim_core.comparison.controls import ANSWER, FULL
from maxstim_core.comparison.report import report_of
from maxstim_core.drawing.peak import telling_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import file_name
from maxstim_core.export.files import netcdf
from maxstim_core.optimal.result import lattice_of
from maxstim_core.runs.comparisons import (
    CONTROLS,
    CURVE,
    ComparisonMaker,
    comparison_key,
)
from maxstim_core.runs.snapshot import LIVE

_AHEAD = "MAXSTIM_CONTROLS_AHEAD"
"""Variable that is 0 where controls shall not be computed before somebody asks for them."""

_LATER = {"state": "later", "said": "After the run."}
"""What is told while a run is on show."""

_TEXTBOOK = ("edge", "bar", "grating", "flash", "disc", "natural")
"""Families of controls that are shown twice; of these, the picture is at full contrast."""


class Comparisons(param.Parameterized):
    """The controls and the curve of the answer on show: found, computed, shown and taken home.

    Files are read, and what was found is packed, in a thread; `poll` takes in what has come of that.

    Args:
        session: Whose answer it is.
    """

    busy = param.Boolean(False, doc="Whether there may be news in a moment.")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.panel = ComparisonPanel(self._asked)
        self._maker = ComparisonMaker(session.queue)
        self._answer: xr.Dataset | None = None
        self._sides: dict[str, _Side] = {}
        self._tried: set[str] = set()  # what was begun by itself, or left for another time
        session.param.watch(self._change, "shown")
        self._change()

    def poll(self) -> None:
        """Take in what was read, packed or computed since the last time."""
        for kind, side in self._sides.items():
            side.take(self._maker)
            packed = side.packed
            if packed is not None:
                setattr(self.panel, kind, packed)
        self._compute_ahead()
        self._tell()

    def _change(self, *events: object) -> None:
        """Look for what stands beside another answer."""
        shown = self.session.shown
        if shown.finished is self._answer and self._answer is not None:
            return
        self._answer, self._sides = shown.finished, {}
        if shown.finished is not None:
            for kind in (CONTROLS, CURVE):
                with suppress(
                    MaxstimError
                ):  # an answer that has none, or says too little of itself
                    key = comparison_key(kind, shown.finished)
                    self._sides[kind] = _Side(kind, key, self._maker)
        self._clear()

    def _clear(self) -> None:
        self.panel.param.update(controls=b"", curve=b"")
        self._tell()

    def _tell(self) -> None:
        states = {kind: side.told for kind, side in self._sides.items()}
        if self.session.shown.run is not None:  # room is kept: nothing below shall move
            states = {kind: _LATER for kind in self.panel.states}
        if states != self.panel.states:
            self.panel.states = states
        controls = self._sides.get(CONTROLS)
        self.session.verdict = "" if controls is None else controls.headline
        self.busy = any(side.is_busy for side in self._sides.values())

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
            pack_it = {CONTROLS: packed_controls, CURVE: packed_curve}[self.kind]
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
                self.headline = str(self.found.attrs.get("headline", ""))
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
            said = "Runs go first; it goes on after them." if waits else self.task.stage
            return {"state": "going", "said": self.task.message or said or "Starting."}
        if self._reading is not None:
            return {"state": "reading", "said": ""}
        failed = self.task is not None and self.task.state == "failed"
        problem = self.problem or (self.task.message if failed else "")
        return {"state": "failed" if problem else "none", "said": problem}


def packed_controls(found: xr.Dataset) -> bytes:
    """Return controls as one block for the browser.

    In the header ``rows`` is the table, as in `report_of`; ``shown`` says of each movie its name and its
    row, the answer first; ``stills`` which of its frames to show.

    Args:
        found: Result of `maxstim_core.controls`.
    """
    report, lattice, dt = report_of(found), lattice_of(found), float(found.attrs["dt"])
    rows = report["controls"]
    kept = [
        k
        for k, row in enumerate(rows)
        if row["family"] == ANSWER or (row["shown"] == FULL) == (row["family"] in _TEXTBOOK)
    ]
    movies = found["control_stimulus"].values[kept]
    last = movies.shape[1] - 1
    columns = found["smallest_columns"].values.any(0)
    of_all = {"pixels": movies[0].size, "columns": len(columns), "frames": movies.shape[1]}
    header = {
        "n": len(kept),
        "dt": dt,
        "cell_type": report["cell_type"],
        "rows": rows,
        "shown": [{"name": rows[k]["name"], "row": k} for k in kept],
        "stills": [telling_frame(movie, lattice, last, dt) for movie in movies],
        "contrast": _points(report["contrast_response"], "contrast"),
        "shift": _points(report["shift_response"], "ring"),
        # Where nothing but the whole keeps enough, no part matters more than the rest.
        "smallest": [
            {"part": part, **about}
            for part, about in report["smallest"].items()
            if about["share"] is not None and about["size"] < of_all[part]
        ],
        "transfer": report["transfer"],
    }
    arrays = {
        "u": found["u"].values.astype("<f4"),
        "v": found["v"].values.astype("<f4"),
        "stimulus": _levels(movies),
        "kept": columns.astype(np.uint8),
    }
    return pack(header, arrays)


def packed_curve(found: xr.Dataset) -> bytes:
    """Return a curve as one block for the browser: all movies, and the central response to each.

    Args:
        found: Result of `maxstim_core.curve`.
    """
    header = {
        "n": found.sizes["energy"],
        "dt": float(found.attrs["dt"]),
        "cell_type": str(found.attrs["cell_type"]),
        "objective": json.loads(found.attrs["config"]).get("objective", "drive"),
        "energies": found["energy"].values.astype(float).tolist(),
        "responses": found["counted_response"].values.astype(float).tolist(),
    }
    arrays = {
        "u": found["u"].values.astype("<f4"),
        "v": found["v"].values.astype("<f4"),
        "stimulus": _levels(found["stimulus"].values),
        "central": found["central_response"].values.astype("<f4"),
    }
    return pack(header, arrays)


def _points(told: dict[str, Any], dim: str) -> dict[str, list]:
    return {"x": told[dim], "y": told["response"]}


def _levels(movies: np.ndarray) -> np.ndarray:
    """Return luminance as bytes: 255 is white."""
    return np.rint(255 * np.clip(movies, 0, 1)).astype(np.uint8)


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which files are read and packed, one for all pages."""
    return ThreadPoolExecutor(1, "comparisons")
