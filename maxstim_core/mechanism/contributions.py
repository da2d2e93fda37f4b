"""Which input types carry the response of a cell, over time: docs/mechanism.md#contributions.

Each frame, the voltage of a cell of time constant tau goes a share dt / max(tau, dt) of the way to its
current. The current is a plain sum, so that it comes apart without remainder: the resting potential, the
stimulus where the cell is a photoreceptor, and for each synapse its weight times the rectified voltage
of its source (docs/numerics.md#dynamics).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from maxstim_core import __version__
from maxstim_core.conventions import GREY, checked_dt, frames_in
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silence_text, silenced
from maxstim_core.optimal.result import result_of
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import GREY_SECONDS, Engine
from maxstim_core.stimuli.column_order import MAXSTIM, movie_values
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


def contributions(
    network: Network,
    cell_type: str,
    movie: ArrayLike,
    dt: float,
    *,
    columns_of: str = "",
    silence: str | Sequence[str] = (),
    device: str = "cpu",
    dtype: str = "float32",
    order: str = MAXSTIM,
) -> Result:
    """Return what each presynaptic cell type adds to the current of the central cell of a type.

    Args:
        network: The network.
        cell_type: The type whose central cell is looked at, for example ``T4c``.
        movie: Luminance, shape (frame, column), shown after one second of grey. Of a
            `xarray.DataArray`, the names of dimensions count, and the coordinates ``u`` and ``v`` of its
            columns.
        dt: Seconds per frame, and per Euler step.
        columns_of: An input type whose contribution is also told for each of its cells, by column.
        silence: Cell types whose synapses transmit nothing: see `maxstim_core.networks.silencing`.
        device: Where to simulate: see `maxstim_core.devices.resolve_device`.
        dtype: Precision of the simulation, ``float32`` or ``float64``; sums are taken in float64.
        order: Whose order the columns of the movie are in, ``maxstim`` or ``flygym``: see
            `maxstim_core.stimuli.column_order`.

    Returns:
        A dataset, all in the arbitrary units of voltage, in float64:

        - ``contribution`` (frame, source_type): sum over the synapses from that type;
        - ``excitation`` and ``inhibition`` (frame): sums of those above and below 0;
        - ``resting_potential`` () and ``stimulus_contribution`` (frame): the rest of the current; the
          latter is 0 unless the cell is a photoreceptor;
        - ``current`` (frame): the sum of all of these. It moves the voltage of that frame, and depends
          on voltages before it: what synapses add in frame 0 is what they add in grey;
        - ``central_response`` (frame): voltage *after* each frame; ``grey_voltage`` () before the first;
        - ``voltage_contribution`` (frame, source_type): what of the voltage after each frame comes from
          that type: its contribution since rest, before the second of grey, as the membrane filters it.
          With the resting potential, and the filtered luminance in a photoreceptor, they add up to the
          voltage; ``grey_voltage_contribution`` (source_type) is the same before the first frame;
        - ``column_contribution`` (frame, column), with `columns_of`: contribution of the cell of that
          type in each column, NaN where it makes no synapse onto the central cell.

        Coordinates: ``time`` (frame), seconds; ``source_type``, names in the order of the connectome;
        ``sign`` (source_type), 1 for excitatory and -1 for inhibitory.

    Raises:
        MaxstimError: if the movie does not fit the eye or is not finite, a cell type or the device does
            not exist, `columns_of` is no input type, or the voltages do not stay finite.

    Example:
        >>> import numpy as np
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> flash = np.full((30, network.lattice.n_columns), 1.0)
        >>> found = ms.contributions(network, "T4c", flash, dt=0.01)
        >>> found.contribution.dims, found.contribution.sel(source_type="Mi9").sign.item()
        (('frame', 'source_type'), -1)
    """
    check_network(network)
    network.cell_type(cell_type)
    network = silenced(network, silence, cell_type=cell_type)
    engine = make_engine(network, device=device, dtype=dtype)
    values = engine.host(engine.as_movie(movie_values(movie, network.lattice, order)))
    check_one_movie(values, network.lattice)
    found = taken_apart(engine, cell_type, values, checked_dt(dt), columns_of)
    asked = {"silence": silence_text(silence), "columns_of": columns_of}
    return result_of(found.assign_attrs({name: value for name, value in asked.items() if value}))


def taken_apart(
    engine: Engine, cell_type: str, movie: np.ndarray, dt: float, columns_of: str = ""
) -> Labeled:
    """Return what `contributions` does, by an engine that there is already.

    Args:
        engine: The network, ready to simulate.
        cell_type: For example ``T4c``.
        movie: Luminance, shape (frame, column).
        dt: Seconds per frame.
        columns_of: As for `contributions`.

    Raises:
        MaxstimError: as `contributions`.
    """
    network = engine.network
    kind = network.cell_type(cell_type)
    inputs = _Inputs(network, kind)
    inputs.check_type(columns_of, cell_type)
    voltage, n_grey = _voltages(engine, movie, dt, np.append(inputs.cells, inputs.center))
    central, tau = voltage[n_grey:, -1], float(network.parameters.time_constant[kind])
    since_rest = inputs.weights * np.maximum(voltage[:-1, :-1], 0)
    carried = _filtered(inputs.sums(since_rest), dt / max(tau, dt))
    added = since_rest[n_grey:]
    by_type = inputs.sums(added)
    is_input = network.connectome.cell_types[kind].role == "input"
    luminance = movie[:, network.lattice.center].astype(np.float64) * is_input
    rest = float(network.parameters.resting_potential[kind])
    found: dict[str, tuple] = {
        "contribution": (("frame", "source_type"), by_type),
        "excitation": ("frame", _in_order(np.maximum(by_type, 0))),
        "inhibition": ("frame", _in_order(np.minimum(by_type, 0))),
        "resting_potential": ((), rest),
        "stimulus_contribution": ("frame", luminance),
        "current": ("frame", rest + luminance + _in_order(by_type)),
        "central_response": ("frame", central[1:]),
        "grey_voltage": ((), central[0]),
        "voltage_contribution": (("frame", "source_type"), carried[n_grey:]),
        "grey_voltage_contribution": ("source_type", carried[n_grey - 1]),
    }
    coordinates: dict[str, tuple] = {
        "time": ("frame", np.arange(len(movie)) * dt, {"units": "s"}),
        "source_type": ("source_type", np.array(inputs.types, str)),
        "sign": ("source_type", inputs.signs),
    }
    if columns_of:
        found["column_contribution"] = (("frame", "column"), inputs.by_column(added, columns_of))
        coordinates |= {"u": ("column", network.lattice.u), "v": ("column", network.lattice.v)}
    attributes = {
        "kind": "contributions",
        "cell_type": cell_type,
        "network": network.name,
        "network_hash": network.content_hash,
        "dt": dt,
        "time_constant": tau,
        "initial_state": "grey",
        "device": engine.device,
        "dtype": engine.dtype,
        "maxstim_version": __version__,
    }
    return Labeled(variables=found, coordinates=coordinates, attrs=attributes)


def check_one_movie(values: np.ndarray, lattice: Lattice) -> None:
    """Make sure that luminance is that of one movie, shape (frame, column).

    Raises:
        MaxstimError: if it has other dimensions.
    """
    if values.ndim != 2:
        raise MaxstimError(
            f"The movie must have shape (frame, {lattice.n_columns}), not {tuple(values.shape)}; give "
            "one movie."
        )


class _Inputs:
    """The synapses onto the central cell of a type.

    Attributes:
        center: Number of that cell.
        cells: Number of the source cell of each edge, shape (edge,).
        weights: Strength times count times sign of each edge, shape (edge,), float64.
        types: Names of the source types, in the order of the connectome.
        signs: 1 or -1 for each of them, shape (source type,).
    """

    def __init__(self, network: Network, kind: int) -> None:
        self._layout = layout = network.layout
        self.center = int(layout.central_cells[kind])
        self.cells, taps = layout.onto_center(kind)
        self.weights = network.tap_weights[taps].astype(np.float64)
        kinds = layout.tap_source[taps].astype(int)
        present, first = np.unique(kinds, return_index=True)
        self._place = np.searchsorted(present, kinds)
        self.types = tuple(network.connectome.names[each] for each in present)
        self.signs = network.parameters.synapse_sign[layout.tap_pair[taps[first]]].astype(int)

    def check_type(self, name: object, cell_type: str) -> None:
        """Make sure that a name is that of one of the source types, or none at all.

        Raises:
            MaxstimError: if it is not.
        """
        if name == "" or name in self.types:
            return
        offered = f"choose from {', '.join(self.types)}" if self.types else "it has no input types"
        raise MaxstimError(
            f"The input type of {cell_type} whose columns are told (columns_of) is not {shown(name)}; "
            f"{offered}."
        )

    def sums(self, added: np.ndarray) -> np.ndarray:
        """Sum (frame, edge) to (frame, source type), edge after edge in the order of the connectome."""
        total = np.zeros((len(added), len(self.types)))
        for k, place in enumerate(self._place):
            total[:, place] += added[:, k]
        return total

    def by_column(self, added: np.ndarray, source_type: str) -> np.ndarray:
        """Return what the cells of one type add, shape (frame, column), NaN where none adds."""
        layout, place = self._layout, self.types.index(source_type)
        edges = np.flatnonzero(self._place == place)
        kind = layout.connectome.index[source_type]
        spread = np.full((len(added), layout.lattice.n_columns), np.nan)
        spread[:, layout.columns[kind][self.cells[edges] - layout.first_cell[kind]]] = added[
            :, edges
        ]
        return spread


def _voltages(
    engine: Engine, movie: np.ndarray, dt: float, cells: np.ndarray
) -> tuple[np.ndarray, int]:
    """Simulate from rest, through the second of grey, to the end of a movie.

    Args:
        engine: The network, ready to simulate.
        movie: Luminance, shape (frame, column).
        dt: Seconds per frame.
        cells: Numbers of the cells to record, shape (cell,).

    Returns:
        Voltage at rest and after each frame, shape (1 + grey frame + frame, cell), float64; and the
        number of frames of grey.

    Raises:
        MaxstimError: if the movie does not fit the eye, or a voltage does not stay finite.
    """
    engine.check(movie[None], dt)
    n_grey = frames_in(GREY_SECONDS, dt)
    grey = np.full((n_grey, movie.shape[1]), GREY, movie.dtype)
    after = engine.simulate(np.concatenate([grey, movie]), dt, initial_state="rest", cells=cells)
    if not np.isfinite(after).all():
        raise MaxstimError(
            f"The voltages of {engine.network.name} do not stay finite in frames of {dt:g} s; choose "
            "shorter frames or another network."
        )
    layout, parameters = engine.layout, engine.network.parameters
    rest = parameters.resting_potential[layout.cell_type_of[cells]]
    return np.concatenate([rest[None], after]).astype(np.float64), n_grey


def _in_order(values: np.ndarray) -> np.ndarray:
    """Sum (frame, source type) over source types, one after the other, shape (frame,)."""
    total = np.zeros(len(values))
    for column in values.T:
        total += column
    return total


def _filtered(current: np.ndarray, rate: float) -> np.ndarray:
    """Return what a membrane at rest makes of currents, both (frame, source type).

    Args:
        current: From the first frame that differs from rest on.
        rate: Share of the way to the current that the voltage goes in a frame.
    """
    voltage, state = np.empty_like(current), np.zeros(current.shape[1])
    for frame, values in enumerate(current):
        state = state + rate * (values - state)
        voltage[frame] = state
    return voltage
