"""From pictures that last differently long to frames that all last the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from maxstim_core.stimuli.limits import FPS, MOST_FRAMES

DEFAULT_FPS = 24.0
"""Of a single picture that does not say how long it lasts."""

_UNEVEN = 1.5
"""Pictures whose durations differ by more than this factor are repeated."""

_LATE = 1.2
"""Frames by which pictures that are shown one after the other may be off at most."""

_HICCUPS = 0.01
"""Pictures that are shorter than others do not set the pace if they last this share of the film, and are
shown as long as others if they are this share of all."""

_DIVISIONS = 4
"""Into how many frames the shortest picture is cut at most, so that others last as they shall."""


class Pace(NamedTuple):
    """Which pictures are shown one after the other.

    Attributes:
        order: Index of the picture of each frame, shape (frame,).
        fps: Frames per second.
        fps_from: What told them, for a person.
        n_unshown: How many pictures are not shown, because they last less than a frame.
    """

    order: np.ndarray
    fps: float
    fps_from: str
    n_unshown: int = 0


def evenly(times: np.ndarray, told: float = 0.0, last: float = 0.0) -> Pace:
    """Return which pictures to show one after the other, all equally long.

    Args:
        times: When each picture is shown, seconds, shape (picture,).
        told: Frames per second by the header, or 0, for what the times leave open: webm rounds them to
            milliseconds.
        last: How long the last picture is shown, seconds, or 0 where nothing tells.
    """
    every = np.arange(len(times))
    if len(times) == 1:
        fps = told or DEFAULT_FPS
        return Pace(
            np.repeat(every, max(1, round(last * fps))), fps, "header" if told else "default"
        )
    times = np.maximum.accumulate(times - times[0])
    durations = np.diff(times)
    shortest = _shortest(durations)
    # A last picture that lasts less than others was not measured by who wrote the film.
    durations = np.append(durations, max(last, shortest))
    measured = float((len(times) - 1) / times[-1]) if times[-1] else told or DEFAULT_FPS
    fps, fps_from = (told, "header") if abs(told - measured) < 0.01 * measured else (
        measured, "time stamps"
    )  # fmt: skip
    late = np.abs(times - every / fps).max() * fps
    hiccups = float((durations < shortest / _UNEVEN).mean())
    if durations.max() <= _UNEVEN * shortest and late <= _LATE and hiccups <= _HICCUPS:
        return Pace(every, fps, fps_from)
    total = float(durations.sum())
    step = max(_step(durations, shortest), total / MOST_FRAMES, 1 / FPS[1])
    shown_at = (np.arange(max(1, round(total / step))) + 0.5) * step
    order = np.searchsorted(times, shown_at, side="right") - 1
    return Pace(order, 1 / step, "shortest pictures", len(times) - len(np.unique(order)))


def _shortest(durations: np.ndarray) -> float:
    """The shortest duration but for hiccups, seconds."""
    ordered = np.sort(durations)
    share = np.cumsum(ordered)
    if not share[-1]:
        return 1 / DEFAULT_FPS
    return max(float(ordered[np.searchsorted(share, _HICCUPS * share[-1])]), 1 / FPS[1])


def _step(durations: np.ndarray, shortest: float) -> float:
    """Length of a frame with which pictures last as they shall, as nearly as can be, seconds."""
    like = np.abs(durations / shortest - 1) < 0.25
    step = float(durations[like].mean())
    shown = durations[durations > 0.75 * shortest]
    for parts in range(1, _DIVISIONS + 1):
        multiples = shown * (parts / step)
        if np.abs(multiples - np.round(multiples)).max() < 0.02:
            return step / parts
    return step
