"""Sets of clips to search.

A clip set is anything with a name, a frame duration, clips that are rendered or read when asked for,
and a hash by which results are cached. `open_clips` opens one by name; `Augmented` shows any of them
turned and mirrored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from maxstim_core.lattice import Lattice
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


@dataclass(frozen=True)
class ArrayClips:
    """Clips held in memory.

    Attributes:
        name: Name of the set.
        names: Name of each clip.
        clips: Luminance of each clip, shape (frame, column).
        dt: Seconds per frame.
        order: Whose order their columns are in, ``maxstim`` (u, then v; up is u = -1) or ``flygym``: see
            `maxstim_core.stimuli.column_order`.

    Raises:
        MaxstimError: if the order is none.
    """

    name: str
    names: tuple[str, ...]
    clips: Sequence[np.ndarray]
    dt: float
    order: str = MAXSTIM

    def __post_init__(self) -> None:
        check_order(self.order)

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
