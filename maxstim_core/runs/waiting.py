"""How long a run will take, by what others have taken: for those who wait behind it."""

from __future__ import annotations

from collections import deque

from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.runs.request import RunRequest

_REMEMBERED = 5
"""Runs of each method, and tasks of each function, whose pace counts."""


class RunPace:
    """What the last runs of each method, and tasks of each function, have taken.

    Not thread-safe: the queue's lock guards it.
    """

    def __init__(self) -> None:
        self._taken: dict[
            str, deque[tuple[float, float]]
        ] = {}  # work and seconds, by what was done

    def note(self, request: RunRequest, seconds: float) -> None:
        """Learn how long a whole run has taken."""
        self.note_work(request.method, work(request), seconds)

    def seconds(self, request: RunRequest) -> float | None:
        """Return about how long a run will take; None where none of its method has ended yet."""
        return self.seconds_for(request.method, work(request))

    def note_work(self, kind: str, amount: float, seconds: float) -> None:
        """Learn how long it has taken to do something.

        Args:
            kind: What was done.
            amount: How much of it, above 0.
            seconds: How long that took.
        """
        self._taken.setdefault(kind, deque(maxlen=_REMEMBERED)).append((amount, seconds))

    def seconds_for(self, kind: str, amount: float) -> float | None:
        """Return about how long it will take to do as much of something; None where it is not known."""
        taken = self._taken.get(kind)
        if not taken:
            return None
        done, seconds = (sum(each) for each in zip(*taken, strict=True))
        return amount * seconds / done


def work(request: RunRequest) -> float:
    """Return how much there is to do: a number to be compared between runs of one method."""
    config = request.config
    if isinstance(config, GenerateConfig):
        return config.n_steps * config.n_frames
    return config.n_iters if isinstance(config, RegularizeConfig) else 1.0
