"""Networks without any fit: the prior of the connectome, and where flyvis starts training."""

from __future__ import annotations

import numpy as np

from maxstim_core.conventions import EXTENT, GREY
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import Connectome, bundled_connectome
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters

PRIOR_GAIN = 1.5
"""Sum of the absolute weights into each cell type of the prior network."""

PRIOR_VOLTAGE = 0.3
"""Voltage under grey of every cell of the prior network that has a full neighbourhood."""


def prior_network(extent: int = EXTENT, connectome: Connectome | None = None) -> Network:
    """Return the network that the connectome alone suggests: the bundled one if none is given.

    One strength per target type makes each weight proportional to its synapse count and the absolute
    weights into a cell type sum to 1.5. Resting potentials are set so that a cell with all its
    synapses would sit at 0.3 under grey: b = 0.3 - 0.3 * sum(signed weights), less the 0.5 that a
    photoreceptor sees. Time constants are flyvis's 0.05 s.

    Args:
        extent: Rings of the eye.
        connectome: The table; the bundled one if None.
    """
    layout = Layout(connectome or bundled_connectome(), Lattice(extent))
    n_types = len(layout.connectome.names)
    sign = pair_signs(layout)
    total = np.bincount(layout.tap_target, layout.tap_counts, n_types)
    per_type = np.divide(PRIOR_GAIN, total, out=np.zeros(n_types), where=total > 0)
    strength = per_type[[target for _, target in layout.pairs]]
    signed = strength[layout.tap_pair] * layout.tap_counts * sign[layout.tap_pair]
    drive = PRIOR_VOLTAGE * np.bincount(layout.tap_target, signed, n_types)
    drive += [GREY * (cell_type.role == "input") for cell_type in layout.connectome.cell_types]
    parameters = Parameters(
        resting_potential=PRIOR_VOLTAGE - drive,
        time_constant=np.full(n_types, 0.05),
        synapse_sign=sign,
        synapse_count=layout.tap_counts,
        synapse_strength=strength,
    )
    return Network("prior", layout, parameters)


def flyvis_initial_network(extent: int = EXTENT) -> Network:
    """Return the network that flyvis starts training from, bias seed 0.

    Resting potentials are 0.5 + 0.05 z with z from torch's CPU generator seeded 0; strengths are 0.01
    over the mean synapse count of the pair, the mean over its edges on this eye
    (docs/numerics.md#parameters).

    Args:
        extent: Rings of the eye.
    """
    import torch  # only here: the numbers are torch's own

    layout = Layout(bundled_connectome(), Lattice(extent))
    n_types = len(layout.connectome.names)
    z = torch.randn(n_types, generator=torch.Generator().manual_seed(0)).numpy()
    _, _, taps = layout.edges
    pair_of_edge = layout.tap_pair[taps]
    mean_count = np.bincount(pair_of_edge, layout.tap_counts[taps]) / np.bincount(pair_of_edge)
    parameters = Parameters(
        resting_potential=np.float32(0.5) + np.float32(0.05) * z,
        time_constant=np.full(n_types, 0.05),
        synapse_sign=pair_signs(layout),
        synapse_count=np.exp(np.log(layout.tap_counts.astype(np.float32))),
        synapse_strength=0.01 / mean_count,
    )
    return Network("flyvis-init", layout, parameters)


UNFITTED = {"prior": prior_network, "flyvis-init": flyvis_initial_network}
"""The bundled networks that are in no file, by name."""
