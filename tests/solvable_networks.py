"""Networks so small that their best stimuli are known."""

import itertools

import numpy as np

import maxstim_core as ms
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.networks.connectome import CellType, Connectome, Synapse
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters

EYE, T_STIM = Lattice(2), 0.12


def network(types, synapses, rest):
    """A small network: cell types with roles, synapses as (source, target, sign, du, dv, count)."""
    connectome = Connectome(
        tuple(CellType(name, role, (1, 1)) for name, role in types),
        tuple(Synapse(*synapse, filled=False) for synapse in synapses),
    )
    layout = Layout(connectome, EYE)
    return Network(
        "toy",
        layout,
        Parameters(
            resting_potential=rest,
            time_constant=[0.03] * len(types),
            synapse_sign=pair_signs(layout),
            synapse_count=layout.tap_counts,
            synapse_strength=[1.0] * len(layout.pairs),
        ),
    )


def linear_network():
    """A cell with a center and a surround; photoreceptors never fall silent, so that it is linear."""
    around = [("R1", "L2", -1, *step, 0.15) for step in STEPS.values()]
    types = [("R1", "input"), ("L1", "output"), ("L2", "output")]
    return network(
        types, [("R1", "L1", 1, 0, 0, 1.0), *around, ("L1", "L2", 1, 0, 0, 1.0)], [1.0, 5.0, 0.0]
    )


def two_path_network(right=1.0):
    """A cell that two paths lead to, from either side, which inhibit each other: one alone is best."""
    types = [("R1", "input"), ("A", "intermediate"), ("B", "intermediate"), ("Sum", "output")]
    (lu, lv), (ru, rv) = STEPS[150], STEPS[330]
    synapses = [
        ("R1", "A", 1, 0, 0, 3.0),
        ("R1", "B", 1, 0, 0, 3.0),
        ("A", "Sum", 1, lu, lv, 1.0),
        ("B", "Sum", 1, ru, rv, right),
        ("A", "B", -1, 2 * lu, 2 * lv, 1.0),
        ("B", "A", -1, 2 * ru, 2 * rv, 1.0),
    ]
    return network(types, synapses, [0.0, -1.4, -1.4, 0.0])


def above_grey(net, movie, name):
    """Voltage of the central cell in the last frame, less that under grey."""
    cell = net.layout.central_cells[[net.cell_type(name)]]
    grey = np.full_like(movie, 0.5)
    shown = [ms.simulate(net, each, 0.01, cells=cell).values[-1, 0] for each in (movie, grey)]
    return float(shown[0]) - float(shown[1])


def kernel(net, name):
    """What each pixel adds to the last frame, per luminance, from one flash each."""
    n_frames, n_columns = round(T_STIM / 0.01), EYE.n_columns
    flashes = np.full((n_frames * n_columns, n_frames, n_columns), 0.5)
    for k, (frame, column) in enumerate(itertools.product(range(n_frames), range(n_columns))):
        flashes[k, frame, column] = 0.9
    cell = net.layout.central_cells[[net.cell_type(name)]]
    with_grey = np.concatenate([flashes, np.full((1, n_frames, n_columns), 0.5)])
    last = ms.simulate(net, with_grey, 0.01, cells=cell).values[:, -1, 0].astype(float)
    return ((last[:-1] - last[-1]) / 0.4).reshape(n_frames, n_columns)
