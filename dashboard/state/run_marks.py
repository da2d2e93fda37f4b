"""What a visitor has made of their list of runs: names, stars, and what is not to be listed any more.

Kept in the data directory, a file for each visitor, by the key of the answer, or the id of a run that
has none yet. Nothing is written before something is marked.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dashboard.state.visitors import visitor_file
from maxstim_core.storage.atomic import write_whole

LONGEST_NAME = 60
"""Characters of a name."""

_MOST_MARKS = 2_000
_VISITORS_REMEMBERED = 200


@dataclass(frozen=True)
class RunMark:
    """What a visitor has made of one run.

    Attributes:
        name: What they call it, or nothing.
        star: Whether it is to stand before others.
        removed: Whether it is not to be listed.
    """

    name: str = ""
    star: bool = False
    removed: bool = False


class RunMarks:
    """The marks of one visitor, the same object to all their pages. Any thread.

    Args:
        path: Its file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._marks: dict[str, RunMark] = _read(path)
        self.version = 0
        """Grows with every change."""

    def of(self, *keys: str) -> RunMark:
        """Return the mark of a run by whichever of its keys has one."""
        return next((self._marks[key] for key in keys if key in self._marks), RunMark())

    def change(self, key: str, **changes: Any) -> None:
        """Change the mark of a run, and keep it.

        Args:
            key: Key of its answer, or its id.
            **changes: Values of `RunMark`.

        Raises:
            MaxstimError: if it cannot be written; it then counts until the server ends.
        """
        if "name" in changes:
            changes["name"] = " ".join(changes["name"].split())[:LONGEST_NAME]
        with self._lock:
            mark = replace(self.of(key), **changes)
            marks = {other: kept for other, kept in self._marks.items() if other != key}
            if mark != RunMark():
                marks[key] = mark
            self._marks = dict([*marks.items()][-_MOST_MARKS:])
            self.version += 1
            said = {name: asdict(kept) for name, kept in self._marks.items()}
            with suppress(OSError):  # `write_whole` says what to do
                self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, "names of runs", json.dumps(said).encode())


def _read(path: Path) -> dict[str, RunMark]:
    try:
        said = json.loads(path.read_bytes())
        return {
            str(key): RunMark(str(mark["name"]), bool(mark["star"]), bool(mark["removed"]))
            for key, mark in said.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or spoilt
        return {}


_known: OrderedDict[Path, RunMarks] = OrderedDict()
_knowing = threading.Lock()


def marks_of(visitor: str, root: Path) -> RunMarks:
    """Return the marks of a visitor.

    Args:
        visitor: Their id, 32 hexadecimal digits.
        root: The data directory.
    """
    path = visitor_file(visitor, root)
    with _knowing:
        if path not in _known:
            _known[path] = RunMarks(path)
        _known.move_to_end(path)
        while len(_known) > _VISITORS_REMEMBERED:
            _known.popitem(last=False)
        return _known[path]
