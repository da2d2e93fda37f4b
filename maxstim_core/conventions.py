"""Conventions that every room shares: the published eye, grey, and how frames are counted."""

from __future__ import annotations

from maxstim_core.settings import checked_number

EXTENT = 15
"""Rings of the published eye: 721 columns."""

GREY = 0.5
"""Luminance that everything starts from."""

MIN_DT = 0.0005
"""Shortest frame in seconds that a run accepts."""

MAX_DT = 0.05
"""Longest frame in seconds that a run accepts: the default time constant of a cell."""

_FRAMES = (1e-5, 60.0)
"""Shortest and longest frame of any movie in seconds."""


def checked_dt(dt: object, name: str = "The frame duration (dt)") -> float:
    """Return a frame duration in seconds once it is sure that it is one.

    Args:
        dt: What was given: seconds per frame.
        name: What it is, as the subject of the refusal.

    Raises:
        MaxstimError: if it is no number of seconds that a frame of a movie can last.
    """
    return checked_number(dt, name, _FRAMES, unit="s")


def frames_in(duration: float, dt: float) -> int:
    """Return the number of whole frames in a duration, as flyvis counts them.

    The quotient is truncated in double precision, float noise included: 0.29 s at 0.01 s gives 28
    (docs/numerics.md#frames).

    Args:
        duration: Seconds.
        dt: Seconds per frame.
    """
    return int(duration / dt)
