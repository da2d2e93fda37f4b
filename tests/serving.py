"""A running ``maxstim serve`` for tests to talk to."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
Result = TypeVar("Result")


def run_apart(work: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end in a thread of its own.

    The thread of the tests has a running loop as soon as one of them has opened a browser, and
    ``asyncio.run`` refuses there: which tests came before would decide.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(port: int, *arguments: str, folder: Path, password: str = "") -> subprocess.Popen:
    """Start ``maxstim serve`` with a data directory of its own in `folder`."""
    environment = {
        **os.environ,
        "MAXSTIM_DATA_DIR": str(folder / "data"),
        "MAXSTIM_PASSWORD": password,
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "maxstim_core.cli", "serve", "--port", str(port), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Served:
    """A server that has announced its address.

    Attributes:
        port: Where it listens.
        announced: The line that it printed.
    """

    def __init__(
        self, folder: Path, *arguments: str, password: str = "", port: int | None = None
    ) -> None:
        self.port, self._folder = port or free_port(), folder
        self.process = start(self.port, *arguments, folder=folder, password=password)
        self.announced = self.process.stdout.readline()

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://localhost:{self.port}/dashboard"

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self._folder / "data"

    def uploads(self) -> list[str]:
        """Return the names of the files that visitors have sent and that are still there."""
        return sorted(path.name for path in self._folder.glob(".*.part/*"))

    def stop(self) -> str:
        """End it as Ctrl-C does, and return what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.communicate()[1]
