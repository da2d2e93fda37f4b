"""How much of the disk the clip sets of one visitor may take."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.stored.clip_store import clips_folder
from maxstim_core.storage.atomic import write_whole

MOST_BYTES_KEPT = 2_000_000_000
"""Of all sets of one visitor: 28 hours of film, of which the eye sees 20 kB a second."""

_writing = threading.Lock()


class StoredSets:
    """The clip sets that a visitor has stored, by name; a file in the data directory remembers them.

    All of it reads and writes files: not for the thread that serves pages.

    Args:
        path: Its file; need not exist.
        most_bytes: How much they may take together.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES_KEPT) -> None:
        self._path, self._most_bytes = path, most_bytes

    def check(self) -> None:
        """Make sure that the visitor may store another set.

        Raises:
            MaxstimError: if those that are still there take all that one visitor may.
        """
        names = self._names()
        if sum(map(_bytes_of, names)) >= self._most_bytes:
            raise MaxstimError(
                f"Your movies take {self._most_bytes / 1e9:g} GB on this server, the most for one "
                f"visitor; ask who runs it to remove some (maxstim movies remove {names[0]})."
            )

    def add(self, name: str) -> None:
        """Remember a set that the visitor has just stored.

        Raises:
            MaxstimError: if that cannot be written.
        """
        with _writing:
            names = [other for other in self._names() if other != name and _bytes_of(other)]
            with suppress(OSError):  # `write_whole` says what to do
                self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, "list of sets", json.dumps([*names, name]).encode())

    def _names(self) -> list[str]:
        try:
            said = json.loads(self._path.read_bytes())
        except (OSError, ValueError):  # none, or spoilt
            return []
        return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []


def _bytes_of(name: str) -> int:
    """Bytes of a set on the disk; 0 of one that has been removed."""
    try:
        return sum(path.stat().st_size for path in clips_folder(name).iterdir())
    except (OSError, MaxstimError):
        return 0
