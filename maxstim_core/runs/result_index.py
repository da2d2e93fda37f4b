"""What is known of each stored answer, and the file that remembers it from one start to the next.

To open a result with xarray takes some 40 ms, to read the few attributes that a list shows from HDF5
itself about half of one; to read them from the index, next to nothing. The index is no more than a
memory: where it is missing, damaged or not ours, the results say everything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of
from maxstim_core.storage.atomic import write_whole

_FORMAT = 1
"""In the first line of an index: to be raised when its lines say something else."""

_HEADER = {"maxstim_results": _FORMAT}


class Stamp(NamedTuple):
    """By what a file is known to be the one that was looked at: results are never changed in place.

    Attributes:
        changed: When it was written, nanoseconds since 1970.
        size: Its length in bytes.
    """

    changed: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file from its status."""
        return cls(status.st_mtime_ns, status.st_size)


@dataclass(frozen=True)
class ResultRecord:
    """One finished answer.

    Attributes:
        key: Name of its file without the ending; what a link carries.
        path: Its file.
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network_hash: Which network was asked.
        clips: The set of clips that was searched, or nothing.
        clip: Name of the clip that it shows, or began from, or nothing.
        status: ``complete`` or ``cancelled``.
        config: Its settings, as JSON.
        steps: Iterations that were done, 0 for a natural answer.
        dt: Seconds per frame.
        frames: Frames of the stimulus.
        peak: Highest voltage of the central cell, arbitrary units.
        finished: When the file was written, seconds since 1970.
        example: Whether it came with maxstim.
    """

    key: str
    path: Path
    cell_type: str
    method: str
    network_hash: str
    clips: str
    clip: str
    status: str
    config: str
    steps: int
    dt: float
    frames: int
    peak: float
    finished: float
    example: bool


Facts = dict[str, Any]
"""What a file says of its answer: the fields of a `ResultRecord` that are in `_KINDS`."""

_KINDS: dict[str, Callable[[Any], Any]] = {
    "cell_type": str,
    "method": str,
    "network_hash": str,
    "clips": str,
    "clip": str,
    "status": str,
    "config": str,
    "steps": int,
    "dt": float,
    "frames": int,
    "peak": float,
}

_TEXTS = ("cell_type", "method", "network_hash", "status", "config")
_OF_CLIPS = ("clips", "shown_clip", "source")  # which a generated answer has not


def record(path: Path, stamp: Stamp, facts: Facts, *, example: bool = False) -> ResultRecord:
    """Return the record of a file from what it says."""
    return ResultRecord(
        key=path.stem, path=path, finished=stamp.changed / 1e9, example=example, **facts
    )


def facts_in(entry: ResultRecord) -> Facts:
    """Return what the file of a record said."""
    return {name: getattr(entry, name) for name in _KINDS}


def facts_of(answer: xr.Dataset) -> Facts | None:
    """Return what is to be known of an answer in memory, or None where it is no answer."""
    try:
        return _facts(
            answer.attrs,
            steps=answer.sizes.get("iteration", 0),
            peak=np.fmax.reduce(answer["central_response"].values),
            frames=answer.sizes["frame"],
        )
    except (KeyError, ValueError, TypeError):
        return None


