"""Simulating by one call: one network, or an ensemble, as labeled arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from maxstim_core import __version__
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silence_text, silenced
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.column_order import MAXSTIM, movie_values
from maxstim_core.storage.meaning import documented

if TYPE_CHECKING:
    import xarray as xr


def simulate(
    network: Network,
    movie: ArrayLike,
    dt: float,
    *,
    initial_state: str | ArrayLike = "grey",
    cells: ArrayLike | None = None,
    silence: str | Sequence[str] = (),
    device: str = "cpu",
    dtype: str = "float32",
    order: str = MAXSTIM,
) -> xr.DataArray:
    """Return the voltage of cells while they watch a movie.

    To simulate one network many times, or to differentiate, make an engine once
    (`maxstim_core.simulation.choose_engine.make_engine`) and call its `Engine.simulate`.

    Args:
        network: The network.
        movie: Luminance, shape (frame, column) or (sample, frame, column). Of a `xarray.DataArray`, the
            names of dimensions count, and the coordinates ``u`` and ``v`` of its columns.
        dt: Seconds per frame, and per Euler step.
        initial_state: ``grey`` (one second of grey), ``rest`` (the resting potentials), or a voltage
            of all cells, shape (cell,) or (sample, cell), such as the last frame of another movie.
        cells: Numbers of the cells to record, shape (recorded cell,), for example
            ``network.layout.central_cells``; all if None.
        silence: Cell types whose synapses transmit nothing, such as ``("Mi9", "C3")``: see
            `maxstim_core.networks.silencing`.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        order: Whose order the columns of the movie are in, ``maxstim`` (u, then v; up is u = -1) or
            ``flygym``: see `maxstim_core.stimuli.column_order`.

    Returns:
        Voltage *after* each frame in arbitrary units, dims (frame, cell) or (sample, frame, cell).
        Coordinates: ``time`` (frame), the start of each frame in seconds; ``cell``, the number of each
        cell; ``cell_type`` (cell), and ``u`` and ``v`` (cell), the axial coordinates of its column.

    Raises:
        MaxstimError: if the movie does not fit the eye or is not finite, there is no such device,
            cell, cell type or precision, or the state to begin with is none.

    Example:
        >>> import numpy as np
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> flash = np.full((30, network.lattice.n_columns), 1.0)
        >>> activity = ms.simulate(network, flash, dt=0.01)
        >>> mi1 = activity[:, activity.cell_type == "Mi1"]
        >>> mi1.dims, mi1.shape
        (('frame', 'cell'), (30, 91))
    """
    check_network(network)
    network = silenced(network, silence)
    engine = make_engine(network, device=device, dtype=dtype)
    voltage = engine.simulate(
        movie_values(movie, network.lattice, order),
        dt,
        initial_state=_start(initial_state),
        cells=_values(cells),
    )
    about = {
        "network": network.name,
        "network_hash": network.content_hash,
        "initial_state": initial_state if isinstance(initial_state, str) else "given",
    }
    if silence_text(silence):
        about["silence"] = silence_text(silence)
    return _labeled(engine, voltage, dt, cells).assign_attrs(about)


def simulate_ensemble(
    networks: Sequence[Network],
    movie: ArrayLike,
    dt: float,
    *,
    cells: ArrayLike | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    order: str = MAXSTIM,
) -> xr.DataArray:
    """Return the voltage of cells of several networks while they watch the same movie from grey.

    The networks share the plan of one engine: only their free parameters change in between.

    Args:
        networks: Networks of one connectome on one eye.
        movie: As for `simulate`: luminance, shape (frame, column) or (sample, frame, column).
        dt: Seconds per frame.
        cells: Numbers of the cells to record, shape (recorded cell,); all if None.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in: ``float32`` or ``float64``.
        order: Whose order the columns of the movie are in, ``maxstim`` (u, then v; up is u = -1) or
            ``flygym``: see `maxstim_core.stimuli.column_order`.

    Returns:
        As of `simulate`, in arbitrary units, dims (network, frame, cell) or (network, sample, frame,
        cell), with the names of the networks as coordinate ``network`` and their ``network_hash``.

    Raises:
        MaxstimError: if there is no network, if they differ in more than their free parameters, or as
            for `simulate`.

    Example:
        >>> import numpy as np
        >>> import maxstim_core as ms
        >>> networks = [ms.open_network(name, extent=5) for name in ("prior", "default")]
        >>> flash = np.full((30, 91), 1.0)
        >>> central = networks[0].layout.central_cells
        >>> ms.simulate_ensemble(networks, flash, dt=0.01, cells=central).dims
        ('network', 'frame', 'cell')
    """
    if isinstance(networks, Network | str) or not isinstance(networks, Iterable):
        raise MaxstimError(
            f"An ensemble is a list of opened networks, not {shown(networks)}; give [network, …]."
        )
    networks = list(networks)
    if not networks:
        raise MaxstimError("An ensemble needs at least one network; give a list of networks.")
    for network in networks:
        check_network(network)
    first = networks[0]
    for network in networks[1:]:
        fixed = ("synapse_sign", "synapse_count")
        same = all(
            np.array_equal(getattr(network.parameters, name), getattr(first.parameters, name))
            for name in fixed
        )
        if (
            network.lattice != first.lattice
            or network.layout.pairs != first.layout.pairs
            or not same
        ):
            raise MaxstimError(
                f"The networks {first.name} and {network.name} have different connectomes or eyes; "
                "simulate them one by one."
            )
    engine = make_engine(first, device=device, dtype=dtype)
    movie = engine.host(engine.as_movie(movie_values(movie, first.lattice, order)))
    voltage = [
        engine.simulate(movie, dt, cells=_values(cells), parameters=engine.parameters_of(network))
        for network in networks
    ]
    values = np.stack(voltage)
    labeled = _labeled(engine, values, dt, cells, before=("network",))
    hashes = [network.content_hash for network in networks]
    return labeled.assign_coords(
        network=[network.name for network in networks], network_hash=("network", hashes)
    )


def _labeled(
    engine: Engine,
    voltage: np.ndarray,
    dt: float,
    cells: ArrayLike | None,
    before: tuple[str, ...] = (),
) -> xr.DataArray:
    """Return voltages with their dimensions named, and what is known of their cells and frames."""
    import xarray as xr  # not before it is needed: it takes a while to load

    layout = engine.layout
    numbers = np.arange(layout.n_cells) if cells is None else np.asarray(cells)
    names = np.array(layout.connectome.names)
    column = np.concatenate(layout.columns)[numbers]
    inner = ("frame", "cell")
    sample = ("sample",) if voltage.ndim > len(before) + len(inner) else ()
    labeled = xr.DataArray(
        voltage,
        dims=(*before, *sample, *inner),
        coords={
            "time": ("frame", np.arange(voltage.shape[-2]) * dt, {"units": "s"}),
            "cell": numbers,
            "cell_type": ("cell", names[layout.cell_type_of[numbers]]),
            "u": ("cell", layout.lattice.u[column]),
            "v": ("cell", layout.lattice.v[column]),
        },
        name="voltage",
        attrs={
            "units": "arbitrary units",
            "dt": float(dt),
            "device": engine.device,
            "dtype": engine.dtype,
            "maxstim_version": __version__,
        },
    )
    return documented(labeled.to_dataset(name="voltage"))["voltage"]


def _start(given: Any) -> Any:
    """Return the name of the state to begin with, or its voltages.

    Raises:
        MaxstimError: if it is neither a name nor finite numbers.
    """
    if isinstance(given, str):
        return given
    try:
        voltage = np.asarray(_values(given))
    except (TypeError, ValueError):  # rows of different lengths
        voltage = np.empty(0, object)
    if voltage.dtype.kind not in "fiu" or not np.isfinite(voltage).all():
        raise MaxstimError(
            "The initial state must be 'grey', 'rest' or an array of finite voltages, not "
            f"{shown(given)}."
        )
    return voltage


def _values(given: Any) -> Any:
    """Return the bare values of what has its dimensions named, anything else as it is.

    The engine says what is wrong with them.
    """
    return given.values if hasattr(given, "dims") else given
