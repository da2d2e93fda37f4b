"""Which clips of a set show the same piece of the same film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maxstim_core.stimuli.augment import Augmented
from maxstim_core.stimuli.clip_set import ClipSet
from maxstim_core.stimuli.resample import resampled
from maxstim_core.stimuli.stored.clip_store import StoredClips


@dataclass(frozen=True)
class Excerpt:
    """Where a clip comes from, whichever way it is turned or mirrored.

    Attributes:
        source: What it was cut from: two excerpts of one source have it in common.
        start: First frame of the source.
        stop: Frame of the source after the last; None for a clip that is its source, whole.
    """

    source: str
    start: int = 0
    stop: int | None = None

    def moment(self, frame: int, dt: float, new_dt: float) -> int:
        """Return the frame of the source that is on show in a frame of the clip.

        Args:
            frame: Frame of the clip as it is shown.
            dt: Seconds per frame of the source.
            new_dt: Seconds per frame at which the clip is shown.
        """
        if self.stop is None:
            return self.start
        return int(resampled(np.arange(self.start, self.stop), dt, new_dt)[frame])

    def shows(self, other: Excerpt, moment: int) -> bool:
        """Tell whether this piece holds a moment of another one."""
        ends = np.inf if self.stop is None else self.stop
        return self.source == other.source and self.start <= moment < ends


def excerpts(clips: ClipSet) -> tuple[Excerpt, ...]:
    """Return the piece that each clip of a set shows.

    The ways in which `Augmented` shows a clip are one piece. Clips of a stored set are excerpts of one
    source where they were cut from the same luminance; any other clip is a source of its own.
    """
    if isinstance(clips, Augmented):
        plain = excerpts(clips.clips)
        return tuple(plain[clips.origin(index)[0]] for index in range(len(clips)))
    if isinstance(clips, StoredClips):
        return tuple(
            Excerpt(clips.sequences[window.sequence].sha256, window.start, window.stop)
            for window in clips.windows
        )
    return tuple(Excerpt(str(index)) for index in range(len(clips)))
