"""A model card: what a network was fitted to, what it does, and where it contradicts flies.

The card is plain data, as JSON takes it; `maxstim_core.model_cards.markdown` writes it for people.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from maxstim_core import __version__
from maxstim_core.model_cards.contradictions import contradictions
from maxstim_core.model_cards.origin import Origin
from maxstim_core.model_cards.store import FORMAT
from maxstim_core.networks.network import Network
from maxstim_core.simulation.engine import Engine
from maxstim_core.tuning.evidence import flash_evidence, grating_evidence, scene_evidence
from maxstim_core.tuning.facts import (
    ANGLES,
    CLEAR,
    KNOWN_POLARITY,
    NOT_DIRECTION_SELECTIVE,
    ON,
    PREFERRED_DIRECTION,
)
from maxstim_core.tuning.protocol import DirectionTuning, Tuning, measure_tuning


def make_card(
    engine: Engine, origin: Origin, report_progress: Callable[[str], None] = lambda stage: None
) -> dict[str, Any]:
    """Measure a network and return its card.

    Args:
        engine: The network, ready to simulate.
        origin: Where the network comes from.
        report_progress: Called with a few words before each stage.

    Returns:
        Nothing but dictionaries, lists, text, numbers and None; angles in degrees, times in seconds,
        speeds and lengths in columns.

    Raises:
        MaxstimError: if a voltage does not stay finite.
    """
    tuning = measure_tuning(engine, report_progress)
    report_progress("other discs")
    flashes = flash_evidence(engine)
    report_progress("gratings")
    gratings = grating_evidence(engine)
    report_progress("scenes")
    scenes = scene_evidence(engine)
    card = {
        "format": FORMAT,
        "maxstim_version": __version__,
        "network": describe(engine.network),
        "origin": vars(origin),
        "summary": _summary(tuning),
        "contradictions": [vars(item) for item in contradictions(tuning)],
        "cell_types": _cell_types(engine.network, tuning),
        "motion_curves": _motion_curves(tuning),
        "evidence": {
            "edges": [
                {"speed": speed, "fitted": speed in origin.speeds, **_edges(tuning.at_speed(speed))}
                for speed in tuning.speeds
            ],
            "flashes": [
                {**vars(item), "fitted": item.radius in origin.radii, **_polarities(item.index)}
                for item in flashes
            ],
            "gratings": [
                {**vars(item), "fitted": False, "largest_error": np.max(item.errors)}
                for item in gratings
            ],
            "scenes": [{**vars(item), "fitted": False} for item in scenes],
        },
    }
    return _plain(card)


def describe(network: Network) -> dict[str, Any]:
    """Return what identifies a network, as plain data."""
    values = network.parameters
    free = (values.resting_potential, values.time_constant, values.synapse_strength)
    return {
        "name": network.name,
        "hash": network.content_hash,
        "connectome_hash": network.connectome.content_hash,
        "extent": network.lattice.extent,
        "cell_types": len(network.connectome.names),
        "cells": network.layout.n_cells,
        "free_parameters": sum(item.size for item in free),
    }


def tuning_table(tuning: Tuning) -> dict[str, dict[str, Any]]:
    """Return the tuning of each cell type by name, as plain data.

    Flash response indices are ``fri`` (a disc) and ``fri_full_field``; ``flash_change`` is the voltage
    during a bright disc less that during a dark one. Direction selectivity indices and preferred
    directions are given for bright (``_on``) and dark (``_off``) edges. What is not known of flies, or
    not to be had, is None.
    """
    selectivity, direction = tuning.selectivity, tuning.direction
    table = {
        name: {
            "fri": tuning.flash_index[k],
            "fri_full_field": tuning.full_field_index[k],
            "flash_change": tuning.flash_change[k],
            "dsi_on": selectivity[0, k],
            "dsi_off": selectivity[1, k],
            "pd_on": direction[0, k],
            "pd_off": direction[1, k],
            "known_polarity": {ON: "ON", -ON: "OFF", 0: None}[KNOWN_POLARITY.get(name, 0)],
            "known_direction": PREFERRED_DIRECTION.get(name),
        }
        for k, name in enumerate(tuning.cell_types)
    }
    return _plain(table)


def _cell_types(network: Network, tuning: Tuning) -> dict[str, dict[str, Any]]:
    values = network.parameters
    per_type = zip(values.resting_potential, values.time_constant, strict=True)
    own = [{"resting_potential": rest, "time_constant": tau} for rest, tau in per_type]
    rows = zip(own, tuning_table(tuning).items(), strict=True)
    return {name: parameters | measured for parameters, (name, measured) in rows}


def _motion_curves(tuning: Tuning) -> dict[str, dict[str, Any]]:
    """Peak responses of T4 and T5 to edges, mean over speeds, for each of `ANGLES`."""
    peaks = tuning.edge_peaks.mean(2)
    return {
        name: {"angles": list(ANGLES), "on": list(peaks[0, :, k]), "off": list(peaks[1, :, k])}
        for name in PREFERRED_DIRECTION
        for k in [tuning.cell_types.index(name)]
    }


def _summary(tuning: Tuning) -> dict[str, Any]:
    at = tuning.cell_types.index
    index = {name: tuning.flash_index[at(name)] for name in KNOWN_POLARITY}
    untuned = [tuning.selectivity[:, at(name)].max() for name in NOT_DIRECTION_SELECTIVE]
    return {
        **_polarities(index),
        **_worst(_motion(tuning)),
        "largest_untuned_selectivity": max(untuned),
    }


def _edges(tuning: Tuning) -> dict[str, Any]:
    motion = _motion(tuning)
    return {**_worst(motion), "cell_types": {name: item._asdict() for name, item in motion.items()}}


def _motion(tuning: Tuning) -> dict[str, DirectionTuning]:
    return {name: tuning.motion(name) for name in PREFERRED_DIRECTION}


def _worst(motion: dict[str, DirectionTuning]) -> dict[str, float]:
    """The largest error and so on; not a number if a type does not answer at all."""
    return {
        "largest_error": np.max([item.error for item in motion.values()]),
        "least_selectivity": np.min([item.selectivity for item in motion.values()]),
        "largest_wrong_contrast": np.max([item.wrong_contrast for item in motion.values()]),
    }


def _polarities(index: dict[str, float]) -> dict[str, int]:
    right = np.array([index[name] * sign for name, sign in KNOWN_POLARITY.items()])
    return {
        "polarity_known": len(right),
        "polarity_right": int((right > 0).sum()),
        "polarity_clear": int((right >= CLEAR).sum()),
    }


def _plain(value: Any) -> Any:
    """Data as JSON takes it: numbers of six digits, None for what is not a number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None
