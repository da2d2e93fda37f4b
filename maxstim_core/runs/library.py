"""Answers that were finished before: the bundled examples and the results on disk.

The one reader of finished answers, for the page, the command line and whatever else lists them. It
looks at the folder of results when it is told that something has happened, in a thread of its own, so
that nobody waits: a list is what is known by now, and grows.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of, load
from maxstim_core.runs.queue import the_queue
from maxstim_core.runs.responses import with_best_response, with_response
from maxstim_core.runs.result_index import (
    Known,
    ResultDetails,
    ResultIndex,
    ResultRecord,
    Stamp,
    read_result,
)
from maxstim_core.runs.shipped import answer_name, bundled_answers

_logger = logging.getLogger(__name__)

KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""What a key looks like: never a path."""

_SLICE = 0.01
"""Seconds of reading after which the thread rests, for those who do something meanwhile."""

_REST = 3.0
"""How much longer than it reads it rests."""

_NEWS = 0.25
"""Seconds between the lists that are made while results are still being read."""

_AT_ONCE = 40
"""Files whose details are read while somebody waits: 20 ms."""

_CLOCKS_DIFFER = 60 * 10**9
"""Nanoseconds by which the clocks of a server and of its disk may differ."""

_KEPT = 8
"""Answers kept in memory: those that one page compares are asked for again and again."""

_COMPLETED = 16
"""Answers without a response whose response is kept in memory, half a megabyte each."""

_FIRST = answer_name("T4c", "generated")
"""What a first-time visitor sees."""


