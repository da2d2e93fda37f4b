"""What is left of a response when one cell type after the other is silenced: docs/mechanism.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from maxstim_core import __version__
from maxstim_core.conventions import checked_dt
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.mechanism.contributions import check_one_movie
from maxstim_core.networks.network import Network, check_network
from maxstim_core.networks.silencing import silence_text, silenced
from maxstim_core.optimal.result import result_of
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.stimuli.column_order import MAXSTIM, movie_values
from maxstim_core.storage.labeled import Labeled

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result

NONE_SILENCED = "none"
"""What stands for the network as it is, first in the dimension ``silenced``."""


def silencing_effects(
    network: Network,
    cell_type: str,
    movie: ArrayLike,
    dt: float,
    cell_types: Sequence[str] | None = None,
    *,
    silence: str | Sequence[str] = (),
    device: str = "cpu",
    order: str = MAXSTIM,
) -> Result:
    """Show a movie to a network in which one cell type after the other is silenced.

    Where the cells of a type excite each other, that type is among its own inputs: silencing it takes
    these synapses away.

    Args:
        network: The network.
        cell_type: The type whose central cell is recorded, for example ``T4c``.
        movie: Luminance, shape (frame, column), shown after one second of grey: as for `simulate`.
        dt: Seconds per frame, and per Euler step.
        cell_types: Which to silence, each by itself; all input types of that cell if None.
        silence: Cell types that are silenced besides, all the time.
        device: Where to simulate: see `maxstim_core.devices.resolve_device`.
        order: Whose order the columns of the movie are in: as for `simulate`.

    Returns:
        A dataset in the arbitrary units of voltage. Its dimension ``silenced`` has ``none``, the network
        as it is, and then the names.

        - ``central_response`` (silenced, frame): voltage after each frame;
        - ``grey_voltage`` (silenced): before the first frame, in grey. It shifts as well, which is no
          response to the movie;
        - ``peak_voltage`` (silenced): the highest during the movie.

        NaN where voltages do not stay finite without the type.

    Raises:
        MaxstimError: if the movie does not fit the eye or is not finite, or a cell type or the device
            does not exist.

    Example:
        >>> import numpy as np
        >>> import maxstim_core as ms
        >>> network = ms.open_network("prior", extent=5)
        >>> flash = np.full((30, network.lattice.n_columns), 1.0)
        >>> found = ms.silencing_effects(network, "T4c", flash, 0.01, ["Mi1", "Mi9"])
        >>> found.silenced.values.tolist(), found.central_response.dims
        (['none', 'Mi1', 'Mi9'], ('silenced', 'frame'))
    """
    check_network(network)
    kind = network.cell_type(cell_type)
    network = silenced(network, silence, cell_type=cell_type)
    names = _names(network, kind, cell_types)
    variants = [network, *(silenced(network, [name]) for name in names)]
    engine = make_engine(network, device=device)
    values = engine.host(engine.as_movie(movie_values(movie, network.lattice, order)))
    check_one_movie(values, network.lattice)
    dt = checked_dt(dt)
    engine.check(values[None], dt)
    cell = network.layout.central_cells[[kind]]
    voltage, grey = [], []
    for variant in variants:  # one plan: only the strengths change
        parameters = engine.parameters_of(variant)
        state = engine.steady_state(dt, parameters=parameters)
        voltage.append(
            engine.simulate(values, dt, initial_state=state, cells=cell, parameters=parameters)[
                :, 0
            ]
        )
        grey.append(engine.host(state)[0, cell[0]])
    central = np.stack(voltage)
    finite = np.isfinite(central).all(1) & np.isfinite(grey)
    central[~finite] = np.nan
    return result_of(
        Labeled(
            variables={
                "central_response": (("silenced", "frame"), central),
                "grey_voltage": ("silenced", np.where(finite, grey, np.nan)),
                "peak_voltage": ("silenced", central.max(1)),
            },
            coordinates={
                "silenced": ("silenced", np.array([NONE_SILENCED, *names])),
                "time": ("frame", np.arange(len(values)) * dt, {"units": "s"}),
            },
            attrs={
                "kind": "silencing effects",
                "cell_type": cell_type,
                "network": network.name,
                "network_hash": network.content_hash,
                "dt": dt,
                "initial_state": "grey",
                "device": engine.device,
                "maxstim_version": __version__,
                **({"silence": silence_text(silence)} if silence_text(silence) else {}),
            },
        )
    )


def _names(network: Network, kind: int, cell_types: Sequence[str] | None) -> list[str]:
    """Return the names of the cell types to silence.

    Raises:
        MaxstimError: if they are no list of names.
    """
    if cell_types is None:
        _, taps = network.layout.onto_center(kind)
        sources = np.unique(network.layout.tap_source[taps])
        return [network.connectome.names[source] for source in sources]
    if isinstance(cell_types, str) or not isinstance(cell_types, Iterable):
        raise MaxstimError(
            f"Give the cell types to silence as a list, such as ['Mi9', 'C3'], not {shown(cell_types)}."
        )
    names = list(cell_types)
    for name in names:
        network.cell_type(name)
    if len(set(names)) < len(names):
        raise MaxstimError("Give every cell type to silence once.")
    return names
