"""What a sweep found, as numbers and as lines to read: the answers that none beats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.storage.grid_store import COMPLETE, FAILED, MISSING
from maxstim_core.sweeps.goals import merits, pareto_front

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
        Shape (setting, seed), bool.
    """
    varied, goals = json.loads(found.attrs["varied"]), json.loads(found.attrs["goals"])
    settings = json.loads(found.attrs["config"])
    there = found["status"].values == COMPLETE
    values = {name: found[name].values for name in [*varied, *goals]}
    worth = np.full((there.size, len(goals)), np.nan)
    for k, (setting, seed) in enumerate(np.ndindex(there.shape)):
        if there[setting, seed]:
            mine = {name: values[name][setting] for name in varied}
            config = GenerateConfig(
                **{**settings, **{name: GenerateConfig.taken(name, v) for name, v in mine.items()}}
            )
            found_goals = {name: float(values[name][setting, seed]) for name in goals}
            worth[k] = [*merits(config, found_goals).values()]
    return pareto_front(worth).reshape(there.shape)


def sweep_lines(report: dict[str, Any]) -> list[str]:
    """Return the report as lines: a table of the Pareto front."""
    counts = f"{report['complete']} answers"
    for name in ("failed", "missing"):
        counts += f", {report[name]} {name}" if report[name] else ""
    rows = [[_short(value) for value in row.values()] for row in report["pareto"]]
    head = list(report["pareto"][0]) if rows else []
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    table = [
        "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in ([head, *rows] if rows else [])
    ]
    return [f"{report['cell_type']} in {report['network']}: {counts}; on the Pareto front:", *table]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
