"""Runs to go back to: this visitor's, those of others that are live, then what was finished before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import panel as pn

from dashboard.components.widgets.runlist import RunList
from dashboard.state.pins import Pins
from dashboard.state.run_marks import marks_of
from dashboard.state.session import Session
from dashboard.state.visitors import visitor_name
from dashboard.text.words import duration, place_in_line
from maxstim_core.drawing.peak import asks_lowest
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import (
    describe_settings,
    iterations_of,
    listed,
    set_title,
    settings_words,
    with_degrees,
)
from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.optimal.configs import METHODS
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.result_index import ResultDetails, ResultRecord
from maxstim_core.runs.snapshot import LIVE, RunSnapshot
from maxstim_core.settings import minus_signed

N_FINISHED = 12
"""Answers of the library that are listed."""

N_OTHERS = 12
"""Runs of others that are listed."""

_EMPTY = "Runs appear here."
"""What is said where there are none."""


class History(pn.viewable.Viewer):
    """The list of runs, bound to a `Session`; a click shows the run.

    Args:
        session: The runs of the page.
        pins: Where their answers can be pinned; nowhere if None.
        follow: Shows a run or an answer by its key; the session's own if None.
    """

    def __init__(
        self,
        session: Session,
        pins: Pins | None = None,
        follow: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self.session, self._pins = session, pins
        self.one_type = False
        self._answer_keys: dict[
            str, str
        ] = {}  # of the answers that rows of runs have, by key of the row
        self.marks = marks_of(session.id, session.queue.store.root)
        self.list = RunList(
            follow or session.follow, self._list_one_type, self._mark, self._pin, empty=_EMPTY
        )
        if pins is not None:
            pins.param.watch(self._update, "keys")
        session.param.watch(self._update, ["runs", "others", "key", "finished"])
        session.choice.param.watch(self._update, "cell_type")
        session.param.watch(self._choose, ["run", "answer"])
        self._update()

    def __panel__(self) -> RunList:
        return self.list

    def refresh(self) -> None:
        """List again, after somebody has taken another name."""
        self._update()

    def _list_one_type(self, only: bool) -> None:
        self.one_type = only
        self._update()

    def _pin(self, key: str) -> None:
        if self._pins is not None:
            try:
                self._pins.toggle(self._answer_key(key))
            except MaxstimError as error:
                self.session.problem = str(error)

    def _answer_key(self, key: str) -> str:
        """Return the key of the answer of a row, which may have that of its run."""
        run = next((run for run in self.session.runs if run.run_id == key), None)
        return key if run is None or run.result is None else run.result.stem

    def _mark(self, key: str, **changes: object) -> None:
        """Name, star or remove a run; its mark belongs to its answer where it has one."""
        try:
            self.marks.change(self._answer_key(key), **changes)
        except MaxstimError as error:
            self.session.problem = str(error)
        self._update()

    def _marked(self, rows: list[dict], keys: dict[str, str]) -> list[dict]:
        """Return rows with what the visitor has made of them, those with a star first.

        Args:
            rows: The rows.
            keys: Key of the answer by that of the row, where it is another.
        """
        pinned = () if self._pins is None else self._pins.keys
        listed = []
        for row in rows:
            key = keys.get(row["key"], row["key"])
            mark = self.marks.of(key, row["key"])
            if not mark.removed:
                about = {"name": mark.name, "star": mark.star, "pinned": key in pinned}
                listed.append({**row, **about})
        return sorted(listed, key=lambda row: not row["star"])

    def _update(self, *events: object) -> None:
        library, finished = self.session.library, self.session.finished
        runs, wanted = self.session.runs, self.session.choice.cell_type
        live = self.session.others
        mine = {run.result.stem for run in runs if run.result is not None}
        others = [entry for entry in finished if entry.key not in mine]
        details = {e.key: library.details(e) for e in finished if e.key in mine}
        # Of every cell type there is one that came with maxstim: too many for a list.
        others = [one for one in others if one.has_response or one.cell_type == wanted]
        if self.one_type:
            runs = [run for run in runs if run.request.cell_type == wanted]
            live = [run for run in live if run.request.cell_type == wanted]
            others = [entry for entry in others if entry.cell_type == wanted]
        makers = {
            run.result.stem: visitor_name(run.session)
            for run in self.session.queue.snapshots()
            if run.result is not None and not run.cached
        }
        keys = {run.run_id: run.result.stem for run in runs if run.result is not None}
        self._answer_keys = keys
        rows = self._marked([run_row(run, details) for run in runs], keys)
        rows += self._marked([others_row(run) for run in live[:N_OTHERS]], {})
        kept = [entry for entry in others if not self.marks.of(entry.key).removed]
        kept.sort(key=lambda entry: not self.marks.of(entry.key).star)
        finished_rows = [
            entry_row(entry, library.details(entry), makers.get(entry.key, ""))
            for entry in kept[:N_FINISHED]
        ]
        rows += self._marked(finished_rows, {})
        self.list.param.update(
            only=f"{wanted} only",
            empty=f"No runs of {wanted} yet." if self.one_type else _EMPTY,
            rows=rows,
            chosen=self._chosen(rows),
        )

    def _choose(self, *events: object) -> None:
        self.list.chosen = self._chosen(self.list.rows)

    def _chosen(self, rows: list[dict]) -> str:
        """Return the key of the row of what is on show: a run that has left nothing is not."""
        session, keys = self.session, self._answer_keys
        shown = [
            row["key"] for row in rows if keys.get(row["key"], row["key"]) == session.lasting_key
        ]
        return session.key if session.key in shown or not shown else shown[0]


def run_row(run: RunSnapshot, finished: dict[str, ResultDetails | None]) -> dict:
    """Return the row of one of this visitor's runs.

    Args:
        run: Its snapshot.
        finished: What is said of answers on disk, by key.
    """
    request, clip = run.request, run.request.clip
    entry = finished.get(run.result.stem) if run.result is not None else None
    if run.state == "queued":
        detail = place_in_line(run)
    elif run.state == "running":
        known = run.step or run.paused
        detail = f"step {run.step} of {run.n_steps}" if known else "starting"
        detail += ", paused" if run.paused else ""
    elif run.state == "failed":
        detail = run.message
    else:
        detail = "" if entry is None else f"{_reached(entry)} · "
        detail += "from the store" if run.cached else duration(run.elapsed)
        clip = clip if entry is None else entry.clip
    return {
        "heading": "Yours",
        "key": run.run_id,
        "person": visitor_name(run.session),
        "state": run.state,
        "title": _title(request.cell_type, request.method),
        "detail": detail,
        "clip": _clip(request.method, clip, request.clips),
        "settings": _settings(run, entry),
        "progress": run.step / run.n_steps if run.n_steps and run.state in LIVE else 0.0,
    }


def others_row(run: RunSnapshot) -> dict:
    """Return the row of a live run of another visitor, who alone is told of its steps."""
    waits = run.state == "queued"
    return {
        **run_row(run, {}),
        "heading": "Of others",
        "detail": place_in_line(run) if waits else "paused" if run.paused else "",
        "progress": 0.0,
    }


def entry_choices(entries: Iterable[ResultRecord], library: ResultLibrary) -> list[dict[str, str]]:
    """Return answers of the library as a list to choose from has them: key and label of each.

    Args:
        entries: The answers.
        library: Where they are.
    """
    rows = [entry_row(entry, library.details(entry)) for entry in entries]
    return [
        {
            "key": row["key"],
            "label": " · ".join(filter(None, (row["title"], row["detail"], row["settings"]))),
        }
        for row in rows
    ]


def entry_row(entry: ResultRecord, details: ResultDetails | None, person: str = "") -> dict:
    """Return the row of an answer of the library.

    Args:
        entry: The answer.
        details: What is known of it.
        person: What whoever made it is called, if that is known.
    """
    when = "comes with maxstim" if entry.example else time.strftime(
        "%d %b %H:%M", time.localtime(entry.finished)
    )  # fmt: skip
    return {
        "heading": "Finished before",
        "key": entry.key,
        "person": person,
        "state": "example"
        if entry.example
        else {"complete": "done"}.get(entry.status, entry.status),
        "title": _title(entry.cell_type, entry.method),
        "detail": when if details is None else f"{_reached(details)} · {when}",
        "clip": "" if details is None else _clip(entry.method, details.clip, details.clips),
        "settings": ""
        if details is None
        else _with_networks(
            describe_settings(entry.method, details.config, details.steps),
            details.network,
            entry.networks[1:],
        ),
        "progress": 0.0,
    }


def _settings(run: RunSnapshot, entry: ResultDetails | None) -> str:
    """Return how a run was asked for, and how far a cancelled one came."""
    config, early = run.request.config, run.state == "cancelled"
    network = run.request.network
    if run.request.method != "natural":
        done = entry.steps if entry is not None else len(run.losses)
        said = settings_words(config, done if early else iterations_of(config))
        return _with_networks(said, network, run.request.further_networks)
    said = f"{run.step} of {run.n_steps} clips" if early and run.n_steps else ""
    said = " · ".join(filter(None, (said, settings_words(config, 0))))
    return _with_networks(said, network)


def _with_networks(said: str, network: str, further: Sequence[str] = ()) -> str:
    """Add the network that was asked, unless it is the default one, and those asked at once with it."""
    asked = f"network {network}" if network not in ("", DEFAULT) else ""
    return " · ".join(filter(None, (said, asked, f"with {listed(further)}" if further else "")))


def _reached(details: ResultDetails) -> str:
    """Return the voltage that an answer reaches: the highest, or the lowest where that was asked for."""
    is_low = asks_lowest({"config": details.config})
    voltage = f"{details.lowest if is_low else details.peak:.3g}"
    return minus_signed(f"{'lowest' if is_low else 'peak'} {voltage} a.u.")


def _title(cell_type: str, method: str) -> str:
    # An answer of another version may be by a method that there is not here.
    return f"{cell_type} {METHODS[method].title.lower() if method in METHODS else method}"


def _clip(method: str, name: str, clips: str) -> str:
    """Return what is said of the clip of a run and of its set, which tell it from others alike."""
    if method == "generated":
        return ""
    clips = "" if set_title(clips) == name else clips  # a painting is a set by itself
    name = with_degrees(f"from {name}" if name and method == "regularized" else name)
    return " · ".join(filter(None, (name, set_title(clips) if clips else "")))
