"""A sweep and stored runs as a table: one row for each answer, and the films of its rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dashboard.components.hexplayer.component import pack
from maxstim_core.drawing.peak import peak_frame, telling_frame
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import METHODS, GenerateConfig
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.response_units import bundled_units
from maxstim_core.optimal.result import lattice_of
from maxstim_core.runs.request import RunRequest, config_of, opened_network
from maxstim_core.runs.sweeps import SweepRequest, settings_of_sweep
from maxstim_core.settings import minus_signed
from maxstim_core.storage.grid_store import COMPLETE, FAILED, finished_at
from maxstim_core.sweeps.goals import GOALS, RESPONSE, TRANSFER, merits, pareto_front, roughness
from maxstim_core.sweeps.report import sweep_front

_LABELS = {
    RESPONSE: "Response",
    "contrast_energy": "Contrast energy",
    "roughness_time": "Roughness in time",
    "roughness_space": "Roughness in space",
    TRANSFER: "Transfer",
}

_DRIVES = ("flyvis", "drive")
"""Objectives that a strong response is best for."""

_STATES = {COMPLETE: "done", FAILED: "failed"}


@dataclass(frozen=True)
class TableRow:
    """One answer.

    Attributes:
        row_id: ``SETTING:SEED`` of a sweep, or the key of a stored run.
        title: What it is, in words.
        state: ``missing``, ``done`` or ``failed``.
        values: Settings, goals and seed by the names of columns; None where there is no number.
        front: Whether no other answer of the sweep beats it.
        finished: When it was finished, seconds since 1970, or None.
        request: The run that makes it, where it tells.
        cell_type: Whose answer it is.
    """

    row_id: str
    title: str
    state: str
    values: dict[str, float | None]
    front: bool = False
    finished: float | None = None
    request: RunRequest | None = None
    cell_type: str = ""


@dataclass(frozen=True)
class SweepTable:
    """What there is by now of a sweep.

    Attributes:
        key: Of the sweep; empty where there is none.
        title: What it asks, in words.
        columns: What `SweepPanel` is told of each column.
        rows: One for each answer, in order; none before it is begun.
        total: How many answers there will be.
        found: What is stored of it, or None.
        request: What it asks, or None.
    """

    key: str = ""
    title: str = ""
    columns: tuple[dict[str, Any], ...] = ()
    rows: tuple[TableRow, ...] = ()
    total: int = 0
    found: xr.Dataset | None = None
    request: SweepRequest | None = field(default=None)


def no_sweep() -> SweepTable:
    """Return the table for stored runs alone."""
    columns = [_goal_column(name, 1.0) for name in GOALS if name != TRANSFER]
    return SweepTable(columns=(*columns, _seed_column()))


def sweep_table(
    key: str, request: SweepRequest, found: xr.Dataset | None, store: Path
) -> SweepTable:
    """Return a sweep as a table.

    Args:
        key: Of the sweep.
        request: What it asks.
        found: What is stored of it; None before it is begun.
        store: Where.
    """
    if found is None:
        return _planned(key, request)
    varied = json.loads(found.attrs["varied"])
    status, front = found["status"].values, sweep_front(found)
    goals = [name for name in GOALS if name in found]
    numbers = {name: found[name].values for name in [*varied, *goals]}
    seeds = found["seed"].values
    rows = []
    for k, j in np.ndindex(status.shape):
        values: dict[str, float | None] = {name: _number(numbers[name][k]) for name in varied}
        values |= {name: _number(numbers[name][k, j]) for name in goals}
        values["random_seed"] = float(seeds[j])
        rows.append(
            TableRow(
                f"{k}:{j}",
                _row_title(varied, values),
                _STATES.get(int(status[k, j]), "missing"),
                values,
                bool(front[k, j]),
                finished_at(store, "best_stimulus", (k, j, 0, 0)) if status[k, j] else None,
                settings_of_sweep(request, k, j, found),
                request.cell_type,
            )
        )
    columns = _columns(request, varied, goals)
    return SweepTable(key, sweep_title(request), columns, tuple(rows), len(rows), found, request)


def _planned(key: str, request: SweepRequest) -> SweepTable:
    """Return the table of a sweep of which nothing is there yet."""
    varied = [name for name, _ in request.vary]
    first, rows = request.config.random_seed, []
    for k, config in enumerate(request.configs()):
        for j in range(request.seeds):
            values = {name: _number(getattr(config, name)) for name in varied}
            values["random_seed"] = float(first + j)
            one = replace(config, random_seed=first + j)
            run = RunRequest(request.cell_type, one, request.network, device=request.device)
            title = _row_title(varied, values)
            row = TableRow(f"{k}:{j}", title, "missing", values, request=run)
            rows.append(replace(row, cell_type=request.cell_type))
    columns = _columns(
        request, varied, [name for name in GOALS if request.transfer or name != TRANSFER]
    )
    return SweepTable(key, sweep_title(request), columns, tuple(rows), len(rows), None, request)


def _columns(request: SweepRequest, varied: list[str], goals: list[str]) -> tuple[dict, ...]:
    """Return what the browser is told of the columns: settings, goals, seed."""
    columns = [_setting_column(request, name) for name in varied]
    columns += [_goal_column(name, merits(request.config, {name: 1.0})[name]) for name in goals]
    if request.config.goal.kind == "level":
        columns = [{**each, "better": 0} if each["unit"] == "RMS" else each for each in columns]
    return (*columns, _seed_column())


def front_of_table(table: SweepTable, beside: Sequence[TableRow]) -> set[str]:
    """Return the rows of a sweep, and of stored runs beside it, that no other of these beats.

    Stored runs count where they answer the same question: of the same cell type and, where generated,
    the same objective in the same frames. What has no number for one of the goals does not.

    Args:
        table: The sweep.
        beside: The stored runs.
    """
    request = table.request
    if request is None or table.found is None:
        return set()
    compared = [row for row in beside if _is_same_question(row, request)]
    if not compared:
        return {row.row_id for row in table.rows if row.front}
    goals = json.loads(table.found.attrs["goals"])
    rows = [row for row in (*table.rows, *compared) if row.state == "done"]
    worth = np.full((len(rows), len(goals)), np.nan)
    for k, row in enumerate(rows):
        numbers = {name: row.values.get(name) for name in goals}
        known = {name: value for name, value in numbers.items() if value is not None}
        if len(known) == len(goals):
            worth[k] = [*merits(request.config, known).values()]
    return {row.row_id for row, is_on in zip(rows, pareto_front(worth), strict=True) if is_on}


def _is_same_question(row: TableRow, request: SweepRequest) -> bool:
    if row.cell_type != request.cell_type:
        return False
    if row.request is None:  # a clip, or one cleared: the response at its peak
        return request.config.goal.kind in _DRIVES
    asked, told = (
        (one.objective, one.window, one.window_counts, one.last_only)
        for one in (request.config, row.request.config)
        if isinstance(one, GenerateConfig)
    )
    return asked == told


def sweep_title(request: SweepRequest) -> str:
    """Return what a sweep is called in a list."""
    names = ", ".join(_label(name).lower() for name, _ in request.vary)
    return f"{request.cell_type} in {request.network}: {names}"


def listed_sweep(request: SweepRequest) -> str:
    """Return what tells a sweep from others in a list: what varies, how far, and how many runs."""
    said = []
    for name, words in request.vary:
        ends = words.split(":")[1:3]
        to = f" {ends[0]} to {ends[1]}" if len(ends) == 2 else ""
        said.append(f"{_label(name).lower()}{to}")
    n_runs = prod(int(words.split(":")[-1]) for _, words in request.vary) * request.seeds
    return f"{request.cell_type} in {request.network}: {', '.join(said)}, {n_runs} runs"


def stored_row(key: str, answer: xr.Dataset, finished: float | None) -> TableRow:
    """Return a stored run as a row of the table.

    Args:
        key: Its key in the library.
        answer: What is stored.
        finished: When it was, seconds since 1970; None of what comes with maxstim.
    """
    about, config = answer.attrs, config_of(answer)
    best = "best_stimulus" if "best_stimulus" in answer else "stimulus"
    movie = answer[best].values
    values: dict[str, float | None] = {}
    if config is not None:
        values = {
            item.name: _number(getattr(config, item.name))
            for item in fields(config)
            if type(item.default) in (int, float)
        }
    values |= {"contrast_energy": float(contrast_energy(movie)), **roughness(movie)}
    request = None
    if isinstance(config, GenerateConfig):
        values[RESPONSE] = _counted(
            answer, config, f"{best.removesuffix('stimulus')}central_response"
        )
        request = RunRequest(str(about["cell_type"]), config, str(about.get("network", "default")))
    else:
        values[RESPONSE] = _peak_in_rms(answer)
    method = str(about["method"])
    word = METHODS[method].title.lower() if method in METHODS else method
    cell_type = str(about["cell_type"])
    return TableRow(key, f"{cell_type} {word}", "done", values, False, finished, request, cell_type)


def packed_films(films: Sequence[tuple[str, xr.Dataset]]) -> bytes:
    """Return movies of one eye as one block for the browser.

    The header says of each in ``films``: its ``id``, ``frames``, ``peak``, which of its frames to show
    while it stands ``still``, and ``dt`` in seconds. Luminance is ``stimulus``, 255 is white, and the
    voltage of the central cell ``central``, one movie after the other.

    Args:
        films: The row of each and what `film_of_cell` or `film_of_stored` says.
    """
    header, movies, traces = [], [], []
    for row_id, film in films:
        movie, central = film["stimulus"].values, film["central_response"].values
        dt, peak = float(film.attrs["dt"]), peak_frame(film["central_response"].values)
        still = telling_frame(movie, lattice_of(film), peak, dt)
        header.append({"id": row_id, "frames": len(movie), "peak": peak, "still": still, "dt": dt})
        movies.append(np.rint(255 * np.clip(movie, 0, 1)).astype(np.uint8).ravel())
        traces.append(central.astype("<f4"))
    eye = films[0][1]
    arrays = {
        "u": eye["u"].values.astype("<f4"),
        "v": eye["v"].values.astype("<f4"),
        "stimulus": np.concatenate(movies),
        "central": np.concatenate(traces),
    }
    return pack({"films": header}, arrays)


def film_of_cell(table: SweepTable, row: TableRow) -> xr.Dataset:
    """Return the movie of one answer of a sweep, and the central response: dims frame, column."""
    assert table.found is not None and row.request is not None
    k, j = (int(part) for part in row.row_id.split(":"))
    one = table.found[["best_stimulus", "best_central_response"]].isel(setting=k, seed=j).load()
    n_frames = max(1, int(np.isfinite(one["best_central_response"].values).sum()))
    one = one.isel(frame=slice(n_frames))
    return xr.Dataset(
        {
            "stimulus": (("frame", "column"), one["best_stimulus"].values),
            "central_response": ("frame", one["best_central_response"].values),
        },
        {"u": ("column", one["u"].values), "v": ("column", one["v"].values)},
        {"dt": row.request.config.dt},
    )


def film_of_stored(answer: xr.Dataset) -> xr.Dataset:
    """Return the movie of a stored run, and the central response: the best iterate where it has one."""
    before = "best_" if "best_stimulus" in answer else ""
    return xr.Dataset(
        {
            "stimulus": (("frame", "column"), answer[f"{before}stimulus"].values),
            "central_response": ("frame", answer[f"{before}central_response"].values),
        },
        {"u": ("column", answer["u"].values), "v": ("column", answer["v"].values)},
        {"dt": float(answer.attrs["dt"])},
    )


def _counted(answer: xr.Dataset, config: GenerateConfig, trace: str) -> float | None:
    """Return what counts of the response, where the central cell alone does and the network is here."""
    with suppress(MaxstimError, KeyError):
        network = opened_network(str(answer.attrs["network"]))
        measured = Measured.of(network, str(answer.attrs["cell_type"]), config)
        if len(measured.kinds) == 1 and network.content_hash == answer.attrs["network_hash"]:
            return float(measured.counted(answer[trace].values[None, None])[0])
    return None


def _peak_in_rms(answer: xr.Dataset) -> float | None:
    """Return the greatest response in RMS above grey, where the units of the network are known."""
    about, names = answer.attrs, bundled_connectome().names
    units = bundled_units(str(about.get("network_hash", "")))
    if units is None or about["cell_type"] not in names:
        return None
    k = names.index(about["cell_type"])
    best = "best_central_response" if "best_central_response" in answer else "central_response"
    return _number((float(np.nanmax(answer[best].values)) - units.grey[k]) / units.rms[k])


def _row_title(varied: Sequence[str], values: dict[str, float | None]) -> str:
    said = [
        minus_signed(f"{_label(name)} {values[name]:.4g}")
        for name in varied
        if values[name] is not None
    ]
    return ", ".join([*said, f"seed {values['random_seed']:.0f}"])


def _label(name: str) -> str:
    return next(item for item in fields(GenerateConfig) if item.name == name).metadata["label"]


def _setting_column(request: SweepRequest, name: str) -> dict[str, Any]:
    about = next(item for item in fields(GenerateConfig) if item.name == name).metadata
    is_log = dict(request.vary)[name].startswith("log")
    return {
        "name": name, "label": about["label"], "unit": about["unit"], "kind": "setting", "better": 0,
        "log": is_log,
    }  # fmt: skip


def _goal_column(name: str, better: float) -> dict[str, Any]:
    unit = GOALS[name].units
    return {
        "name": name, "label": _LABELS[name], "unit": "" if unit == "1" else unit, "kind": "goal",
        "better": int(np.sign(better)), "log": False,
    }  # fmt: skip


def _seed_column() -> dict[str, Any]:
    return {
        "name": "random_seed",
        "label": "Seed",
        "unit": "",
        "kind": "seed",
        "better": 0,
        "log": False,
    }


def _number(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
