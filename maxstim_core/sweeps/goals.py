"""What an answer is worth: goals that pull in different directions, and who is beaten in none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.objectives.stimulus import SlowInTime, SmoothInSpace
from maxstim_core.settings import did_you_mean

RESPONSE, TRANSFER = "counted_response", "transfer"
"""The two goals that are responses."""


class Goal(NamedTuple):
    """A number by which answers are compared.

    Attributes:
        words: What it is.
        more_is_better: Which way is better.
        units: Its units.
    """

    words: str
    more_is_better: bool
    units: str


GOALS = {
    RESPONSE: Goal("what counts of the response, above grey", True, "RMS"),
    "contrast_energy": Goal("sum of squared differences from grey", False, "1"),
    "roughness_time": Goal("mean squared difference between successive frames", False, "1"),
    "roughness_space": Goal("mean squared difference between neighboring columns", False, "1"),
    TRANSFER: Goal(
        "median over other networks of what counts of the response, above grey", True, "RMS"
    ),
}
"""All goals by name: docs/sweeps.md#goals."""


def checked_goals(goals: object, *, with_transfer: bool) -> tuple[str, ...]:
    """Return the names of the goals to compare by: all that there are if None.

    Args:
        goals: What was given.
        with_transfer: Whether there are other networks.

    Raises:
        MaxstimError: if there is no such goal.
    """
    there = [name for name in GOALS if with_transfer or name != TRANSFER]
    if goals is None:
        return tuple(there)
    if isinstance(goals, str) or not isinstance(goals, Iterable):
        raise MaxstimError(
            f'Give goals as a list, for example ["{RESPONSE}", "contrast_energy"], not {shown(goals)}.'
        )
    asked = list(goals)
    for name in asked:
        if name == TRANSFER and not with_transfer:
            raise MaxstimError(
                "There is no transfer without other networks; name some, or leave it out."
            )
        if name not in there:
            raise MaxstimError(f"There is no goal {shown(name)}; {did_you_mean(name, there)}")
    if not asked or len(set(asked)) < len(asked):
        raise MaxstimError("Give at least one goal, and each once.")
    return tuple(asked)


def roughness(stimulus: np.ndarray) -> dict[str, float]:
    """Return how rough a movie is in time and space, by the name of the goal.

    Args:
        stimulus: Luminance, shape (frame, column).
    """
    movie = stimulus.astype(np.float64)
    return {
        "roughness_time": float(SlowInTime()(movie, movie)),
        "roughness_space": float(SmoothInSpace()(movie, movie)),
    }


def merits(config: GenerateConfig, found: Mapping[str, float]) -> dict[str, float]:
    """Return the goals of an answer so that more is better in all of them.

    Of an objective that suppresses, a lower response is better, of one that asks for a level a nearer
    one.

    Args:
        config: Its settings.
        found: Its goals by name.
    """
    return {name: _merit(config, name, value) for name, value in found.items()}


def _merit(config: GenerateConfig, name: str, value: float) -> float:
    if name not in (RESPONSE, TRANSFER):
        return value if GOALS[name].more_is_better else -value
    if config.goal.kind == "level":
        return -abs(value - config.goal.level)
    return -value if config.goal.kind == "suppress" else value


def front_of_each_objective(
    configs: Sequence[GenerateConfig | None], found: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return which answers no other answer to the same objective beats.

    What counts of the response is another thing for each objective, so that answers to several cannot be
    ranked together.

    Args:
        configs: Of each setting; None where there is none.
        found: Goals by name, each of shape (setting, seed); not a number where there is no answer.

    Returns:
        Shape (setting, seed), bool.
    """
    front = np.zeros(next(iter(found.values())).shape, bool)
    alike: dict[object, list[int]] = {}
    for k, config in enumerate(configs):
        if config is not None:
            alike.setdefault(_objective(config), []).append(k)
    for settings in alike.values():
        worth = np.stack([_merits_of(configs[k], found, k) for k in settings])
        front[settings] = pareto_front(worth.reshape(-1, len(found))).reshape(worth.shape[:2])
    return front


def _objective(config: GenerateConfig) -> object:
    goal = config.goal
    return goal.kind, frozenset(goal.others), goal.level


def _merits_of(
    config: GenerateConfig | None, found: Mapping[str, np.ndarray], setting: int
) -> np.ndarray:
    """Return the merits of the answers of a setting, shape (seed, goal)."""
    assert config is not None
    of_seeds = zip(*(values[setting].tolist() for values in found.values()), strict=True)
    each = [merits(config, dict(zip(found, one, strict=True))) for one in of_seeds]
    return np.array([[*one.values()] for one in each])


def pareto_front(worth: np.ndarray) -> np.ndarray:
    """Return which answers no other beats: none is as good in all goals and better in one.

    Args:
        worth: Shape (answer, goal), more is better; not a number where there is no answer.

    Returns:
        Shape (answer,), bool.
    """
    there = np.isfinite(worth).all(1)
    front = there.copy()
    for k in np.flatnonzero(there):
        others = worth[there]
        as_good = (others >= worth[k]).all(1)
        front[k] = not (as_good & (others > worth[k]).any(1)).any()
    return front
