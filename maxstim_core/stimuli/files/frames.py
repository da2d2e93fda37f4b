"""Films whose numbers may be on disk still: what every reader of arrays gives."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Frames(Protocol):
    """An array of frames that is read piece by piece, from the first frame to the last.

    A `numpy.ndarray`, in memory or mapped, is one.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """How many frames there are, and what each is: see `FilmArray`."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, frames: slice) -> np.ndarray: ...


SURE_BYTES = 200_000_000
MOST_GROWTH = 30
"""What an array that is packed may be in memory: so many bytes, or so many times those of its file."""

BLOCK_BYTES = 150_000_000
"""What may have to be in memory at once, because a file stores it in one piece."""
