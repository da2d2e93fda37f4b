"""What a sweep holds: dimensions, variables and coordinates, as in docs/sweeps.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from maxstim_core.conventions import frames_in
from maxstim_core.networks.network import Network
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.shared_settings import MAX_FRAMES
from maxstim_core.storage.grid_store import GridPlan, GridVariable
from maxstim_core.sweeps.goals import GOALS, TRANSFER
from maxstim_core.sweeps.varied import Interval, Listed

NOT_YET = {float: np.nan, int: -1, bool: -1, str: ""}
"""What stands for a value that is not proposed yet, by the type of the setting."""

_STORED_AS = {float: np.float64, int: np.int64, bool: np.int8, str: object}

MOVIES = ("stimulus", "best_stimulus")
TRACES = ("central_response", "best_central_response")


@dataclass(frozen=True)
class SweepQuestion:
    """What a sweep asks.

    Attributes:
        network: The network.
        cell_type: For example ``T4c``.
        config: The settings that stay; its seed is the first.
        varied: What varies.
        settings: The values of each setting; None where they are proposed as answers come in.
        n_settings: How many settings there are, or will be.
        n_seeds: How many seeds, from that of the settings on.
        others: Networks that every answer is shown to.
        goals: Names of the goals that answers are compared by.
        device: Where to compute, resolved.
        dtype: Precision to compute in.
    """

    network: Network
    cell_type: str
    config: GenerateConfig
    varied: tuple[Listed | Interval, ...]
    settings: tuple[dict[str, Any], ...] | None
    n_settings: int
    n_seeds: int
    others: tuple[Network, ...]
    goals: tuple[str, ...]
    device: str
    dtype: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the settings that vary."""
        return tuple(each.name for each in self.varied)

    @property
    def most_frames(self) -> int:
        """Frames of the longest movie that these settings can ask for."""
        longest, shortest = self._ends("t_stim")[1], self._ends("dt")[0]
        return min(MAX_FRAMES, frames_in(longest, shortest))

    def plan(self, about: dict[str, object], versions: dict[str, str]) -> GridPlan:
        """Return what the sweep holds.

        Args:
            about: Attributes by which it can be made again.
            versions: Of what computes it.
        """
        frames, columns = self.most_frames, self.network.lattice.n_columns
        variables = {
            **{
                name: GridVariable(dims=("frame", "column"), shape=(frames, columns), large=True)
                for name in MOVIES
            },
            **{name: GridVariable(dims=("frame",), shape=(frames,), large=True) for name in TRACES},
            **{name: _goal_variable(name) for name in GOALS if self.others or name != TRANSFER},
            "pareto": GridVariable(
                "bool",
                attrs={
                    "long_name": "whether no other answer to the same objective beats it in all goals"
                },
            ),
        }
        if self.others:
            variables["transfer_response"] = GridVariable(
                dims=("network",),
                shape=(len(self.others),),
                attrs={
                    "long_name": "what counts of the response of other networks",
                    "units": "RMS",
                },
            )
        mine = {
            "cell_type": self.cell_type,
            "goals": json.dumps(list(self.goals)),
            "varied": json.dumps(list(self.names)),
        }
        return GridPlan(
            "sweep",
            ("setting", "seed"),
            (self.n_settings, self.n_seeds),
            variables,
            self._coordinates(),
            self._identity(),
            {**about, **mine},
            versions,
        )

    def _coordinates(self) -> dict[str, tuple]:
        lattice, first = self.network.lattice, self.config.random_seed
        found: dict[str, tuple] = {
            "setting": ("setting", np.arange(self.n_settings)),
            "seed": ("seed", np.arange(first, first + self.n_seeds)),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        }
        if "dt" not in self.names:
            times = np.arange(self.most_frames) * self.config.dt
            found["time"] = ("frame", times, {"units": "s"})
        if self.others:
            found["network"] = ("network", [each.name for each in self.others])
        items = {item.name: item for item in fields(self.config)}
        for name in self.names:
            kind, about = type(items[name].default), items[name].metadata
            blank = np.full(self.n_settings, NOT_YET[kind], _STORED_AS[kind])
            if self.settings is not None:
                blank[:] = [values[name] for values in self.settings]
            unit = {"units": about["unit"]} if about["unit"] else {}
            found[name] = ("setting", blank, {"long_name": about["label"], **unit})
        return found

    def _identity(self) -> dict[str, Any]:
        settings = {k: v for k, v in self.config.to_dict().items() if k not in self.names}
        # Trials are proposed by what they are worth; else goals say who is marked, and may be others.
        goals = {} if self.settings is not None else {"choice of goals": list(self.goals)}
        return {
            "cell type": self.cell_type,
            "network": self.network.content_hash,
            "settings": settings,
            "values to vary": [
                [each.name, *each.values]
                if isinstance(each, Listed)
                else [each.name, each.low, each.high, each.is_log]
                for each in self.varied
            ],
            "number of seeds": self.n_seeds,
            "number of trials": None if self.settings is not None else self.n_settings,
            "other networks": [each.content_hash for each in self.others],
            **goals,
            "device": self.device,
            "precision": self.dtype,
        }

    def _ends(self, name: str) -> tuple[float, float]:
        """Return the least and the greatest value of a setting."""
        for each in self.varied:
            if each.name == name:
                values = each.values if isinstance(each, Listed) else (each.low, each.high)
                return min(values), max(values)
        value = getattr(self.config, name)
        return value, value


def _goal_variable(name: str) -> GridVariable:
    about = GOALS[name]
    # In double precision, as they are summed: what follows from them must be the same when read back.
    return GridVariable("float64", attrs={"long_name": about.words, "units": about.units})
