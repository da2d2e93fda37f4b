"""Clip sets on disk: films seen by the eye once, and read when asked for.

A set is a folder of the data directory, ``clips/<name>``, with one NetCDF file per sequence (a film, or
one window of a scene of Sintel) and ``set.json``, which says which pieces of which sequences are the
clips. That file is written last: a set is whole or not there. Sequences of Sintel have their origin in
their file names, so that a rendering that was interrupted goes on where it stopped, and one that
replaces another does not touch it before it is complete. Any other set is made aside
(`maxstim_core.storage.atomic`) and gets its name in the end: of several that are made under one name at
the same time, one is stored and none harms another.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.augment import check_ways
from maxstim_core.stimuli.clip_set import describe_clips
from maxstim_core.storage.atomic import (
    aside,
    exclusively,
    free_bytes,
    put_in_place,
    sweep_leftovers,
)
from maxstim_core.storage.data_dir import data_directory
from maxstim_core.storage.hdf5 import as_damaged, open_hdf5

_FORMAT = 1
RESERVED = ("made", "scenes", "probes", "sintel")
"""Names that no film can take."""

_ROOM = 200_000_000
"""Bytes that must be free before a set is rendered: Sintel's takes at most 30 MB."""

_INDEX = "set.json"
_MOST_INDEX_BYTES = 50_000_000
_MOST_EXTENT = 100
_FILE = re.compile(r"[^/\\:]+\.nc")
_OF_WINDOWS = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{k}" for port in ("COM", "LPT") for k in range(10)
}
"""Names of devices there, whatever follows after a dot."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Sequence:
    """A sequence that is stored.

    Attributes:
        name: For example ``sequence_00_alley_1_split_00``.
        file: Name of its file in the folder of the set.
        frames: How many it has.
        sha256: Hexadecimal hash of its luminance.
        flow: Whether its optic flow is stored too.
        about: Where it comes from, for the table of the set.
    """

    name: str
    file: str
    frames: int
    sha256: str
    flow: bool = False
    about: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A clip: the frames `start` to `stop` (exclusive) of the sequence with the index `sequence`."""

    name: str
    sequence: int
    start: int
    stop: int


