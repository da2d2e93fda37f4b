"""Model cards made in the background: one at a time, each in a process of its own.

A card takes a while to measure, and is then kept for everybody (`maxstim_core.model_cards.store`). Any
thread may call `CardMaker`; nobody is called back, pages ask how it goes.
"""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import maxstim_core

_STAGE = re.compile(r"Showing (.+) \.\.\.")
_SAID = re.compile(r"maxstim: (.+)")
_KEPT = 100


@dataclass(frozen=True)
class CardProgress:
    """How the making of a card stands.

    Attributes:
        state: ``waiting``, ``measuring``, ``done`` or ``failed``.
        stage: What is being shown to the network.
        problem: Why it failed, one sentence.
    """

    state: str
    stage: str = ""
    problem: str = ""

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("waiting", "measuring")


class CardMaker:
    """Makes the cards that are asked for, in the order in which they were."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, str]] = deque()
        self._progress: dict[str, CardProgress] = {}
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def make(self, network: str, content_hash: str) -> None:
        """Let the card of a network be made, unless it already is.

        Args:
            network: As `maxstim_core.networks.catalog.open_network` takes it.
            content_hash: Its content hash, under which `progress` tells of it.
        """
        with self._changed:
            known = self._progress.get(content_hash)
            if self._closed or (known is not None and known.live):
                return
            self._progress.pop(content_hash, None)
            self._progress[content_hash] = CardProgress("waiting")
            self._waiting.append((network, content_hash))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="maxstim-cards", daemon=True
                )
                self._thread.start()
            self._forget()
            self._changed.notify_all()

    def progress(self, content_hash: str) -> CardProgress | None:
        """Return how the card of a network stands; None if it was not asked for."""
        with self._changed:
            return self._progress.get(content_hash)

    def close(self) -> None:
        """End what is being made."""
        with self._changed:
            self._closed = True
            if self._process is not None:
                self._process.kill()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                network, content_hash = self._waiting.popleft()
            try:
                problem = self._measure(network, content_hash)
            except OSError as error:
                problem = f"No process could be started ({error.strerror or error}); try again."
            with self._changed:
                ended = CardProgress("failed", problem=problem) if problem else CardProgress("done")
                self._progress[content_hash] = ended

    def _measure(self, network: str, content_hash: str) -> str:
        """Make a card in a process, and return why that failed, or nothing."""
        home = str(Path(maxstim_core.__file__).parent.parent)
        paths = filter(None, [home, os.environ.get("PYTHONPATH")])
        command = [sys.executable, "-P", "-m", "maxstim_core.cli", "models", "card", "--json"]
        with self._changed:
            if self._closed:
                return "The server was shut down; try again."
            self._process = subprocess.Popen(
                [*command, "--", network],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the card is read from where it is kept
                stderr=subprocess.PIPE,
                text=True,
            )
            self._progress[content_hash] = CardProgress("measuring")
        said = ""
        with self._process as process:
            for line in process.stderr:
                if stage := _STAGE.match(line):
                    with self._changed:
                        told = replace(self._progress[content_hash], stage=stage[1])
                        self._progress[content_hash] = told
                elif refusal := _SAID.match(line):
                    said = refusal[1]
        self._process = None
        return "" if process.returncode == 0 else said or "The measurement ended early; try again."

    def _forget(self) -> None:
        ended = [key for key, progress in self._progress.items() if not progress.live]
        for key in ended[: max(0, len(ended) - _KEPT)]:
            del self._progress[key]


_the_cards: CardMaker | None = None
_making = threading.Lock()


def the_cards() -> CardMaker:
    """Return the card maker of this process, the same to every thread; made on the first call."""
    global _the_cards
    with _making:
        if _the_cards is None:
            _the_cards = CardMaker()
            atexit.register(_the_cards.close)
        return _the_cards
