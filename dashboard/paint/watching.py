"""What is computed of paintings, in the one thread in which networks watch them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.paint.packing import color_limit, packed_painting, packed_response
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.painted import cell_unit, watch_painting
from maxstim_core.optimal.result import load
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import opened_network
from maxstim_core.stimuli.painting import Painting

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.simulation.engine import Engine

_ENGINES = 4
"""Networks that are kept ready."""

_MOST_RIVALS = 60
"""Answers of the optimizer among which the best is looked for, the newest first."""

_GREYS = 8
"""Cell types of a network of which the response to grey is kept."""

_engines: OrderedDict[WatchingNetwork, Engine] = OrderedDict()
_greys: WeakKeyDictionary[Engine, OrderedDict[tuple[str, float], np.ndarray]] = WeakKeyDictionary()


class WatchingNetwork(NamedTuple):
    """Which network watches paintings.

    Attributes:
        name: As `maxstim_core.networks.catalog.open_network` takes it.
        content_hash: Its content hash, or nothing while that is not known.
        silenced: Cell types that are silenced in it, as settings say it.
    """

    name: str
    content_hash: str
    silenced: str


def watching_engine(network: WatchingNetwork) -> Engine:
    """Return a network ready to watch paintings; the same for all pages. In the one thread alone.

    Args:
        network: The network.

    Raises:
        MaxstimError: if there is no such network.
    """
    from maxstim_core.simulation.choose_engine import make_engine

    key = network
    if key not in _engines:
        opened = opened_network(network.name)
        key = network._replace(content_hash=opened.content_hash)
        if key not in _engines:
            _engines[key] = make_engine(silenced(opened, network.silenced), device="cpu")
            while len(_engines) > _ENGINES:
                _engines.popitem(last=False)
    _engines.move_to_end(key)
    return _engines[key]


class PaintedMoment(NamedTuple):
    """A painting as it was at one moment.

    Attributes:
        painting: The painting.
        generation: How many the browser was given before; its edits tell which one they are of.
        serial: Number of the last edit that is in it.
    """

    painting: Painting
    generation: int
    serial: int


def moment_block(moment: PaintedMoment, **about: object) -> bytes:
    """Return a painting as the browser begins with it."""
    return packed_painting(moment.painting, {"generation": moment.generation, **about})


def response_block(
    engine: Engine,
    cell_type: str,
    moment: PaintedMoment,
    network: WatchingNetwork,
    note: str = "",
) -> bytes:
    """Let a network watch a painting, and return the response for the browser.

    Args:
        engine: The network.
        cell_type: Whose response it is.
        moment: What it watches.
        network: Which network that is.
        note: A sentence on where it is not the one that the settings describe, or nothing.

    Raises:
        MaxstimError: as `maxstim_core.optimal.painted.watch_painting`.
    """
    painting = moment.painting
    watched = watch_painting(engine, cell_type, painting)
    above_grey = watched.response - grey_response(engine, cell_type, painting)
    about = {
        "serial": moment.serial,
        "generation": moment.generation,
        "energy": painting.energy,
        "note": note,
        **told_of(network, cell_type),
    }
    limit = color_limit(above_grey, watched.unit.rms, painting.lattice)
    return packed_response(watched, above_grey, limit, about)


def told_of(network: WatchingNetwork, cell_type: str) -> dict[str, str]:
    """Return by what the browser tells of which cell type and network something is."""
    silenced_words = network.silenced.replace(",", ", ")
    return {"cell_type": cell_type, "network": network.name, "silenced": silenced_words}


def grey_response(engine: Engine, cell_type: str, painting: Painting) -> np.ndarray:
    """Return what a cell type does while a painting lasts, were it grey, shape (frame, column).

    Cells at the border of the eye lack neighbors and rest elsewhere, and some still settle after the
    second of grey before: what each does by itself is no response to what is painted. In the one thread
    alone.

    Args:
        engine: The network.
        cell_type: Whose response it is.
        painting: How many frames, how long each.
    """
    kept = _greys.setdefault(engine, OrderedDict())
    key = cell_type, painting.dt
    if key not in kept or len(kept[key]) < painting.n_frames:
        grey = Painting.grey(painting.lattice, n_frames=painting.n_frames, dt=painting.dt)
        kept[key] = watch_painting(engine, cell_type, grey).response
        while len(kept) > _GREYS:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key][: painting.n_frames]


@dataclass(frozen=True)
class RivalAnswer:
    """The optimizer's answer that a painting is held against.

    Attributes:
        above_grey: Its highest central response above grey, in units of RMS, or of voltage.
        energy: Its contrast energy.
        trace: Its central response above grey, in the same units, shape (frame,).
        dt: Seconds per frame.
    """

    above_grey: float
    energy: float
    trace: np.ndarray
    dt: float


def best_rival(library: ResultLibrary, engine: Engine, cell_type: str) -> RivalAnswer | None:
    """Return the generated answer of the highest response, of the same cell type and network.

    Args:
        library: Where it is looked for, of what is known by now.
        engine: The network.
        cell_type: For example ``T4c``.
    """
    asked = (cell_type, "generated", engine.network.content_hash, "complete")
    found = [
        (details.peak, entry.path)
        for entry in [
            one
            for one in library.entries()
            if (one.cell_type, one.method, one.network_hash, one.status) == asked
            and not one.networks
        ][:_MOST_RIVALS]
        if (details := library.details(entry)) is not None
    ]
    if not found:
        return None
    return _rival(load(max(found, key=_peak_of)[1]), engine, cell_type)


def _peak_of(found: tuple[float, Path]) -> float:
    return found[0]


def _rival(answer: xr.Dataset, engine: Engine, cell_type: str) -> RivalAnswer:
    dt = float(answer.attrs["dt"])
    unit = cell_unit(engine, cell_type, dt)
    trace = unit.scaled(answer["central_response"].values)
    return RivalAnswer(float(trace.max()), contrast_energy(answer["stimulus"].values), trace, dt)
