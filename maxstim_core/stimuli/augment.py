"""The clips of a set, turned and mirrored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.clip_set import ClipSet, describe_clips


@dataclass(frozen=True, repr=False)
class Augmented:
    """The clips of a set, each turned and mirrored in all ways asked for.

    Exact operations on the lattice. The order is flyvis's: clips slowest, then mirror axes, rotations
    fastest; a clip is mirrored first and turned after (docs/numerics.md#natural-clips).

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

    __repr__ = describe_clips

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

        Units are those of the set: see `maxstim_core.stimuli.stored.clip_store.StoredClips.flow`.

        Raises:
            MaxstimError: if the set stores none. That of made clips is computed, by
                `maxstim_core.stimuli.synthetic.bundled_sets.flow`.
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
