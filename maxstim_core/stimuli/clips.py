"""Sets of clips to search.

A clip set is anything with a name, a frame duration, clips that are rendered or read when asked for,
and a hash by which results are cached. `open_clips` opens one by name; `Augmented` shows any of them
turned and mirrored.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Protocol

import numpy as np

from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice


class ClipSet(Protocol):
    """Clips of one frame duration, on one eye."""

    name: str
    dt: float
    lattice: Lattice
    names: tuple[str, ...]
    content_hash: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray:
        """Return a clip: luminance, shape (frame, column), float32."""
        ...


@dataclass(frozen=True)
class ArrayClips:
    """Clips held in memory.

    Attributes:
        name: Name of the set.
        names: Name of each clip.
        clips: Luminance of each clip, shape (frame, column).
        dt: Seconds per frame.
    """

    name: str
    names: tuple[str, ...]
    clips: Sequence[np.ndarray]
    dt: float

    @property
    def lattice(self) -> Lattice:
        """The eye that the clips are for."""
        return Lattice.with_columns(self.clips[0].shape[1])

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the frame duration and all luminance values."""
        digest = hashlib.sha256(f"{self.dt!r}".encode())
        for clip in self.clips:
            values = np.ascontiguousarray(clip, np.float32)
            digest.update(f"{values.shape}".encode() + values.tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> np.ndarray:
        return np.asarray(self.clips[index], np.float32)


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


@dataclass(frozen=True)
class RenderedClips:
    """Clips rendered from recipes.

    Attributes:
        name: Name of the set.
        version: To be raised whenever a renderer changes what it renders: the hash is taken of the
            recipes and this number, so that it is known without rendering.
        recipes: One per clip.
        lattice: The eye to render for.
        dt: Seconds per frame.
    """

    name: str
    version: int
    recipes: tuple[Recipe, ...]
    lattice: Lattice
    dt: float

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each clip."""
        return tuple(recipe.name for recipe in self.recipes)

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of everything that determines the clips."""
        listed = [(r.name, r.render.__name__, r.settings) for r in self.recipes]
        recipe = json.dumps([self.version, self.lattice.extent, self.dt, listed], sort_keys=True)
        return hashlib.sha256(recipe.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.recipes)

    def __getitem__(self, index: int) -> np.ndarray:
        recipe = self.recipes[index]
        clip = recipe.render(self.lattice, dt=self.dt, **recipe.settings)
        return clip.astype(np.float32)


@dataclass(frozen=True)
class Augmented:
    """The clips of a set, each turned and mirrored in all ways asked for (spec §5.4).

    Exact operations on the lattice. The order is flyvis's: clips slowest, then mirror axes, rotations
    fastest; a clip is mirrored first and turned after.

    Attributes:
        clips: The set.
        flips: Mirror axes, of 0 (none), 1, 2 and 3: see `Lattice.mirrored`.
        rotations: Sixths of a turn, counter-clockwise.

    Raises:
        MaxstimError: if there is no mirror axis or rotation, or one twice, or one that does not exist.
    """

    clips: ClipSet
    flips: tuple[int, ...] = (0, 1)
    rotations: tuple[int, ...] = (0, 1, 2, 3, 4, 5)

    def __post_init__(self) -> None:
        check_ways(self.flips, self.rotations)

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.clips.name

    @property
    def dt(self) -> float:
        """Seconds per frame."""
        return self.clips.dt

    @property
    def lattice(self) -> Lattice:
        """The eye that the clips are for."""
        return self.clips.lattice

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each clip."""
        return tuple(
            f"{name}{', mirrored' if flip else ''}{f' about {flip}' if flip > 1 else ''}"
            f"{f', turned {60 * sixths}°' if sixths else ''}"
            for name in self.clips.names
            for flip in self.flips
            for sixths in self.rotations
        )

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the set and of what is done to its clips."""
        parts = [self.clips.content_hash, list(self.flips), list(self.rotations)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.clips) * len(self.flips) * len(self.rotations)

    def __getitem__(self, index: int) -> np.ndarray:
        clip, flip, sixths = self.origin(index)
        return self.lattice.rotated(self.lattice.mirrored(self.clips[clip], flip), sixths)

    def flow(self, index: int) -> np.ndarray:
        """Return the optic flow of a clip, shape (frame, 2, column); its vectors move along.

        Units are those of the set: see `maxstim_core.stimuli.stored.StoredClips.flow`.

        Raises:
            MaxstimError: if the set stores none. That of made clips is computed, by
                `maxstim_core.stimuli.made.flow`.
        """
        if not hasattr(self.clips, "flow"):
            raise MaxstimError(f"The clip set {self.name} comes without optic flow.")
        clip, flip, sixths = self.origin(index)
        flow = self.lattice.mirrored_vectors(self.clips.flow(clip), flip)
        return self.lattice.rotated_vectors(flow, sixths)

    def origin(self, index: int) -> tuple[int, int, int]:
        """Return the index of the clip before augmentation, its mirror axis and its rotation."""
        clip, way = divmod(range(len(self))[index], len(self.flips) * len(self.rotations))
        flip, turn = divmod(way, len(self.rotations))
        return clip, self.flips[flip], self.rotations[turn]


def check_ways(flips: tuple[int, ...], rotations: tuple[int, ...]) -> None:
    """Refuse mirror axes and rotations that `Augmented` cannot take.

    Raises:
        MaxstimError: if there is none, or one twice, or one that does not exist.
    """
    for what, given, there in (("mirror axes", flips, 4), ("rotations", rotations, 6)):
        if not given or len(set(given)) < len(given) or not set(given) <= set(range(there)):
            raise MaxstimError(
                f"The {what} of a clip set must be different numbers of 0 to {there - 1}, "
                f"not {list(given)}."
            )


def clip_set_names() -> tuple[str, ...]:
    """Return the names of all sets that there are: those made here, and those in the data directory."""
    from maxstim_core.stimuli.made import MADE_SETS
    from maxstim_core.stimuli.stored import stored_names

    return *MADE_SETS, *stored_names()


def open_clips(name: str, extent: int = EXTENT, dt: float = 0.01) -> ClipSet:
    """Open a clip set by name.

    Args:
        name: ``made``: scenes and textbook stimuli; ``scenes`` or ``probes``: one of them alone.
            ``sintel`` or a name of your own: what ``maxstim movies`` has stored in the data directory.
        extent: Rings of the eye.
        dt: Seconds per frame to render the made set at; films keep the frame duration that they have.

    Raises:
        MaxstimError: if there is no such set, or it is for another eye.
    """
    from maxstim_core.stimuli.made import MADE_SETS

    if name in MADE_SETS:
        return MADE_SETS[name](Lattice(extent), dt)
    from maxstim_core.stimuli.stored import clips_folder, open_stored

    there = clip_set_names()
    if name not in there:
        how = "; maxstim movies sintel PATH makes it" if name == "sintel" else ""
        raise MaxstimError(f"There is no clip set {name!r}{how}; choose {' or '.join(there)}.")
    clips = open_stored(clips_folder(name))
    if clips.extent != extent:
        raise MaxstimError(
            f"The clip set {name} is for an eye of {clips.extent} rings, not of {extent}; choose the "
            "set made, or another network."
        )
    as_is = clips.flips == clips.rotations == (0,)
    return clips if as_is else Augmented(clips, clips.flips, clips.rotations)


def clip_named(clips: ClipSet, name: str) -> int:
    """Return the index of a clip by its name.

    Raises:
        MaxstimError: if the set has no such clip.
    """
    if name in clips.names:
        return clips.names.index(name)
    begun = [other for other in clips.names if other.lower().startswith(name.lower())]
    near = begun[:3] or get_close_matches(name, clips.names, n=3)
    advice = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if near
        else "maxstim search --show prints names."
    )
    raise MaxstimError(f"The clip set {clips.name} has no clip {name!r}; {advice}")


