"""Whole numbers whose white is another than the largest that they can be: no file says so."""

from __future__ import annotations

from maxstim_core.errors import MaxstimError

_ANOTHER_WHITE = {255: 1, 65535: 4095}
"""What numbers never get above, by their largest, where white is another: of 8 bits in a mask of 0 and
1, of 16 bits that a camera of 12 or 10 bits filled."""


def check_white(what: str, most: float, white: int | None) -> None:
    """Refuse a film that is nearly black because its white is another number.

    Args:
        what: What to call it.
        most: The largest luminance in all of it, as a fraction of `white`.
        white: What counts as white; None for films of other numbers.

    Raises:
        MaxstimError: if it never gets above what such numbers have for white elsewhere.
    """
    largest = 0 if white is None else round(most * white)
    if white is not None and 0 < largest <= _ANOTHER_WHITE.get(white, 0):
        raise MaxstimError(
            f"{what} never gets above {largest} of {white}, as if white were another number; divide by "
            "that and save floating-point numbers, 1 being white."
        )