class ResultLibrary:
    """The answers in the example folder and in a folder of results. Any thread.

    Nothing is looked at before the first `refresh`, but for the examples, and a key that is asked for.

    Args:
        folder: Where results are stored; need not exist yet.
        examples: Where the examples are; the bundled ones if None.
    """

    def __init__(self, folder: Path, examples: Path | None = None) -> None:
        self._folder, self._example_folder = Path(folder), examples or bundled_answers()
        self._index = ResultIndex(self._folder)
        self._changed = threading.Condition()
        self._known: dict[str, Known] = {}  # by name of file
        self._entries: tuple[ResultRecord, ...] | None = None
        self._asked = self._looked = self._waiting = 0
        self._wanted: dict[str, Stamp] = {}  # files whose details are needed
        self._thread: threading.Thread | None = None
        self._completed: OrderedDict[Hashable, Future[xr.Dataset]] = OrderedDict()
        self._completing: ThreadPoolExecutor | None = None

    def entries(self) -> tuple[ResultRecord, ...]:
        """Return all answers that are known by now: results newest first, then the examples.

        Results that are dated in the future come after the others.

        At once, and the same tuple until something is added or removed.
        """
        if self._entries is None:
            self._list()
        return self._entries or ()

    @property
    def looking(self) -> bool:
        """Whether more may be known in a moment, of what there is or of what was asked."""
        return self._thread is not None or any(
            not one.done() for one in [*self._completed.values()]
        )

    def refresh(self, *, wait: bool = False) -> None:
        """Have the folder of results looked at: to be called when something has happened to it.

        Args:
            wait: Whether to come back only when that has been done, with all details; a page has no
                time for it.
        """
        with self._changed:
            self._asked += 1
            look = self._asked
            self._waiting += wait
            self._start()
            if wait:
                self._changed.wait_for(lambda: self._looked >= look)
                self._waiting -= 1

    def example(self) -> ResultRecord | None:
        """Return what a first-time visitor sees: T4c generated, or another example; None without any."""
        examples = (known.record for known in self._examples.values() if known.record is not None)
        return min(
            examples,
            key=lambda entry: (entry.key != _FIRST, not entry.has_response, entry.key),
            default=None,
        )

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
            found = self._record(name, stamp)
            if found is None:
                self._take_in({name: read_result(path, stamp, details=True)})
                found = self._record(name, stamp)
        example = self._examples.get(name)
        return found or (example.record if example is not None else None)

    def details(self, entry: ResultRecord) -> ResultDetails | None:
        """Return what else is said of an answer, or None where its file is no more what it was.

        Where that is not known yet, it is read now, which takes half a millisecond: `entries` that
        fit on a page can be asked for one after another.
        """
        details = self._details(entry)
        if details is None and not entry.example:
            with suppress(OSError):
                known = read_result(entry.path, Stamp.of(entry.path.stat()), details=True)
                self._take_in({entry.path.name: known})
                return known.details
        return details

    def open(self, key: str) -> xr.Dataset:
        """Return an answer by its key. It is shared: copy it before changing it.

        Raises:
            MaxstimError: if there is none, or its file cannot be read.
        """
        entry = self.find(key)
        if entry is None:
            raise MaxstimError("The result of this link is not on this server; run it again.")
        return self._opened(entry)

    def is_ready(self, entry: ResultRecord) -> bool:
        """Tell whether an answer opens at once.

        The response to one that comes without it is computed; that has then been begun, and there is
        more to come (`looking`) until it is done. A page asks before it opens one.
        """
        return entry.has_response or self._complete(entry).done()

    def best(self, key: str) -> xr.Dataset | None:
        """Return an answer with the response to its best stimulus, ``best_response``.

        None while that is being computed: there is more to come (`looking`) until it is done.

        Raises:
            MaxstimError: if there is no such answer, or its network is not here any more.
        """
        entry = self.find(key)
        if entry is None:
            raise MaxstimError("The result of this link is not on this server; run it again.")
        future = self._complete(entry, with_best_response)
        return future.result() if future.done() else None

    def comparable_answers(self, answer: xr.Dataset) -> dict[str, xr.Dataset]:
        """Return what an answer is to be compared with, by method: itself, and complete others.

        All are of the same cell type and network; what was made for several networks is compared with
        none but what it is the answer of. Natural and regularized are of one clip: that of
        `answer`, or beside a generated one the clip that excites the cell most. Among several,
        those that were searched as usual come first, then frames as long and as many as those of
        `answer`, then the highest peak. Of many of
        which nothing more is known yet, they are chosen while `looking`: ask again after that.
        """
        about, frames = answer.attrs, answer.sizes["frame"]
        asked = (about["cell_type"], about["network_hash"], "complete")
        others = self._detailed(
            entry
            for entry in self.entries()
            if (entry.cell_type, entry.network_hash, entry.status) == asked
            and entry.method != about["method"]
            and not entry.networks
        )
        others = [one for one in others if self.is_ready(one[0])]
        others.sort(
            key=lambda one: (
                _is_usual_search(one[1]),
                one[1].dt == about["dt"],
                one[1].frames == frames,
                one[1].peak,
            ),
            reverse=True,
        )
        found = {about["method"]: answer}
        # In this order a regularized answer finds its natural one, if `answer` is neither.
        for method in ("natural", "regularized", "generated"):
            pair = found.get({"natural": "regularized", "regularized": "natural"}.get(method, ""))
            for entry, details in others if method not in found else ():
                if entry.method != method or not (pair is None or _of_clip(details, pair)):
                    continue
                try:
                    found[method] = self._opened(entry)
                except MaxstimError:
                    continue
                break
        return found

    def searched(self, answer: xr.Dataset) -> xr.Dataset | None:
        """Return the newest natural answer to the same question from the same set of clips, or None.

        A complete one, if there is one; of many, as in `comparable_answers`.
        """
        cell_type, network, clips = (
            answer.attrs.get(name) for name in ("cell_type", "network_hash", "clips")
        )
        natural = self._detailed(
            entry
            for entry in self.entries()
            if (entry.method, entry.cell_type, entry.network_hash)
            == ("natural", cell_type, network)
        )
        found = (entry for entry, details in natural if details.clips == clips)
        best = min(found, key=lambda entry: entry.status != "complete", default=None)
        try:
            return None if best is None else self._opened(best)
        except MaxstimError:
            return None

    @cached_property
    def _examples(self) -> dict[str, Known]:
        folder = self._example_folder
        return {
            name: read_result(folder / name, stamp, details=True, example=True)
            for name, stamp in sorted(_listing(folder).items())
        }

    def _opened(self, entry: ResultRecord) -> xr.Dataset:
        if entry.has_response:
            return _loaded(entry.path, entry.finished)
        return self._complete(entry).result()

    def _complete(
        self, entry: ResultRecord, add: Callable[[xr.Dataset], xr.Dataset] = with_response
    ) -> Future[xr.Dataset]:
        """Have what an answer lacks computed, unless it has been of late."""
        which = (entry.path, entry.finished, add)
        with self._changed:
            future = self._completed.get(which)
            if future is None:
                if self._completing is None:
                    self._completing = ThreadPoolExecutor(1, "answers")
                future = self._completing.submit(lambda: add(load(entry.path)))
                self._completed[which] = future
            self._completed.move_to_end(which)
            while len(self._completed) > _COMPLETED:
                self._completed.popitem(last=False)
            return future

    def _record(self, name: str, stamp: Stamp) -> ResultRecord | None:
        known = self._known.get(name)
        return None if known is None or known.stamp != stamp else known.record

    def _details(self, entry: ResultRecord) -> ResultDetails | None:
        known = (self._examples if entry.example else self._known).get(entry.path.name)
        return None if known is None or known.record != entry else known.details

    def _detailed(
        self, entries: Iterable[ResultRecord]
    ) -> list[tuple[ResultRecord, ResultDetails]]:
        """Return answers with their details: all, or where too many are to be read, those known."""
        known = [(entry, self._details(entry)) for entry in entries]
        unknown = [entry for entry, details in known if details is None]
        if len(unknown) <= _AT_ONCE:
            known = [(entry, self.details(entry)) for entry, _ in known]
        else:
            with self._changed:
                names = (entry.path.name for entry in unknown)
                self._wanted |= {n: self._known[n].stamp for n in names if n in self._known}
                self._start()
        return [(entry, details) for entry, details in known if details is not None]

    def _take_in(self, found: Mapping[str, Known], *, index: bool = True) -> None:
        """Learn what files hold."""
        with self._changed:
            news = False
            for name, known in found.items():
                before = self._known.get(name)
                same = before is not None and before[:2] == known[:2]
                news = news or not same
                if not same or known.details is not None:
                    self._known[name] = known
            if news:
                self._list()
        if index:
            self._index.add(found)

    def _forget(self, names: Iterable[str]) -> None:
        with self._changed:
            for name in names:
                del self._known[name]
            self._list()

    def _list(self) -> None:
        with self._changed:
            order = _newest_first({name: known.stamp for name, known in self._known.items()})
            listed = (*(self._known[name] for name, _ in order), *self._examples.values())
            self._entries = tuple(known.record for known in listed if known.record is not None)

    def _start(self) -> None:
        if self._thread is None:
            # No daemon: one that is stopped inside HDF5 keeps a lock that the end of Python waits for.
            self._thread = threading.Thread(target=self._work, name="results")
            self._thread.start()

    # What follows is done by the thread.

    def _work(self) -> None:
        """Look at the folder as often as that is asked for, and read the details that are."""
        while True:
            with self._changed:
                look, wanted = self._asked, self._wanted
                self._wanted = {}
                if self._looked == look and not wanted:
                    self._thread = None
                    return
            try:
                if self._looked != look:
                    self._look()
                self._read(wanted.items(), details=True)
            except Exception:  # whatever it is, nobody waits for ever
                _logger.exception("The results in %s could not be looked at", self._folder)
            with self._changed:
                self._looked = look
                self._changed.notify_all()

    def _look(self) -> None:
        """Learn what is new in the folder, and what is no longer there."""
        files = _listing(self._folder)
        if self._new(files):
            remembered = self._index.news().items()
            found = {name: known for name, known in remembered if files.get(name) == known.stamp}
            self._take_in(found, index=False)
        # Of those that were not listed: `find` may know of one that came later.
        gone = [name for name in self._known.copy() if name not in files]
        gone = [name for name in gone if not (self._folder / name).exists()]
        if gone:
            self._forget(gone)
        self._read(self._new(files), details=False)
        if self._waiting:
            known = self._known.copy().items()
            self._read(
                [(name, one.stamp) for name, one in known if one.record and not one.details],
                details=True,
            )
        if not self._index.ours or self._index.lines > 3 * len(files) + 100:
            self._index.write(self._known.copy())

    def _read(self, files: Iterable[tuple[str, Stamp]], *, details: bool) -> None:
        """Read files, with rests in between, and list and index them."""
        found: dict[str, Known] = {}
        began = reported = time.monotonic()
        for name, stamp in files:
            details = details or self._waiting > 0
            found[name] = read_result(self._folder / name, stamp, details=details)
            now = time.monotonic()
            if now - reported > _NEWS:
                self._take_in(found)
                found, reported = {}, now
            if now - began > _SLICE and not self._waiting:
                if not threading.main_thread().is_alive():  # the program ends, and waits for this
                    break
                time.sleep(_REST * (now - began))
                began = time.monotonic()
        self._take_in(found)

    def _new(self, files: dict[str, Stamp]) -> list[tuple[str, Stamp]]:
        """Return the files that are not known as they are, newest first."""
        known = {name: one.stamp for name, one in self._known.copy().items()}
        return _newest_first({name: at for name, at in files.items() if known.get(name) != at})


