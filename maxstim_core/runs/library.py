"""Answers that were finished before: the bundled examples and the results on disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import xarray as xr

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.result import clip_of
from maxstim_core.storage.netcdf import load

KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""What a key looks like: never a path."""

MOST = 300
"""Results of a folder that are looked at, the newest."""


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


class ResultLibrary:
    """The answers in the example folder and in a folder of results.

    Args:
        folder: Where results are stored; need not exist yet.
        examples: Where the examples are; the bundled ones if None.
    """

    def __init__(self, folder: Path, examples: Path | None = None) -> None:
        bundled = Path(str(resources.files("maxstim_core") / "data" / "examples"))
        self._folder, self._examples = Path(folder), examples or bundled

    def entries(self) -> tuple[ResultRecord, ...]:
        """Return all answers: results newest first, then the examples."""
        return (*_records(self._folder, example=False), *_records(self._examples, example=True))

    def example(self) -> ResultRecord | None:
        """Return what a first-time visitor sees: an example, a generated one if there is one."""
        examples = _records(self._examples, example=True)
        return min(examples, key=lambda entry: entry.method != "generated", default=None)

    def find(self, key: str) -> ResultRecord | None:
        """Return the answer with this key, or None."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def open(self, key: str) -> xr.Dataset:
        """Return an answer by its key.

        Raises:
            MaxstimError: if there is none, or its file cannot be read.
        """
        entry = self.find(key) if KEY.fullmatch(key) else None
        if entry is None:
            raise MaxstimError("The result of this link is not on this server; run it again.")
        return load(entry.path)

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
                    found[method] = load(entry.path)
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
            return None if best is None else load(best.path)
        except MaxstimError:
            return None


def _of_clip(entry: ResultRecord, answer: xr.Dataset) -> bool:
    """Say whether an answer shows, or began from, the same clip as another.

    A regularisation of a movie file knows the clip's name alone.
    """
    clips = str(answer.attrs.get("clips", ""))
    same_set = entry.clips == clips or "" in (entry.clips, clips)
    return same_set and entry.clip != "" and entry.clip == clip_of(answer)


def _records(folder: Path, *, example: bool) -> list[ResultRecord]:
    files = []
    for path in folder.glob("*.nc") if folder.is_dir() else ():
        try:
            files.append((path.stat().st_mtime_ns, path))
        except OSError:  # removed since it was listed
            continue
    newest = sorted(files, reverse=True)[:MOST]
    entries = (_record(path, changed, example) for changed, path in newest)
    return [entry for entry in entries if entry is not None]


@lru_cache(maxsize=4 * MOST)
def _record(path: Path, changed: int, example: bool) -> ResultRecord | None:
    """Return what is known of a file, or None where it is no answer.

    A result is never changed in place, so that its path and time are enough to remember it by.
    """
    try:
        with xr.open_dataset(path, engine="h5netcdf") as answer:
            about = answer.attrs
            return ResultRecord(
                key=path.stem,
                path=path,
                cell_type=str(about["cell_type"]),
                method=str(about["method"]),
                network_hash=str(about["network_hash"]),
                clips=str(about.get("clips", "")),
                clip=clip_of(answer),
                status=str(about["status"]),
                config=str(about.get("config", "")),
                steps=answer.sizes.get("iteration", 0),
                dt=float(about["dt"]),
                frames=answer.sizes["frame"],
                peak=float(answer["central_response"].max()),
                finished=changed / 1e9,
                example=example,
            )
    except Exception:  # a damaged HDF5 file raises whatever the damage leads to
        return None
