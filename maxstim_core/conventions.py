"""Conventions that every room shares: the published eye, grey, and how frames are counted."""

from __future__ import annotations

EXTENT = 15
"""Rings of the published eye: 721 columns."""

GREY = 0.5
"""Luminance that everything starts from."""

MAX_DT = 0.05
"""Longest frame in seconds that a run accepts: the default time constant of a cell."""


def frames_in(duration: float, dt: float) -> int:
    """Return the number of whole frames in a duration, as flyvis counts them.

    The quotient is truncated in double precision, float noise included: 0.29 s at 0.01 s gives 28
    (docs/numerics.md#frames).

    Args:
        duration: Seconds.
        dt: Seconds per frame.
    """
    return int(duration / dt)
