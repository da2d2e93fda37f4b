"""How the response in several frames becomes the number that an objective is about."""

from __future__ import annotations

from dataclasses import dataclass

from maxstim_core.arrays import Array, library_of
from maxstim_core.errors import MaxstimError, shown

COUNTED_WAYS = {
    "last": ("Last frame", "The response in the last frame that counts."),
    "mean": ("Mean", "The mean response over the frames that count."),
    "peak": ("Peak", "The strongest response in the frames that count."),
}
"""Name and meaning of each way to count."""


@dataclass(frozen=True)
class Counted:
    """The frames that count, and how they become one number.

    Attributes:
        how: ``last``, ``mean`` or ``peak``: see `COUNTED_WAYS`.
        first: The first frame that counts.
        stop: The frame behind the last that counts; all if None.
    """

    how: str = "last"
    first: int = 0
    stop: int | None = None

    def of(self, response: Array) -> Array:
        """Return a number for each response, shape (...), of one of shape (..., frame)."""
        counted = response[..., self.first : self.stop]
        if self.how == "last":
            return counted[..., -1]
        return counted.mean(-1) if self.how == "mean" else library_of(response).amax(counted, -1)

    def gradient(self, response: Array) -> Array:
        """Return the derivative of `of` with respect to the response, of its shape."""
        library = library_of(response)
        found = library.zeros_like(response)
        counted, on_counted = (each[..., self.first : self.stop] for each in (response, found))
        if self.how == "last":
            on_counted[..., -1] = 1
        elif self.how == "mean":
            on_counted[...] = 1 / counted.shape[-1]
        else:  # of several peaks alike, the first
            frames = library.arange(counted.shape[-1], device=counted.device)
            on_counted[...] = frames == counted.argmax(-1)[..., None]
        return found

    @property
    def formula(self) -> str:
        """What stands before the response in a formula."""
        return {"last": "last_t", "mean": "mean_t", "peak": "max_t"}[self.how]


def parse_window(text: str) -> tuple[float, float] | None:
    """Return begin and end of a window in seconds from text such as ``0.2:0.4``; None of no text.

    Raises:
        MaxstimError: if it is no window.
    """
    if not text:
        return None
    try:
        begin, end = map(float, text.split(":"))
    except ValueError:
        begin, end = 0.0, 0.0
    if not 0 <= begin < end < float("inf"):
        raise MaxstimError(
            f"A window is two times in seconds, the earlier first, such as 0.2:0.4, not {shown(text)}."
        )
    return begin, end
