"""Restarts: what all of them share, and movies that do the same."""

import numpy as np
import pytest
from solvable_networks import EYE, T_STIM, kernel, linear_network, two_path_network

import maxstim_core as ms
from maxstim_core.lattice import STEPS
from maxstim_core.optimal.constraints import contrast_energy
from maxstim_core.optimal.objectives.cells import Drive, Watched
from maxstim_core.optimal.objectives.counted import Counted
from maxstim_core.optimal.objectives.unlike import NoWorse, Unlike


def test_a_linear_cell_has_one_best_movie():
    net = linear_network()
    config = ms.GenerateConfig(t_stim=T_STIM, n_iters=120, objective="drive", energy=1.0)
    found = ms.finish(ms.restarts(net, "L2", config, seeds=3, different=1))
    assert found.attrs["spread"] < 1e-3 and found.attrs["diversity"] < 2e-3
    best = kernel(net, "L2")
    known = 0.5 + best / np.linalg.norm(best)
    assert np.allclose(found.common_stimulus, known, atol=0.02)
    matters = np.abs(best) > 0.2 * np.abs(best).max()
    assert found.determined.values[matters].min() > 0.95
    start = found.stimulus.sel(start="gradient at grey").values
    assert np.allclose(start, known, atol=0.01)


def test_of_two_paths_both_are_found():
    net = two_path_network(right=0.9)
    config = ms.GenerateConfig(t_stim=T_STIM, n_iters=80, objective="drive", energy=0.6)
    found = ms.finish(ms.restarts(net, "Sum", config, seeds=2, different=2))
    # The better path leads to the left, and so comes from the column to the right of the center.
    left, right = (EYE.index(*STEPS[angle]) for angle in (150, 330))
    energies = ((found.different_stimulus.values - 0.5) ** 2).sum(1)
    sides = energies[:, right] > energies[:, left]
    assert sides.tolist() == [True, False], "the better path first, then the other one"
    responses = found.different_response.values
    assert responses[1] >= 0.85 * responses[0]
    assert found.attrs["different_diversity"] > 0.9


def test_different_movies_are_as_good_and_on_the_same_budget():
    net = ms.open_network("default")
    config = ms.GenerateConfig(t_stim=0.15, n_iters=60, objective="drive", energy=40.0)
    found = ms.finish(ms.restarts(net, "T4c", config, seeds=2, different=3))
    responses = found.different_response.values
    assert responses[0] == pytest.approx(float(found.counted_response.max()), rel=1e-5)
    assert (responses >= 0.85 * responses[0]).all()
    energies = [contrast_energy(movie) for movie in found.different_stimulus.values]
    assert energies == pytest.approx([40.0] * 3, rel=5e-3)
    assert found.attrs["different_diversity"] > 2 * found.attrs["diversity"]
    cell = net.layout.central_cells[[net.cell_type("T4c")]]
    voltage = ms.simulate(net, found.different_stimulus.values, 0.01, cells=cell).values[:, -1, 0]
    units, kind = ms.response_units(net), net.cell_type("T4c")
    assert np.allclose((voltage - units.grey[kind]) / units.rms[kind], responses, atol=1e-3)


def test_restarts_of_a_level_are_refused_before_the_work():
    config = ms.GenerateConfig(t_stim=T_STIM, objective="level:1")
    with pytest.raises(ms.MaxstimError, match="choose the objective drive"):
        ms.restarts(linear_network(), "L2", config)


def test_two_levels_need_no_budget():
    config = ms.GenerateConfig(t_stim=T_STIM, n_iters=12, objective="drive", levels=2)
    found = ms.finish(ms.restarts(linear_network(), "L2", config, seeds=1, different=2))
    assert set(np.unique(found.different_stimulus)) == {0.0, 1.0}
    assert "missed" not in found.attrs


def test_a_clip_is_a_start_too():
    net = ms.open_network("prior", extent=5)
    clip = np.random.default_rng(0).uniform(0.3, 0.7, (9, 91)).astype(np.float32)
    config = ms.GenerateConfig(t_stim=0.05, n_iters=2)
    found = ms.finish(ms.restarts(net, "Mi1", config, seeds=1, clip=clip, different=1))
    assert found.start.values.tolist()[-1] == "clip"
    assert np.abs(found.stimulus.values[-1] - clip[-5:]).max() < 0.05, "two small steps from there"


def test_a_suppressed_cell_has_others_that_suppress_it():
    net = ms.open_network("default")
    config = ms.GenerateConfig(t_stim=0.1, n_iters=40, objective="suppress", energy=30.0)
    found = ms.finish(ms.restarts(net, "Mi1", config, seeds=1, different=2))
    responses = found.different_response.values
    assert responses[0] == found.counted_response.min() and (responses <= 0.85 * responses[0]).all()


def test_what_was_stopped_says_so():
    net = ms.open_network("prior", extent=5)
    config = ms.GenerateConfig(t_stim=0.05, n_iters=4, objective="drive", energy=1.0)
    run = ms.restarts(net, "Mi1", config, seeds=2, different=2, report_every=1)
    for report in run:
        if report.step == 2:
            break
    stopped = run.result()
    assert stopped.attrs["status"] == "cancelled" and stopped.sizes["start"] == 4
    assert stopped.sizes["different"] == 1


@pytest.mark.parametrize("ceiling", [-5.0, 5.0])
def test_gradients_are_those_of_finite_differences(ceiling):
    random = np.random.default_rng(0)
    movie, response = random.uniform(0.2, 0.8, (4, 7)), random.normal(size=(1, 4))
    others = random.uniform(0.2, 0.8, (2, 4, 7))
    drive = Drive(Watched((0.1,), (0.5,), 1), Counted("last"))
    for term in (Unlike(others, 2.0), NoWorse(drive, ceiling)):
        found = term.gradient(movie, response)
        for given, gradient in ((movie, found.stimulus), (response, found.response)):
            if gradient is None:
                continue
            for place in np.ndindex(given.shape):
                step = np.zeros_like(given)
                step[place] = 1e-6
                pairs = [
                    (movie + sign * step, response)
                    if given is movie
                    else (movie, response + sign * step)
                    for sign in (1, -1)
                ]
                slope = (term(*pairs[0]) - term(*pairs[1])) / 2e-6
                assert slope == pytest.approx(gradient[place], abs=1e-5, rel=1e-5)


def test_settings_that_change_on_the_way_have_no_restarts():
    config = ms.GenerateConfig(t_stim=T_STIM, objective="drive", schedule="4: objective=level:1")
    with pytest.raises(ms.MaxstimError, match="leave the schedule out"):
        ms.restarts(linear_network(), "L2", config)
