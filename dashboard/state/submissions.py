"""What a page has asked to be run, on its way to the queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import RunRequest

MOST = 8
"""Requests of one page that are on their way at once."""


@dataclass(frozen=True)
class Submitted:
    """What became of a request.

    Attributes:
        run_id: Id of its run; empty where it was refused.
        error: Why it was refused.
    """

    run_id: str = ""
    error: Exception | None = None


class Submissions:
    """Hands the requests of a page to the queue, one after another, in a thread.

    The queue opens the network and the movies of a request before it takes it, which takes seconds for
    some. Any thread may call any method; nobody is called back, the page asks what became of them.

    Args:
        submit: Hands over a request and returns the id of its run; may take long.
    """

    def __init__(self, submit: Callable[[RunRequest], str]) -> None:
        self._submit = submit
        self._lock = threading.Lock()
        self._waiting: deque[RunRequest] = deque()
        self._submitted: list[Submitted] = []
        self._working = False

    @property
    def busy(self) -> bool:
        """Whether there is, or soon will be, something to take."""
        with self._lock:
            return self._working or bool(self._submitted)

    def add(self, request: RunRequest) -> None:
        """Let a request be handed over after those before it.

        Raises:
            MaxstimError: if too many are on their way already.
        """
        with self._lock:
            if len(self._waiting) >= MOST:
                raise MaxstimError("Your last runs are still being taken; wait a moment.")
            self._waiting.append(request)
            start, self._working = not self._working, True
        if start:
            threading.Thread(target=self._work, name="maxstim-submit", daemon=True).start()

    def take(self) -> list[Submitted]:
        """Return what became of requests since the last call, in their order."""
        with self._lock:
            submitted, self._submitted = self._submitted, []
            return submitted

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._working = False
                    return
                request = self._waiting.popleft()
            try:
                outcome = Submitted(self._submit(request))
            except Exception as error:  # the page says it, or logs a defect
                outcome = Submitted(error=error)
            with self._lock:
                self._submitted.append(outcome)
