"""What a sweep found, as numbers and as lines to read: the answers that none beats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.storage.grid_store import COMPLETE, FAILED, MISSING
from maxstim_core.sweeps.goals import front_of_each_objective

if TYPE_CHECKING:
    import xarray as xr


def sweep_report(found: xr.Dataset) -> dict[str, Any]:
    """Return how many answers a sweep has, and those on the Pareto front, as JSON takes it.

    Args:
        found: What `maxstim_core.sweep` has found.
    """
    varied, goals = json.loads(found.attrs["varied"]), json.loads(found.attrs["goals"])
    status = found["status"].values
    front = []
    for setting, seed in np.argwhere(found["pareto"].values):
        one = found.isel(setting=setting, seed=seed)
        front.append(
            {
                "setting": int(setting),
                "seed": int(one["seed"]),
                **{name: one[name].values.item() for name in varied},
                **{name: one[name].values.item() for name in goals},
            }
        )
    front.sort(key=lambda row: row[goals[0]], reverse=True)
    return {
        "cell_type": found.attrs["cell_type"],
        "network": found.attrs["network"],
        "complete": int((status == COMPLETE).sum()),
        "failed": int((status == FAILED).sum()),
        "missing": int((status == MISSING).sum()),
        "goals": goals,
        "pareto": front,
    }


def sweep_front(found: xr.Dataset) -> np.ndarray:
    """Return which answers no other beats, of those that there are by now: also of a sweep that goes on.

    Args:
        found: What `maxstim_core.sweep` has found.

    Returns:
        Shape (setting, seed), bool; of each objective those that no other answer to it beats.
    """
    varied, goals = json.loads(found.attrs["varied"]), json.loads(found.attrs["goals"])
    settings = json.loads(found.attrs["config"])
    there = found["status"].values == COMPLETE
    values = {name: found[name].values for name in varied}
    configs = [
        GenerateConfig(
            **{**settings, **{name: GenerateConfig.taken(name, values[name][k]) for name in varied}}
        )
        if there[k].any()
        else None
        for k in range(len(there))
    ]
    return front_of_each_objective(
        configs, {name: np.where(there, found[name].values, np.nan) for name in goals}
    )


def sweep_lines(report: dict[str, Any]) -> list[str]:
    """Return the report as lines: a table of the Pareto front, equal settings once."""
    counts = f"{report['complete']} answers"
    for name in ("failed", "missing"):
        counts += f", {report[name]} {name}" if report[name] else ""
    told = {
        tuple(v for k, v in row.items() if k != "setting"): row for row in report["pareto"][::-1]
    }
    rows = [[_short(value) for value in row.values()] for row in [*told.values()][::-1]]
    head = list(report["pareto"][0]) if rows else []
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    table = [
        "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in ([head, *rows] if rows else [])
    ]
    front = "; on the Pareto front:" if table else ""
    return [f"{report['cell_type']} in {report['network']}: {counts}{front}", *table]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
