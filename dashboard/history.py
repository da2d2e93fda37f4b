"""Runs to go back to: this page's, then what was finished before."""

from __future__ import annotations

import time

import panel as pn

from dashboard.session import LIVE, Session
from dashboard.shelf import Entry
from dashboard.theme import CARD, TEXT
from dashboard.widgets.runlist import RunList
from dashboard.words import METHOD_WORDS, duration, ordinal
from maxstim_core.runs import RunSnapshot

N_FINISHED = 12
"""Answers of the shelf that are listed."""


class History(pn.viewable.Viewer):
    """The list of runs, bound to a `Session`; a click shows the run."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._finished: tuple[Entry, ...] | None = None
        self.list = RunList(
            session.follow, empty="Runs appear here.", sizing_mode="stretch_width", margin=0
        )
        self._layout = pn.Column(
            pn.pane.HTML("<h2>Runs</h2>", stylesheets=[TEXT], margin=(4, 0)),
            self.list,
            stylesheets=[CARD],
            sizing_mode="stretch_width",
        )
        session.param.watch(self._answered, "answer")
        session.param.watch(self._update, ["runs", "key"])
        self._answered()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _answered(self, *events: object) -> None:
        # The folder is read again only when something has finished, not at every poll.
        self._finished = self.session.shelf.entries()
        self._update()

    def _update(self, *events: object) -> None:
        finished = {entry.key: entry for entry in self._finished}
        runs = self.session.runs
        mine = {run.result.stem for run in runs if run.result is not None}
        rows = [run_row(run, finished) for run in runs]
        others = [entry for entry in self._finished if entry.key not in mine]
        rows += [entry_row(entry) for entry in others[:N_FINISHED]]
        with pn.io.hold():
            self.list.rows = rows
            self.list.chosen = self.session.key


def run_row(run: RunSnapshot, finished: dict[str, Entry]) -> dict:
    """Return the row of one of this page's runs.

    Args:
        run: Its snapshot.
        finished: Answers on disk, by key.
    """
    request, clip = run.request, run.request.clip
    if run.state == "queued":
        detail = f"{ordinal(run.position)} in line"
    elif run.state == "running":
        detail = f"step {run.step} of {run.n_steps}" if run.step else "starting"
    elif run.state == "failed":
        detail = run.message
    else:
        entry = finished.get(run.result.stem) if run.result is not None else None
        detail = "" if entry is None else f"peak {entry.peak:.3g} · "
        detail += "from the store" if run.cached else duration(run.elapsed)
        clip = clip if entry is None else entry.clip
    return {
        "heading": "This page",
        "key": run.run_id,
        "state": run.state,
        "title": f"{request.cell_type} {METHOD_WORDS[request.method].lower()}",
        "detail": detail,
        "clip": _clip(request.method, clip),
        "progress": run.step / run.n_steps if run.n_steps and run.state in LIVE else 0.0,
    }


def entry_row(entry: Entry) -> dict:
    """Return the row of an answer of the shelf."""
    when = "comes with maxstim" if entry.example else time.strftime(
        "%d %b %H:%M", time.localtime(entry.finished)
    )  # fmt: skip
    return {
        "heading": "Finished before",
        "key": entry.key,
        "state": "example"
        if entry.example
        else {"complete": "done"}.get(entry.status, entry.status),
        "title": f"{entry.cell_type} {METHOD_WORDS.get(entry.method, entry.method).lower()}",
        "detail": f"peak {entry.peak:.3g} · {when}",
        "clip": _clip(entry.method, entry.clip),
        "progress": 0.0,
    }


def _clip(method: str, name: str) -> str:
    """Return what is said of the clip of a run, which tells it from others of the same question."""
    return f"from {name}" if name and method == "regularized" else name
