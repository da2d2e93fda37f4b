"""Fitting: its terms on made-up voltages with known answers, and its behaviour as a run."""

import io
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.training.config import FitConfig
from maxstim_core.training.fit import WEIGHTS, Fit
from maxstim_core.training.shuffled_connectome import shuffled
from maxstim_core.training.stimuli import draw
from maxstim_core.training.terms import (
    Targets,
    edge_terms,
    flash_terms,
    motion_signal,
    scene_terms,
)
from maxstim_core.tuning.facts import KNOWN_POLARITY, TUNING_CURVES

NAMES = prior_network(1).connectome.names
TARGETS = Targets(NAMES)
SHORT = FitConfig(n_iters=4, extent=5, n_scenes=2)
SHORTEST = FitConfig(n_iters=1, extent=5, n_scenes=0)
ALL_ANGLES = np.arange(12)


def edges_as_published(contrast_swapped=False):
    """Voltages whose peaks are the published curves, and silent to the wrong contrast."""
    voltage = torch.zeros(24, 3, 65)
    for name, curve in TUNING_CURVES.items():
        on = name.startswith("T4") != contrast_swapped
        rows = slice(0, 12) if on else slice(12, 24)
        voltage[rows, 2, NAMES.index(name)] = 2 * torch.tensor(curve)
    return voltage


def test_published_tuning_leaves_little_to_ask():
    found = edge_terms(edges_as_published(), TARGETS, ALL_ANGLES)
    assert found["direction"].item() == pytest.approx(0, abs=1e-3)
    assert found["wrong contrast"].item() == 0
    assert found["strength"].item() == 0


def test_the_wrong_contrast_costs():
    found = edge_terms(edges_as_published(contrast_swapped=True), TARGETS, ALL_ANGLES)
    assert found["direction"].item() == pytest.approx(1)
    assert found["wrong contrast"].item() > 10


def test_a_silent_cell_is_called_back():
    """Nothing else pulls at a T4a whose voltage never rises above zero."""
    voltage = edges_as_published()
    voltage[..., NAMES.index("T4a")] = -0.5
    voltage.requires_grad_()
    edge_terms(voltage, TARGETS, ALL_ANGLES)["strength"].backward()
    assert voltage.grad[:12, :, NAMES.index("T4a")].sum() < 0
    assert (voltage.grad[12:] == 0).all()


def test_flashes_ask_for_the_known_polarity():
    voltage = torch.zeros(2, 90, 65)
    for name, sign in KNOWN_POLARITY.items():
        voltage[0 if sign > 0 else 1, 5:55, NAMES.index(name)] = 1.0
    right = flash_terms(voltage, TARGETS, 0.01)
    wrong = flash_terms(voltage.flip(0), TARGETS, 0.01)
    assert right["flash index"] == right["flash change"] == 0
    assert wrong["flash index"] > 1
    assert wrong["flash change"] > 1


def test_motion_is_signalled_along_the_flow():
    """Only T4b (rightward) and T4c (upward) answer: the picture moves up and right."""
    voltage = torch.zeros(1, 10, 8, 19)
    voltage[:, :, 1] = voltage[:, :, 2] = 1.0
    torch.testing.assert_close(motion_signal(voltage, TARGETS.directions), torch.ones(2, 1, 10, 19))
    diagonal = torch.full((2, 1), 5.0)
    assert scene_terms(voltage, TARGETS, diagonal)["flow"].item() < 0.03
    assert scene_terms(voltage, TARGETS, -diagonal)["flow"].item() > 1.9


def test_the_signal_should_grow_with_the_speed():
    fast = torch.tensor([[10.0, 5.0], [0.0, 0.0]])
    voltage = torch.zeros(2, 10, 8, 19)
    voltage[:, :, 1] = torch.tensor([2.0, 1.0])[:, None, None]
    assert scene_terms(voltage, TARGETS, fast)["speed"].item() == pytest.approx(0, abs=1e-5)
    assert scene_terms(voltage.flip(0), TARGETS, fast)["speed"].item() == pytest.approx(
        0.2, abs=1e-5
    )


def test_held_out_types_are_asked_for_nothing():
    """Whatever they do, no term but those that bound voltages changes."""
    held_out = ("T4c", "Mi1", "L5")
    targets = Targets(NAMES, held_out)
    random = torch.Generator().manual_seed(0)
    edges, flashes = (
        torch.rand(24, 20, 65, generator=random),
        torch.rand(6, 90, 65, generator=random),
    )

    def terms():
        found = edge_terms(edges, targets, ALL_ANGLES) | flash_terms(flashes, targets, 0.01)
        return {name: value.item() for name, value in found.items() if "voltage" not in name}

    before = terms()
    for name in held_out:
        edges[..., NAMES.index(name)] = torch.rand(24, 20, generator=random)
        flashes[..., NAMES.index(name)] = torch.rand(6, 90, generator=random)
    assert terms() == before
    assert len(targets.tuned) == 7


