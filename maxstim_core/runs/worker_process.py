"""The server's end of one worker process."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maxstim_core.runs.messages import AheadReport, read, write


@dataclass(frozen=True)
class Gone:
    """What is received from a worker that has died."""

    exit_code: int


class WorkerProcess:
    """A child process that runs `maxstim_core.runs.worker`, or another module of its kind.

    A plain child, not one of `multiprocessing`: that would import the server's main module again,
    which under ``panel serve`` is all of Panel and in a plain script without a guard the script
    itself. Its standard input is the leash: it ends when this process does, however that happens.

    `send` may be called by any thread, the rest by one thread at a time.

    Attributes:
        ahead: What the worker has last told of its search ahead, or None. Any thread may read it.
    """

    ahead: AheadReport | None = None

    def __init__(
        self, runner: str, device: str, data: Path, *, module: str = "maxstim_core.runs.worker"
    ) -> None:
        home = str(Path(__file__).resolve().parents[2])
        inherited = os.environ.get("PYTHONPATH")
        options = ["--runner", runner, "--device", device, "--data", str(data)]
        options += [f"--path={path or os.getcwd()}" for path in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                # A worker multiplies small matrices: threads would wait for each other, on a busy
                # machine a hundred times longer than the product takes.
                "OPENBLAS_NUM_THREADS": "1",
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, [home, inherited])),
            },
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to_worker, self._from_worker = self._process.stdin, self._process.stdout
        self._sending = threading.Lock()
        self._received: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(
            target=self._listen, name=f"maxstim-listener-{device}", daemon=True
        ).start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, message: Any) -> None:
        """Send a message; to a worker that has died, nothing is sent. Any thread."""
        with self._sending, suppress(OSError, ValueError):
            write(self._to_worker, message)

    def receive(self, timeout: float) -> Any:
        """Return the next message, `Gone` for a worker that has died, or None after `timeout` s."""
        try:
            return self._received.get(timeout=timeout)
        except queue.Empty:
            return None

    def end(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # it may hang in a driver: do not hang with it
            self._process.wait(timeout=10)
        with self._sending, suppress(OSError):
            self._to_worker.close()

    def _listen(self) -> None:
        try:
            while True:
                message = read(self._from_worker)
                if isinstance(message, AheadReport):  # while nobody waits for an answer
                    self.ahead = message
                else:
                    self._received.put(message)
        except Exception:  # its end, or something that is no message: no more can be heard from it
            self._process.kill()
        self._from_worker.close()
        self._received.put(Gone(self._process.wait()))
