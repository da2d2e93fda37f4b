"""Random networks for property tests of the engines."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import CellType, Connectome, Synapse
from maxstim_core.networks.layout import Layout
from maxstim_core.networks.network import Network, Parameters


@st.composite
def networks(draw):
    """Small random connectomes with strides, self-connections and long taps, on any eye."""
    strides = st.sampled_from([(1, 1), (1, 1), (3, 2), (2, 2)])
    types = [CellType("R1", "input", (1, 1)), CellType("R2", "input", (1, 1))]
    types += [CellType(f"C{k}", "output", draw(strides)) for k in range(draw(st.integers(1, 4)))]
    offsets = st.tuples(st.integers(-7, 7), st.integers(-7, 7))
    names = [cell_type.name for cell_type in types]
    synapses = [Synapse("R1", "C0", 1, 0, 0, 1.0, False)]
    for source in names:
        for target in names:
            sign = draw(st.sampled_from([-1, 1]))
            for du, dv in draw(st.sets(offsets, max_size=4)):
                if (source, target, du, dv) != ("R1", "C0", 0, 0):
                    sign = 1 if (source, target) == ("R1", "C0") else sign
                    synapses.append(Synapse(source, target, sign, du, dv, 1.5, False))
    layout = Layout(Connectome(tuple(types), tuple(synapses)), Lattice(draw(st.integers(1, 15))))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    signs = {(s.source, s.target): s.sign for s in synapses}
    parameters = Parameters(
        resting_potential=random.normal(0.2, 0.3, len(types)),
        time_constant=random.uniform(0.005, 0.1, len(types)),
        synapse_sign=[signs[names[a], names[b]] for a, b in layout.pairs],
        synapse_count=layout.tap_counts,
        synapse_strength=random.uniform(0, 0.2, len(layout.pairs)),
    )
    return Network("random", layout, parameters)
