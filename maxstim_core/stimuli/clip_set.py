"""Sets of clips to search.

A clip set is anything with a name, a frame duration, clips that are rendered or read when asked for,
and a hash by which results are cached. `open_clips` opens one by name; `Augmented` shows any of them
turned and mirrored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import numpy as np

from maxstim_core.conventions import MAX_DT, MIN_DT, checked_dt
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.settings import checked_number, checked_whole
from maxstim_core.stimuli.column_order import MAXSTIM, check_order, in_our_order


class ClipSet(Protocol):
    """Clips of one frame duration, on one eye."""

    @property
    def name(self) -> str:
        """Name of the set."""
        ...

    @property
    def dt(self) -> float:
        """Seconds per frame."""
        ...

    @property
    def lattice(self) -> Lattice:
        """The eye that the clips are for."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each clip."""
        ...

    @property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of everything that determines the clips."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray:
        """Return a clip: luminance, shape (frame, column), float32."""
        ...


def check_clips(clips: object) -> None:
    """Make sure that a clip set is one.

    Raises:
        MaxstimError: if it is something else, such as the name of a set or an array.
    """
    if not all(hasattr(clips, part) for part in ("name", "names", "dt", "lattice")):
        raise MaxstimError(
            "The clips must be a set, such as open_clips('probes') or an ArrayClips of your own, not "
            f"{shown(clips)}."
        )


def checked_index(clips: ClipSet, index: object) -> int:
    """Return the index of a clip once it is sure that the set has one there.

    Raises:
        MaxstimError: if it has none, or it is no whole number.
    """
    return checked_whole(index, f"The index of a clip of {clips.name}", (0, len(clips) - 1))


def describe_clips(clips: ClipSet) -> str:
    """Return a clip set as one line, for people who look at it in a notebook or a terminal."""
    return (
        f"<{type(clips).__name__} {clips.name!r}: {len(clips)} clips, {clips.lattice.n_columns} "
        f"columns, {clips.dt:.4g} s per frame>"
    )


