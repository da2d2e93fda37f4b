"""What a worker of an atlas does: it keeps one engine of each network, and answers place by place.

It loads neither torch nor xarray. A worker is one thread, whatever else its computer does.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from maxstim_core.atlas.plan import AtlasPlace, AtlasQuestion, atlas_versions
from maxstim_core.comparison.textbook_controls import textbook_controls
from maxstim_core.comparison.transfer import transfer_response
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.generated import descent
from maxstim_core.optimal.measured_response import Measured
from maxstim_core.optimal.response_units import ResponseUnits, keep_units, response_units
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine


class AtlasWorker:
    """Answers what an atlas asks.

    Args:
        question: What it asks.
        units: Of each network, so that nobody measures them again.
    """

    def __init__(self, question: AtlasQuestion, units: list[ResponseUnits]) -> None:
        self._question = question
        self._engines: dict[int, Engine] = {}
        for network, its_units in zip(question.networks, units, strict=True):
            keep_units(network.content_hash, its_units)

    def answer(self, place: AtlasPlace) -> dict[str, Any] | str:
        """Return what is kept of one answer by the names of its variables, or why it failed."""
        try:
            return self._answer(place)
        except MaxstimError as error:
            return str(error)

    def _answer(self, place: AtlasPlace) -> dict[str, Any]:
        question, engine = self._question, self._engine(place.network)
        cell_type, config = question.cell_types[place.cell_type], question.config_at(place)
        run = descent(engine, cell_type, config, report_every=config.n_iters)
        for _ in run:
            pass
        found = run.labeled().variables
        best, trace = (
            np.asarray(found[name][1], np.float32)
            for name in ("best_stimulus", "best_central_response")
        )
        measured = Measured.of(engine.network, cell_type, config)
        values: dict[str, Any] = {
            "stimulus": best,
            "central_response": trace,
            "counted_response": float(measured.responses(engine, best[None], config.dt)[0]),
            "contrast_energy": contrast_energy(best.astype(np.float64)),
            "natural_response": _natural_response(engine, measured),
            "transfer_response": [
                transfer_response(self._engine(k), cell_type, config, best, config.dt)
                for k in range(len(question.networks))
            ],
        }
        if question.with_controls:
            energy = contrast_energy(best)
            controls = textbook_controls(engine, measured, best, config.dt, energy)
            values["control_response"] = [[each.response for each in pair] for pair in controls]
            values["control_energy"] = [[each.energy for each in pair] for pair in controls]
        return values

    def _engine(self, network: int) -> Engine:
        if network not in self._engines:
            self._engines[network] = make_engine(self._question.networks[network], threads=1)
        return self._engines[network]


def _natural_response(engine: Engine, measured: Measured) -> float:
    """Return the best that whole clips of the default set do to the cell, in RMS above grey.

    Not a number where an objective counts something else than the cell's response at one moment: the
    highest voltages over the set say nothing of a contrast, a group or a mean.
    """
    if len(measured.kinds) > 1 or measured.term.counted.how == "mean":
        return float("nan")
    units, kind = response_units(engine.network), measured.kinds[0]
    voltage = units.least[kind] if measured.sign < 0 else units.greatest[kind]
    return (voltage - units.grey[kind]) / units.rms[kind]


_workers: dict[str, AtlasWorker] = {}
"""Of this process, by the key of the atlas."""

_others: dict[str, str] = {}
"""Why this process answers nothing of an atlas, by its key: it has other versions."""


def begin_work(
    key: str, question: AtlasQuestion, units: list[ResponseUnits], versions: Mapping[str, str]
) -> None:
    """Get ready to answer what an atlas asks.

    Args:
        key: What the atlas is called among others on the same computers.
        question: What it asks.
        units: Of each network.
        versions: Of who asks: `maxstim_core.atlas.plan.atlas_versions`.
    """
    here = atlas_versions()
    differ = [name for name, version in versions.items() if here.get(name) != version]
    if differ:
        ours, theirs = (
            " and ".join(f"{name.removesuffix('_version')} {held.get(name)}" for name in differ)
            for held in (here, versions)
        )
        _others[key] = (
            f"A worker on {platform.node()} has {ours}, and the atlas is made with {theirs}; install "
            "the same there, and run the same command again."
        )
    _workers[key] = AtlasWorker(question, units)


def end_work(key: str) -> None:
    """Let go of an atlas."""
    _workers.pop(key, None)
    _others.pop(key, None)


def answer_place(key: str, place: AtlasPlace) -> Mapping[str, Any] | str:
    """Return one answer of an atlas whose work has begun here: `AtlasWorker.answer`.

    Raises:
        MaxstimError: if this process has other versions, whose answers are not the same to the bit.
    """
    if key in _others:
        raise MaxstimError(_others[key])
    return _workers[key].answer(place)
