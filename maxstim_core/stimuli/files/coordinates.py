"""What stands beside a film in a file of arrays: dimensions, coordinates and the pace.

In refusals, ``what`` is what the file is called, for example ``The file a.nc``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.column_order import FLYGYM, MAXSTIM, places
from maxstim_core.stimuli.dimensions import is_named
from maxstim_core.stimuli.limits import MOST_FRAMES

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
}

_UNEVEN = 0.01
"""How much times of frames may differ from even ones, as a share of a frame: clocks are rounded."""

_MOST_TEXT = 1024
"""Bytes of a text that is read: a file of some kilobytes can declare one of gigabytes."""

_UPWARD = ("projection_y_coordinate", "latitude", "grid_latitude")
_PIXELS = ("pixel", "pixels", "px", "1", "")


PACES = ("dt", "fps")
"""What tells the pace: seconds per frame, or frames per second."""

TIMES = ("time", "t")
"""What the times of frames are called."""


class Coordinate(Protocol):
    """Numbers along a dimension, read when they are asked for; a `h5py.Dataset` is one."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        ...

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What is said of them."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, which: tuple[()]) -> np.ndarray: ...


@dataclass(frozen=True)
class Coordinates:
    """What is one-dimensional beside a film, or in a group around it.

    Attributes:
        found: Name of each, which axis of the film it is along (None if nothing says so), and itself.
    """

    found: tuple[tuple[str, int | None, h5py.Dataset], ...]

    def used(self, names: set[str]) -> set[str]:
        """Return the places in the file of those that are called so."""
        wanted = {name.casefold() for name in names}
        return {item.name for name, _, item in self.found if name.casefold() in wanted}

    def along(self, axis: int, size: int) -> dict[str, Coordinate]:
        """Return those along an axis, by names in small letters.

        Where nothing says along which axis they are, as in plain HDF5 files, their length does.
        """
        fitting = [(name, at, item) for name, at, item in self.found if at in (axis, None)]
        sure = {name.casefold(): item for name, at, item in fitting if at == axis}
        return {name.casefold(): item for name, _, item in fitting if len(item) == size} | sure


def present(group: h5py.Group) -> Iterator[tuple[str, h5py.Dataset | h5py.Group]]:
    """Names and contents of a group; soft links that lead nowhere, or around, are passed over."""
    for name in group:
        try:
            item = group[name]
        except (KeyError, RuntimeError):
            if isinstance(group.get(name, getlink=True), h5py.SoftLink):
                continue
            raise
        yield name, item