def resampled(clip: np.ndarray, dt: float, new_dt: float) -> np.ndarray:
    """Return a clip shown at another frame duration, each frame held (spec §5.3).

    Args:
        clip: Shape (frame, …).
        dt: Seconds per frame of the clip.
        new_dt: Seconds per frame wanted.
    """
    if dt == new_dt:
        return clip
    n_in, n_out = len(clip), _n_frames(len(clip), dt, new_dt)
    return clip[(2 * np.arange(n_out) + 1) * n_in // (2 * n_out)]


def interpolated(flow: np.ndarray, dt: float, new_dt: float) -> np.ndarray:
    """Return optic flow at another frame duration, on straight lines between frames (spec §5.3).

    Args:
        flow: Shape (frame, …).
        dt: Seconds per frame of the flow.
        new_dt: Seconds per frame wanted.
    """
    if dt == new_dt:
        return flow
    n_out = _n_frames(len(flow), dt, new_dt)
    step = np.float32((len(flow) - 1) / max(n_out - 1, 1))
    at = np.arange(n_out, dtype=np.float32) * step  # in single precision, as flyvis
    before = np.minimum(at.astype(int), max(len(flow) - 2, 0))
    after = np.minimum(before + 1, len(flow) - 1)
    part = (at - before).astype(flow.dtype).reshape(-1, *[1] * (flow.ndim - 1))
    return flow[before] * (1 - part) + flow[after] * part


def _n_frames(n_frames: int, dt: float, new_dt: float) -> int:
    # Rates first and in this order, as flyvis divides: round-off must not add a frame.
    return math.ceil((1 / new_dt) / (1 / dt) * n_frames)
