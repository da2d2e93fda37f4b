"""Fitting: its terms on made-up voltages with known answers, and its behaviour as a run."""

import numpy as np
import pytest
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.network import prior_network
from maxstim_core.training.config import FitConfig
from maxstim_core.training.drills import draw
from maxstim_core.training.fit import WEIGHTS, Fit
from maxstim_core.training.published import TUNING_CURVES
from maxstim_core.training.terms import (
    Targets,
    edge_terms,
    flash_terms,
    opponent_signals,
    scene_terms,
)
from maxstim_core.tuning import KNOWN_POLARITY

NAMES = prior_network(1).connectome.names
TARGETS = Targets(NAMES)
SHORT = FitConfig(n_iters=4, extent=5, n_scenes=1)


def edges_as_published(contrast_swapped=False):
    """Voltages whose peaks are the published curves, and silent to the wrong contrast."""
    voltage = torch.zeros(24, 3, 65)
    for name, curve in TUNING_CURVES.items():
        on = name.startswith("T4") != contrast_swapped
        rows = slice(0, 12) if on else slice(12, 24)
        voltage[rows, 2, NAMES.index(name)] = 2 * torch.tensor(curve)
    return voltage


def test_published_tuning_leaves_little_to_ask():
    found = edge_terms(edges_as_published(), TARGETS)
    assert found["direction"].item() == pytest.approx(0, abs=1e-3)
    assert found["wrong contrast"].item() == 0
    assert found["strength"].item() == 0


def test_the_wrong_contrast_costs():
    found = edge_terms(edges_as_published(contrast_swapped=True), TARGETS)
    assert found["direction"].item() == pytest.approx(1)
    assert found["wrong contrast"].item() > 10


def test_flashes_ask_for_the_known_polarity():
    voltage = torch.zeros(2, 90, 65)
    for name, sign in KNOWN_POLARITY.items():
        voltage[0 if sign > 0 else 1, 5:55, NAMES.index(name)] = 1.0
    right = flash_terms(voltage, TARGETS, 0.01)
    wrong = flash_terms(voltage.flip(0), TARGETS, 0.01)
    assert right["flash index"] == right["flash change"] == 0
    assert wrong["flash index"] > 1
    assert wrong["flash change"] > 1


def test_opponent_signals_point_along_the_flow():
    """Only T4b (rightward) and T4c (upward) answer: the picture moves up and right."""
    voltage = torch.zeros(1, 10, 8, 19)
    voltage[:, :, 1] = voltage[:, :, 2] = 1.0
    horizontal, vertical = opponent_signals(voltage.unbind(2))
    assert (horizontal == 1).all() and (vertical == 1).all()
    diagonal = torch.full((2, 1), 0.5**0.5)
    assert scene_terms(voltage, diagonal)["flow"].item() < 0.03
    assert scene_terms(voltage, -diagonal)["flow"].item() > 1.9


def test_drills_are_the_same_for_the_same_seed():
    a, b, c = (draw(Lattice(5), 0.01, 2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.scenes, b.scenes)
    assert not np.array_equal(a.scenes, c.scenes)
    assert len(a.edges) == 24
    assert (a.edges[:, : a.lead] == 0.5).all()


def test_a_fit_lowers_its_loss():
    reports = list(Fit(FitConfig(n_iters=10, extent=5, n_scenes=0)))
    assert set(reports[0].terms) <= set(WEIGHTS)
    first, last = (np.mean([r.total for r in part]) for part in (reports[:2], reports[-2:]))
    assert last < 0.9 * first


def test_going_on_from_a_checkpoint_changes_nothing(tmp_path):
    through = Fit(SHORT)
    list(through)
    path = tmp_path / "fit.pt"
    halting = Fit(SHORT, checkpoint=path, every=2)
    for report in halting:
        if report.step == 2:
            break
    resumed = Fit(SHORT, checkpoint=path, every=2)
    assert resumed.step == 2
    list(resumed)
    assert resumed.network().content_hash == through.network().content_hash


def test_a_network_is_ready_at_any_time():
    network = Fit(SHORT).network("start", extent=6)
    assert network.lattice.extent == 6
    np.testing.assert_allclose(
        network.parameters.synapse_strength, prior_network(6).parameters.synapse_strength, rtol=1e-5
    )


def test_refuses_the_checkpoint_of_another_fit(tmp_path):
    path = tmp_path / "fit.pt"
    list(Fit(FitConfig(n_iters=1, extent=5, n_scenes=0), checkpoint=path))
    with pytest.raises(MaxstimError, match="other settings"):
        Fit(SHORT, checkpoint=path)
    path.write_bytes(b"damaged")
    with pytest.raises(MaxstimError, match="cannot be read"):
        Fit(SHORT, checkpoint=path)