def dimensions_of(variable: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the dimensions of a variable; of one without a name, nothing."""
    names = []
    for dimension in variable.dims:
        if len(dimension):
            name = dimension[0].name.rpartition("/")[2].removeprefix("_nc4_non_coord_")
        else:
            name = dimension.label
        names.append(name if is_named(name) else "")
    return tuple(names)


def coordinates_of(variable: h5py.Dataset, dimensions: tuple[str, ...]) -> Coordinates:
    """Return what is one-dimensional beside a variable, or in a group around it."""
    found = []
    group = variable.parent
    while True:
        for name, item in present(group):
            if not isinstance(item, h5py.Dataset) or item.ndim != 1 or is_bare(item):
                continue
            over = dimensions_of(item)[0] or (name if name in dimensions else "")
            if not over or over in dimensions:
                found.append((name, dimensions.index(over) if over else None, item))
        if group.name == "/":
            return Coordinates(tuple(found))
        group = group.parent


def columns_in_order(
    along: Mapping[str, Coordinate], size: int, lattice: Lattice, order: str, what: str
) -> np.ndarray | None:
    """Return where each column of the eye is found, or None if they are in our order already.

    Args:
        along: What is along the columns.
        size: How many there are.
        lattice: The eye.
        order: Whose order they are in, if ``u`` and ``v`` do not tell.
        what: What to call the file.

    Raises:
        MaxstimError: if ``u`` and ``v`` are those of no such eye, or contradict another order than ours.
    """
    u, v = along.get("u"), along.get("v")
    if size != lattice.n_columns:
        raise MaxstimError(f"{what} has {size} columns; the eye has {lattice.n_columns} columns.")
    if u is None and v is None:
        return lattice.index(lattice.v, lattice.u) if order == FLYGYM else None
    if u is None or v is None:
        raise MaxstimError(f"{what} gives only one of u and v for its columns; add the other.")
    if order != MAXSTIM:
        raise MaxstimError(
            f"{what} says by u and v where its columns are; leave the order of columns out."
        )
    where = places(numbers_of(u), numbers_of(v), lattice)
    if where is None:
        raise MaxstimError(
            f"{what} has coordinates u and v that are not those of an eye of {lattice.n_columns} "
            "columns, each once; write it again with those of maxstim's lattice."
        )
    return where


def pixels_in_order(
    along: Mapping[str, Coordinate], role: str, dimension: str, what: str
) -> np.ndarray | None:
    """Return in which order rows go downward or columns rightward; None if they do already.

    A row's coordinate rises upward if it says so (``positive``, or a unit or standard name that is no
    count of pixels). Plain numbers 0, 1, 2 and so on count rows downward, as pictures do.

    Args:
        along: What is along them.
        role: ``y`` or ``x``.
        dimension: What the dimension is called.
        what: What to call the file.

    Raises:
        MaxstimError: if the coordinate is not sorted, or it is not clear which way it goes.
    """
    coordinate = along.get(dimension.casefold(), along.get(role))
    if coordinate is None or not dimension:
        return None
    values = numbers_of(coordinate)
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise MaxstimError(
            f"{what} has a coordinate {dimension} that neither rises nor falls all the way; sort the "
            "film by it, or leave it out."
        )
    rises = bool(len(steps) == 0 or steps[0] > 0)
    goes_on = role == "x" or _rises_downward(coordinate, values)
    if goes_on is None:
        raise MaxstimError(
            f"{what} does not say whether its coordinate {dimension} rises upward or downward; add the "
            "attribute positive, 'up' or 'down', to it, or leave it out."
        )
    return None if rises == goes_on else np.arange(len(values))[::-1]


def _rises_downward(coordinate: Coordinate, values: np.ndarray) -> bool | None:
    says, unit, standard = (
        as_text(coordinate.attrs.get(name, "")).casefold()
        for name in ("positive", "units", "standard_name")
    )
    if says in ("up", "down"):
        return says == "down"
    if unit not in _PIXELS or standard in _UPWARD:
        return False
    counted = values[0] in (0, 1) and np.array_equal(values, np.arange(len(values)) + values[0])
    return True if counted or unit else None


def colors_in_order(
    along: Mapping[str, Coordinate], dimension: str, what: str
) -> np.ndarray | None:
    """Return where red, green, blue and opacity are found; None if they are not named.

    Raises:
        MaxstimError: if their names are of something else.
    """
    named = along.get(dimension.casefold())
    if named is None or named.dtype.kind not in "OSU" or len(named) not in (3, 4):
        return None
    if named.dtype.itemsize > _MOST_TEXT:
        raise MaxstimError(
            f"{what} declares names of colors of {named.dtype.itemsize:,} bytes each; write short ones."
        )
    letters = "".join(as_text(name)[:1].casefold() for name in named[()])
    if sorted(letters) != sorted("rgba"[: len(named)]):
        raise MaxstimError(
            f"{what} has the colors {', '.join(map(as_text, named[()])):.80}; only red, green, blue and "
            "alpha are understood."
        )
    return np.array([letters.index(letter) for letter in "rgba"[: len(letters)]])


def pace_of(
    attributes: Iterable[Mapping[str, Any]], along: Mapping[str, Coordinate]
) -> tuple[float | None, str]:
    """Return frames per second, and why they are not known although the file says something.

    Args:
        attributes: Of the variable, of the file, and what is stored like one beside the film: ``dt``
            (seconds, or text with a unit) or ``fps``.
        along: What is along the frames: ``time`` counts before attributes, which a program that leaves
            frames out does not mend.
    """
    told: float | str | None = None
    for about in attributes:
        told = _told_pace(about) if told is None else told
    told, no_pace = (None, told) if isinstance(told, str) else (told, "")
    times = next((along[name] for name in TIMES if name in along), None)
    if times is None or len(times) < 2:
        return told, no_pace
    values, unit = numbers_of(times), as_text(times.attrs.get("units", ""))
    if not unit and np.array_equal(values, np.arange(len(values))):  # numbers of frames, no times
        return told, no_pace
    steps = np.diff(values)
    step = (values[-1] - values[0]) / len(steps)
    if not np.isfinite(values).all() or not (steps > 0).all():
        return None, "its times do not rise from frame to frame; sort them"
    if np.abs(steps - step).max() > _UNEVEN * step + 4 * np.spacing(np.abs(values).max()):
        return None, "its frames are not evenly spaced in time; resample it"
    scale = _SECONDS.get(unit.partition(" since")[0].strip().casefold())
    if scale is None:
        if not unit and told is not None and math.isclose(step, 1 / told, rel_tol=1e-3):
            return told, ""
        told_unit = f"the unit of its time is {unit[:40]!r}" if unit else "its time has no unit"
        return None, f"{told_unit}; make it 's' or 'ms', or store dt, seconds per frame"
    if told is not None and math.isclose(step * scale, 1 / told, rel_tol=1e-4):
        return told, ""
    return float(f"{1 / (step * scale):.7g}"), ""


def pace_beside(stored: h5py.Dataset) -> object:
    """Return the only entry of a variable that tells the pace; of what is too long for it, its type."""
    return stored[()] if stored.dtype.itemsize <= _MOST_TEXT else str(stored.dtype)


def _told_pace(attributes: Mapping[str, Any]) -> float | str | None:
    """The pace by attributes: frames per second, why it cannot be used, or None."""
    for name in PACES:
        if name not in attributes:
            continue
        value = attributes[name]
        text = as_text(value).strip()
        match = re.fullmatch(r"([-+0-9.eE]+)\s*([a-zA-Zµ]*)", text)
        try:
            number = float(match[1]) if match else float(np.asarray(value).item())
        except (TypeError, ValueError):
            number = math.nan
        scale = _SECONDS.get((match[2] if match else "").casefold() or "s")
        if scale is None or not math.isfinite(number) or not number > 0:
            kind = "a number of seconds" if name == "dt" else "frames per second, a number"
            return f"its attribute {name} is {text[:40]!r}; make it {kind} above 0"
        return number if name == "fps" else 1 / (number * scale)
    return None


def numbers_of(coordinate: Coordinate) -> np.ndarray:
    """Return the numbers of a coordinate, unpacked; not numbers where it has none.

    Raises:
        MaxstimError: if what they are multiplied by, or what is added, is not one number.
    """
    if coordinate.dtype.kind not in "fiu" or len(coordinate) > MOST_FRAMES:
        return np.full(min(len(coordinate), MOST_FRAMES), np.nan)
    values = coordinate[()].astype(float)
    for name, apply in (("scale_factor", np.multiply), ("add_offset", np.add)):
        if name not in coordinate.attrs:
            continue
        told = np.asarray(coordinate.attrs[name])
        if told.size != 1 or told.dtype.kind not in "fiu":
            raise MaxstimError(
                f"A coordinate beside the film has an attribute {name} that is not one number; mend it "
                "or leave the coordinate out."
            )
        values = apply(values, float(told.item()))
    return values


def as_text(value: object) -> str:
    """Return an attribute, or a name that a variable holds, as text."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def is_bare(scale: h5py.Dataset) -> bool:
    """Tell whether this is a dimension's length alone, as netCDF-4 stores it."""
    name = as_text(scale.attrs.get("NAME", ""))
    return name.startswith("This is a netCDF dimension but not a netCDF")
