"""What a network does while it watches a painting, and the painting as an answer.

An answer of the method ``painted`` is one that nobody has computed: it stands beside the others in the
library, holds the response to exactly what was painted, and is saved, drawn and compared as they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.response_units import bundled_units
from maxstim_core.optimal.result import answer, provenance
from maxstim_core.optimal.shared_settings import frame_duration, silence
from maxstim_core.settings import Config, setting
from maxstim_core.stimuli.stored.paintings import (
    PAINTED,
    check_painting_key,
    painting_key,
    painting_name,
)

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result
    from maxstim_core.simulation.engine import Engine
    from maxstim_core.stimuli.painting import Painting

AnyVoltage = TypeVar("AnyVoltage", float, np.ndarray)


@dataclass(frozen=True)
class PaintedConfig(Config):
    """What says which painting an answer is, and what of the network that watches it is silenced."""

    method: ClassVar[str] = "painted"

    painting: str = setting("", "Key of the painting.", label="Painting", check=check_painting_key)
    dt: float = frame_duration()
    silence: str = silence()


class CellUnit(NamedTuple):
    """By what voltages of the central cell of a type become responses.

    Attributes:
        grey: Its voltage in front of grey.
        rms: Root mean square of that voltage over the default set, the unit of responses; None for a
            network of which it is not known without a search.
    """

    grey: float
    rms: float | None

    def scaled(self, voltage: AnyVoltage) -> AnyVoltage:
        """Return voltage above grey, of any shape, in units of RMS where those are known."""
        return (voltage - self.grey) / (self.rms or 1.0)


class WatchedPainting(NamedTuple):
    """What a cell type does while a network watches a painting.

    Attributes:
        response: Voltage of the cell of the type in each column, shape (frame, column), NaN where there
            is none.
        central: The same of the central cell, shape (frame,).
        unit: By what its voltages become responses.
    """

    response: np.ndarray
    central: np.ndarray
    unit: CellUnit


def cell_unit(engine: Engine, cell_type: str, dt: float) -> CellUnit:
    """Return by what voltages of the central cell of a type become responses; nothing is searched.

    Args:
        engine: The network, ready to simulate.
        cell_type: For example ``T4c``.
        dt: Seconds per frame of the grey, where its voltage is not known.

    Raises:
        MaxstimError: if there is no such cell type.
    """
    network, kind = engine.network, engine.network.cell_type(cell_type)
    units = bundled_units(network.content_hash)
    if units is not None:
        return CellUnit(units.grey[kind], units.rms[kind])
    state = engine.host(engine.steady_state(dt))
    return CellUnit(float(state[0, engine.layout.central_cells[kind]]), None)


def watch_painting(engine: Engine, cell_type: str, painting: Painting) -> WatchedPainting:
    """Return the response of a cell type to a painting, after a second of grey.

    Args:
        engine: The network, ready to simulate.
        cell_type: For example ``T4c``.
        painting: What it watches.

    Raises:
        MaxstimError: if there is no such cell type, the painting is for another eye, or a voltage does
            not stay finite.
    """
    network, layout = engine.network, engine.layout
    kind = network.cell_type(cell_type)
    if painting.lattice != layout.lattice:
        raise MaxstimError(
            f"The painting is for an eye of {painting.lattice.extent} rings and {network.name} has "
            f"{layout.lattice.extent}; choose another network, or start from grey."
        )
    voltage = engine.simulate(painting.luminance, painting.dt, cells=layout.cells(kind))
    if not np.isfinite(voltage).all():
        raise MaxstimError(
            f"The voltages of {network.name} do not stay finite in frames of {1e3 * painting.dt:g} ms; "
            "choose another network."
        )
    response = layout.on_columns(kind, voltage)
    return WatchedPainting(
        response.astype(np.float32),
        response[:, layout.lattice.center].astype(np.float32),
        cell_unit(engine, cell_type, painting.dt),
    )


def painted_answer(
    engine: Engine, cell_type: str, painting: Painting, *, silenced: str = ""
) -> Result:
    """Return a painting as an answer: see `maxstim_core.optimal.result`.

    Beside what all have, it has the attributes ``painting``, its key; ``contrast_energy``; and
    ``grey_voltage`` and, where it is known, ``rms_voltage``, by which voltages become responses.

    Args:
        engine: The network, ready to simulate.
        cell_type: For example ``T4c``.
        painting: The painting.
        silenced: Which cell types are silenced in that network, as settings say it.

    Raises:
        MaxstimError: as `watch_painting`.
    """
    watched, key = watch_painting(engine, cell_type, painting), painting_key(painting)
    rms = {} if watched.unit.rms is None else {"rms_voltage": watched.unit.rms}
    return answer(
        lattice=painting.lattice,
        dt=painting.dt,
        stimulus=painting.luminance,
        response=watched.response,
        attributes={
            **provenance(engine, PaintedConfig(key, painting.dt, silenced)),
            "cell_type": cell_type,
            "status": "complete",
            "painting": key,
            "clips": f"{PAINTED}{key}",
            "shown_clip": painting_name(key),
            "source": painting_name(key),
            "contrast_energy": painting.energy,
            "grey_voltage": watched.unit.grey,
            **rms,
        },
    )


def painted_answer_key(found: Result) -> str:
    """Return the key under which a painted answer is kept: the SHA-256 of all that determines it."""
    about = found.attrs
    parts = [about[name] for name in ("config", "cell_type", "network", "network_hash")]
    return hashlib.sha256(json.dumps([about["method"], *parts]).encode()).hexdigest()
