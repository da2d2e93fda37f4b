"""flyvis's flashes and edges: networks whose answer is known, and one that flyvis itself measured."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.networks.connectome import CellType, Connectome, Synapse
from maxstim_core.networks.layout import Layout, pair_signs
from maxstim_core.networks.network import Network, Parameters
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.tuning.facts import ANGLES
from maxstim_core.tuning.measures import (
    angular_distance,
    direction_selectivity_index,
    preferred_direction,
)
from maxstim_core.tuning.protocol import Tuning, edge_peaks, flash_indices, measure_tuning

MEASURED_BY_FLYVIS = Path(__file__).parents[1] / "data" / "halved_prior_tuning_flyvis.npz"


def toy_network(gain=1.0):
    """A photoreceptor, a cell that it inhibits, and one detector of motion upwards, on 721 columns."""
    types = [("R1", "input"), ("Dark", "intermediate"), ("Slow", "output"), ("Up", "output")]
    du, dv = (-step for step in STEPS[90])  # from the column above to the one below it
    synapses = [
        ("R1", "Dark", -1, 0, 0, 1.0),
        ("R1", "Slow", 1, 0, 0, 1.0),
        ("R1", "Up", 1, 0, 0, 1.0),
        ("Slow", "Up", -1, du, dv, 1.0),
    ]
    connectome = Connectome(
        tuple(CellType(name, role, (1, 1)) for name, role in types),
        tuple(Synapse(*synapse, filled=False) for synapse in synapses),
    )
    layout = Layout(connectome, Lattice(15))
    strength = {("R1", "Up"): 3.0 * gain, ("Slow", "Up"): 4.0}
    parameters = Parameters(
        resting_potential=[0.5, 1.5, -0.7, -0.2],
        time_constant=[0.05, 0.05, 0.1, 0.02],
        synapse_sign=pair_signs(layout),
        synapse_count=layout.tap_counts,
        synapse_strength=[strength.get((types[a][0], types[b][0]), 1.0) for a, b in layout.pairs],
    )
    return Network("toy", layout, parameters)


@cache
def toy_tuning():
    return measure_tuning(make_engine(toy_network()))


def of(values, name):
    return values[..., toy_tuning().cell_types.index(name)]


def test_flash_index_of_a_photoreceptor_is_the_one_on_paper():
    """From 1 under grey it goes to 1.5, or to 0.5; the window opens after the first dark frame."""
    first_dark = 1 - 0.5 * (1 / 200) / 0.05
    lowest = 0.5
    on, off = 1.5 + lowest, first_dark + lowest
    for index in (toy_tuning().flash_index, toy_tuning().full_field_index):
        assert of(index, "R1") == pytest.approx((on - off) / (on + off), abs=1e-5)


def test_sign_of_the_flash_index():
    assert of(toy_tuning().flash_index, "Dark") < -0.1
    assert of(toy_tuning().flash_index, "Slow") > 0.1


def test_detector_prefers_its_direction():
    tuning = toy_tuning()
    assert of(tuning.selectivity, "Up")[0] > 0.1
    assert angular_distance(of(tuning.direction, "Up")[0], 90) < 5
    assert of(tuning.selectivity, "R1").max() < 0.01


def test_tuning_at_one_speed_is_a_part_of_the_whole():
    tuning = toy_tuning()
    parts = [tuning.at_speed(speed) for speed in tuning.speeds]
    assert tuning.speeds == (2.4, 4.8, 9.7, 13.0, 19.0, 25.0)
    np.testing.assert_allclose(
        np.mean([part.selectivity for part in parts], axis=0), tuning.selectivity, rtol=1e-6
    )


def test_silent_cell_has_no_direction():
    tuning = Tuning(("T4b",), *np.zeros((3, 1)), (25.0,), np.zeros((2, 12, 1, 1)))
    assert np.isnan(tuning.direction).all()
    assert np.isnan(tuning.motion("T4b").wrong_contrast)
    assert (tuning.selectivity == 0).all()


def test_network_that_runs_away_is_refused():
    with pytest.raises(MaxstimError, match="do not stay finite"):
        measure_tuning(make_engine(runaway_network()))


def runaway_network():
    types = (CellType("R1", "input", (1, 1)),)
    connectome = Connectome(types, (Synapse("R1", "R1", 1, 0, 0, 1.0, False),))
    layout = Layout(connectome, Lattice(15))
    return Network("runaway", layout, Parameters([1.0], [0.005], [1], [1], [1e3]))


def halved_prior():
    """The prior network with half its strengths: unlike the prior itself, it rests firmly under grey."""
    network = prior_network()
    parameters = dataclasses.replace(
        network.parameters, synapse_strength=0.5 * network.parameters.synapse_strength
    )
    return Network("halved prior", network.layout, parameters)


@pytest.mark.slow
def test_flyvis_measures_the_same():
    """The network, as `write_model` wrote it, was measured by flyvis 1.2.0 (scripts/in_flyvis.py)."""
    engine = make_engine(halved_prior())
    with np.load(MEASURED_BY_FLYVIS) as file:
        flyvis = dict(file)
    assert tuple(flyvis["cell_types"]) == engine.network.connectome.names
    np.testing.assert_allclose(flash_indices(engine, (6, 15)), flyvis["fri"], atol=1e-5)
    for k, speed in enumerate(flyvis["speeds"]):
        peaks = edge_peaks(engine, speed)
        np.testing.assert_allclose(peaks, flyvis["peaks"][k], atol=1e-5)
        index = direction_selectivity_index(peaks[:, :, None], ANGLES)
        np.testing.assert_allclose(index, flyvis["dsi"][k], atol=1e-5)
        apart = angular_distance(
            preferred_direction(peaks[:, :, None], ANGLES), np.rad2deg(flyvis["pd"][k])
        )
        assert (index > 0.005).sum() >= 5
        assert apart[index > 0.005].max() < 0.1
