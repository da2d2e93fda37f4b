"""Films as arrays of numbers: ``.npy``, ``.npz`` and NetCDF files, of columns or of pixels.

What an array holds is told by its dimensions: (frame, column), (frame, row, pixel column) or
(frame, row, pixel column, colour) with three colours, or four where the last is opacity. Floating-point
numbers are luminance in [0, 1]; whole numbers of 8 and 16 bits are taken as fractions of the most that
they can be.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.files.npy import open_array
from maxstim_core.stimuli.limits import MOST_BYTES, MOST_FRAMES
from maxstim_core.stimuli.viewing import Viewing

_GREY_OF_COLORS = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601, as Pillow and so flyvis turn colours to grey."""

_VARIABLES = ("stimulus", "lum", "movie")
"""What is taken of a NetCDF file that holds several variables."""


def array_kind(head: bytes) -> str | None:
    """Return ``npy``, ``npz`` or ``nc`` for a file that begins with these bytes, or None."""
    kinds = {np.lib.format.MAGIC_PREFIX: "npy", b"PK\x03\x04": "npz", b"\x89HDF\r\n\x1a\n": "nc"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), None)


@dataclass(frozen=True)
class FilmArray:
    """A film in a file of arrays, checked but for its values.

    Attributes:
        name: Its name in the file, or nothing for an only one.
        values: Shape (frame, column), (frame, row, pixel column) or (frame, row, pixel column, colour);
            they may be on disk still.
        fps: Frames per second where the file tells them.
        what: What to call it in a refusal.
    """

    name: str
    values: np.ndarray
    fps: float | None
    what: str

    @property
    def is_columns(self) -> bool:
        """Whether it holds what the eye sees, not pixels."""
        return self.values.ndim == 2

    def luminance(self, start: int, stop: int) -> np.ndarray:
        """Return frames in grey, float32 in [0, 1], shape (frame, column) or (frame, row, column).

        Raises:
            MaxstimError: if a value is no luminance.
        """
        lum = _luminance(self.values[start:stop], self.what)
        return lum[..., :3] @ _GREY_OF_COLORS if lum.ndim == 4 else lum


def read_arrays(
    path: Path, kind: str, viewing: Viewing, report_progress: ReportProgress = no_report
) -> list[tuple[str, np.ndarray, float | None]]:
    """See the films of a file.

    Args:
        path: A regular file.
        kind: What `array_kind` says.
        viewing: How to look at pixels; of columns, only the contrast can be changed.
        report_progress: Whom to tell how far it is.

    Returns:
        For each film its name in the file ("" for an only one), luminance of shape (frame, column), and
        frames per second where the file tells them.

    Raises:
        MaxstimError: if an array is damaged, holds no luminance, or is beyond a limit.
    """
    films = []
    for film in open_arrays(path, kind, viewing):
        n_frames = len(film.values)
        step = n_frames if film.is_columns else viewing.batch(*film.values.shape[1:3])
        seen = []
        for start in range(0, n_frames, step):
            lum = film.luminance(start, start + step)
            seen.append(viewing.contrasted(lum) if film.is_columns else viewing.see(lum))
            report_progress(min(1.0, (start + step) / n_frames))
        films.append((film.name, np.concatenate(seen), film.fps))
    return films


def open_arrays(path: Path, kind: str, viewing: Viewing) -> Generator[FilmArray, None, None]:
    """Open the films of a file one after the other, and check them but for their values.

    Args:
        path: A regular file.
        kind: What `array_kind` says.
        viewing: How they will be looked at.

    Raises:
        MaxstimError: if an array is damaged, can be no film, or is beyond a limit.
    """
    if kind == "npy":
        films = iter([FilmArray("", open_array(path), None, f"The array {path}")])
    elif kind == "npz":
        films = _unpacked(path)
    else:
        array, fps = _variable(path)
        films = iter([FilmArray("", array, fps, f"The file {path}")])
    for film in films:
        _check(film, viewing)
        yield film


def _unpacked(path: Path) -> Iterator[FilmArray]:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            others = [name for name in archive.namelist() if not name.endswith(".npy")]
        if unpacked > MOST_BYTES:
            raise MaxstimError(
                f"The arrays in {path} take {unpacked / 1e9:.1f} GB; "
                f"keep to {MOST_BYTES / 1e9:.0f} GB."
            )
        if others:
            raise MaxstimError(f"The archive {path} holds no numpy arrays alone; unpack it first.")
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                yield FilmArray(name, arrays[name], None, f"The array {name} in {path}")
    except MaxstimError:
        raise
    except Exception as error:  # a damaged archive raises whatever the damage leads to
        raise MaxstimError(
            f"The archive {path} is damaged or holds Python objects; zip images again, or save arrays "
            "again with numpy.savez."
        ) from error


def _variable(path: Path) -> tuple[np.ndarray, float | None]:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            films = {
                str(n): v
                for n, v in dataset.data_vars.items()
                if v.ndim > 1 and v.dtype.kind in "fu"
            }
            chosen = next((name for name in _VARIABLES if name in films), None)
            if chosen is None and len(films) == 1:
                chosen = next(iter(films))
            dt = dataset.attrs.get("dt")
            if chosen is not None and films[chosen].nbytes <= MOST_BYTES:
                return films[chosen].values, None if dt is None else 1 / float(dt)
    except Exception as error:  # a damaged HDF5 file raises whatever the damage leads to
        raise MaxstimError(f"The file {path} is damaged or no NetCDF; write it again.") from error
    if chosen is None:
        raise MaxstimError(
            f"The file {path} must hold one film, or name it {' or '.join(_VARIABLES)}; it holds "
            f"{', '.join(map(str, films)) or 'none'}."
        )
    raise MaxstimError(
        f"The film in {path} takes {films[chosen].nbytes / 1e9:.1f} GB; keep to "
        f"{MOST_BYTES / 1e9:.0f} GB."
    )


def _check(film: FilmArray, viewing: Viewing) -> None:
    """Refuse what can be no film that is looked at so."""
    array, what = film.values, film.what
    colors = array.ndim == 4 and array.shape[3] in (3, 4)
    if not (array.ndim in (2, 3) or colors) or 0 in array.shape:
        raise MaxstimError(
            f"{what} has shape {array.shape}; it must be (frame, column), (frame, row, column) or "
            "(frame, row, column, colour)."
        )
    if array.dtype.kind != "f" and array.dtype not in (np.uint8, np.uint16):
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
    scale = 1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    lum = np.asarray(values, np.float32) / np.float32(scale)
    least, most = float(lum.min()), float(lum.max())
    if not (math.isfinite(least) and math.isfinite(most) and least >= 0 and most <= 1):
        raise MaxstimError(
            f"{what} goes from {least:g} to {most:g}; luminance must go from 0 (black) to 1 (white)."
        )
    return lum
