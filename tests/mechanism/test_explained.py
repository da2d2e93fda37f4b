"""Contributions and effects of silencing in one dataset."""

import numpy as np
import pytest

import maxstim_core as ms
from maxstim_core.mechanism.explained import explained


def test_it_is_what_both_say_of_the_same_movie():
    network = ms.open_network("prior", extent=5)
    movie = np.random.default_rng(1).random((12, network.lattice.n_columns))
    found = explained(network, "T4c", movie, 0.01)
    parts = ms.contributions(network, "T4c", movie, 0.01)
    effects = ms.silencing_effects(network, "T4c", movie, 0.01)
    for name in parts.data_vars:
        np.testing.assert_array_equal(found[name].values, parts[name].values)
    for name in effects.data_vars:
        told = found[f"silenced_{name}".replace("central_", "")]
        np.testing.assert_array_equal(told.values, effects[name].values)
    assert found.silenced.values.tolist() == ["none", *found.source_type.values.tolist()]
    assert found.attrs["kind"] == "mechanism"


def test_a_cell_type_that_there_is_not_is_refused():
    network = ms.open_network("prior", extent=5)
    movie = np.full((4, network.lattice.n_columns), 1.0)
    with pytest.raises(ms.MaxstimError, match="no cell type"):
        explained(network, "R99", movie, 0.01)