@dataclass(frozen=True, repr=False)
class StoredClips:
    """A clip set on disk.

    Attributes:
        name: Name of the set.
        folder: Where it is.
        fps: Frames per second.
        extent: Rings of the eye that it was rendered for.
        sequences: What is stored.
        windows: The clips.
        flips: Mirror axes with which the set is to be augmented.
        rotations: Rotations with which it is to be augmented.
        about: Where the set comes from.
    """

    name: str
    folder: Path
    fps: float
    extent: int
    sequences: tuple[Sequence, ...]
    windows: tuple[Window, ...]
    flips: tuple[int, ...]
    rotations: tuple[int, ...]
    about: dict

    __repr__ = describe_clips

    @property
    def dt(self) -> float:
        """Seconds per frame."""
        return 1 / self.fps

    @cached_property
    def lattice(self) -> Lattice:
        """The eye that the clips are for."""
        return Lattice(self.extent)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each clip."""
        return tuple(window.name for window in self.windows)

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the frame rate, the eye and all luminance values."""
        clips = [(self.sequences[w.sequence].sha256, w.start, w.stop) for w in self.windows]
        return hashlib.sha256(json.dumps([self.fps, self.extent, clips]).encode()).hexdigest()

    @property
    def has_flow(self) -> bool:
        """Whether the optic flow of every clip is stored."""
        return all(sequence.flow for sequence in self.sequences)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return a clip: luminance, shape (frame, column), float32.

        Raises:
            MaxstimError: if its file has been removed or damaged.
        """
        window = self.windows[index]
        return self._read(window)[0][window.start : window.stop].copy()

    def flow(self, index: int) -> np.ndarray:
        """Return the optic flow of a clip.

        Returns:
            Shape (frame, 2, column), float32: rightward and upward motion that arrives at each frame,
            in image heights per frame, summed over the pixels of a column
            (docs/numerics.md#sintel).

        Raises:
            MaxstimError: if the set has none, or its file has been removed or damaged.
        """
        window = self.windows[index]
        flow = self._read(window)[1]
        if flow is None:
            raise MaxstimError(f"The clip set {self.name} was stored without optic flow.")
        return flow[window.start : window.stop].copy()

    def _read(self, window: Window) -> tuple[np.ndarray, np.ndarray | None]:
        sequence = self.sequences[window.sequence]
        shape = (sequence.frames, self.lattice.n_columns)
        what = f"The clip set {self.name}"
        damaged = (
            f"is damaged ({sequence.file} cannot be read as it was written); make the set again."
        )
        with as_damaged(what, damaged):
            return _read(self.folder / sequence.file, sequence.sha256, shape, what, damaged)


def clips_folder(name: str) -> Path:
    """Return the folder of a set in the data directory, which need not exist.

    Raises:
        MaxstimError: if `name` cannot be the name of a set.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or _is_of_windows(name):
        raise MaxstimError(
            f"A clip set cannot be called {shown(name)}; use up to 64 letters, digits, dots, hyphens "
            "and underscores, with a letter or digit first and no dot last, and no name of a device."
        )
    return data_directory() / "clips" / name


def _is_of_windows(name: str) -> bool:
    """Tell whether no folder of Windows can have a name, to which data directories are copied too."""
    return name.endswith(".") or name.partition(".")[0].upper() in _OF_WINDOWS


def free_name(wish: str) -> str:
    """Return a name for a new set that is near to one wished for, such as that of a film's file.

    It holds only what a name may, and no set has it.
    """
    plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode()
    # Room is left for a number. A dot at the end would be lost on some systems.
    name = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")[:58].rstrip("-_") or "movie"
    name = f"movie-{name}" if _is_of_windows(name) else name
    numbers = (f"{name}-{number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbers) if taken_by(free) is None)


def taken_by(name: str) -> str | None:
    """Return the name, reserved or of a stored set, that would be the same folder, or None.

    On some disks capital letters make no difference.
    """
    there = (*RESERVED, *stored_names())
    return next((other for other in there if other.casefold() == name.casefold()), None)


def stored_names() -> tuple[str, ...]:
    """Return the names of the sets in the data directory, sorted."""
    sweep_clips()
    try:
        found = [path.parent.name for path in data_directory().glob(f"clips/*/{_INDEX}")]
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))
    except OSError:  # a folder that may not be read holds none for us
        return ()


def sweep_clips() -> None:
    """Remove what was left of sets when somebody who made one was killed."""
    folder = data_directory() / "clips"
    sweep_leftovers(folder)
    sweep_leftovers(data_directory() / "downloads")  # films come there
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and _NAME.fullmatch(entry.name):
                sweep_leftovers(entry.path)  # a part of a sequence of Sintel


def open_stored(folder: Path) -> StoredClips:
    """Open a set, not augmented; the clips are read when asked for.

    Raises:
        MaxstimError: if there is no set in the folder, or its index is damaged.
    """
    path = folder / _INDEX
    try:
        if os.path.getsize(path) > _MOST_INDEX_BYTES:
            raise ValueError("larger than the index of any set")
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != _FORMAT:
            raise MaxstimError(
                f"The clip set {folder.name} was stored by another version of maxstim; make it again."
            )
        clips = StoredClips(
            name=folder.name,
            folder=folder,
            fps=float(_of(stored["fps"], int, float)),
            extent=_of(stored["extent"], int),
            sequences=tuple(Sequence(**each) for each in stored["sequences"]),
            windows=tuple(Window(*each) for each in stored["clips"]),
            flips=tuple(stored["flips"]),
            rotations=tuple(stored["rotations"]),
            about=dict(stored["about"]),
        )
        _check(clips)
        return clips
    except FileNotFoundError:
        raise MaxstimError(f"There is no clip set {folder.name!r} in {folder.parent}.") from None
    except MaxstimError:
        raise
    except Exception as error:  # changed by hand, it raises whatever it is taken for
        raise MaxstimError(
            f"The clip set {folder.name} is damaged ({path} cannot be read); make the set again."
        ) from error