def _newest_first(files: dict[str, Stamp]) -> list[tuple[str, Stamp]]:
    """Return files by when they were written.

    What claims to be of later is of nobody knows when, and would be the newest for ever: it comes last.
    """
    now = time.time_ns() + _CLOCKS_DIFFER
    return sorted(
        files.items(),
        key=lambda one: (one[1].changed <= now, one[1].changed, one[0]),
        reverse=True,
    )


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


@lru_cache(maxsize=_KEPT)
def _loaded(path: Path, finished: float) -> xr.Dataset:
    return load(path)


def _of_clip(details: ResultDetails, answer: xr.Dataset) -> bool:
    """Say whether an answer shows, or began from, the same clip as another.

    A regularisation of a movie file knows the clip's name alone.
    """
    clips = str(answer.attrs.get("clips", ""))
    same_set = details.clips == clips or "" in (details.clips, clips)
    return same_set and details.clip != "" and details.clip == clip_of(answer)


def _is_usual_search(details: ResultDetails) -> bool:
    """Tell whether an answer by itself, or the clip of it, was searched by the default protocol."""
    try:
        return bool(json.loads(details.config).get("protocol", "default") == "default")
    except (AttributeError, ValueError):  # of another version
        return False


_the_library: ResultLibrary | None = None
_making = threading.Lock()


def the_library() -> ResultLibrary:
    """Return the answers of the user's data directory, the same library to every page of a process."""
    global _the_library
    with _making:
        if _the_library is None:
            _the_library = ResultLibrary(the_queue().folder)
        return _the_library
