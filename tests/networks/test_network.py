"""Layout and parameters against the worked numbers of docs/numerics.md."""

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.layout import Layout
from maxstim_core.networks.network import Network
from maxstim_core.networks.unfitted import PRIOR_GAIN, flyvis_initial_network, prior_network


@pytest.mark.parametrize(
    ("extent", "cells", "edges", "pairs", "taps"),
    [
        (1, 443, 8_174, 597, 2_019),
        (5, 5_759, 171_471, 604, 2_355),
        (15, 45_669, 1_513_231, 604, 2_355),
    ],
)
def test_counts(extent, cells, edges, pairs, taps):
    layout = Layout(bundled_connectome(), Lattice(extent))
    found = (layout.n_cells, len(layout.edges[0]), len(layout.pairs), len(layout.tap_counts))
    assert found == (cells, edges, pairs, taps)


def test_excitatory_and_inhibitory_edges():
    network = prior_network()
    sign = network.parameters.synapse_sign[network.layout.tap_pair][network.layout.edges[2]]
    assert [(sign > 0).sum(), (sign < 0).sum()] == [983_980, 529_251]


def test_first_edges():
    source, target, _ = prior_network().layout.edges
    assert list(zip(source[:3], target[:3], strict=True)) == [(0, 5768), (1, 5769), (2, 5770)]


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        (
            5,
            {
                "R1": 45,
                "L1": 773,
                "Mi1": 1709,
                "T4a": 3074,
                "T4c": 3256,
                "T5a": 3438,
                "TmY18": 5713,
            },
        ),
        (
            15,
            {"R1": 360, "R2": 1081, "L1": 6128, "Lawf1": 9434, "Lawf2": 9557, "Am": 9979}
            | {"CT1(Lo1)": 12142, "CT1(M10)": 12863, "Mi1": 13584, "T4a": 24399, "T4c": 25841}
            | {"T5a": 27283, "TmY18": 45308},
        ),
    ],
)
def test_central_cells(extent, expected):
    network = prior_network(extent)
    central = network.layout.central_cells
    assert {name: central[network.cell_type(name)] for name in expected} == expected


def test_every_edge_spans_its_tap():
    layout = prior_network(3).layout
    source, target, tap = layout.edges
    column = np.concatenate(layout.columns)
    u, v = layout.lattice.u[column], layout.lattice.v[column]
    np.testing.assert_array_equal(u[target] - u[source], layout.tap_du[tap])
    np.testing.assert_array_equal(v[target] - v[source], layout.tap_dv[tap])


def test_flyvis_initial_parameters():
    network = flyvis_initial_network()
    values = network.parameters
    bias = [0.443708, 0.442382, 0.487471, 0.478306, 0.542436]
    np.testing.assert_allclose(values.resting_potential[:5], bias, atol=5e-7)
    for name, expected in {"L1": 0.516114, "Mi1": 0.529942, "T4c": 0.505621}.items():
        assert values.resting_potential[network.cell_type(name)] == pytest.approx(
            expected, abs=5e-7
        )
    assert np.log(values.synapse_count[0]) == pytest.approx(3.68887949, abs=1e-7)
    assert (values.time_constant == np.float32(0.05)).all()


@pytest.mark.parametrize(("extent", "strength"), [(5, 0.0055427565), (15, 0.0056391870)])
def test_flyvis_initial_strength_depends_on_extent(extent, strength):
    network = flyvis_initial_network(extent)
    pair = network.layout.pairs.index((network.cell_type("Mi9"), network.cell_type("T4a")))
    assert network.parameters.synapse_strength[pair] == pytest.approx(strength, rel=1e-7)


def test_free_parameters_number_734():
    values = prior_network().parameters
    free = (values.resting_potential, values.time_constant, values.synapse_strength)
    assert sum(len(numbers) for numbers in free) == 734


def test_prior_weights_sum_to_the_gain():
    network = prior_network()
    n_types = len(network.connectome.names)
    into = np.bincount(network.layout.tap_target, np.abs(network.tap_weights), n_types)
    with_inputs = np.isin(np.arange(n_types), network.layout.tap_target)
    np.testing.assert_allclose(into[with_inputs], PRIOR_GAIN, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "near"), [("t4c", "T4c"), ("Mi 1", "Mi1"), ("xyz", "choose from")]
)
def test_refuses_an_unknown_cell_type(name, near):
    with pytest.raises(MaxstimError, match=near):
        prior_network(1).cell_type(name)


def test_refuses_an_unknown_network():
    with pytest.raises(MaxstimError, match="no network 'nonsense'"):
        open_network("nonsense")


def test_refuses_parameters_of_another_layout():
    with pytest.raises(MaxstimError, match=r"needs \(597,\)"):
        Network("odd", prior_network(1).layout, prior_network(5).parameters)


def test_a_network_on_another_eye_is_the_one_that_is_opened_there():
    network = open_network("maxstim/003")
    assert network.on_eye(8).content_hash == open_network("maxstim/003", 8).content_hash
    assert network.on_eye(8).on_eye(15).content_hash == network.content_hash
    for extent, said in ((2, "needs"), (-1, "extent"), (2.5, "extent")):
        with pytest.raises(MaxstimError, match=said):
            network.on_eye(extent)


def test_hash_tells_networks_apart():
    hashes = {open_network(name, 5).content_hash for name in ("prior", "flyvis-init")}
    assert len(hashes | {prior_network(4).content_hash}) == 3
    assert prior_network(5).content_hash in hashes


def test_parameters_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        prior_network(1).parameters.time_constant[0] = 1