def _check(clips: StoredClips) -> None:
    """Make sure that an index that somebody may have changed by hand describes a set.

    Raises:
        ValueError: if it does not.
        TypeError: if a value is of another kind.
    """
    if not 0 < clips.fps < math.inf or not 0 <= clips.extent <= _MOST_EXTENT:
        raise ValueError("no pace or no eye")
    if not clips.sequences or not clips.windows:
        raise ValueError("an empty set")
    for sequence in clips.sequences:
        for text in (sequence.name, sequence.file, sequence.sha256):
            _of(text, str)
        # What is read lies in the folder of the set and nowhere else.
        if not _FILE.fullmatch(sequence.file) or _of(sequence.frames, int) < 1:
            raise ValueError(sequence.file)
        _of(sequence.flow, bool)
        _of(sequence.about, dict)
    for window in clips.windows:
        _of(window.name, str)
        index, start, stop = (_of(n, int) for n in (window.sequence, window.start, window.stop))
        if not 0 <= index < len(clips.sequences):
            raise ValueError(window.name)
        if not 0 <= start < stop <= clips.sequences[index].frames:
            raise ValueError(window.name)
    for way in (*clips.flips, *clips.rotations):
        _of(way, int)
    try:
        check_ways(clips.flips, clips.rotations)
    except MaxstimError as error:
        raise ValueError("no ways") from error


