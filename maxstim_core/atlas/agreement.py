"""How far the networks of an atlas agree: likeness of their answers, groups, and an order of cell types.

Of one objective and one seed. Definitions: `maxstim_core.comparison.likeness` and
`maxstim_core.comparison.grouping`; docs/atlas.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.comparison.grouping import ONE_ANSWER, grouped_answers, order_by_likeness
from maxstim_core.comparison.likeness import TOLERATED_FRAMES, TOLERATED_RINGS, likeness_matrix
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.storage.grid_store import COMPLETE

if TYPE_CHECKING:
    import xarray as xr

NO_GROUP = -1
"""Group of an answer that is not there."""

ReportSteps = Callable[[int, int], None]
"""Called with how many steps of comparing are done, and of how many."""


def answers_of_atlas(
    found: xr.Dataset, objective: str | None = None, seed: int | None = None
) -> xr.Dataset:
    """Return the answers of an atlas to one objective from one seed; movies are read when looked at.

    Args:
        found: An atlas, as `maxstim_core.storage.grid_store.read_store` returns it.
        objective: Its first if None.
        seed: Its first if None.

    Returns:
        The same with dims cell_type and network, and scalar coordinates objective and seed.

    Raises:
        MaxstimError: if the atlas has no such objective or seed.
    """
    chosen = {}
    for name, asked in (("objective", objective), ("seed", seed)):
        there = found[name].values.tolist()
        if asked is not None and asked not in there:
            raise MaxstimError(
                f"This atlas has no {name} {shown(asked)}; choose of {', '.join(map(str, there))}."
            )
        chosen[name] = 0 if asked is None else there.index(asked)
    return found.isel(chosen)


def is_there(answers: xr.Dataset) -> np.ndarray:
    """Return which answers there are, shape (cell_type, network)."""
    return answers["status"].transpose("cell_type", "network").values == COMPLETE


def compare_answers(answers: xr.Dataset, report: ReportSteps | None = None) -> dict[str, tuple]:
    """Compare all answers of an atlas, as far as they are there.

    Args:
        answers: As of `answers_of_atlas`.
        report: Told how far it is.

    Returns:
        As ``name: (dims, values, attributes)``:

        - ``likeness`` (cell_type, network, shown_to): of the answers of two networks; not a number
          where one is missing.
        - ``group`` (cell_type, network): 0 is the largest of the cell type, `NO_GROUP` where there is no
          answer.
        - ``place`` (network, cell_type): an order of the cell types in which like stands beside like;
          those without an answer come last.
        - ``unlike`` (network): likeness in the median over pairs of different cell types, what movies
          of the same network share whatever they are for; not a number below two.
    """
    lattice = Lattice.of(answers["u"].values, answers["v"].values)
    there = is_there(answers)
    n_types, n_networks = there.shape
    alike = np.full((n_types, n_networks, n_networks), np.nan, np.float32)
    group = np.full((n_types, n_networks), NO_GROUP, np.int16)
    place = np.zeros((n_networks, n_types), np.int16)
    unlike = np.full(n_networks, np.nan, np.float32)
    steps = _counted(n_types + n_networks, report)
    for k in range(n_types):
        members = np.flatnonzero(there[k])
        if members.size:
            found = likeness_matrix(_movies(answers.isel(cell_type=k, network=members)), lattice)
            alike[k][np.ix_(members, members)] = found
            group[k, members] = grouped_answers(found)
        next(steps)
    for k in range(n_networks):
        members = np.flatnonzero(there[:, k])
        order = members
        if members.size:
            found = likeness_matrix(_movies(answers.isel(cell_type=members, network=k)), lattice)
            order = members[order_by_likeness(found)]
            pairs = found[np.triu_indices(members.size, 1)]
            unlike[k] = np.median(pairs) if pairs.size else np.nan
        order = np.append(order, np.flatnonzero(~there[:, k]))
        place[k, order] = np.arange(n_types)
        next(steps)
    tolerance: dict[str, Any] = {"rings": TOLERATED_RINGS, "frames": TOLERATED_FRAMES}
    return {
        "likeness": (
            ("cell_type", "network", "shown_to"),
            alike,
            {"long_name": "likeness of the answers of two networks", "units": "1", **tolerance},
        ),
        "group": (
            ("cell_type", "network"),
            group,
            {"long_name": "which answer of the cell type it is", "threshold": ONE_ANSWER},
        ),
        "place": (
            ("network", "cell_type"),
            place,
            {"long_name": "place of the cell type in the order by likeness"},
        ),
        "unlike": (
            ("network",),
            unlike,
            {"long_name": "median likeness of different cell types", "units": "1", **tolerance},
        ),
    }


def _movies(answers: xr.Dataset) -> np.ndarray:
    """Return movies, shape (movie, frame, column)."""
    return np.asarray(answers["stimulus"].transpose(..., "frame", "column").values, np.float32)


def _counted(n_steps: int, report: ReportSteps | None) -> Iterator[None]:
    for step in range(n_steps):
        if report is not None:
            report(step + 1, n_steps)
        yield
