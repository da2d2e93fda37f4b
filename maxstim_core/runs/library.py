"""Answers that were finished before: the bundled examples and the results on disk.

The one reader of finished answers, for the page, the command line and whatever else lists them. It
looks at the folder of results when it is told that something has happened, in a thread of its own, so
that nobody waits: a list is what is known by now, and grows.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TypeAlias

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.queue import the_queue
from maxstim_core.runs.result_index import (
    Facts,
    ResultIndex,
    ResultRecord,
    Stamp,
    facts_in,
    index_of,
    read_facts,
    record,
)
from maxstim_core.storage.netcdf import load

_logger = logging.getLogger(__name__)

KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""What a key looks like: never a path."""

_SLICE = 0.004
"""Seconds of reading after which the thread rests: a page that wants the interpreter gets it."""

_REST = 3.0
"""How much longer than it reads it rests."""

_NEWS = 0.25
"""Seconds between the lists that are made while results are still being read."""

_KEPT = 8
"""Answers kept in memory: those that one page compares are asked for again and again."""


_Known: TypeAlias = tuple[Stamp, ResultRecord | None]
"""A file, as it was when it was looked at, and its answer, or None where it holds none."""


class ResultLibrary:
    """The answers in the example folder and in a folder of results. Any thread.

    Nothing is looked at before the first `refresh`, but for the examples, and a key that is asked for.

    Args:
        folder: Where results are stored; need not exist yet.
        examples: Where the examples are; the bundled ones if None.
    """

    def __init__(self, folder: Path, examples: Path | None = None) -> None:
        bundled = Path(str(resources.files("maxstim_core") / "data" / "examples"))
        self._folder, self._example_folder = Path(folder), examples or bundled
        self._index = ResultIndex(index_of(self._folder))
        self._changed = threading.Condition()
        self._known: dict[str, _Known] = {}  # by name of file
        self._entries: tuple[ResultRecord, ...] | None = None
        self._asked = self._looked = self._waiting = 0
        self._thread: threading.Thread | None = None

    def entries(self) -> tuple[ResultRecord, ...]:
        """Return all answers that are known by now: results newest first, then the examples.

        At once, and the same tuple until something is added or removed.
        """
        if self._entries is None:
            self._take_in({})
        return self._entries or ()

    def refresh(self, *, wait: bool = False) -> int:
        """Have the folder of results looked at: to be called when something has happened to it.

        Args:
            wait: Whether to come back only when that has been done; a page has no time for it.

        Returns:
            The number of the look, for `has_looked`.
        """
        with self._changed:
            self._asked += 1
            look = self._asked
            if self._thread is None:
                # No daemon: one that is stopped inside HDF5 keeps the lock that the end waits for.
                self._thread = threading.Thread(target=self._work, name="results")
                self._thread.start()
            if wait:
                self._waiting += 1
                self._changed.wait_for(lambda: self.has_looked(look))
                self._waiting -= 1
        return look

    def has_looked(self, look: int) -> bool:
        """Say whether a look that `refresh` began is over: `entries` has all that there was."""
        return self._looked >= look

    def example(self) -> ResultRecord | None:
        """Return what a first-time visitor sees: an example, a generated one if there is one."""
        return min(self._examples, key=lambda entry: entry.method != "generated", default=None)

    def find(self, key: str) -> ResultRecord | None:
        """Return the answer with this key, or None, whether it has been listed yet or not."""
        if not KEY.fullmatch(key):
            return None
        name = f"{key}.nc"
        path = self._folder / name
        try:
            stamp = Stamp.of(path.stat())
        except OSError:
            found = None
        else:
            at, found = self._known.get(name, (None, None))
            if found is None or at != stamp:
                found = _answer(path, stamp)
                self._take_in({name: (stamp, found)})
        return found or next((entry for entry in self._examples if entry.key == key), None)

    def open(self, key: str) -> xr.Dataset:
        """Return an answer by its key. It is shared: copy it before changing it.

        Raises:
            MaxstimError: if there is none, or its file cannot be read.
        """
        entry = self.find(key)
        if entry is None:
            raise MaxstimError("The result of this link is not on this server; run it again.")
        return _opened(entry)

    def comparable_answers(self, answer: xr.Dataset) -> dict[str, xr.Dataset]:
        """Return what an answer is to be compared with, by method: itself, and complete others.

        All are of the same cell type and network. Natural and regularized are of one clip: that of
        `answer`, or beside a generated one the clip that excites the cell most. Among several,
        frames as long and as many as those of `answer` come first, then the highest peak.
        """
        about, frames = answer.attrs, answer.sizes["frame"]
        asked = (about["cell_type"], about["network_hash"])
        others = [
            entry
            for entry in self.entries()
            if (entry.cell_type, entry.network_hash) == asked and entry.status == "complete"
        ]
        others.sort(
            key=lambda one: (one.dt == about["dt"], one.frames == frames, one.peak), reverse=True
        )
        found = {about["method"]: answer}
        # In this order a regularized answer finds its natural one, if `answer` is neither.
        for method in ("natural", "regularized", "generated"):
            pair = found.get({"natural": "regularized", "regularized": "natural"}.get(method, ""))
            for entry in others if method not in found else ():
                if entry.method != method or not (pair is None or _of_clip(entry, pair)):
                    continue
                try:
                    found[method] = _opened(entry)
                except MaxstimError:
                    continue
                break
        return found

    def searched(self, answer: xr.Dataset) -> xr.Dataset | None:
        """Return the newest natural answer to the same question from the same set of clips, or None.

        A complete one, if there is one.
        """
        asked = tuple(answer.attrs.get(name) for name in ("cell_type", "network_hash", "clips"))
        found = [
            entry
            for entry in self.entries()
            if entry.method == "natural"
            and (entry.cell_type, entry.network_hash, entry.clips) == asked
        ]
        best = min(found, key=lambda entry: entry.status != "complete", default=None)
        try:
            return None if best is None else _opened(best)
        except MaxstimError:
            return None

    @cached_property
    def _examples(self) -> tuple[ResultRecord, ...]:
        folder = self._example_folder
        files = _newest_first(_listing(folder))
        found = (_answer(folder / name, stamp, example=True) for name, stamp in files)
        return tuple(entry for entry in found if entry is not None)

    def _take_in(self, found: Mapping[str, _Known], gone: Iterable[str] = ()) -> None:
        """Learn what files hold, and which are no more, and list the answers."""
        with self._changed:
            self._known.update(found)
            for name in gone:
                self._known.pop(name, None)
            order = _newest_first({name: stamp for name, (stamp, _) in self._known.items()})
            entries = (self._known[name][1] for name, _ in order)
            results = tuple(entry for entry in entries if entry is not None)
            self._entries = (*results, *self._examples)

    # What follows is done by the thread.

    def _work(self) -> None:
        """Look at the folder as often as that has been asked for."""
        while True:
            with self._changed:
                look = self._asked
                if self._looked == look:
                    self._thread = None
                    return
            try:
                self._look()
            except Exception:  # whatever it is, nobody waits for ever
                _logger.exception("The results in %s could not be looked at", self._folder)
            with self._changed:
                self._looked = look
                self._changed.notify_all()

    def _look(self) -> None:
        """Learn what is new in the folder, and what is no longer there."""
        files = _listing(self._folder)
        # Those that were listed: `find` may know of one that came later.
        gone = [name for name in self._known if name not in files]
        gone = [name for name in gone if not (self._folder / name).exists()]
        found: dict[str, _Known] = {}
        if self._new(files):
            for name, (stamp, facts) in self._index.news().items():
                if files.get(name) == stamp:
                    found[name] = stamp, record(self._folder / name, stamp, facts)
        if found or gone:
            self._take_in(found, gone)
        self._read(self._new(files))
        if not self._index.ours or self._index.lines > 2 * len(files) + 100:
            self._index.write(_lines(self._known.copy()))

    def _read(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Read files of which nothing is known yet, with rests in between, and list and index them."""
        read: dict[str, _Known] = {}

        def told() -> None:
            if read:
                self._take_in(read)
                self._index.add(_lines(read))
                read.clear()

        began = listed = time.monotonic()
        for name, stamp in files:
            read[name] = stamp, _answer(self._folder / name, stamp)
            now = time.monotonic()
            if now - listed > _NEWS:
                told()
                listed = now
            if now - began > _SLICE and not self._waiting:
                if not threading.main_thread().is_alive():  # the program ends, and waits for this
                    break
                time.sleep(_REST * (now - began))
                began = time.monotonic()
        told()

    def _new(self, files: dict[str, Stamp]) -> list[tuple[str, Stamp]]:
        """Return the files that are not known as they are, newest first."""
        known = {name: stamp for name, (stamp, _) in self._known.copy().items()}
        return _newest_first({name: at for name, at in files.items() if known.get(name) != at})


def _answer(path: Path, stamp: Stamp, *, example: bool = False) -> ResultRecord | None:
    facts = read_facts(path)
    return None if facts is None else record(path, stamp, facts, example=example)


def _lines(known: dict[str, _Known]) -> Iterator[tuple[str, Stamp, Facts]]:
    """Return what the index is to remember; why a file holds no answer may be over tomorrow."""
    for name, (stamp, entry) in known.items():
        if entry is not None:
            yield name, stamp, facts_in(entry)


def _newest_first(files: dict[str, Stamp]) -> list[tuple[str, Stamp]]:
    return sorted(files.items(), key=lambda one: (one[1].changed, one[0]), reverse=True)


def _listing(folder: Path) -> dict[str, Stamp]:
    """Return the results in a folder, by name; none where there is no folder."""
    files = {}
    try:
        with os.scandir(folder) as listing:
            for one in listing:
                if one.name.endswith(".nc") and not one.name.startswith("."):
                    with suppress(OSError):  # removed since it was listed
                        files[one.name] = Stamp.of(one.stat())
    except OSError:
        pass
    return files


def _opened(entry: ResultRecord) -> xr.Dataset:
    return _loaded(entry.path, entry.finished)


@lru_cache(maxsize=_KEPT)
def _loaded(path: Path, finished: float) -> xr.Dataset:
    return load(path)


def _of_clip(entry: ResultRecord, answer: xr.Dataset) -> bool:
    """Say whether an answer shows, or began from, the same clip as another.

    A regularisation of a movie file knows the clip's name alone.
    """
    clips = str(answer.attrs.get("clips", ""))
    same_set = entry.clips == clips or "" in (entry.clips, clips)
    return same_set and entry.clip != "" and entry.clip == clip_of(answer)


_the_library: ResultLibrary | None = None
_making = threading.Lock()


def the_library() -> ResultLibrary:
    """Return the answers of the user's data directory, the same library to every page of a process."""
    global _the_library
    with _making:
        if _the_library is None:
            _the_library = ResultLibrary(the_queue().folder)
        return _the_library
