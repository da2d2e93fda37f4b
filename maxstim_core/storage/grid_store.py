"""Answers to a grid of questions: in memory, or in a zarr store that grows and survives being killed.

A grid has dimensions, such as setting and seed, and in each of its cells the same variables. The store
is a Zarr group of format 3 that `xarray.open_zarr` opens. One process writes; it holds a lock beside it.
What is large, such as a movie, lies in a chunk (a file) for each cell; numbers of many cells share one.
Every chunk is replaced whole by renaming. A cell counts once its ``status`` says so, and that is written
after all else of it: who is killed loses no cell that was finished, and what was not is done again. A
cell that lacks something of it, because a file was removed, does not count either.

zarr is an extra, imported where it is needed.
"""

from __future__ import annotations

import errno
import json
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.storage.atomic import (
    aside,
    discard,
    exclusively,
    locked,
    put_in_place,
    write_whole,
)
from maxstim_core.storage.grid_damage import (
    check_arrays,
    chunk_file,
    damage_told,
    dataset_of,
    lost_answers,
)
from maxstim_core.storage.meaning import documented, meaning_of, meaning_of_all

if TYPE_CHECKING:
    import xarray as xr

STORE_VERSION = 1
"""Of the layout of a store: arrays, attributes, and what they mean."""

MISSING, COMPLETE, FAILED = 0, 1, 2
"""What ``status`` says of a cell."""

_STATUS = "status"
_STATUS_MEANING = {
    "long_name": "whether the answer is there",
    "flag_values": [MISSING, COMPLETE, FAILED],
    "flag_meanings": "missing complete failed",
}

_MOST_SHARED = 4096
"""Most cells that share a chunk: a few tens of kilobytes, rewritten for each cell."""

_EXTRAS = {"sweep": "sweep", "atlas": "cluster"}
"""Which extra brings all that is needed, by what the store is called."""

_SUFFIX = ".zarr"


@dataclass(frozen=True)
class GridVariable:
    """What each cell of a grid holds under one name.

    Attributes:
        dtype: Of its numbers.
        dims: Dimensions besides those of the grid.
        shape: Their sizes.
        large: Whether each cell has a chunk of its own.
        attrs: What it means.
    """

    dtype: str = "float32"
    dims: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    large: bool = False
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fill(self) -> Any:
        """What stands where nothing was written."""
        return math.nan if self.dtype.startswith("float") else 0