def _of(value: Any, *kinds: type) -> Any:
    """Return a value of one of these types; a truth value is no number."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise TypeError(value)
    return value


def check_room(folder: Path) -> None:
    """Make sure that a set can be stored, before any work is done for it.

    Raises:
        MaxstimError: if the folder cannot be written, or its disk is full.
    """
    missing = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        _check_room(folder)
    except MaxstimError:
        for place in missing:  # which were made to look
            with suppress(OSError):
                place.rmdir()
        raise


def _check_room(folder: Path) -> None:
    try:
        free = free_bytes(folder)
    except OSError as error:
        raise MaxstimError(
            f"Clips cannot be written to {folder.parent} ({error.strerror or error}); make it writable "
            "or name another folder in MAXSTIM_DATA_DIR."
        ) from error
    if free < _ROOM:
        raise MaxstimError(
            f"The disk of {folder} is full ({free / 1e6:.0f} MB left); make room or name another "
            "folder in MAXSTIM_DATA_DIR."
        )


def name_set(made: Path, name: str, *, replace: bool = False) -> None:
    """Give a set that is complete its name.

    Args:
        made: Where it was made, aside in the folder of all sets.
        name: Name of the set.
        replace: Whether a set of this name goes; it stays where the new one cannot come.

    Raises:
        MaxstimError: if the name has been taken, or the folder cannot be renamed.
    """
    folder = clips_folder(name)
    try:
        with exclusively(folder.parent):
            other = taken_by(name)
            if other is None or (replace and other == name):
                put_in_place(made, folder, replaced=() if other is None else (folder,))
                return
    except FileExistsError:
        pass
    except OSError as error:
        raise MaxstimError(
            f"The clip set {name} could not be written to {folder} ({error.strerror or error}); check "
            f"the permissions of {folder.parent}."
        ) from error
    raise MaxstimError(
        f"The clip set {name!r} was stored by somebody else meanwhile; choose another name."
    )


def find_sequence(folder: Path, name: str, origin: str) -> Sequence | None:
    """Return a sequence that has been stored under this name and origin already, or None."""
    path = folder / _file(name, origin)
    try:  # xarray would take a good second for the sequences of Sintel
        with open_hdf5(path, f"The file {path}") as stored:
            return Sequence(**json.loads(stored.attrs["sequence"]))
    except Exception:  # as above
        return None


def save_sequence(
    folder: Path,
    name: str,
    lum: np.ndarray,
    *,
    lattice: Lattice,
    fps: float,
    origin: str | None = None,
    flow: np.ndarray | None = None,
    about: dict | None = None,
) -> Sequence:
    """Store a sequence, whole or not at all.

    Args:
        folder: The folder of the set, which exists.
        name: Name of the sequence.
        lum: Luminance, shape (frame, column).
        lattice: The eye that the columns belong to.
        fps: Frames per second.
        origin: Hexadecimal hash of everything that determines it, for `find_sequence`; that of the
            luminance if None.
        flow: Optic flow, shape (frame, 2, column), if there is any.
        about: Where it comes from.

    Raises:
        MaxstimError: if it cannot be written.
    """
    import xarray as xr

    from maxstim_core.storage.netcdf import save

    lum = np.ascontiguousarray(lum, np.float32)
    sha256 = _sha256(lum)
    file = _file(name, origin or sha256)
    sequence = Sequence(name, file, len(lum), sha256, flow is not None, about or {})
    variables: dict[str, tuple] = {"lum": (("frame", "column"), lum)}
    if flow is not None:
        variables["flow"] = (("frame", "axis", "column"), np.asarray(flow, np.float32))
    dataset = xr.Dataset(
        variables,
        coords={
            "time": ("frame", np.arange(len(lum)) / fps),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        },
        attrs={"sequence": json.dumps(asdict(sequence)), "maxstim_version": __version__},
    )
    save(dataset, folder / file)
    return sequence


def save_index(
    folder: Path,
    *,
    fps: float,
    extent: int,
    sequences: list[Sequence],
    windows: list[Window],
    flips: tuple[int, ...] = (0,),
    rotations: tuple[int, ...] = (0,),
    about: dict | None = None,
) -> None:
    """Make a set of the sequences in a folder, in place of the set that was there.

    Args:
        folder: The folder of the set.
        fps: Frames per second.
        extent: Rings of the eye.
        sequences: What has been stored.
        windows: The clips.
        flips: Mirror axes of the augmented set (`maxstim_core.stimuli.augment.Augmented`).
        rotations: Its rotations, in sixths of a turn.
        about: Where the set comes from.

    Raises:
        MaxstimError: if it cannot be written.
    """
    index = {
        "format": _FORMAT,
        "maxstim_version": __version__,
        "fps": fps,
        "extent": extent,
        "flips": flips,
        "rotations": rotations,
        "about": about or {},
        "sequences": [asdict(sequence) for sequence in sequences],
        "clips": [(w.name, w.sequence, w.start, w.stop) for w in windows],
    }
    try:
        with aside(folder) as part:
            part.write_text(json.dumps(index, indent=1), encoding="utf-8")
            os.replace(part, folder / _INDEX)
    except OSError as error:
        raise MaxstimError(
            f"The clip set could not be written to {folder} ({error.strerror or error}); make room "
            "there, or name another folder in MAXSTIM_DATA_DIR."
        ) from error
    kept = {sequence.file for sequence in sequences}
    for path in folder.glob("*.nc"):
        if path.name not in kept:
            with suppress(OSError):
                path.unlink()


@lru_cache(maxsize=2)
def _read(
    path: Path, sha256: str, shape: tuple[int, int], what: str, damaged: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Luminance and flow of a sequence, not to be changed by who asks.

    Kept for a while: the augmentations of a clip come one after the other.
    """
    with open_hdf5(path, what, damaged) as stored:
        values = {name: stored[name] for name in ("lum", "flow") if name in stored}
        lum_shape, flow_shape = shape, (shape[0], 2, shape[1])
        for name, expected in (("lum", lum_shape), ("flow", flow_shape)):
            if name in values and values[name].shape != expected:  # before memory is taken for it
                raise ValueError(f"not the {name} that was written")
        lum = values["lum"][()]
        flow = values["flow"][()] if "flow" in values else None
    if _sha256(lum) != sha256:
        raise ValueError("not the luminance that was written")
    return lum, flow


def _sha256(lum: np.ndarray) -> str:
    return hashlib.sha256(f"{lum.shape}".encode() + lum.tobytes()).hexdigest()


def _file(name: str, origin: str) -> str:
    return f"{name}-{origin[:12]}.nc"