def read_facts(path: Path) -> Facts | None:
    """Return what is to be known of a stored answer, or None where the file is none.

    Only what is needed is read, through the low level of h5py, which takes a quarter of the time of
    its dictionaries of attributes.
    """
    import h5py
    from h5py import h5a, h5d, h5f, h5g, h5s, h5t

    texts, value = h5t.py_create(h5py.string_dtype()), np.empty((), object)

    def text(root: h5g.GroupID, name: str) -> str:
        h5a.open(root, name.encode()).read(value, texts)
        return bytes(value.item() or b"").decode()

    try:
        # Nothing is closed: it is when this returns, and to close a file asks every object there is.
        root = h5g.open(h5f.open(os.fsencode(path), h5f.ACC_RDONLY), b"/")
        about = {name: text(root, name) for name in _TEXTS}
        if about["method"] != "generated":
            there = (name for name in _OF_CLIPS if h5a.exists(root, name.encode()))
            about |= {name: text(root, name) for name in there}
        dt = h5a.open(root, b"dt")
        seconds = np.empty(dt.shape)
        dt.read(seconds, h5t.NATIVE_DOUBLE)
        central = h5d.open(root, b"central_response")
        response = np.empty(central.shape, np.float32)
        central.read(h5s.ALL, h5s.ALL, response)
        descends = about["method"] != "natural" and b"iteration" in root
        return _facts(
            {**about, "dt": seconds.item()},
            steps=h5d.open(root, b"iteration").shape[0] if descends else 0,
            peak=np.fmax.reduce(response),
            frames=len(response),
        )
    except Exception:  # a damaged HDF5 file raises whatever the damage leads to
        return None


def _facts(about: Mapping[str, Any], **measured: Any) -> Facts:
    said = {"clips": "", "config": "", **about, "clip": clip_of(about), **measured}
    return {name: kind(said[name]) for name, kind in _KINDS.items()}


def index_of(folder: Path) -> Path:
    """Return the file of the index of a folder of results: beside it."""
    return folder.with_name(f"{folder.name}-index.jsonl")


class ResultIndex:
    """The index of a folder of results: one line of JSON for each file, the last of a name counts.

    Several processes may add to it at the same time: a line is added with one write. What two of them
    spoil for each other is read from the results again. It is written only where something is to be
    remembered, and what cannot be written is forgotten without a word.

    Args:
        path: Its file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        """Lines that `news` has read of the file as it is."""
        self.ours = True
        """Whether `news` has found the file in order."""
        self._read = (0, 0)  # which file, and how far

    def news(self) -> dict[str, tuple[Stamp, Facts]]:
        """Return what has been added since the last call, by name of file; all at the first."""
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                which, offset = self._read
                if status.st_ino != which or status.st_size < offset:  # another has written it anew
                    self.lines, self.ours, offset = 0, True, 0
                file.seek(offset)
                whole = file.read().rpartition(b"\n")
        except OSError:
            self._read, self.lines, self.ours = (0, 0), 0, True
            return {}
        lines = whole[0].split(b"\n") if whole[1] else []
        self._read = (status.st_ino, offset + len(whole[0]) + len(whole[1]))
        if offset == 0 and (whole[1] or whole[2]):
            self.ours = bool(lines) and _parsed(lines[0]) == _HEADER
        self.lines += len(lines)
        if not self.ours:
            return {}
        found = {}
        for values in map(_parsed, lines):
            with suppress(KeyError, TypeError, ValueError):  # the header, or a spoilt line
                stamp = Stamp(int(values["changed"]), int(values["size"]))
                facts = {name: kind(values[name]) for name, kind in _KINDS.items()}
                found[str(values["file"])] = (stamp, facts)
        return found

    def add(self, found: Iterable[tuple[str, Stamp, Facts]]) -> None:
        """Remember what was found of files, by their names."""
        lines = b"".join(_line(*one) for one in found)
        if not lines:
            return
        with suppress(OSError), open(self.path, "a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            cut_off = file.read(1) not in (b"", b"\n")  # by whoever was stopped while it wrote
            before = b"\n" if cut_off else b"" if end else _encoded(_HEADER)
            file.write(before + lines)  # at the end, wherever that is by now

    def write(self, found: Iterable[tuple[str, Stamp, Facts]]) -> None:
        """Write it anew, with nothing in it but this."""
        lines = b"".join(_line(*one) for one in found)
        self.ours = True
        with suppress(MaxstimError):
            write_whole(self.path, "index of the results", _encoded(_HEADER) + lines)


def _line(name: str, stamp: Stamp, facts: Facts) -> bytes:
    return _encoded({"file": name, **stamp._asdict(), **facts})


def _encoded(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode(errors="replace") + b"\n"


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