@dataclass(frozen=True)
class GridPlan:
    """What a grid is of.

    Attributes:
        kind: What the store is called in sentences, such as ``sweep``.
        dims: Dimensions of the grid.
        shape: Their sizes.
        variables: What each cell holds.
        coordinates: As ``name: (dims, values)`` or ``name: (dims, values, attributes)``.
        identity: By which the same questions are known again: JSON.
        attrs: Further attributes of the whole.
        versions: Of what computes, such as ``maxstim_version``: attributes too. Others give other bits,
            and a store holds those of one.
    """

    kind: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    variables: Mapping[str, GridVariable]
    coordinates: Mapping[str, tuple]
    identity: Mapping[str, Any]
    attrs: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)

    def each(self) -> dict[str, GridVariable]:
        """Return all variables of the cells, their status last."""
        status = GridVariable("int8", attrs=_STATUS_MEANING)
        return {**self.variables, _STATUS: status}

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the whole."""
        beside = [name for name, (dims, *_) in self.coordinates.items() if dims != name]
        dims = {dim for dims, *_ in self.coordinates.values() for dim in np.atleast_1d(dims)}
        return {
            "kind": self.kind,
            "store_version": STORE_VERSION,
            "identity": json.dumps(self.identity, sort_keys=True),
            **({"coordinates": " ".join(beside)} if beside else {}),
            **meaning_of_all(dims),
            **self.attrs,
            **self.versions,
        }


class GridCell(NamedTuple):
    """What was found for one cell.

    Attributes:
        place: Its index in the grid.
        values: By the name of the variable; none where it failed.
    """

    place: tuple[int, ...]
    values: Mapping[str, Any] | None


class Grid(Protocol):
    """What answers are collected in.

    Attributes:
        status: Of each cell, of the shape of the grid: `MISSING`, `COMPLETE` or `FAILED`.
    """

    status: np.ndarray

    def writing(self) -> Any:
        """Return the context manager to write within."""
        ...

    def rest(self) -> None:
        """Let others write, within `writing`, until `resume`."""
        ...

    def resume(self) -> None:
        """Be the one who writes again; nothing where it is so already."""
        ...

    def write(self, cells: Sequence[GridCell]) -> None:
        """Add what was found for some cells."""
        ...

    def put(self, name: str, values: np.ndarray) -> None:
        """Replace a whole variable that is not large, or a coordinate: shape (dims of the grid, ...)."""
        ...

    def repeat(self, place: tuple[int, ...], as_place: tuple[int, ...]) -> None:
        """Let a cell hold what another one does."""
        ...

    def put_attribute(self, name: str, value: str) -> None:
        """Replace an attribute of the whole."""
        ...

    def read(self, name: str) -> np.ndarray:
        """Return a whole variable that is not large, or a coordinate."""
        ...

    def dataset(self) -> xr.Dataset:
        """Return all there is."""
        ...


class MemoryGrid:
    """A grid in memory (a `Grid`).

    Args:
        plan: What it is of.
    """

    def __init__(self, plan: GridPlan) -> None:
        self._plan = plan
        self._arrays = {
            name: np.full((*plan.shape, *variable.shape), variable.fill, variable.dtype)
            for name, variable in plan.each().items()
        }
        self._coordinates = {name: _kept(held[1]) for name, held in plan.coordinates.items()}
        self._attributes = plan.attributes()
        self.status = self._arrays[_STATUS]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See `Grid`."""
        yield

    def rest(self) -> None:
        """See `Grid`."""

    def resume(self) -> None:
        """See `Grid`."""

    def write(self, cells: Sequence[GridCell]) -> None:
        """See `Grid`."""
        for index, values in cells:
            for name, found in (values or {}).items():
                self._arrays[name][index] = found
            self.status[index] = FAILED if values is None else COMPLETE

    def put(self, name: str, values: np.ndarray) -> None:
        """See `Grid`."""
        held = self._coordinates if name in self._coordinates else self._arrays
        held[name][...] = values

    def repeat(self, place: tuple[int, ...], as_place: tuple[int, ...]) -> None:
        """See `Grid`."""
        for held in self._arrays.values():
            held[place] = held[as_place]

    def put_attribute(self, name: str, value: str) -> None:
        """See `Grid`."""
        self._attributes[name] = value

    def read(self, name: str) -> np.ndarray:
        """See `Grid`."""
        return self._coordinates[name] if name in self._coordinates else self._arrays[name]

    def dataset(self) -> xr.Dataset:
        """See `Grid`."""
        import xarray as xr

        plan = self._plan
        variables = {
            name: ((*plan.dims, *variable.dims), self._arrays[name].copy(), dict(variable.attrs))
            for name, variable in plan.each().items()
        }
        coordinates = {
            name: (dims, self._coordinates[name].copy(), *attrs)
            for name, (dims, _, *attrs) in plan.coordinates.items()
        }
        attributes = {k: v for k, v in self._attributes.items() if k != "coordinates"}
        return documented(xr.Dataset(variables, coordinates, attributes))


