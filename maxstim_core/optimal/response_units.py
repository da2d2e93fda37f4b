"""What makes the responses of different cell types, and of different networks, comparable.

For each cell type G, its voltage under grey, and R, the root mean square of its voltage over the default
set of clips: `maxstim_core.optimal.ranking` has the formulas. A response in these units is (V - G) / R.
Between which voltages the cell type stays over that set is told beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.network import Network, check_network

_MEASURED = "data/response_units.json"


@dataclass(frozen=True)
class ResponseUnits:
    """Units of the responses of a network.

    Attributes:
        grey: G of each cell type, in arbitrary units of voltage.
        rms: R of each cell type, in the same units, above 0.
        least: Lowest voltage of each cell type over the default set, in the same units.
        greatest: Highest voltage of each cell type over the default set, in the same units.
    """

    grey: tuple[float, ...]
    rms: tuple[float, ...]
    least: tuple[float, ...]
    greatest: tuple[float, ...]

    def scaled(self, voltage: np.ndarray, cell_types: np.ndarray) -> np.ndarray:
        """Return responses in units of RMS above grey.

        Args:
            voltage: Shape (..., cell).
            cell_types: Number of the type of each cell, shape (cell,).
        """
        grey, rms = (np.asarray(numbers)[cell_types] for numbers in (self.grey, self.rms))
        return (voltage - grey) / rms


def response_units(network: Network) -> ResponseUnits:
    """Return the units of a network: at once for the bundled ones, else after a search of all clips.

    What was measured is kept for the next call of this process.

    Args:
        network: The network.

    Raises:
        MaxstimError: if a cell type stays silent in the whole set: its responses have no unit; or it is
            no network.

    Example:
        >>> import maxstim_core as ms
        >>> units = ms.response_units(ms.open_network("default"))
        >>> len(units.grey), min(units.rms) > 0
        (65, True)
    """
    check_network(network)
    found = bundled_units(network.content_hash) or _measured(network)
    silent = [
        name for name, rms in zip(network.connectome.names, found.rms, strict=True) if not rms > 0
    ]
    if silent:
        raise MaxstimError(
            f"{', '.join(silent[:3])} of {network.name} stays silent in the whole default set, so that "
            "responses have no unit; choose the objective flyvis, or another network."
        )
    return found


def bundled_units(content_hash: str) -> ResponseUnits | None:
    """Return the units of the bundled network that has a content hash, or None: nothing is measured."""
    return _bundled().get(content_hash)


def grey_voltage_of(about: Mapping[str, Any]) -> float | None:
    """Return the voltage of the cell of an answer under grey, or None where nothing tells it.

    That is what the answer says, or else what was measured of the bundled network that it was made with.

    Args:
        about: Attributes of the answer.
    """
    if "grey_voltage" in about:
        return float(about["grey_voltage"])
    units = bundled_units(str(about.get("network_hash", "")))
    names = bundled_connectome().names
    if units is None or about["cell_type"] not in names:
        return None
    return units.grey[names.index(about["cell_type"])]


def measured_units(network: Network) -> ResponseUnits:
    """Return the units of a network, measured anew over the default set."""
    # The bundled networks' units are read instead: no run of theirs waits for a search to be loaded.
    from maxstim_core.optimal.natural import search
    from maxstim_core.optimal.run import finish
    from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, open_clips

    clips = open_clips(DEFAULT_CLIPS, network.lattice.extent)
    found = finish(search(network, clips))
    return ResponseUnits(
        grey=tuple(found["grey_voltage"].values.tolist()),
        rms=tuple(found["rms_voltage"].values.tolist()),
        least=tuple(found["lowest_voltage"].values.tolist()),
        greatest=tuple(found["clip_peak"].max("clip").values.tolist()),
    )


_KEPT = 64
"""Networks whose units are remembered: every choice of silenced cell types makes another."""

_cache: dict[str, ResponseUnits] = {}


def _measured(network: Network) -> ResponseUnits:
    if network.content_hash not in _cache:
        _cache[network.content_hash] = measured_units(network)
        while len(_cache) > _KEPT:
            del _cache[next(iter(_cache))]
    return _cache[network.content_hash]


def keep_units(content_hash: str, units: ResponseUnits) -> None:
    """Keep the units of a network that somebody else has measured, for this process.

    Args:
        content_hash: Of the network.
        units: Its units.
    """
    _cache[content_hash] = units


@lru_cache
def _bundled() -> dict[str, ResponseUnits]:
    text = resources.files("maxstim_core").joinpath(_MEASURED).read_text()
    return {
        key: ResponseUnits(**{name: tuple(numbers) for name, numbers in units.items()})
        for key, units in json.loads(text).items()
    }
