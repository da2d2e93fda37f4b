"""The eye: from the pixels of a film to the columns of the hexagonal lattice.

A column sums the pixels around its centre with a kernel that is separable in rows and columns: flyvis's
box (docs/numerics.md#the-eye), or a Gaussian like that of an ommatidium. Every frame is first summed
along its rows for the few columns of pixels that receptors look at, then down those sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from maxstim_core.conventions import EXTENT
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import DEGREES_PER_COLUMN, Lattice

Kernel = Literal["box", "gaussian"]

_PUBLISHED = Lattice(EXTENT)

_FULL_WIDTH = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""


@dataclass(frozen=True)
class Eye:
    """An eye that looks at frames of pixels.

    Args:
        lattice: Its columns.
        pixels: Distance between neighbouring columns, in pixels, both ways though the
            lattice is not as wide as high (docs/numerics.md#the-lattice); odd.
        kernel: ``box``: the mean of `pixels` x `pixels`, as flyvis sees. ``gaussian``: an ommatidium.
        acceptance: Acceptance angle of an ommatidium: full width at half maximum, degrees.

    Raises:
        MaxstimError: if a setting makes no sense.
    """

    lattice: Lattice = _PUBLISHED
    pixels: int = 13
    kernel: Kernel = "box"
    acceptance: float = 5.0

    def __post_init__(self) -> None:
        if self.pixels < 1 or self.pixels % 2 == 0:
            raise MaxstimError(
                f"The pixels per column must be odd and positive, not {self.pixels}."
            )
        if self.kernel not in ("box", "gaussian"):
            raise MaxstimError(
                f"The kernel of the eye must be box or gaussian, not {self.kernel!r}."
            )
        if not 0 < self.acceptance < 90:
            raise MaxstimError(
                f"The acceptance angle must lie between 0 and 90 degrees, not {self.acceptance!r}."
            )

    @property
    def least_side(self) -> int:
        """Least height and width of a frame that covers all columns, in pixels."""
        return (2 * self.lattice.extent + 1) * self.pixels - (self.pixels - 1)

    def see(self, frames: np.ndarray) -> np.ndarray:
        """Return what each column sees of each frame.

        Frames smaller than `least_side` are stretched to exactly that on both sides, as flyvis does;
        beyond a frame there is black.

        Args:
            frames: Luminance, shape (frame, row, pixel column), rows downward; of type uint8, 255 is 1.

        Returns:
            Shape (frame, column), float32.

        Raises:
            MaxstimError: if there is no frame, or a frame is empty or holds no finite numbers.
        """
        frames = np.asarray(frames)
        if frames.dtype != np.uint8:
            frames = np.asarray(frames, np.float32)
        if frames.ndim != 3 or 0 in frames.shape:
            raise MaxstimError(
                f"Frames must have shape (frame, row, column) and pixels, not {frames.shape}."
            )
        if not np.isfinite(frames).all():
            raise MaxstimError("The film holds a value that is not finite; replace or cut it out.")
        if min(frames.shape[1:]) < self.least_side:
            frames = _stretched(as_luminance(frames), self.least_side)
        n_frames, height, width = frames.shape
        reach, weights = self._kernel
        rows, cols = self._centers
        looked_at = np.unique(cols)
        along = _bands(looked_at + width // 2, reach, weights, width)
        # Pixels beyond the outermost columns weigh nothing: of a wide film that is most of them.
        first, last = looked_at[[0, -1]] + width // 2
        near = slice(max(0, first - reach), last + reach + 1)
        # One product of all rows: with one per frame, threads wait for one another at each.
        pixels = as_luminance(frames[..., near]).reshape(n_frames * height, -1)
        sums = (pixels @ along[:, near].T).reshape(n_frames, height, -1)
        sums = np.pad(sums, ((0, 0), (reach, reach), (0, 0)))
        row, which = rows + height // 2, np.searchsorted(looked_at, cols)
        seen = np.zeros((len(frames), self.lattice.n_columns), np.float32)
        for step, weight in enumerate(weights):
            seen += weight * sums[:, row + step, which]
        return seen

    @cached_property
    def _centers(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel row and column of each receptor, from the middle of a frame; cut towards zero."""
        u, v = self.lattice.u, self.lattice.v
        return np.trunc(self.pixels * (u + v / 2)).astype(int), self.pixels * v

    @cached_property
    def _kernel(self) -> tuple[int, np.ndarray]:
        """How far a receptor reaches, in pixels, and its weights over rows or columns of pixels."""
        if self.kernel == "box":
            return self.pixels // 2, np.full(self.pixels, 1 / self.pixels, np.float32)
        deviation = self.acceptance / _FULL_WIDTH / DEGREES_PER_COLUMN * self.pixels
        reach = int(np.ceil(3 * deviation))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        return reach, (weights / weights.sum()).astype(np.float32)


def as_luminance(pixels: np.ndarray) -> np.ndarray:
    """Return luminance, float32, of any shape, of which 0 to 255, uint8, become 0 to 1."""
    if pixels.dtype == np.uint8:
        return pixels / np.float32(255)
    return np.asarray(pixels, np.float32)


def _bands(centers: np.ndarray, reach: int, weights: np.ndarray, size: int) -> np.ndarray:
    """Weights of `size` pixels for receptors at `centers`, shape (center, pixel)."""
    bands = np.zeros((len(centers), size + 2 * reach), np.float32)
    for band, center in zip(bands, centers, strict=True):
        band[center : center + len(weights)] = weights
    return bands[:, reach : reach + size]


def _stretched(frames: np.ndarray, side: int) -> np.ndarray:
    """Frames resized to a square, bilinear and antialiased as torchvision does for flyvis."""
    import torch  # only here: films of full size need no torch

    stretched = torch.nn.functional.interpolate(
        torch.from_numpy(frames)[None],
        size=(side, side),
        mode="bilinear",
        antialias=True,
        align_corners=False,
    )
    return stretched[0].numpy()
