"""How long a run will take, by what others have taken: for those who wait behind it."""

from __future__ import annotations

from collections import deque

from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig
from maxstim_core.runs.request import RunRequest

_REMEMBERED = 5
"""Runs of each method whose pace counts."""


class RunPace:
    """What the last runs of each method have taken. Not thread-safe: the queue's lock guards it."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {}  # seconds for each unit of work, by method

    def note(self, request: RunRequest, seconds: float) -> None:
        """Learn how long a whole run has taken."""
        taken = self._taken.setdefault(request.method, deque(maxlen=_REMEMBERED))
        taken.append(seconds / work(request))

    def seconds(self, request: RunRequest) -> float | None:
        """Return about how long a run will take; None where none of its method has ended yet."""
        taken = self._taken.get(request.method)
        return work(request) * sum(taken) / len(taken) if taken else None


def work(request: RunRequest) -> float:
    """Return how much there is to do: a number to be compared between runs of one method."""
    config = request.config
    if isinstance(config, GenerateConfig):
        return config.n_steps * config.n_frames
    return config.n_iters if isinstance(config, RegularizeConfig) else 1.0
