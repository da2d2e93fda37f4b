"""An atlas that is made on many workers and kept in one store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.atlas.cluster import (
    checked_workers,
    connected,
    distributed,
    on_all_workers,
    spread,
)
from maxstim_core.atlas.plan import AtlasPlace, AtlasQuestion, atlas_versions
from maxstim_core.atlas.worker import answer_place, begin_work, end_work
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.run import StepReport, check_not_begun
from maxstim_core.storage.grid_store import (
    COMPLETE,
    FAILED,
    MISSING,
    GridCell,
    GridStore,
    read_store,
)

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


class AtlasRun:
    """Makes what an atlas lacks (an `Optimization`, whose steps are answers).

    Args:
        question: What the atlas asks.
        store: Folder of the zarr store; gone on with if it is there.
        scheduler: Address of a Dask scheduler; workers on this computer if None.
        workers: How many of these; one for each core if None.

    Attributes:
        n_steps: Answers in all.
        terms: There is no loss.
        problems: Why answers of this run failed, a sentence each.
        lacks_workers: Whether it waits for a worker to come, none being there.

    Raises:
        MaxstimError: if there is something else at the store, it is damaged or another version's, or a
            library that is an extra is missing.
    """

    terms: tuple[str, ...] = ()

    def __init__(
        self,
        question: AtlasQuestion,
        store: str | os.PathLike,
        *,
        scheduler: str | None = None,
        workers: int | None = None,
    ) -> None:
        distributed()
        self._question, self._scheduler = question, scheduler
        self._n_workers = checked_workers(workers, scheduler)
        self._grid = GridStore(store, question.plan())
        self._units = [response_units(network) for network in question.networks]
        self._begun = False
        self.n_steps = self._grid.status.size
        self.problems: list[str] = []
        self.lacks_workers = False

    def __repr__(self) -> str:
        return f"<Run atlas: {self.n_done} of {self.n_steps} answers>"

    @property
    def n_done(self) -> int:
        """Answers that there are, those that failed among them."""
        return int((self._grid.status != MISSING).sum())

    @property
    def share(self) -> float:
        """How much is done, 0 to 1: answers, one for each worker being under way."""
        return self.n_done / self.n_steps

    def __iter__(self) -> Iterator[StepReport]:
        """Make what is missing, and report as answers come in; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, the scheduler is not there or is lost, or the
                store cannot be written.
        """
        check_not_begun(self._begun)
        self._begun = True
        if self.n_done == self.n_steps:
            yield self._report()
            return
        begin = partial(
            begin_work, question=self._question, units=self._units, versions=atlas_versions()
        )
        with (
            connected(self._scheduler, min(self._n_workers, self.n_steps)) as client,
            self._grid.writing(),
            on_all_workers(client, begin, end_work) as key,
        ):
            yield self._report()
            for found in spread(client, partial(answer_place, key), self._missing()):
                self.lacks_workers = not found
                if found:
                    self._grid.write([GridCell(place, _values(values)) for place, values in found])
                self.problems += [values for _, values in found if isinstance(values, str)]
                yield self._report()

    def result(self) -> Result:
        """Return what there is so far; movies are read when they are looked at."""
        from maxstim_core.drawing.notebook import Result

        return Result.of(self._grid.dataset())

    def _missing(self) -> list[AtlasPlace]:
        """Return the places without an answer, network by network."""
        places = [
            AtlasPlace(*place) for place in np.argwhere(self._grid.status == MISSING).tolist()
        ]
        return sorted(places, key=lambda place: (place.network, place))

    def _report(self) -> StepReport:
        return StepReport(self.n_done, self.n_steps, np.empty((0, 0), np.float32))


def _values(found: dict[str, Any] | str) -> dict[str, Any] | None:
    return None if isinstance(found, str) else found


def atlas_status(store: str | os.PathLike) -> dict[str, Any]:
    """Return how far an atlas is, as JSON takes it; also while somebody makes it.

    Args:
        store: Folder of its store.

    Raises:
        MaxstimError: if there is none, or it is of another version.
    """
    found = read_store(store, "atlas")
    status = found["status"].values
    return {
        "answers": status.size,
        **_counts(status),
        "cell_types": found.sizes["cell_type"],
        "networks": found["network"].values.tolist(),
        "objectives": found["objective"].values.tolist(),
        "seeds": found.sizes["seed"],
        "by_network": {
            str(name): _counts(status[:, k]) for k, name in enumerate(found["network"].values)
        },
        "by_cell_type": {
            str(name): _counts(status[k]) for k, name in enumerate(found["cell_type"].values)
        },
    }


def _counts(status: np.ndarray) -> dict[str, int]:
    return {
        name: int((status == value).sum())
        for name, value in (("complete", COMPLETE), ("failed", FAILED), ("missing", MISSING))
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def atlas_lines(report: dict[str, Any]) -> list[str]:
    """Return what `atlas_status` tells as lines to read."""
    shape = (
        f"{_counted(report['cell_types'], 'cell type')} × "
        f"{_counted(len(report['networks']), 'network')} × "
        f"{_counted(len(report['objectives']), 'objective')} × {_counted(report['seeds'], 'seed')}"
    )
    counts = ", ".join(f"{report[name]} {name}" for name in ("complete", "failed", "missing"))
    rows = [
        f"{name}: {of['complete']} complete, {of['failed']} failed, {of['missing']} missing"
        for name, of in report["by_network"].items()
    ]
    return [f"{shape} = {report['answers']} answers: {counts}", *rows]
