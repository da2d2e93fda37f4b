"""Quotients of responses, where they mean something."""

from __future__ import annotations

NEXT_TO_NOTHING = 0.05
"""RMS within which a response is that of a cell to which next to nothing is shown.

Under grey alone a cell goes on settling, by up to 0.03 RMS in the default network; and responses are
told in hundredths, of which fewer than five make no quotient. Where a cell settles more slowly, by 0.23
RMS in maxstim/007, its response to grey is looked at besides.
"""


def is_next_to_nothing(response: float, grey: float = 0.0) -> bool:
    """Tell whether a response says nothing of a movie, so that nothing is to be divided by it.

    Args:
        response: What counts of the response, in RMS above grey.
        grey: What counts of the response to grey in the same time: not 0 where a cell settles slowly.
    """
    return bool(min(abs(response), abs(response - grey)) < NEXT_TO_NOTHING)


def share_of(part: float, whole: float, grey: float = 0.0) -> float:
    """Return how many times one response is another; not a number where the other is next to nothing.

    Args:
        part: What counts of a response, in RMS above grey.
        whole: That of the other.
        grey: As for `is_next_to_nothing`.
    """
    return float("nan") if is_next_to_nothing(whole, grey) else part / whole
