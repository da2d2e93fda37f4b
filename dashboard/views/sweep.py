"""The view of sweeps, bound to the state of its page: made when it is opened."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any

import panel as pn
import param
import xarray as xr

from dashboard.components.sweep.component import MOST_FILMS, SweepPanel
from dashboard.guard.allowance import DOWNLOADS
from dashboard.state.run_marks import marks_of
from dashboard.state.session import Session
from dashboard.state.sweep_choice import MOST_SWEEP_BYTES, SweepChoice, runs_of
from dashboard.state.visitors import check_listed
from dashboard.text.words import task_in_line
from dashboard.views.run_history import entry_choices
from dashboard.views.sweep_table import (
    SweepTable,
    TableRow,
    film_of_cell,
    film_of_stored,
    front_of_table,
    listed_sweep,
    no_sweep,
    packed_films,
    stored_row,
    sweep_table,
)
from dashboard.views.wanted_films import WantedFilms
from maxstim_core.errors import MaxstimError
from maxstim_core.export.files import netcdf
from maxstim_core.optimal.result import load
from maxstim_core.runs.library import KEY
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import LIVE, TaskSnapshot
from maxstim_core.runs.sweeps import SweepMaker
from maxstim_core.sweeps.report import sweep_front

_PERIOD = 0.7
"""Seconds between looks at the store of a sweep that is going."""

_MOST_LISTED = 200
"""Sweeps, and stored runs, that are offered."""

_MOST_PICKED = 24
"""Stored runs that stand beside a sweep: each is held in memory."""

_NOT_HERE = "The sweep of this link is not on this server; choose another, or start it again."


class Sweeps(param.Parameterized):
    """The sweep on the page: started, followed, shown, and taken home.

    Networks are opened, stores read and movies packed in a thread; `poll` takes in what has come of it.

    Args:
        session: The runs of the page.
        choice: The sweep that would be started.
        show: Called with the view when that is made.
    """

    key = param.String("", doc="Key of the sweep on show, or nothing.")
    busy = param.Boolean(False, doc="Whether there may be news in a moment.")
    going = param.String("", doc="How far the sweep on show is, for example 3/20, while it goes.")
    starting = param.Boolean(False, doc="Whether a sweep is on its way to the queue.")

    def __init__(
        self, session: Session, choice: SweepChoice, show: Callable[[SweepPanel], None]
    ) -> None:
        super().__init__()
        self.session, self.choice, self._show = session, choice, show
        self.panel: SweepPanel | None = None
        self._maker = SweepMaker(session.queue)
        self._marks = marks_of(session.id, session.queue.store.root)
        self._table = no_sweep()
        self._picked: dict[str, tuple[TableRow, xr.Dataset]] = {}
        self._task: TaskSnapshot | None = None
        self._making: Future[str] | None = None
        self._reading: Future[SweepTable] | None = None
        self._listing: Future[list[dict[str, Any]]] | None = None
        self._picking: dict[str, Future[tuple[TableRow, xr.Dataset]]] = {}
        self._films = WantedFilms()
        # Whose settings were taken, and what was chosen then.
        self._used: tuple[str, RunRequest] | None = None
        self._looked = 0.0
        self._stale = False  # whether more is stored than was read
        choice.param.watch(self._opened, "is_open")
        session.param.watch(self._offer, "finished")

    def start(self) -> None:
        """Let the chosen sweep be made; `poll` follows it, or says why it was refused."""
        if self._making is not None:
            return
        try:
            request = self.choice.request()
            runs_of(request)
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        self._making = _thread().submit(self._maker.make, request, self.session.id)
        self.starting = True
        self._tell()

    def open(self, key: str) -> None:
        """Show a sweep by its key, and choose what it asks."""
        request = self._maker.request(key) if KEY.fullmatch(key) else None
        if request is not None:
            self.choice.take(request)
        self.follow(key)

    def follow(self, key: str) -> None:
        """Show a sweep by its key."""
        self.choice.is_open = True
        self._task = None
        if KEY.fullmatch(key) is None or self._maker.request(key) is None:
            self.session.problem = _NOT_HERE
            self.key = ""
            return
        self._films.forget()  # rows of another sweep have the same names
        self.key, self._table, self._stale = key, no_sweep(), True
        self._tell()
        self._tell_rows()

    def poll(self) -> None:
        """Take in what was made, read or packed since the last time."""
        if self.panel is None and self._making is None:
            return
        self._take_made()
        self._take_task()
        self._take_table()
        self._take_films()
        self._take_list()
        if self.panel is not None:
            self._tell()

    # -- what has come of the work in the thread

    def _take_made(self) -> None:
        if self._making is None or not self._making.done():
            return
        making, self._making = self._making, None
        self.starting = False
        try:
            self.follow(making.result())
            self._list()
        except Exception as error:  # refused, or a defect, which the session logs
            self.session.unexpected(error)

    def _take_task(self) -> None:
        before, self._task = self._task, self._maker.progress(self.key) if self.key else None
        if self._task is not None and (before is None or before.state != self._task.state):
            self._stale = True

    def _take_table(self) -> None:
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            try:
                table = reading.result()
                if table.key == self.key:
                    self._table = table
                    self._tell_rows()
            except Exception as error:
                self.session.unexpected(error)
        waited = time.monotonic() - self._looked > _PERIOD
        if self.key and self._reading is None and waited and (self._stale or self._is_running):
            self._looked, self._stale = time.monotonic(), False
            self._reading = _thread().submit(self._read, self.key)

    def _read(self, key: str) -> SweepTable:
        request = self._maker.request(key)
        if request is None:
            return SweepTable(key)
        return sweep_table(key, request, self._maker.found(key), self._maker.store(key))

    def _take_films(self) -> None:
        try:
            for block in self._films.take(self._pack):
                self.panel.show_films(block)
        except Exception as error:
            self.session.unexpected(error)
        for key in [key for key, one in self._picking.items() if one.done()]:
            try:
                row, film = self._picking.pop(key).result()
                self._picked[row.row_id] = row, film
                self._tell_rows()
            except Exception as error:
                self.session.unexpected(error)

    # -- what the browser is told

    def _opened(self, *events: object) -> None:
        if self.choice.is_open and self.panel is None:
            self.panel = SweepPanel(self._hear)
            self._offer()
            self._list()
            self._tell_rows()
            self._tell()
            self._show(self.panel)

    @property
    def _is_running(self) -> bool:
        return self._task is not None and self._task.state in LIVE

    def _tell(self) -> None:
        working = any(one is not None for one in (self._making, self._reading, self._listing))
        working = working or bool(self._picking) or self._films.is_busy
        self.busy = self._is_running or self._stale or working
        done = sum(row.state != "missing" for row in self._table.rows)
        self.going = f"{done}/{self._table.total or '…'}" if self._is_running else ""
        if self.panel is None:
            return
        state = self._state()
        if state != self.panel.state:
            self.panel.state = state

    def _state(self) -> dict[str, Any]:
        rows, task = self._table.rows, self._task
        done = sum(row.state != "missing" for row in rows)
        told = {"done": done, "total": self._table.total, "mine": False, "said": ""}
        told["used"] = self._used_words()
        if self.starting:
            return {**told, "state": "starting", "said": "Opening the network …"}
        if not self.key:
            return {**told, "state": "none"}
        if task is not None and task.state in LIVE:
            said = task.message or task.stage
            if task.state == "queued":
                said = f"{done} of {self._table.total} answers. {task_in_line(task)}"
            mine = task.session == self.session.id
            return {**told, "state": task.state, "said": said or "Starting.", "mine": mine}
        if task is not None and task.state == "done" and (self._stale or self._reading is not None):
            return {**told, "state": "running", "said": "Reading the last answers …"}
        if task is not None and task.state == "failed":
            return {**told, "state": "failed", "said": task.message}
        if self._table.found is None and (self._stale or self._reading is not None):
            return {**told, "state": "starting", "said": "Reading what there is …"}
        if self._table.request is None:  # why, the page has been told
            return {**told, "state": "unreadable", "said": "This sweep cannot be read here."}
        if done < self._table.total:
            there = f"{done or 'None'} of {self._table.total} answers"
            said = f"Stopped. {there} {'is' if done == 1 else 'are'} there; Go on makes the rest."
            return {**told, "state": "stopped", "said": said}
        failed = sum(row.state == "failed" for row in rows)
        bad = f", {failed} of which came to no number" if failed else ""
        return {**told, "state": "done", "said": f"{len(rows)} answers{bad}."}

    def _used_words(self) -> str:
        """Return which settings were taken, as long as they are those that are chosen; else nothing."""
        if self._used is None:
            return ""
        title, request = self._used
        with suppress(MaxstimError):  # what a field holds is none
            if self.session.choice.request() == request:
                return f"The settings of {title} are chosen now: change them on the left, or press Run."
        self._used = None
        return ""

    def _tell_rows(self) -> None:
        if self.panel is None:
            return
        table = self._table
        front = front_of_table(table, [row for row, _ in self._picked.values()])
        rows = [self._told(row, row.row_id in front) for row in self._rows()]
        told = json.dumps(
            {"key": table.key, "title": table.title, "columns": table.columns, "rows": rows}
        )
        if told != self.panel.table:
            self.panel.table = told

    def _rows(self) -> list[TableRow]:
        return [*self._table.rows, *(row for row, _ in self._picked.values())]

    def _told(self, row: TableRow, front: bool) -> dict[str, Any]:
        mark = self._marks.of(self._mark_key(row.row_id))
        names = [column["name"] for column in self._table.columns]
        return {
            "id": row.row_id,
            "title": row.title,
            "state": row.state,
            "values": [row.values.get(name) for name in names],
            "front": front,
            "finished": row.finished,
            "star": mark.star,
            "note": mark.name,
            "usable": row.request is not None,
            "picked": row.row_id in self._picked,
        }

    def _mark_key(self, row_id: str) -> str:
        return row_id if row_id in self._picked else f"sweep-{self.key[:16]}-{row_id}"

    def _list(self) -> None:
        """Have the sweeps that there are looked up; `poll` offers them."""
        if self.panel is not None:
            self._listing = _thread().submit(_listed, self._maker)

    def _take_list(self) -> None:
        if self._listing is None or not self._listing.done():
            return
        listing, self._listing = self._listing, None
        try:
            self.panel.sweeps = listing.result()
        except Exception as error:
            self.session.unexpected(error)

    def _offer(self, *events: object) -> None:
        """Offer the stored runs that there are."""
        if self.panel is None:
            return
        library, wanted = self.session.library, self.session.choice.cell_type
        listed = [
            one for one in self.session.finished if one.has_response or one.cell_type == wanted
        ]
        self.panel.stored = entry_choices(listed[:_MOST_LISTED], library)

    # -- what a person does

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"films": list(wanted)}:
                self._want([one for one in wanted[:MOST_FILMS] if isinstance(one, str)])
            case {"star": bool(star), "row": str(row_id)}:
                self._mark(row_id, star=star)
            case {"note": str(note), "row": str(row_id)}:
                self._mark(row_id, name=note)
            case {"use": str(row_id)}:
                self._use(row_id)
            case {"open": str(key)}:
                self.open(key)
            case {"add": str(key)}:
                self._add(key)
            case {"remove": str(row_id)}:
                self._picked.pop(row_id, None)
                self._tell_rows()
            case {"press": str(name)}:
                self._pressed(name)
        self._tell()

    def _pressed(self, name: str) -> None:
        try:
            if name == "cancel" and self.key:
                self._maker.cancel(self.key, self.session.id)
            elif name == "go on" and self._table.request is not None and self._making is None:
                if self.session.choice.listed_only:
                    check_listed(self._table.request.network)
                self._making = _thread().submit(self._maker.go_on, self.key, self.session.id)
                self.starting = True
            elif name == "save" and self._table.found is not None:
                pn.state.execute(partial(self._save, self._table))
            elif name == "back":
                self.choice.is_open = False
        except MaxstimError as error:
            self.session.problem = str(error)

    def _row(self, row_id: str) -> TableRow | None:
        return next((row for row in self._rows() if row.row_id == row_id), None)

    def _want(self, wanted: list[str]) -> None:
        there = {row.row_id for row in self._rows() if row.state == "done"}
        self._films.want((row_id for row_id in wanted if row_id in there), self._pack)

    def _pack(self, wanted: list[str]) -> Future[list[bytes]]:
        there = {row.row_id: row for row in self._rows()}
        rows = [there[row_id] for row_id in wanted if row_id in there]
        return _thread().submit(_packed, self._table, rows, dict(self._picked))

    def _mark(self, row_id: str, **changes: object) -> None:
        if self._row(row_id) is None:
            return
        try:
            self._marks.change(self._mark_key(row_id), **changes)
        except MaxstimError as error:
            self.session.problem = str(error)
        self._tell_rows()

    def _use(self, row_id: str) -> None:
        """Choose the settings of an answer, so that it can be changed and run again."""
        row = self._row(row_id)
        if row is not None and row.request is not None:
            self.session.choice.take(row.request)
            with suppress(MaxstimError):  # a network that a visitor may not ask for
                self._used = row.title, self.session.choice.request()

    def _add(self, key: str) -> None:
        entry = self.session.library.find(key)
        if entry is None or key in self._picked or key in self._picking:
            return
        if len(self._picked) + len(self._picking) >= _MOST_PICKED:
            self.session.problem = (
                f"At most {_MOST_PICKED} stored runs stand beside a sweep; take one out first."
            )
            return

        def read() -> tuple[TableRow, xr.Dataset]:
            answer = load(entry.path)
            return stored_row(key, answer, None if entry.example else entry.finished), answer

        self._picking[key] = _thread().submit(read)

    async def _save(self, table: SweepTable) -> None:
        """Hand the sweep to the browser, as one file that counts against the visitor's allowance."""
        content, n_bytes = b"", table.found.nbytes
        if n_bytes > 2 * MOST_SWEEP_BYTES:
            self.session.problem = (
                f"This sweep has {n_bytes / 1e9:.1f} GB, too much for one file; on the server it is "
                f"sweeps/{table.key[:8]}….zarr of the data directory, which xarray opens."
            )
            return
        try:
            with DOWNLOADS.one(self.session.id):
                content = await asyncio.to_thread(_one_file, table.found)
                DOWNLOADS.add(self.session.id, len(content))
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        if table.request is not None and self.panel is not None:
            self.panel.take(f"sweep_{table.request.cell_type}_{table.key[:8]}.nc", content)


def _listed(maker: SweepMaker) -> list[dict[str, Any]]:
    """Return the sweeps to open, the one begun last first: key, label and when of each."""
    asked = {key: maker.request(key) for key in maker.keys()[:_MOST_LISTED]}
    return [
        {"key": key, "label": listed_sweep(request), "begun": maker.begun(key)}
        for key, request in asked.items()
        if request is not None
    ]


def _packed(
    table: SweepTable, rows: list[TableRow], picked: dict[str, tuple[TableRow, xr.Dataset]]
) -> list[bytes]:
    """Return the films of rows, those of the sweep, of one eye, together."""
    own = [(row.row_id, film_of_cell(table, row)) for row in rows if row.row_id not in picked]
    blocks = [packed_films(own)] if own else []
    stored = [row.row_id for row in rows if row.row_id in picked]
    blocks += [packed_films([(key, film_of_stored(picked[key][1]))]) for key in stored]
    return blocks


def _one_file(found: xr.Dataset) -> bytes:
    whole = found.compute()
    whole["pareto"] = whole["pareto"].copy(data=sweep_front(whole))
    return netcdf(whole).getvalue()


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which networks are opened, and stores read, one for all pages."""
    return ThreadPoolExecutor(1, "sweeps")
