"""What is known of each stored answer, and the file that remembers it from one start to the next.

Results are many and opening them is slow. So what they are found by, their `ResultRecord`, is all that
is read of each; their `ResultDetails` are read where they are needed; and both are kept in an index,
where a thousand take less time than three files. The index is no more than a memory: where it is
missing, damaged or not ours, the results say everything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of, networks_of
from maxstim_core.storage.atomic import write_whole
from maxstim_core.storage.hdf5 import open_own

if TYPE_CHECKING:
    import xarray as xr

_FORMAT = 2
"""In the first line of an index: to be raised when its lines say something else."""

_MOST_RESPONSE_BYTES = 100_000_000
"""Of one variable of a result that is read here: far more than any takes."""

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
    """One finished answer: what it is found by.

    Attributes:
        key: Name of its file without the ending; what a link carries.
        path: Its file.
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network_hash: Which network was asked.
        status: ``complete`` or ``cancelled``.
        finished: When the file was written, seconds since 1970.
        example: Whether it came with maxstim.
        has_response: Whether the response is in the file; what comes with maxstim may do without.
        networks: Names of the networks that were asked at once, the first among them; none where one
            was asked.
    """

    key: str
    path: Path
    cell_type: str
    method: str
    network_hash: str
    status: str
    finished: float
    example: bool
    has_response: bool = True
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResultDetails:
    """What else is said of a finished answer where it is shown or compared.

    Attributes:
        clips: The set of clips that was searched, or nothing.
        clip: Name of the clip that it shows, or began from, or nothing.
        config: Its settings, as JSON.
        steps: Iterations that were done, 0 for a natural answer.
        dt: Seconds per frame.
        frames: Frames of the stimulus.
        peak: Highest voltage of the central cell, arbitrary units.
        lowest: Its lowest voltage.
        network: Name of the network.
    """

    clips: str
    clip: str
    config: str
    steps: int
    dt: float
    frames: int
    peak: float
    lowest: float
    network: str


class Known(NamedTuple):
    """What is known of a file.

    Attributes:
        stamp: The file as it was when it was looked at.
        record: Its answer, or None where it holds none.
        details: What else it says, or None where nobody has needed that yet.
    """

    stamp: Stamp
    record: ResultRecord | None
    details: ResultDetails | None = None


_RECORD = ("cell_type", "method", "network_hash", "status")
_NETWORKS = "networks"  # an attribute of answers of several networks alone
_DETAILS: dict[str, Callable[[Any], Any]] = {
    "clips": str,
    "clip": str,
    "config": str,
    "steps": int,
    "dt": float,
    "frames": int,
    "peak": float,
    "lowest": float,
    "network": str,
}
_CLIP = ("clips", "shown_clip", "source")  # attributes that a generated answer has not


def describe_result(path: Path, answer: xr.Dataset) -> Known:
    """Return what is to be known of a file from the answer that was just stored in it.

    Raises:
        OSError: if the file is not there any more.
    """
    stamp = Stamp.of(path.stat())
    try:
        return Known(
            stamp,
            _record(path, stamp, answer.attrs),
            _details(
                answer.attrs,
                steps=answer.sizes.get("iteration", 0),
                peak=np.fmax.reduce(answer["central_response"].values),
                lowest=np.fmin.reduce(answer["central_response"].values),
                frames=answer.sizes["frame"],
            ),
        )
    except (KeyError, ValueError, TypeError):
        return Known(stamp, None)


def read_result(path: Path, stamp: Stamp, *, details: bool, example: bool = False) -> Known:
    """Return what is to be known of a file.

    No more is read than that, and by the low level of h5py: a quarter of a millisecond, half of one
    with the details, where its dictionaries of attributes take two and xarray forty. What lies in other
    files is no answer: a file may come from anybody.

    Args:
        path: The file.
        stamp: As it is now.
        details: Whether they are needed; they take as long as all else.
        example: Whether it came with maxstim.
    """
    import h5py
    from h5py import h5a, h5f, h5g, h5s, h5t

    texts, value = h5t.py_create(h5py.string_dtype()), np.empty((), object)

    def text(name: str) -> str:
        h5a.open(root, name.encode()).read(value, texts)
        return bytes(value.item() or b"").decode()

    try:
        # Nothing is closed: it is when this returns, and to close a file asks every object there is.
        root = h5g.open(h5f.open(os.fsencode(path), h5f.ACC_RDONLY), b"/")
        said = {name: text(name) for name in _RECORD}
        if h5a.exists(root, _NETWORKS.encode()):
            said[_NETWORKS] = text(_NETWORKS)
        found = _record(
            path, stamp, said, example=example, has_response=not example or b"response" in root
        )
        if not details:
            return Known(stamp, found)
        about: dict[str, Any] = {"config": text("config")}
        if h5a.exists(root, b"network"):
            about["network"] = text("network")
        if found.method != "generated":
            about |= {name: text(name) for name in _CLIP if h5a.exists(root, name.encode())}
        dt = h5a.open(root, b"dt")
        seconds = np.empty(dt.shape)
        dt.read(seconds, h5t.NATIVE_DOUBLE)
        central = open_own(root, "central_response", _MOST_RESPONSE_BYTES)
        response = np.empty(central.shape, np.float32)
        central.read(h5s.ALL, h5s.ALL, response)
        descends = found.method != "natural" and b"iteration" in root
        more = _details(
            {**about, "dt": seconds.item()},
            steps=open_own(root, "iteration", _MOST_RESPONSE_BYTES).shape[0] if descends else 0,
            peak=np.fmax.reduce(response),
            lowest=np.fmin.reduce(response),
            frames=len(response),
        )
        return Known(stamp, found, more)
    except Exception:  # a damaged HDF5 file raises whatever the damage leads to
        return Known(stamp, None)


def _record(
    path: Path, stamp: Stamp, about: Mapping[str, Any], *, example: bool = False,
    has_response: bool = True,
) -> ResultRecord:  # fmt: skip
    said = {name: str(about[name]) for name in _RECORD}
    return ResultRecord(
        key=path.stem, path=path, finished=stamp.changed / 1e9, example=example,
        has_response=has_response, networks=networks_of(about), **said,
    )  # fmt: skip


def _details(about: Mapping[str, Any], **measured: Any) -> ResultDetails:
    said = {"clips": "", "config": "", "network": "", **about, "clip": clip_of(about), **measured}
    return ResultDetails(**{name: kind(said[name]) for name, kind in _DETAILS.items()})


def index_of(folder: Path) -> Path:
    """Return the file of the index of a folder of results: beside it."""
    return folder.with_name(f"{folder.name}-index.jsonl")


class ResultIndex:
    """The index of a folder of results: one line of JSON for each file, the last of a name counts.

    Several processes may add to it at the same time: a line is added with one write. What two of them
    spoil for each other is read from the results again. It is written only where something is to be
    remembered, and what cannot be written is forgotten without a word.

    Args:
        folder: The folder; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, index_of(folder)
        self.lines = 0
        """Lines that `news` has read of the file as it is."""
        self.ours = True
        """Whether `news` has found the file in order."""
        self._read = (0, 0)  # which file, and how far

    def news(self) -> dict[str, Known]:
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
                name = str(values["file"])
                stamp = Stamp(int(values["changed"]), int(values["size"]))
                details = None
                if "peak" in values:
                    details = ResultDetails(**{n: kind(values[n]) for n, kind in _DETAILS.items()})
                found[name] = Known(stamp, _record(self.folder / name, stamp, values), details)
        return found

    def add(self, found: Mapping[str, Known]) -> None:
        """Remember what was found of files, by their names."""
        lines = b"".join(_lines(found))
        if not lines:
            return
        with suppress(OSError), open(self.path, "a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            cut_off = file.read(1) not in (b"", b"\n")  # by whoever was stopped while it wrote
            before = b"\n" if cut_off else b"" if end else _encoded(_HEADER)
            file.write(before + lines)  # at the end, wherever that is by now

    def write(self, found: Mapping[str, Known]) -> None:
        """Write it anew, with nothing in it but this."""
        self.ours = True
        with suppress(MaxstimError):
            content = _encoded(_HEADER) + b"".join(_lines(found))
            write_whole(self.path, "index of the results", content)


def _lines(found: Mapping[str, Known]) -> Iterator[bytes]:
    """Return what is remembered; why a file holds no answer may be over tomorrow."""
    for name, (stamp, record, details) in found.items():
        if record is not None:
            said: dict[str, Any] = {field: getattr(record, field) for field in _RECORD}
            if record.networks:
                said[_NETWORKS] = json.dumps(record.networks)
            more = {} if details is None else vars(details)
            yield _encoded({"file": name, **stamp._asdict(), **said, **more})


def _encoded(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode(errors="replace") + b"\n"


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
