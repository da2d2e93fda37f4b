"""Response against contrast energy: the best movie of each of several budgets, warm-started.

The highest budget comes first, from noise; every other movie begins with that of the budget above it,
made weaker, and needs few iterations. The other way about is worse: where the response saturates, a
movie that is made stronger keeps its contrast where it has no use. docs/objectives.md#the-whole-curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.ascent import Ascent
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.generated import allowed_by, starting_stimulus, steps_for
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.missed import missed_energy
from maxstim_core.optimal.objectives.terms import Loss
from maxstim_core.optimal.result import provenance, result_of
from maxstim_core.optimal.run import StepReport, check_not_begun, checked_report_every
from maxstim_core.optimal.schedule import check_unscheduled
from maxstim_core.settings import checked
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

LATER_SHARE = 0.25
"""Iterations of every budget but the first, as a share of those of the first: 12 budgets take less time
than four runs."""

MOST_ENERGIES = 100
"""Most budgets of a curve."""

_WEAKEST, _STRONGEST = 1 / 5000, 1 / 10
"""First and last budget where none are given, as shares of the energy of a movie of full contrast."""


def curve(
    network: Network,
    cell_type: str,
    config: GenerateConfig | None = None,
    energies: int | Sequence[float] = 12,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    report_every: int = 10,
) -> Curve:
    """Find the best movie at each of several budgets of contrast energy.

    Args:
        network: The network to ask.
        cell_type: For example ``T4c``.
        config: Hyperparameters; the defaults with objective ``drive`` if None. Each budget takes the
            place of ``config.energy``.
        energies: The budgets, sum of squared differences from grey; or how many, then evenly in their
            logarithm from a five-thousandth to a tenth of the energy of a movie of full contrast; where
            no movie has less than some, of what is above that.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        report_every: Iterations between reports.

    Returns:
        An `Optimization` whose steps are those of all budgets, one after the other.

    Raises:
        MaxstimError: if the cell type or the device does not exist, an energy is out of what a stimulus
            can have, or the objective has no budget.

    Example:
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> config = ms.GenerateConfig(t_stim=0.1, n_iters=8)
        >>> found = ms.finish(ms.curve(network, "T4c", config, [1, 4, 16]))
        >>> found.stimulus.dims, found.stimulus.shape
        (('energy', 'frame', 'column'), (3, 10, 91))
        >>> found.counted_response.dims
        ('energy',)
    """
    check_network(network)
    network.cell_type(cell_type)
    config = checked(
        GenerateConfig(objective="drive") if config is None else config, GenerateConfig
    )
    check_unscheduled(config.schedule, "a curve")
    network = silenced(network, config.silence, cell_type=cell_type)
    if config.goal.kind == "level":
        raise MaxstimError(
            "A level takes the contrast energy that it needs, so that there is no curve of it; choose "
            "the objective drive."
        )
    budgets = _budgets(network, config, energies)
    engine = make_engine(network, device=device, dtype=dtype)
    return Curve(engine, cell_type, config, budgets, report_every=report_every)


def _budgets(
    network: Network, config: GenerateConfig, energies: int | Sequence[float]
) -> list[float]:
    """Return the budgets from low to high, all such as a stimulus can have."""
    free = allowed_by(replace(config, energy=0.0), network.lattice)
    if free.has_one_energy:
        raise MaxstimError(
            f"Two levels that are equally far from grey have one energy, {free.most_energy:.4g}, so "
            "that there is no curve; take more levels, or none."
        )
    if isinstance(energies, bool | str):
        raise MaxstimError(_not_energies(energies))
    if isinstance(energies, int | np.integer):
        if not 2 <= energies <= MOST_ENERGIES:
            raise MaxstimError(f"A curve has 2 to {MOST_ENERGIES} energies, not {shown(energies)}.")
        least, most = free.least_energy, free.most_energy
        within = most - least
        return (least + np.geomspace(within * _WEAKEST, within * _STRONGEST, energies)).tolist()
    try:
        given = list(energies)
    except TypeError:
        given = []
    if not given or not all(isinstance(each, Real) for each in given):
        raise MaxstimError(_not_energies(energies))
    budgets = [float(each) for each in given]
    if not all(0 < each < np.inf for each in budgets):
        raise MaxstimError(f"Energies must be finite and above 0, not {shown(energies)}.")
    if len(budgets) > MOST_ENERGIES:
        raise MaxstimError(f"Give at most {MOST_ENERGIES} energies, not {len(budgets)}.")
    if budgets != sorted(set(budgets)):
        raise MaxstimError(
            f"Give every energy once, from the lowest to the highest, not {shown(given)}."
        )
    for energy in budgets:
        allowed_by(replace(config, energy=energy), network.lattice)
    return budgets


def _not_energies(given: object) -> str:
    return (
        f"Give the number of energies or a list of them, such as [10, 30, 100], not {shown(given)}."
    )


class Curve:
    """Ascents at falling budgets (an `Optimization`).

    Attributes:
        n_steps: Iterations of all budgets.
        terms: Names of the logged losses.
    """

    def __init__(
        self,
        engine: Engine,
        cell_type: str,
        config: GenerateConfig,
        energies: Sequence[float],
        *,
        report_every: int,
    ) -> None:
        self._engine, self._cell_type, self._config = engine, cell_type, config
        self._energies, self._report_every = energies, checked_report_every(report_every)
        later = max(2, round(LATER_SHARE * config.n_iters))
        self._configs = [
            replace(config, energy=energy, n_iters=later if k else config.n_iters)
            for k, energy in enumerate(reversed(energies))
        ]
        self._measured = Measured.of(engine.network, cell_type, config)
        self.n_steps = sum(each.n_iters for each in self._configs)
        self._start = starting_stimulus(config, engine.network)
        self._steps, loss = self._ascent(0)
        self.terms = loss.terms
        self._found: list[np.ndarray] = []
        self._n_done = 0
        self._stopped = False

    def __repr__(self) -> str:
        return f"<Run curve {self._cell_type!r}: {self._n_done} of {self.n_steps} steps>"

    def __iter__(self) -> Iterator[StepReport]:
        """Run, and report every few steps; stop iterating to cancel.

        Raises:
            MaxstimError: if it has been iterated before, or a loss is no finite number.
        """
        check_not_begun(self._n_done)
        for k in range(len(self._configs)):
            if k:
                self._steps, _ = self._ascent(k)
            before = self._n_done
            for step, losses in self._steps.run(self._report_every):
                self._n_done = before + step
                movie = self._engine.host(self._steps.stimuli[0]).copy()
                movie.setflags(write=False)
                yield StepReport(
                    self._n_done,
                    self.n_steps,
                    losses[:, 0],
                    movie,
                    lattice=self._engine.layout.lattice,
                )
            if self._stopped:
                return
            self._found.append(self._engine.host(self._steps.best[0]).copy())
            self._start = self._found[-1]

    def stop(self) -> None:
        """End after the present step; from any thread."""
        self._stopped = self._steps.stopped = True

    def result(self) -> Result:
        """Return the movies of the budgets that are done, with what counts of the responses."""
        return result_of(self.labeled())

    def labeled(self) -> Labeled:
        """Return what `result` does, without xarray.

        Dims (energy, frame, column): ``stimulus``; (energy, frame): ``central_response``, voltage;
        (energy): ``counted_response``, in units of RMS above grey.
        """
        found = self._found or [
            self._engine.host(self._steps.best[0]).copy()
        ]  # stopped at the first
        movies = np.stack(found[::-1])
        voltage = self._measured.voltage(self._engine, movies, self._config.dt)
        lattice = self._engine.layout.lattice
        done = len(self._found) == len(self._energies)
        missed = missed_energy(self._energies[-len(found) :], [*map(contrast_energy, movies)])
        return Labeled(
            variables={
                "stimulus": (("energy", "frame", "column"), movies.astype(np.float32)),
                "central_response": (("energy", "frame"), voltage[:, 0].astype(np.float32)),
                "counted_response": ("energy", self._measured.counted(voltage).astype(np.float32)),
            },
            coordinates={
                "energy": ("energy", np.array(self._energies[-len(found) :])),
                "time": ("frame", np.arange(movies.shape[1]) * self._config.dt, {"units": "s"}),
                "u": ("column", lattice.u),
                "v": ("column", lattice.v),
            },
            attrs={
                **provenance(self._engine, self._config),
                "kind": "curve",
                "cell_type": self._cell_type,
                "dt": self._config.dt,
                "status": "complete" if done else "cancelled",
                **({"missed": missed} if missed else {}),
            },
        )

    def _ascent(self, k: int) -> tuple[Ascent, Loss]:
        config, start = self._configs[k], self._start
        if k:
            weaker = (config.energy / self._configs[k - 1].energy) ** 0.5
            start = GREY + weaker * (start - GREY)
        steps, loss = steps_for([self._engine], self._cell_type, config, start, settled=k > 0)
        assert isinstance(steps, Ascent)  # a budget is a constraint
        return steps, loss
