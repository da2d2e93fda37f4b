"""Which of several answers are one and the same, and an order in which like stands beside like.

Answers are grouped by average linkage (UPGMA; Sokal and Michener 1958, University of Kansas Science
Bulletin 38): each begins as a group of its own, and the two groups whose members are most alike, on
average over all pairs between them, are joined, as long as that average is at least a threshold. Of
groups that are equally alike, those that come first are joined first, so that the same likenesses give
the same groups. The average never grows from one joining to the next: with a lower threshold the
groups are unions of those of a higher one.

The order is that of the leaves of the tree to its end; of two groups that are joined, those ends come
together that are most alike, as Gruvaeus and Wainer (1972, British Journal of Mathematical and
Statistical Psychology 25) order them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.settings import checked_number

ONE_ANSWER = 0.5
"""Likeness on average from which answers count as one: half of the contrast is shared."""

_Leaves = list[int]


def grouped_answers(likeness: np.ndarray, threshold: float = ONE_ANSWER) -> np.ndarray:
    """Return to which group each of several answers belongs.

    Args:
        likeness: Symmetric, shape (answer, answer), as of `likeness_matrix`.
        threshold: Least likeness on average of what is joined, from -1 to 1.

    Returns:
        Number of the group of each answer, shape (answer,): 0 is the largest, and of equally large ones
        that which comes first.

    Raises:
        MaxstimError: if the likenesses are no square of numbers, or the threshold is no such number.
    """
    threshold = checked_number(threshold, "The likeness of one answer (threshold)", (-1, 1))
    alike = _square(likeness)
    groups: list[_Leaves] = [[k] for k in range(len(alike))]
    for first, second, average in _joinings(alike):
        if average < threshold:
            break
        groups[first] += groups[second]
        groups[second] = []
    found = np.zeros(len(alike), int)
    largest_first = sorted(filter(None, groups), key=lambda members: (-len(members), min(members)))
    for number, members in enumerate(largest_first):
        found[members] = number
    return found


def order_by_likeness(likeness: np.ndarray) -> np.ndarray:
    """Return an order in which like stands beside like, as the leaves of a dendrogram.

    Args:
        likeness: Symmetric, shape (answer, answer), as of `likeness_matrix`.

    Returns:
        Numbers of the answers, each once, shape (answer,).

    Raises:
        MaxstimError: if the likenesses are no square of numbers.
    """
    alike = _square(likeness)
    leaves: list[_Leaves] = [[k] for k in range(len(alike))]
    for first, second, _ in _joinings(alike):
        leaves[first] = _ends_together(leaves[first], leaves[second], alike)
    return np.array(leaves[0] if leaves else [], int)


def _joinings(alike: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yield which group takes in which, by the least number of their members, and how alike they are."""
    between = alike.astype(np.float64)
    np.fill_diagonal(between, -np.inf)
    sizes = np.ones(len(between))
    for _ in range(len(between) - 1):
        first, second = sorted(divmod(int(np.argmax(between)), len(between)))
        yield first, second, float(between[first, second])
        average = sizes[first] * between[first] + sizes[second] * between[second]
        sizes[first] += sizes[second]
        between[first] = between[:, first] = average / sizes[first]
        between[second] = between[:, second] = -np.inf
        between[first, first] = -np.inf


def _ends_together(one: _Leaves, other: _Leaves, alike: np.ndarray) -> _Leaves:
    ways = [(a, b) for a in (one, one[::-1]) for b in (other, other[::-1])]
    a, b = max(ways, key=lambda way: alike[way[0][-1], way[1][0]])
    return a + b


def _square(likeness: object) -> np.ndarray:
    """Return likenesses as numbers.

    Raises:
        MaxstimError: if they are no square of numbers.
    """
    try:
        alike = np.asarray(likeness, np.float64)
    except (TypeError, ValueError):
        alike = np.empty(0)
    if alike.ndim != 2 or alike.shape[0] != alike.shape[1] or not np.isfinite(alike).all():
        raise MaxstimError(
            f"Likenesses are numbers of shape (answer, answer), not {shown(likeness)}."
        )
    return alike
