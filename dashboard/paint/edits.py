"""What a browser may do to a painting.

A message holds edits in the order in which they were made: lists that begin with the name of what is
done. Strokes go as where the brush went, so that they are small whatever the brush covers.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.painting import BrushStroke, Painting

MOST_EDITS = 60
"""Edits of one message."""

MOST_POSITIONS = 300
"""Columns that the brush passes over in one edit."""

_NO_EDIT = "The page sent a change that no brush makes; load it again."


def edited(painting: Painting, edits: Iterable[object]) -> Painting:
    """Return a painting after edits.

    Args:
        painting: As it was.
        edits: Each a list: ``["brush", columns, level, first, stop, radius, mirror]``, ``["copy", frame,
            stop]``, ``["frames", first, levels]`` with bytes, ``["length", frames]`` or ``["blank",
            frames, dt]``.

    Raises:
        MaxstimError: if one of them is none, or there are too many.
    """
    for k, edit in enumerate(edits):
        if k >= MOST_EDITS:
            raise MaxstimError(_NO_EDIT)
        painting = _edited(painting, edit)
    return painting


def _edited(painting: Painting, edit: object) -> Painting:
    match edit:
        case ["brush", list(columns), level, first, stop, radius, mirror] if (
            0 < len(columns) <= MOST_POSITIONS
        ):
            return painting.painted(BrushStroke(columns, level, first, stop, radius, mirror))
        case ["copy", frame, stop]:
            return painting.copied_forward(frame, stop)
        case ["frames", first, bytes() | memoryview() as levels]:
            return painting.with_frames(first, _rows(bytes(levels), painting.lattice))
        case ["length", n_frames]:
            return painting.of_length(n_frames)
        case ["blank", n_frames, dt]:
            return Painting.grey(painting.lattice, n_frames=n_frames, dt=dt)
    raise MaxstimError(_NO_EDIT)


def _rows(levels: bytes, lattice: Lattice) -> np.ndarray:
    if not levels or len(levels) % lattice.n_columns:
        raise MaxstimError(_NO_EDIT)
    return np.frombuffer(levels, np.uint8).reshape(-1, lattice.n_columns)
