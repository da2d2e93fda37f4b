"""What became of runs that had not ended when their server was stopped: for pages that come back.

The queue of a server that starts knows nothing of them, and a page has only the id of its run.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import RunRequest
from maxstim_core.storage.atomic import write_whole

_STOPS_KEPT = 20
"""Stops whose runs are remembered."""

_RUN_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class StoppedRun:
    """A run that had not ended when its server was stopped.

    Attributes:
        run_id: Its name.
        request: What was asked for, with what was changed on its way.
        key: Under which its best so far is stored, or its answer if it ended after all; nothing
            where there was nothing to keep, or no time.
        began: Whether it had begun; else it waited for its turn.
    """

    run_id: str
    request: RunRequest
    key: str
    began: bool


def is_run_id(key: str) -> bool:
    """Tell whether a key is the id of a run, and not that of a finished answer."""
    return _RUN_ID.fullmatch(key) is not None


class StoppedRuns:
    """The notes of a folder, a file for each stop; several servers may share it.

    Args:
        folder: Where they are; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, runs: Sequence[StoppedRun]) -> None:
        """Note the runs of a server that is stopped; nothing where there are none.

        Raises:
            MaxstimError: if that cannot be written.
        """
        if not runs:
            return
        said = {
            run.run_id: {"request": run.request.to_json(), "key": run.key, "began": run.began}
            for run in runs
        }
        with suppress(OSError):  # `write_whole` says what to do
            self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
        write_whole(self._folder / name, "runs of this server", json.dumps(said).encode())
        for path in self._newest_first()[_STOPS_KEPT:]:
            path.unlink(missing_ok=True)

    def find(self, run_id: str) -> StoppedRun | None:
        """Return what is noted of a run, or None."""
        for path in self._newest_first():
            try:
                said = json.loads(path.read_bytes())[run_id]
                request = RunRequest.from_json(said["request"])
                return StoppedRun(run_id, request, str(said["key"]), bool(said["began"]))
            except (OSError, ValueError, KeyError, TypeError, MaxstimError):  # of others, or spoilt
                continue
        return None

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"), reverse=True)
