"""Films in NetCDF-4 and HDF5 files, by what these say of them.

Dimensions count by their names, wherever they stand; columns by their coordinates ``u`` and ``v``; the
pace by the coordinate of time, before an attribute ``dt`` that may be older than it; rows by whether
their coordinate rises upward (`maxstim_core.stimuli.files.coordinates`). What cannot be understood is
refused, because by place it would be another film. Where nothing is named, as in plain HDF5 files, the
order is that of ``.npy`` files: (frame, column), (frame, row, pixel column) or with colours.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.column_order import MAXSTIM
from maxstim_core.stimuli.dimensions import FILM_DIMENSIONS, role_of, roles_of
from maxstim_core.stimuli.files.coordinates import (
    PACES,
    TIMES,
    as_text,
    colors_in_order,
    columns_in_order,
    coordinates_of,
    dimensions_of,
    is_bare,
    pace_beside,
    pace_of,
    pixels_in_order,
    present,
)
from maxstim_core.stimuli.files.frames import MOST_GROWTH, SURE_BYTES, Frames
from maxstim_core.stimuli.files.stored_frames import StoredFrames
from maxstim_core.stimuli.limits import MOST_BYTES
from maxstim_core.storage.hdf5 import as_damaged, open_hdf5

VARIABLES = ("stimulus", "lum", "movie")
"""What is taken of a file that holds several variables: one of these, if it is the only one of them."""


_MOST_ATTRIBUTE = 1024

_OTHER_UNITS = {
    *("percent", "%", "per cent"),
    *("cd/m2", "cd/m^2", "cd m-2", "cd m^-2", "cd*m-2", "candela/m2", "nit", "nits"),
    *("lux", "lx", "lumen", "lm", "db", "decibel"),
}
"""Units, in small letters, of which 1 is not white."""

_USUAL = {
    "DISPLAY_ORIGIN": ("UL",),
    "INTERLACE_MODE": ("INTERLACE_PIXEL",),
    "IMAGE_SUBCLASS": ("IMAGE_GRAYSCALE", "IMAGE_TRUECOLOR", "IMAGE_BITMAP"),
}
"""Attributes of images in HDF5 files, and their values that say what is done anyway."""


@dataclass(frozen=True)
class LabeledFilm:
    """A film in a file that says what it is. The file is open until `frames` are let go of.

    Attributes:
        variable: Its name.
        frames: Shape (frame, column), (frame, row, column) or (frame, row, column, colour).
        fps: Frames per second, or None.
        no_pace: Why what the file says of its pace cannot be used, as the rest of a sentence; empty if
            it says nothing, or something that can.
        left_out: Other variables, which were not used.
        is_named: Whether its dimensions have names.
    """

    variable: str
    frames: Frames
    fps: float | None
    no_pace: str
    left_out: tuple[str, ...]
    is_named: bool


def open_labeled(path: Path, lattice: Lattice, order: str = MAXSTIM) -> LabeledFilm:
    """Open the film of a file; its numbers are read when they are asked for.

    Args:
        path: A regular file.
        lattice: The eye, for films of columns.
        order: Whose order the columns are in; for files that do not say where their columns are.

    Raises:
        MaxstimError: if the file is damaged, holds no film or several, if anything of it lies elsewhere,
            or if what it says of the film cannot be understood or contradicts `order`.
    """
    what = f"The file {path}"
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open_hdf5(path, what))
        except FileNotFoundError:
            raise MaxstimError(f"There is no movie {path}; check the path.") from None
        except OSError as error:
            raise MaxstimError(
                f"{what} cannot be read ({error.strerror or error}); check its permissions."
            ) from error
        with as_damaged(what):
            return _film(file, path, what, lattice, order, opened)


def _film(
    file: h5py.File, path: Path, what: str, lattice: Lattice, order: str, opened: ExitStack
) -> LabeledFilm:
    if _is_of_matlab(file, path):
        raise MaxstimError(
            f"{what} was saved by MATLAB, which turns the order of dimensions round and names none; "
            "save it as NetCDF with nccreate and named dimensions, or with numpy.save."
        )
    everything = _everything(file)
    variable = _chosen(everything, what)
    _check_size(variable, path, what)
    _check_meaning(variable, what)
    dimensions = dimensions_of(variable)
    coordinates = coordinates_of(variable, dimensions)
    axes = _axes(variable, dimensions, what)
    picks: dict[int, np.ndarray] = {}
    for place, (role, axis) in enumerate(axes.items()):
        along = coordinates.along(axis, variable.shape[axis])
        where = None
        if role == "column":
            where = columns_in_order(along, variable.shape[axis], lattice, order, what)
        elif role in ("x", "y"):
            where = pixels_in_order(along, role, dimensions[axis] or role, what)
        elif role == "color":
            where = colors_in_order(along, dimensions[axis], what)
        if where is not None:
            picks[place] = where
    time, paces = axes["time"], {n: file[n] for n in PACES if n in everything and file[n].size == 1}
    beside = {name: pace_beside(stored) for name, stored in paces.items()}
    fps, no_pace = pace_of(
        (variable.attrs, file.attrs, beside), coordinates.along(time, variable.shape[time])
    )
    names = {dimensions[axis] or role for role, axis in axes.items()} | {*TIMES}
    names |= {"u", "v"} if "column" in axes else set()
    used = {variable.name, *coordinates.used(names), *(one.name for one in paces.values())}
    left_out = tuple(
        name for name, one in everything.items() if one.name not in used and not is_bare(one)
    )
    frames = StoredFrames(variable, tuple(axes.values()), picks, what, opened.pop_all())
    name = variable.name.lstrip("/")
    return LabeledFilm(name, frames, fps, no_pace, left_out, any(dimensions))


def _check_meaning(variable: h5py.Dataset, what: str) -> None:
    """Refuse a film whose numbers or rows mean something else than they would be taken for.

    Beside units, attributes of images in HDF5 files tell (HDF5 Image and Palette Specification 1.2).
    """
    about = {name: as_text(value).strip() for name, value in _short(variable.attrs)}
    unit = about.get("units", "").casefold()
    if unit in _OTHER_UNITS:
        raise MaxstimError(
            f"{what} gives its film in {about['units']}; divide by what is white, and save luminance "
            "from 0 (black) to 1 (white) with units '1'."
        )
    if about.get("IMAGE_WHITE_IS_ZERO", "0") not in ("0", "False"):
        raise MaxstimError(
            f"{what} says that 0 is white in its film (IMAGE_WHITE_IS_ZERO); turn the numbers around, "
            "and leave that out."
        )
    for name, usual in _USUAL.items():
        if about.get(name, usual[0]) not in usual:
            raise MaxstimError(
                f"{what} says of its film {name} = {about[name]:.40}, which is not read; save it as "
                f"{usual[0]}, and say so."
            )


def _short(attributes: h5py.AttributeManager) -> Iterator[tuple[str, object]]:
    """Attributes that are one number or a short text; how others are stored may be odd."""
    for name in attributes:
        kind = attributes.get_id(name)
        if math.prod(kind.shape or ()) == 1 and kind.dtype.itemsize <= _MOST_ATTRIBUTE:
            yield name, attributes[name]


def _everything(file: h5py.File) -> dict[str, h5py.Dataset]:
    """All variables of a file by their names, those in groups with the names of these."""
    found: dict[str, h5py.Dataset] = {}

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item

    file.visititems(look)
    return found


def _chosen(everything: dict[str, h5py.Dataset], what: str) -> h5py.Dataset:
    """The variable that is the film."""
    found = {
        name: one for name, one in everything.items() if one.ndim > 1 and one.dtype.kind in "fiubc"
    }
    named = [name for name in VARIABLES if name in found]
    if len(named) == 1 or (not named and len(found) == 1):
        return found[named[0] if named else next(iter(found))]
    names = ", ".join(named or list(found)[:8]) or "none"
    raise MaxstimError(
        f"{what} must hold one film, or one that is called {' or '.join(VARIABLES)}; it holds "
        f"{names:.200}."
    )


def _is_of_matlab(file: h5py.File, path: Path) -> bool:
    with open(path, "rb") as raw:
        if raw.read(6) == b"MATLAB":
            return True
    return any("MATLAB_class" in item.attrs for _, item in present(file))


def _check_size(variable: h5py.Dataset, path: Path, what: str) -> None:
    """Refuse what would be too much in memory, by what the file declares alone."""
    size, stored = variable.size * variable.dtype.itemsize, os.path.getsize(path)
    if size > MOST_BYTES:
        raise MaxstimError(
            f"The film in {path} takes {size / 1e9:.1f} GB; keep to {MOST_BYTES / 1e9:.0f} GB."
        )
    if not size:
        raise MaxstimError(f"{what} has shape {variable.shape}; it holds no frame.")
    if not _is_written(variable, size):
        raise MaxstimError(
            f"{what} declares a film of shape {variable.shape} that was not written to its end; write "
            "it again."
        )
    if size > max(SURE_BYTES, MOST_GROWTH * stored):
        raise MaxstimError(
            f"The film in {path} takes {size / 1e6:.0f} MB unpacked, far more than its file of "
            f"{stored / 1e6:.3g} MB; save it as uint8, or not packed."
        )


def _is_written(variable: h5py.Dataset, size: int) -> bool:
    """Tell whether all of a variable is in its file: what is not would be read as zeros, black."""
    if variable.chunks is None:
        return variable.id.get_storage_size() >= size
    lengths = zip(variable.shape, variable.chunks, strict=True)
    pieces = math.prod(-(-length // chunk) for length, chunk in lengths)
    return variable.id.get_num_chunks() == pieces


def _axes(variable: h5py.Dataset, dimensions: tuple[str, ...], what: str) -> dict[str, int]:
    """Return the axis of each dimension by its role, in the order of a film."""
    kept = [
        axis
        for axis, (name, size) in enumerate(zip(dimensions, variable.shape, strict=True))
        if size > 1 or not name or role_of(name) not in (None, "color")
    ]
    names = tuple(dimensions[axis] for axis in kept)
    if not any(names):
        order = {2: 0, 3: 1, 4: 2}.get(len(kept))
        if order is None:
            raise _no_film(variable, what)
        return dict(zip(FILM_DIMENSIONS[order], kept, strict=True))
    roles = roles_of(names)
    if roles is None:
        raise MaxstimError(
            f"{what} has the dimensions ({', '.join(dimensions):.120}), of which it is not clear what "
            "they are; name them (frame, column), or (time, y, x) and color, in any order."
        )
    found = dict(zip(roles, kept, strict=True))
    return {role: found[role] for role in next(o for o in FILM_DIMENSIONS if set(o) == set(roles))}


def _no_film(variable: h5py.Dataset, what: str) -> MaxstimError:
    return MaxstimError(
        f"{what} has shape {variable.shape}; it must be (frame, column), (frame, row, column) or "
        "(frame, row, column, colour)."
    )
