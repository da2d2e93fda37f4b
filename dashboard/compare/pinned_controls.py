"""Controls of pinned answers that have none stored yet: asked for, waited for, read."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import Any

from dashboard.compare.pinned import PinnedAnswer, open_pinned, stored_controls
from dashboard.state.session import Session
from dashboard.text.words import task_in_line
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.comparisons import CONTROLS, ComparisonMaker
from maxstim_core.runs.snapshot import LIVE, TaskSnapshot

_NO_CONTROLS = "Of this answer there can be none: it does not say how it was made."


class PinnedControls:
    """How the controls of pinned answers stand; whoever asked for them, all pages see them come.

    Files are read in a thread; `take` takes in what has come.

    Args:
        session: Who asks.
        maker: Lets the worker compute them.
        thread: Where files are read.
    """

    def __init__(self, session: Session, maker: ComparisonMaker, thread: Executor) -> None:
        self._session, self._maker, self._thread = session, maker, thread
        self._asking: dict[str, Future[None]] = {}
        self._reading: dict[str, Future[dict[str, Any] | None]] = {}
        self._read_after: set[tuple[str, str]] = set()  # answers, each with the task that was over
        self._problems: dict[str, str] = {}

    def ask(self, answers: Mapping[str, PinnedAnswer]) -> None:
        """Let the controls be computed of those of some answers, by key, that have none and can have."""
        for key, answer in answers.items():
            if self.state(answer)["state"] in {"none", "failed"}:
                self._problems.pop(key, None)
                self._asking[key] = self._thread.submit(self._ask, key)

    def _ask(self, key: str) -> None:
        session = self._session
        answer, is_best = open_pinned(key, session.library)
        self._maker.make(CONTROLS, key, answer, session.id, best=is_best)

    def cancel(self, answers: Mapping[str, PinnedAnswer]) -> None:
        """Cancel what is being computed for some answers; what was computed goes on from there later."""
        for answer in answers.values():
            task = self._task(answer)
            if answer.controls is None and task is not None and task.state in LIVE:
                self._session.queue.cancel(task.task_id)

    def _task(self, answer: PinnedAnswer) -> TaskSnapshot | None:
        key = answer.comparison_key
        return self._maker.progress(key) if key else None

    def take(self, answers: Mapping[str, PinnedAnswer]) -> dict[str, dict[str, Any]]:
        """Return the controls that have come since the last time, by the keys of their answers."""
        for key in [key for key, asking in self._asking.items() if asking.done()]:
            self._note(key, self._asking.pop(key))
        for key, answer in answers.items():
            self._read_if_over(key, answer)
        there = {}
        for key in [key for key, reading in self._reading.items() if reading.done()]:
            found = self._note(key, self._reading.pop(key))
            if found is not None:
                there[key] = found
        return there

    def _note(self, key: str, ended: Future) -> Any:
        """Return what came of a future; None where it failed, and then say why."""
        try:
            return ended.result()
        except MaxstimError as error:
            self._problems[key] = str(error)
        except Exception as error:  # a defect, which the session logs
            self._problems[key] = "They could not be had; the log of the server says why."
            self._session.unexpected(error)
        return None

    def _read_if_over(self, key: str, answer: PinnedAnswer) -> None:
        if answer.controls is not None or key in self._reading:
            return
        task = self._task(answer)
        if task is None or task.state != "done" or (key, task.task_id) in self._read_after:
            return
        self._read_after.add((key, task.task_id))
        self._reading[key] = self._thread.submit(
            stored_controls, answer.comparison_key, self._maker
        )

    def state(self, answer: PinnedAnswer) -> dict[str, str]:
        """Return how the controls of an answer stand that has none, as the browser is told.

        ``state`` is ``none``, ``going``, ``failed`` or ``never``; ``said`` is what is said of it.
        """
        if not answer.comparison_key:
            return {"state": "never", "said": _NO_CONTROLS}
        if answer.key in self._asking or answer.key in self._reading:
            return {"state": "going", "said": "A moment."}
        if answer.key in self._problems:
            return {"state": "failed", "said": self._problems[answer.key]}
        task = self._task(answer)
        if task is not None and task.state in LIVE:
            waits = task_in_line(task) if task.state == "queued" else ""
            return {"state": "going", "said": waits or task.message or task.stage or "Starting."}
        if task is not None and task.state == "failed":
            return {"state": "failed", "said": task.message}
        return {"state": "none", "said": ""}

    @property
    def is_busy(self) -> bool:
        """Whether something is being asked for or read."""
        return bool(self._asking or self._reading)
