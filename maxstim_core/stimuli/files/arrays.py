"""Films as arrays of numbers: ``.npy``, ``.npz``, NetCDF-4 and HDF5 files, of columns or of pixels.

What an array holds is told by its dimensions: (frame, column), (frame, row, pixel column) or
(frame, row, pixel column, colour) with three colours, or four where the last is opacity: what is
transparent lies on a ground. NetCDF files name them, and may have them in any order
(`maxstim_core.stimuli.files.labeled`). Columns are ordered by u, then v, where up is (u, v) = (-1, 0),
unless the file says where they are or another order is asked for (`maxstim_core.stimuli.column_order`).
Archives say so by arrays ``u`` and ``v`` beside their films, and their pace by ``dt`` or ``fps``.

Floating-point numbers are luminance in [0, 1], which rounding may leave by `ROUNDING`; truth values are
black and white; whole numbers of 8 and 16 bits without sign are taken as fractions of the most that they
can be.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.column_order import MAXSTIM
from maxstim_core.stimuli.files.coordinates import (
    PACES,
    TIMES,
    columns_in_order,
    pace_of,
    pixels_in_order,
)
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.frames import BLOCK_BYTES, Frames
from maxstim_core.stimuli.files.labeled import open_labeled
from maxstim_core.stimuli.files.luminance import GREY_OF_COLORS, on_ground
from maxstim_core.stimuli.files.npy import open_array
from maxstim_core.stimuli.files.npz import PackedFrames, open_npz
from maxstim_core.stimuli.files.white import check_white
from maxstim_core.stimuli.limits import MOST_FRAMES
from maxstim_core.stimuli.viewing import Viewing
from maxstim_core.storage.hdf5 import SIGNATURE

ROUNDING = 1e-5
"""How far luminance may lie outside [0, 1] by rounding: it is put back."""

_MOST_NAMED = 20
"""Variables that are told as left out."""

_CLASSIC = (
    "is NetCDF-3, which is not read",
    "write it as NetCDF-4, with nccopy -k nc4 OLD NEW, or with xarray's to_netcdf(engine='h5netcdf')",
)

_UNREAD = {
    b"CDF\x01": _CLASSIC,
    b"CDF\x02": _CLASSIC,
    b"CDF\x05": _CLASSIC,
    b"\x0e\x03\x13\x01": ("is HDF4, which is not read", "convert it with h4toh5"),
    b"MATLAB 5.0": (
        "was saved by MATLAB before version 7.3, which is not read",
        "load it with scipy.io.loadmat and save the array with numpy.save",
    ),
    b"version https://git-lfs": (
        "is a pointer of Git LFS and not the file itself",
        "fetch that with git lfs pull",
    ),
    b"PAR1": ("is a Parquet table, which is not read", "save the array with numpy.save"),
    b"ARROW1": ("is an Arrow table, which is not read", "save the array with numpy.save"),
    b"\x80\x02": ("is a pickle, which may run code and is not read", "save it with numpy.save"),
    b"\x80\x03": ("is a pickle, which may run code and is not read", "save it with numpy.save"),
    b"\x80\x04": ("is a pickle, which may run code and is not read", "save it with numpy.save"),
    b"\x80\x05": ("is a pickle, which may run code and is not read", "save it with numpy.save"),
}
"""How files begin that hold arrays in another way: what they are, and what to do."""


def array_kind(head: bytes) -> str | None:
    """Return ``npy``, ``npz`` or ``nc`` for a file that begins with these bytes, or None.

    HDF5 may begin later than these bytes tell: `maxstim_core.storage.hdf5.is_hdf5` looks further.
    """
    if any(head.startswith(SIGNATURE, at) for at in (0, 512, 1024, 2048)):
        return "nc"
    kinds = {np.lib.format.MAGIC_PREFIX: "npy", b"PK\x03\x04": "npz"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), None)


def unread_array(head: bytes) -> str | None:
    """Return what a file is and what to do with it, for kinds of arrays that are not read, or None."""
    found = next((told for magic, told in _UNREAD.items() if head.startswith(magic)), None)
    return found and f"{found[0]}; {found[1]}."


@dataclass(frozen=True)
class FilmArray:
    """A film in a file of arrays, checked but for its values.

    Attributes:
        name: Its name in the file, or nothing for an only one.
        values: Shape (frame, column), (frame, row, pixel column) or (frame, row, pixel column, colour);
            they may be on disk still.
        fps: Frames per second where the file tells them.
        what: What to call it in a refusal.
        no_pace: Why what the file says of its pace cannot be used, or nothing.
        left_out: What else is in the file, and was not used.
        is_named: Whether the file names its dimensions.
    """

    name: str
    values: Frames
    fps: float | None
    what: str
    no_pace: str = ""
    left_out: tuple[str, ...] = ()
    is_named: bool = False

    @property
    def is_columns(self) -> bool:
        """Whether it holds what the eye sees, not pixels."""
        return len(self.values.shape) == 2

    def facts(self, ground: float = GREY) -> MovieFacts:
        """Return what was found out of the file, for films that lie on a ground."""
        height, width = (0, 0) if self.is_columns else self.values.shape[1:3]
        return MovieFacts(
            source_size=None if self.is_columns else (width, height),
            fps=self.fps,
            fps_from="the file" if self.fps else None,
            frames=len(self.values),
            ground=ground,
            left_out=tuple(_named(self.left_out)),
        )

    def luminance(self, start: int, stop: int, ground: float = GREY) -> np.ndarray:
        """Return frames in grey, float32 in [0, 1], shape (frame, column) or (frame, row, column).

        Args:
            start: First frame.
            stop: Last frame, exclusive.
            ground: Luminance of what lies behind transparent pixels.

        Raises:
            MaxstimError: if a value is no luminance.
        """
        lum = _luminance(self.values[start:stop], self.what)
        if lum.ndim < 4:
            return lum
        grey = lum[..., :3] @ GREY_OF_COLORS
        if lum.shape[3] == 3:
            return grey
        return on_ground(grey, lum[..., 3], ground)


def read_arrays(
    path: Path,
    kind: str,
    viewing: Viewing,
    report_progress: ReportProgress = no_report,
    *,
    fps: float | None = None,
    order: str = MAXSTIM,
) -> list[tuple[str, np.ndarray, MovieFacts]]:
    """See the films of a file.

    Args:
        path: A regular file.
        kind: What `array_kind` says.
        viewing: How to look at pixels; of columns, only the contrast can be changed.
        report_progress: Whom to tell how far it is.
        fps: Frames per second that are asked for; as the file says if None.
        order: Whose order columns are in that the file does not place.

    Returns:
        For each film its name in the file ("" for an only one), luminance of shape (frame, column), and
        what was found out of the file.

    Raises:
        MaxstimError: if an array is damaged, holds no luminance, is beyond a limit, or says of its pace
            what cannot be understood where none is asked for.
    """
    films = []
    for film in open_arrays(path, kind, viewing, order):
        if fps is None and film.no_pace:
            raise MaxstimError(
                f"{film.what} does not tell its pace: {film.no_pace}, or add the frames per second, for "
                "example --fps 24."
            )
        n_frames, most = len(film.values), 0.0
        step = n_frames if film.is_columns else viewing.batch(*film.values.shape[1:3])
        seen = []
        for start in range(0, n_frames, step):
            lum = film.luminance(start, start + step, viewing.ground)
            most = max(most, float(lum.max()))
            seen.append(viewing.contrasted(lum) if film.is_columns else viewing.see(lum))
            report_progress(min(1.0, (start + step) / n_frames))
        is_whole = film.values.dtype.kind == "u"
        check_white(film.what, most, _white(film.values.dtype) if is_whole else None)
        films.append((film.name, np.concatenate(seen), film.facts(viewing.ground)))
    return films


def open_arrays(
    path: Path, kind: str, viewing: Viewing, order: str = MAXSTIM
) -> Generator[FilmArray, None, None]:
    """Open the films of a file one after the other, and check them but for their values.

    Args:
        path: A regular file.
        kind: What `array_kind` says.
        viewing: How they will be looked at.
        order: Whose order columns are in that the file does not place.

    Raises:
        MaxstimError: if an array is damaged, can be no film, or is beyond a limit.
    """
    if kind == "npy":
        films: Iterator[FilmArray] = iter([FilmArray("", _Mapped(path), None, f"The array {path}")])
    elif kind == "npz":
        films = _in_archive(path, viewing.lattice, order)
    else:
        labeled = open_labeled(path, viewing.lattice, order)
        what, left_out = f"The file {path}", labeled.left_out
        film = FilmArray("", labeled.frames, labeled.fps, what, labeled.no_pace, left_out)
        films = iter([replace(film, is_named=labeled.is_named)])
    for film in films:
        _check(film, viewing)
        if order != MAXSTIM and not film.is_columns:
            raise MaxstimError(
                f"{film.what} holds pixels, which have no order of columns; leave the order out."
            )
        if order != MAXSTIM and kind == "npy":
            where = columns_in_order({}, film.values.shape[1], viewing.lattice, order, film.what)
            film = replace(film, values=_placed(film.values, {1: where}))
        yield film


def _in_archive(path: Path, lattice: Lattice, order: str) -> Iterator[FilmArray]:
    """Films of an archive, by what stands beside them in it."""
    arrays = dict(open_npz(path))
    films = {name: frames for name, frames in arrays.items() if len(frames.shape) > 1}
    beside = {name: _Beside(arrays[name]) for name in arrays if films and name not in films}
    told = {name: beside[name][()] for name in PACES if name in beside and beside[name].size == 1}
    for name, frames in (films or arrays).items():
        what = f"The array {name} in {path}"
        along = [
            {n.casefold(): one for n, one in beside.items() if one.shape == (length,)}
            for length in frames.shape[:3]
        ]
        fps, no_pace = pace_of([told], along[0]) if along else (None, "")
        where: dict[int, np.ndarray | None] = {}
        used = {*told, *(n for n in TIMES if along and n in along[0])}
        if len(frames.shape) == 2 and frames.shape[1] == lattice.n_columns:
            where[1] = columns_in_order(along[1], frames.shape[1], lattice, order, what)
            used |= {"u", "v"} & along[1].keys()
        elif len(frames.shape) > 2:
            for axis, role in ((1, "y"), (2, "x")):
                where[axis] = pixels_in_order(along[axis], role, role, what)
                used |= {role} & along[axis].keys()
        left_out = tuple(n for n in beside if n.casefold() not in used)
        yield FilmArray(name, _placed(frames, where), fps, what, no_pace, left_out)


def _placed(frames: Frames, where: Mapping[int, np.ndarray | None]) -> Frames:
    """Frames whose entries along some axes are taken from elsewhere, where that is told."""
    picks = {axis: places for axis, places in where.items() if places is not None}
    return _Placed(frames, picks) if picks else frames


def _named(names: tuple[str, ...]) -> Iterator[str]:
    """What is left out, not without end."""
    for name in names[:_MOST_NAMED]:
        yield f"the variable {name:.80}"
    if len(names) > _MOST_NAMED:
        yield f"{len(names) - _MOST_NAMED} more variables"


class _Beside:
    """An array beside films, as `maxstim_core.stimuli.files.coordinates.Coordinate`."""

    def __init__(self, array: PackedFrames) -> None:
        self._array, self.shape, self.dtype = array, array.shape, array.dtype
        self.size, self.attrs = math.prod(array.shape), dict[str, str]()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: tuple[()]) -> np.ndarray:
        return self._array.whole()


class _Mapped:
    """Frames of a ``.npy`` file, mapped anew for each piece: pages that were read are let go."""

    def __init__(self, path: Path) -> None:
        array = open_array(path)
        self._path, self.shape, self.dtype = path, array.shape, array.dtype
        across = array.ndim > 1 and not array.flags.c_contiguous
        if across and array.nbytes > BLOCK_BYTES:
            raise MaxstimError(
                f"The array {path} is stored column by column, so that no frame can be read alone; save "
                "numpy.ascontiguousarray of it."
            )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> np.ndarray:
        return np.array(open_array(self._path)[frames])


class _Placed:
    """Frames whose entries along some axes are taken from elsewhere.

    Args:
        frames: As they are stored.
        picks: By axis, the indices of the entries to take, each of shape (entry,).
    """

    def __init__(self, frames: Frames, picks: Mapping[int, np.ndarray]) -> None:
        self._frames, self._picks = frames, picks
        self.shape, self.dtype = frames.shape, frames.dtype

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, frames: slice) -> np.ndarray:
        values = self._frames[frames]
        for axis, where in self._picks.items():
            values = np.take(values, where, axis=axis)
        return values


def _check(film: FilmArray, viewing: Viewing) -> None:
    """Refuse what can be no film that is looked at so."""
    array, what = film.values, film.what
    n_dims = len(array.shape)
    colors = n_dims == 4 and array.shape[3] in (3, 4)
    if n_dims > 2 and array.shape[-1] == viewing.lattice.n_columns and not film.is_named:
        raise MaxstimError(
            f"{what} has shape {array.shape}, whose last length is the number of columns of the eye: "
            "save films of columns as (frame, column), each by itself, and films of as many pixels with "
            "named dimensions or as images."
        )
    if not (n_dims in (2, 3) or colors) or 0 in array.shape:
        raise MaxstimError(
            f"{what} has shape {array.shape}; it must be (frame, column), (frame, row, column) or "
            "(frame, row, column, colour)."
        )
    whole = array.dtype.kind == "u" and array.dtype.itemsize <= 2
    if array.dtype.kind not in "fb" and not whole:
        raise MaxstimError(
            f"{what} holds {array.dtype} values; save luminance as floating-point numbers between 0 and "
            "1, or as whole numbers of 8 or 16 bits (uint8, uint16)."
        )
    if len(array) > MOST_FRAMES:
        raise MaxstimError(f"{what} has {len(array)} frames; cut it to {MOST_FRAMES} or fewer.")
    if not film.is_columns:
        viewing.eye(*array.shape[1:3])
    elif array.shape[1] != viewing.lattice.n_columns:
        raise MaxstimError(
            f"{what} has shape {array.shape}; the eye has {viewing.lattice.n_columns} columns."
        )


def _luminance(values: np.ndarray, what: str) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        lum = np.asarray(values, np.float32)
    if values.dtype.kind == "u":
        lum = lum / np.float32(_white(values.dtype))
    least, most = float(lum.min()), float(lum.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        raise MaxstimError(
            f"{what} holds a value that is no finite number; luminance must go from 0 (black) to 1 "
            "(white)."
        )
    if least < -ROUNDING or most > 1 + ROUNDING:
        raise MaxstimError(
            f"{what} goes from {least:.7g} to {most:.7g}; luminance must go from 0 (black) to 1 (white)."
        )
    return lum if least >= 0 and most <= 1 else lum.clip(0, 1)


def _white(dtype: np.dtype) -> int:
    """The number of white, of whole numbers."""
    return int(np.iinfo(dtype).max)
