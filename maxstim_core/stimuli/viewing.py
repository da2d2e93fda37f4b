"""How the eye looks at a film: which part of it, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from maxstim_core.conventions import EXTENT, GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.eye import Eye, Kernel
from maxstim_core.stimuli.limits import CONTRAST, MOST_PIXELS

_PUBLISHED = Lattice(EXTENT)

_BATCH_PIXELS = 10_000_000
"""Seen at once: 40 MB in single precision, and a few times that on the way."""


@dataclass(frozen=True)
class Viewing:
    """A way to look at a film, whatever the size of its frames.

    Args:
        lattice: The columns of the eye.
        crop: Left, top, width and height of the part that is looked at, in pixels; all of it if None.
        pixels: Pixels per column, odd (`Eye`); if None, as many as let the eye take in the shorter side.
        kernel: Of the eye: see `Eye`.
        contrast: By how much what is seen differs more from grey than the film does; black and white
            are the limits.
        ground: Luminance of what lies behind transparent pixels.

    Raises:
        MaxstimError: if a setting makes no sense.
    """

    lattice: Lattice = _PUBLISHED
    crop: tuple[int, int, int, int] | None = None
    pixels: int | None = None
    kernel: Kernel = "box"
    contrast: float = 1.0
    ground: float = GREY

    def __post_init__(self) -> None:
        if self.crop is not None and (min(self.crop[:2]) < 0 or min(self.crop[2:]) < 1):
            raise MaxstimError(
                "The crop must be left and top of at least 0 and width and height of at least 1, "
                f"not {' '.join(map(str, self.crop))}."
            )
        if not CONTRAST[0] <= self.contrast <= CONTRAST[1]:
            raise MaxstimError(
                f"The contrast must lie between {CONTRAST[0]:g} and {CONTRAST[1]:g}, "
                f"not {self.contrast:g}."
            )
        if not 0 <= self.ground <= 1:
            raise MaxstimError(
                f"The ground must lie between 0 (black) and 1 (white), not {self.ground:g}."
            )
        if self.pixels is not None or self.kernel != "box":
            Eye(self.lattice, 1 if self.pixels is None else self.pixels, self.kernel)

    def eye(self, height: int, width: int) -> Eye:
        """Return the eye for frames of a size, in pixels.

        Raises:
            MaxstimError: if the frames are too large or too small, or the crop lies outside them.
        """
        if height * width > MOST_PIXELS:
            raise MaxstimError(
                f"The frames have {width} x {height} pixels; make them smaller than "
                f"{MOST_PIXELS / 1e6:.0f} million pixels."
            )
        if self.crop is not None:
            left, top, kept_width, kept_height = self.crop
            if left + kept_width > width or top + kept_height > height:
                raise MaxstimError(
                    f"The crop {' '.join(map(str, self.crop))} (left, top, width, height) reaches "
                    f"beyond the frames of {width} x {height} pixels; choose a smaller one."
                )
            height, width = kept_height, kept_width
        least = Eye(self.lattice, self.pixels or 1, self.kernel).least_side
        if min(height, width) < least:
            per_column = f" of {self.pixels} pixels per column" if self.pixels else ""
            raise MaxstimError(
                f"The frames are {width} x {height} pixels, too small for an eye{per_column}, which "
                f"needs {least} x {least}; give larger frames"
                f"{' or fewer pixels' if self.pixels else ''}."
            )
        pixels = self.pixels or pixels_that_fit(self.lattice, height, width)
        return Eye(self.lattice, pixels, self.kernel)

    def batch(self, height: int, width: int) -> int:
        """Return how many frames of a size to look at together."""
        return max(1, _BATCH_PIXELS // (height * width))

    def see(self, frames: np.ndarray) -> np.ndarray:
        """Return what each column sees of each frame.

        Args:
            frames: Luminance in [0, 1], shape (frame, row, pixel column); of type uint8, 255 is 1.

        Returns:
            Shape (frame, column), float32.

        Raises:
            MaxstimError: as for `eye`.
        """
        eye = self.eye(*frames.shape[1:])
        if self.crop is not None:
            left, top, width, height = self.crop
            frames = frames[:, top : top + height, left : left + width]
        return self.contrasted(eye.see(frames))

    def contrasted(self, lum: np.ndarray) -> np.ndarray:
        """Return luminance, of any shape, with the contrast of this look."""
        if self.contrast == 1:
            return lum
        return np.clip(GREY + np.float32(self.contrast) * (lum - np.float32(GREY)), 0, 1)

    def aimed(self, x: float, y: float, height: int, width: int) -> Viewing:
        """Return this look with the eye's centre on a point of the frames, or as near as it fits.

        The part that is looked at is as large as the frames allow around that point, and holds all that
        a box eye takes in; near the border of the frames, the outermost ommatidia see some black.

        Args:
            x: From the left (0) to the right (1) of the frames.
            y: From the top (0) to the bottom (1).
            height: Of the frames, in pixels.
            width: Likewise.

        Raises:
            MaxstimError: if the frames are too large or too small.
        """
        eye = replace(self, crop=None).eye(height, width)
        left, across = _around(x, eye, width)
        top, down = _around(y, eye, height)
        return replace(self, crop=(left, top, across, down), pixels=eye.pixels)


def pixels_that_fit(lattice: Lattice, height: int, width: int) -> int:
    """Return the largest odd number of pixels per column with which no column looks beyond a frame."""
    most = min(height, width) // (2 * lattice.extent + 1)
    return max(1, most - (most + 1) % 2)


def _around(where: float, eye: Eye, side: int) -> tuple[int, int]:
    """Start and length of the longest part of a side whose middle lies where the eye's centre shall."""
    reach = min(eye.lattice.extent * eye.pixels + eye.pixels // 2, (side - 1) // 2)
    middle = min(max(int(where * side), reach), side - 1 - reach)
    start = max(0, 2 * middle + 1 - side)
    return start, min(2 * middle + 1, side) - start