def test_drills_are_the_same_for_the_same_seed():
    a, b, c = (draw(Lattice(5), 0.01, 2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.scenes, b.scenes)
    assert not np.array_equal(a.scenes, c.scenes)
    assert len(a.edges) == 12
    assert {*a.angles} in ({0, 2, 4, 6, 8, 10}, {1, 3, 5, 7, 9, 11})
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


def test_refuses_to_hold_out_what_is_not_known():
    assert FitConfig(hold_out="Mi1, CT1(M10)").held_out == ("Mi1", "CT1(M10)")
    with pytest.raises(MaxstimError, match="of 'TmY3' that a fit could leave out; choose from"):
        FitConfig(hold_out="Mi1,TmY3")


def test_a_network_is_ready_at_any_time():
    network = Fit(SHORT).network("start", extent=6)
    assert network.lattice.extent == 6
    np.testing.assert_allclose(
        network.parameters.synapse_strength, prior_network(6).parameters.synapse_strength, rtol=1e-5
    )


def test_refuses_the_checkpoint_of_another_fit(tmp_path):
    path = tmp_path / "fit.pt"
    list(Fit(SHORTEST, checkpoint=path))
    with pytest.raises(MaxstimError, match="other settings"):
        Fit(SHORT, checkpoint=path)


@pytest.mark.parametrize(
    "damage",
    [
        {"adam": None},
        {"adam": {}},
        {"free": {}},
        {"free": {name: torch.zeros(1) for name in ("strength", "rest", "time")}},
        {"step": "two"},
        {"config": "2"},
        {"flow": {}},
        {"more": torch.zeros(3_000_000)},
        {"more": bytearray(3)},  # as long as a number says that stands in the file
        {"adam": {"state": {k: {"exp_avg": torch.zeros(1).expand(10**10)} for k in range(3)}}},
    ],
    ids=lambda damage: str(damage)[:60],
)
def test_refuses_what_is_no_whole_checkpoint(tmp_path, damage):
    path = tmp_path / "fit.pt"
    list(Fit(SHORTEST, checkpoint=path))
    whole = path.read_bytes()
    torch.save(torch.load(path, weights_only=True) | damage, path)
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fit/data/0", bytes(20_000_000))  # 20 kB, packed
    for content in (path.read_bytes(), whole[:1000], zeros.getvalue(), b'{"a network": 1}'):
        path.write_bytes(content)
        with pytest.raises(
            MaxstimError, match="no checkpoint of a fit that can be read; name another"
        ):
            Fit(SHORTEST, checkpoint=path)
        assert path.read_bytes() == content


def test_a_fit_goes_on_where_no_checkpoint_can_be_written(tmp_path):
    folder = tmp_path / "gone"
    fit = Fit(SHORTEST, checkpoint=folder / "fit.pt")
    assert len(list(fit)) == 1
    assert "could not be written" in fit.unkept
    folder.mkdir()
    fit.keep()
    assert fit.unkept is None
    assert [path.name for path in folder.iterdir()] == ["fit.pt"]
    assert Fit(SHORTEST, checkpoint=folder / "fit.pt").step == 1


@pytest.fixture(scope="module", params=[1, 2])
def null(request):
    return shuffled(bundled_connectome(), request.param)


def test_shuffling_keeps_every_degree_and_the_way_in(null):
    """Each type keeps the numbers of its sources and targets and what lies on it; light gets in."""
    real = bundled_connectome()
    pairs, shuffled_pairs = ({(s.source, s.target) for s in c.synapses} for c in (real, null))
    for end in (0, 1):
        degrees = (Counter(pair[end] for pair in p) for p in (pairs, shuffled_pairs))
        assert next(degrees) == next(degrees)
    assert len(pairs & shuffled_pairs) < 0.5 * len(pairs)
    on_target = (Counter((s.target, s.du, s.dv, s.count) for s in c.synapses) for c in (real, null))
    assert next(on_target) == next(on_target)
    eyes = ({s for s in c.synapses if s.source.startswith("R")} for c in (real, null))
    assert next(eyes) == next(eyes)


def test_shuffled_sources_keep_how_often_they_excite(null):
    def signs(connectome):
        return Counter(
            {(s.source, s.target): (s.source, s.sign) for s in connectome.synapses}.values()
        )

    assert signs(null) == signs(bundled_connectome())


def test_shuffling_is_the_same_for_the_same_seed():
    hashes = [shuffled(bundled_connectome(), seed).content_hash for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_shuffled_connectome_can_be_fitted(null):
    fit = Fit(SHORTEST, connectome=null)
    assert len(list(fit)) == 1
    assert fit.network().connectome is null