class GridStore:
    """A grid in a zarr store (a `Grid`); one that is there already is gone on with.

    Args:
        path: The folder of the store.
        plan: What it is of.

    Raises:
        MaxstimError: if zarr is missing, there is something else at the path, it is damaged, or what is
            missing there would be made by other versions than the rest.
    """

    def __init__(self, path: str | os.PathLike, plan: GridPlan) -> None:
        self.path, self._plan = checked_store_path(path, plan.kind), plan
        self._group: Any = None
        self._lock: ExitStack | None = None
        self._held: dict[str, np.ndarray] = {}
        if os.path.lexists(self.path):
            self._group = _opened(self.path, plan.kind)
            _check_same(self._group.attrs, plan, self.path)
            self._hold()
            if (self._held[_STATUS] == MISSING).any():
                _check_versions(self._group.attrs, plan, self.path)
        else:
            blank = MemoryGrid(plan)
            names = [*plan.coordinates, *self._shared()]
            self._held = {name: blank.read(name) for name in names}
        self.status = self._held[_STATUS]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one who writes, in a store that is made if it is not there.

        Raises:
            MaxstimError: if another process writes there, or it cannot be made.
        """
        self.resume()
        try:
            yield
        finally:
            self.rest()

    def rest(self) -> None:
        """See `Grid`."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def resume(self) -> None:
        """See `Grid`; what another process has written since is taken in.

        Raises:
            MaxstimError: if another process writes there, or it cannot be made.
        """
        if self._lock is not None:
            return
        with self._told(), ExitStack() as lock:
            lock.enter_context(locked(self.path.with_name(f".{self.path.name}.lock")))
            if self._group is None:
                self._make()
            else:
                self._clear()
                self._hold()
            self._lock = lock.pop_all()

    def write(self, cells: Sequence[GridCell]) -> None:
        """See `Grid`.

        Raises:
            MaxstimError: if nothing can be written.
        """
        large = {name for name, variable in self._plan.variables.items() if variable.large}
        with self._told():
            for index, values in cells:
                for name, found in (values or {}).items():
                    if name in large:
                        self._array(name)[index] = np.asarray(found)
                    else:
                        self._held[name][index] = found
            names = {name for _, values in cells for name in values or () if name not in large}
            for name in names:
                self._rewrite(name, cells)
            for index, values in cells:
                self.status[index] = FAILED if values is None else COMPLETE
            self._rewrite(_STATUS, cells)

    def put(self, name: str, values: np.ndarray) -> None:
        """See `Grid`.

        Raises:
            MaxstimError: if nothing can be written.
        """
        self._held[name][...] = values
        with self._told():
            self._array(name)[...] = self._held[name]

    def repeat(self, place: tuple[int, ...], as_place: tuple[int, ...]) -> None:
        """See `Grid`.

        Raises:
            MaxstimError: if nothing can be written, or what the other holds is damaged.
        """
        names = list(self._plan.variables)
        with damage_told(self.path, self._plan.kind, names):
            values = {
                name: (self._held if name in self._held else self._group)[name][as_place]
                for name in names
            }
        self.write([GridCell(place, values if self.status[as_place] == COMPLETE else None)])

    def put_attribute(self, name: str, value: str) -> None:
        """See `Grid`.

        Raises:
            MaxstimError: if nothing can be written.
        """
        if self._group.attrs.get(name) == value:
            return
        file = self.path / "zarr.json"
        about = json.loads(file.read_text(encoding="utf-8"))
        about["attributes"][name] = value
        # zarr would write it without what makes xarray open it faster, and that anew.
        write_whole(file, self._plan.kind, json.dumps(about, indent=2).encode())
        self._group = _opened(self.path, self._plan.kind, writable=True)

    def read(self, name: str) -> np.ndarray:
        """See `Grid`."""
        return self._held[name]

    def dataset(self) -> xr.Dataset:
        """See `Grid`; what is large is read when it is looked at."""
        return read_store(self.path, self._plan.kind)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what to do where nothing can be written; others' `OSError`s may be of a connection."""
        try:
            yield
        except BlockingIOError as error:
            raise MaxstimError(
                f"Another process is writing to {self.path}; wait until it has ended, or name another "
                "store."
            ) from error
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def _shared(self) -> list[str]:
        return [name for name, variable in self._plan.each().items() if not variable.large]

    def _hold(self) -> None:
        """Read all that is not large; answers that lack something are missing."""
        names = [_STATUS, *self._plan.coordinates, *self._plan.variables]
        shared = {*self._plan.coordinates, *self._shared()}
        with damage_told(self.path, self._plan.kind, names):
            read = {name: self._group[name][...] for name in names if name in shared}
            complete = read[_STATUS] == COMPLETE
            read[_STATUS][lost_answers(self._group, self.path, complete)] = MISSING
        for name, values in read.items():
            if name in self._held:
                self._held[name][...] = values
            else:
                self._held[name] = _kept(values)

    def _array(self, name: str) -> Any:
        """Return an array to write to: each chunk is a file, also where it holds nothing yet."""
        return self._group[name].with_config({"write_empty_chunks": True})

    def _rewrite(self, name: str, cells: Sequence[GridCell]) -> None:
        """Write the chunks that some cells lie in."""
        sizes = shared_chunk(self._plan.shape)
        chunks = {tuple(k // n for k, n in zip(index, sizes, strict=True)) for index, _ in cells}
        for chunk in chunks:
            part = tuple(slice(k * n, (k + 1) * n) for k, n in zip(chunk, sizes, strict=True))
            self._array(name)[part] = self._held[name][part]

    def _make(self) -> None:
        with aside(self.path.parent) as part:
            self._group = _made(part, self._plan)
            for name in (*self._plan.coordinates, *self._shared()):
                self._array(name)[...] = self._held[name]
            self._group = None
            with exclusively(self.path.parent):
                put_in_place(part, self.path)
        self._group = _opened(self.path, self._plan.kind, writable=True)

    def _clear(self) -> None:
        """Open to write, and remove what a process that was killed left half written."""
        for path in self.path.rglob("*.partial"):
            discard(path)
        self._group = _opened(self.path, self._plan.kind, writable=True)


def _kept(values: Any) -> np.ndarray:
    """Return a copy that can take other values; texts of any length."""
    held = np.array(values)
    return held.astype(object) if held.dtype.kind in "UT" else held


def shared_chunk(shape: Sequence[int]) -> tuple[int, ...]:
    """Return how many cells of each dimension share a chunk: of the first ones, all that fit."""
    sizes, cells = [], 1
    for size in shape:
        taken = max(1, min(size, _MOST_SHARED // cells))
        sizes.append(taken if taken == size or cells == 1 else 1)
        cells *= sizes[-1]
    return tuple(sizes)


def checked_store_path(path: object, kind: str = "sweep") -> Path:
    """Return the path of a store once it is sure that it can be one.

    Args:
        path: What was given.
        kind: What the store is called in sentences.

    Raises:
        MaxstimError: if it is no path, is named as a file is, its folder is missing, or zarr is.
    """
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise MaxstimError(f"A store is a folder, such as 's.zarr', not {shown(path)}.")
    found = Path(path)
    if not found.parent.is_dir():
        raise MaxstimError(f"There is no folder {found.parent}; make it, or name another store.")
    if found.suffix not in ("", _SUFFIX) and not os.path.lexists(found):
        raise MaxstimError(
            f"A store is a folder, and {found.name} is the name of a file; call it "
            f"{found.stem}{_SUFFIX}."
        )
    _zarr(kind)
    return found


def _zarr(kind: str) -> Any:
    """Return zarr.

    Raises:
        MaxstimError: if it is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise MaxstimError(
            "A store needs zarr, which is not installed here; install it: pip install "
            f"'maxstim[{_EXTRAS.get(kind, kind)}]'."
        ) from error
    return zarr


def read_store(path: str | os.PathLike, kind: str) -> xr.Dataset:
    """Return what a store holds by now, whoever writes it; large variables are read when looked at.

    Args:
        path: Its folder.
        kind: What it must be, such as ``sweep``.

    Raises:
        MaxstimError: if it is none, of another version, or damaged; of a variable, once it is looked at.
    """
    found = checked_store_path(path, kind)
    if not os.path.lexists(found):
        raise MaxstimError(f"There is no {kind} at {found}; check the path.")
    group = _opened(found, kind)
    held = dataset_of(found, kind)
    # Before all else: what is read later is there of each answer that it says is.
    status = held[_STATUS].values.copy()
    status[lost_answers(group, found, status == COMPLETE)] = MISSING
    return held.assign({_STATUS: held[_STATUS].copy(data=status)})


def finished_at(path: str | os.PathLike, name: str, place: Sequence[int]) -> float | None:
    """Return when the chunk of a cell was written, seconds since 1970; None where there is none.

    Args:
        path: The folder of the store.
        name: Of a variable that is large.
        place: Index of the cell.
    """
    try:
        return chunk_file(Path(path), name, place).stat().st_mtime
    except OSError:
        return None


def _opened(path: Path, kind: str, *, writable: bool = False) -> Any:
    zarr = _zarr(kind)
    try:
        group = zarr.open_group(path, mode="r+" if writable else "r", use_consolidated=False)
        is_ours = group.attrs.get("kind") == kind
    except Exception as error:  # zarr has many, and a damaged file can raise any of them
        raise MaxstimError(
            f"What is at {path} is no {kind} that can be read; name another."
        ) from error
    if not is_ours:
        raise MaxstimError(f"What is at {path} is no {kind}; name another.")
    version = group.attrs.get("store_version")
    if version != STORE_VERSION:
        raise MaxstimError(
            f"The {kind} at {path} is of version {version}, and this maxstim reads and writes version "
            f"{STORE_VERSION}; name another, or use the maxstim that wrote it."
        )
    check_arrays(group, path, kind)
    return group


def _check_same(attributes: Mapping[str, Any], plan: GridPlan, path: Path) -> None:
    before, now = json.loads(attributes["identity"]), json.loads(json.dumps(plan.identity))
    differ = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if differ:
        others = " and ".join(map(_other, sorted(differ)))
        raise MaxstimError(
            f"The {plan.kind} at {path} was begun with {others}; give what it was begun with, or name "
            "another."
        )


def _other(name: str) -> str:
    """Return "another choice of goals", "other settings"."""
    is_plural = name.split(" of ")[0].split(" to ")[0].endswith("s")
    return f"{'other' if is_plural else 'another'} {name}"


def _check_versions(attributes: Mapping[str, Any], plan: GridPlan, path: Path) -> None:
    """Make sure that what is missing is made by what made the rest.

    Raises:
        MaxstimError: if it is not.
    """
    differ = [
        name for name, now in plan.versions.items() if attributes.get(name, now) != now
    ]  # what a store does not tell is not known to differ
    if differ:
        before, now = (
            " and ".join(f"{name.removesuffix('_version')} {held[name]}" for name in differ)
            for held in (attributes, plan.versions)
        )
        raise MaxstimError(
            f"The {plan.kind} at {path} was begun with {before}, and what it lacks would be computed "
            f"with {now}, not to the same bits; finish it with what it was begun with, or name another."
        )


def _made(path: Path, plan: GridPlan) -> Any:
    """Return a new group with all arrays, none of which holds anything."""
    zarr = _zarr(plan.kind)
    group = zarr.create_group(path, zarr_format=3, attributes=plan.attributes())
    for name, variable in plan.each().items():
        chunk = (1,) * len(plan.shape) if variable.large else shared_chunk(plan.shape)
        group.create_array(
            name,
            shape=(*plan.shape, *variable.shape),
            chunks=(*chunk, *(max(1, size) for size in variable.shape)),
            dtype=variable.dtype,
            fill_value=variable.fill,
            dimension_names=(*plan.dims, *variable.dims),
            attributes={**meaning_of(name), **variable.attrs},
        )
    for name, (dims, values, *attrs) in plan.coordinates.items():
        held = np.asarray(values)
        is_text = held.dtype.kind in "UO"
        group.create_array(
            name,
            shape=held.shape,
            chunks=tuple(max(1, size) for size in held.shape),
            dtype="string" if is_text else held.dtype,
            fill_value=math.nan if held.dtype.kind == "f" else "" if is_text else 0,
            dimension_names=tuple(np.atleast_1d(dims).tolist()),
            attributes={**meaning_of(name), **(attrs[0] if attrs else {})},
        )
    with warnings.catch_warnings():
        # Zarr's own: it is not in the specification yet. xarray opens faster with it.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(group.store)
    return group


def _cannot_write(path: Path, error: OSError) -> MaxstimError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MaxstimError(
            f"There is no room left for {path}; what was finished is kept: make room, and run the same "
            "again."
        )
    return MaxstimError(
        f"Nothing can be written to {path} ({error.strerror or error}); what was finished is kept: make "
        "it writable, or name another."
    )
