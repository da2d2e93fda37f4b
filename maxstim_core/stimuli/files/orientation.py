"""How a stored picture is turned and mirrored to stand upright: by EXIF or a film's display matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_TOLERANCE = 0.02
"""By how much a matrix may differ from a quarter turn: telephones round."""


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to lay a picture.

    Attributes:
        rotation: By how much the picture is turned after it was mirrored, degrees clockwise: 0, 90, 180
            or 270.
        mirror: Whether left and right are exchanged before.
    """

    rotation: int = 0
    mirror: bool = False

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture as it is meant to be seen, shape (row, pixel column, ...)."""
        return np.rot90(pixels[:, ::-1] if self.mirror else pixels, -self.rotation // 90)

    def stored(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture as it is stored, of an upright one, shape (row, pixel column, ...)."""
        turned = np.rot90(pixels, self.rotation // 90)
        return turned[:, ::-1] if self.mirror else turned

    @property
    def matrix(self) -> np.ndarray:
        """Where the stored directions rightward and downward point on the screen, as columns."""
        turn = np.round(np.exp(1j * np.deg2rad(self.rotation)))
        matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
        return matrix * [-1, 1] if self.mirror else matrix


UPRIGHT = Orientation()

_EXIF = (
    *(Orientation(0), Orientation(0, True), Orientation(180), Orientation(180, True)),
    *(Orientation(270, True), Orientation(90), Orientation(90, True), Orientation(270)),
)


def of_exif(tag: object) -> Orientation:
    """Return what the orientation tag of EXIF says (EXIF 2.32, tag 0x112); upright if it is none."""
    return _EXIF[tag - 1] if isinstance(tag, int) and 1 <= tag <= 8 else UPRIGHT


def of_matrix(matrix: Sequence[float]) -> Orientation | None:
    """Return what the display matrix of a film says, or None where it is no quarter turn.

    Args:
        matrix: Its numbers a, b, c and d (ISO/IEC 14496-12, 8.3.2): a stored pixel (x, y) is shown at
            (a x + c y, b x + d y). Of a scale, players take no notice, and neither does this.
    """
    a, b, c, d = matrix
    right, down = np.hypot(a, b), np.hypot(c, d)
    if not (right and down):  # all zeros: never filled in
        return UPRIGHT
    shown = np.array([[a / right, c / down], [b / right, d / down]])
    close = (way for way in _EXIF if np.abs(way.matrix - shown).max() < _TOLERANCE)
    return next(close, None)