@dataclass(frozen=True, repr=False)
class ArrayClips:
    """Clips held in memory.

    Attributes:
        name: Name of the set.
        names: Name of each clip, one for each.
        clips: Luminance of each clip in floating-point numbers, 0 black and 1 white, shape (frame,
            column); at least one, all for one eye.
        dt: Seconds per frame.
        order: Whose order their columns are in, ``maxstim`` (u, then v; up is u = -1) or ``flygym``: see
            `maxstim_core.stimuli.column_order`.

    Raises:
        MaxstimError: if a clip is no luminance of an eye, the names are not one for each, or the order
            is none.

    Example:
        >>> import numpy as np
        >>> import maxstim_core as ms
        >>> flashes = [np.full((30, 91), luminance) for luminance in (0.0, 1.0)]
        >>> ms.ArrayClips("flashes", ("dark", "bright"), flashes, dt=0.01)
        <ArrayClips 'flashes': 2 clips, 91 columns, 0.01 s per frame>
    """

    name: str
    names: tuple[str, ...]
    clips: Sequence[np.ndarray]
    dt: float
    order: str = MAXSTIM

    def __post_init__(self) -> None:
        check_order(self.order)
        if not isinstance(self.name, str):
            raise MaxstimError(f"The name of a clip set must be text, not {shown(self.name)}.")
        set_values = partial(object.__setattr__, self)
        set_values("dt", checked_dt(self.dt))
        set_values("clips", _luminance(self.name, self.clips))
        set_values("names", _one_name_each(self.name, self.names, len(self.clips)))

    __repr__ = describe_clips

    @property
    def lattice(self) -> Lattice:
        """The eye that the clips are for; of arrays, the number of columns is all that there is."""
        return Lattice.with_columns(self.clips[0].shape[1])

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the frame duration and all luminance values."""
        digest = hashlib.sha256(f"{self.dt!r}".encode())
        for index in range(len(self)):
            values = np.ascontiguousarray(self[index])
            digest.update(f"{values.shape}".encode() + values.tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> np.ndarray:
        clip = np.asarray(self.clips[index], np.float32)
        return clip if self.order == MAXSTIM else in_our_order(clip, self.lattice, self.order)


def _luminance(name: str, clips: object) -> tuple[np.ndarray, ...]:
    """Return clips as arrays, once it is sure that all are luminance for one eye."""
    if isinstance(clips, str | bytes) or not isinstance(clips, Iterable):
        raise MaxstimError(
            f"The clips of {name} must be a list of arrays of shape (frame, column), not {shown(clips)}."
        )
    arrays: list[np.ndarray] = []
    for index, clip in enumerate(clips):
        which = f"Clip {index} of the clip set {name}"
        try:
            values = np.asarray(clip)
        except ValueError as error:
            raise MaxstimError(f"{which} is no array; give shape (frame, column).") from error
        if values.ndim != 2 or 0 in values.shape:
            raise MaxstimError(
                f"{which} must have the shape (frame, column), with a frame at least, not "
                f"{values.shape}."
            )
        if values.dtype.kind != "f":
            raise MaxstimError(
                f"{which} holds {values.dtype} values; give luminance between 0 (black) and 1 (white) "
                "as floating-point numbers, of bytes for example clip / 255."
            )
        if not np.isfinite(values).all():
            raise MaxstimError(f"{which} holds a value that is not finite; replace or cut it out.")
        if values.shape[1] != (arrays or [values])[0].shape[1]:
            raise MaxstimError(
                f"{which} has {values.shape[1]} columns and the first {arrays[0].shape[1]}; give clips "
                "of one eye."
            )
        arrays.append(values)
    if not arrays:
        raise MaxstimError(f"The clip set {name} is empty; give at least one clip.")
    Lattice.with_columns(arrays[0].shape[1])  # says if no eye has so many
    return tuple(arrays)


def _one_name_each(name: str, names: object, n_clips: int) -> tuple[str, ...]:
    """Return the names of clips, once it is sure that each has one of its own."""
    listed = (names,) if isinstance(names, str) or not isinstance(names, Iterable) else (*names,)
    if len(listed) != n_clips or len({*map(str, listed)}) < n_clips:
        raise MaxstimError(
            f"The clip set {name} has {n_clips} clips; give as many names, each of them once, not "
            f"{shown(names)}."
        )
    if not all(isinstance(one, str) for one in listed):
        raise MaxstimError(f"The names of the clips of {name} must be text, not {shown(names)}.")
    return tuple(map(str, listed))


@dataclass(frozen=True)
class Recipe:
    """One clip that is rendered when asked for.

    Attributes:
        name: Name of the clip.
        render: Called as ``render(lattice, dt=..., **settings)``; returns (frame, column).
        settings: What makes this clip different from others.
    """

    name: str
    render: Callable[..., np.ndarray]
    settings: dict


@dataclass(frozen=True, repr=False)
class RenderedClips:
    """Clips rendered from recipes.

    Attributes:
        name: Name of the set.
        version: To be raised whenever a renderer changes what it renders: the hash is taken of the
            recipes and this number, so that it is known without rendering.
        recipes: One per clip.
        lattice: The eye to render for.
        dt: Seconds per frame, `conventions.MIN_DT` to `conventions.MAX_DT`.

    Raises:
        MaxstimError: if frames are shorter or longer.
    """

    name: str
    version: int
    recipes: tuple[Recipe, ...]
    lattice: Lattice
    dt: float

    def __post_init__(self) -> None:
        name = "The frame duration to render at (dt)"
        dt = checked_number(self.dt, name, (MIN_DT, MAX_DT), unit="s")
        object.__setattr__(self, "dt", dt)

    __repr__ = describe_clips

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each clip."""
        return tuple(recipe.name for recipe in self.recipes)

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of everything that determines the clips.

        A renderer enters it by the *name of its function*: who renames one, or the keys of
        `Recipe.settings`, gives the set another hash, and every answer that was stored for it is
        lost. Those names stay.
        """
        listed = [(r.name, r.render.__name__, r.settings) for r in self.recipes]
        recipe = json.dumps([self.version, self.lattice.extent, self.dt, listed], sort_keys=True)
        return hashlib.sha256(recipe.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.recipes)

    def __getitem__(self, index: int) -> np.ndarray:
        recipe = self.recipes[index]
        clip = recipe.render(self.lattice, dt=self.dt, **recipe.settings)
        return clip.astype(np.float32)
