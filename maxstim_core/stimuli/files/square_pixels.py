"""Pictures whose pixels are not square, as of DV and of anamorphic film, become pictures whose are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

SQUARE = Fraction(1)


def square_size(height: int, width: int, aspect: Fraction) -> tuple[int, int]:
    """Return height and width of a picture whose pixels have been made square, in pixels.

    The side along which pixels are long grows, so that nothing is lost.

    Args:
        height: In pixels.
        width: Likewise.
        aspect: Width of a pixel over its height.
    """
    if aspect > 1:
        return height, round(width * aspect)
    return round(height / aspect), width


def with_square_pixels(picture: np.ndarray, aspect: Fraction) -> np.ndarray:
    """Return a picture, shape (row, pixel column), with square pixels, interpolated linearly, float32.

    A picture whose size would not change is returned as it is.
    """
    from PIL import Image

    height, width = square_size(picture.shape[0], picture.shape[1], aspect)
    if (height, width) == picture.shape:
        return picture
    image = Image.fromarray(np.ascontiguousarray(picture, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
