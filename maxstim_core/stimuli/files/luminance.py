"""Grey of colours, and what lies under what is transparent: the same for films, images and arrays."""

from __future__ import annotations

import numpy as np

GREY_OF_COLORS = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601, as Pillow and so flyvis turn colours to grey."""


def on_ground(values: np.ndarray, opacity: np.ndarray, ground: float) -> np.ndarray:
    """Return what is seen of a picture that lies on a ground.

    Args:
        values: Luminance or colours in [0, 1], shape (row, pixel column, ...).
        opacity: Likewise, of a shape that fits.
        ground: Luminance of the ground.

    Returns:
        In the shape of `values`, float32.
    """
    opacity = np.asarray(opacity, np.float32)
    return np.asarray(values * opacity + np.float32(ground) * (1 - opacity), np.float32)
