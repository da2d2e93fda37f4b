"""The whole curve: the best movie at each of several contrast energies."""

import numpy as np
import pytest
from solvable_networks import T_STIM, kernel, linear_network

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.constraints import contrast_energy


def test_of_a_linear_cell_the_response_grows_with_the_root_of_the_energy():
    net = linear_network()
    energies = [0.01, 0.1, 0.5, 1.0]
    config = ms.GenerateConfig(t_stim=T_STIM, n_iters=120, objective="drive")
    found = ms.finish(ms.curve(net, "L2", config, energies))
    rms = ms.response_units(net).rms[net.cell_type("L2")]
    known = np.sqrt(energies) * np.linalg.norm(kernel(net, "L2")) / rms
    grey = float(ms.simulate(net, np.full((12, 19), 0.5), 0.01).values[-1].mean())  # settled
    assert np.isfinite(grey)
    assert np.allclose(np.diff(found.counted_response.values), np.diff(known), rtol=1e-3)


def test_every_movie_is_on_its_budget_and_its_number_is_its_response():
    net = ms.open_network("default")
    config = ms.GenerateConfig(t_stim=0.15, n_iters=40, objective="drive")
    found = ms.finish(ms.curve(net, "T4c", config, 5))
    assert found.energy.values.tolist() == sorted(found.energy.values.tolist())
    most = 15 * 721 / 4
    assert found.energy.values[[0, -1]] == pytest.approx([most / 5000, most / 10])
    energies = [contrast_energy(movie) for movie in found.stimulus.values]
    assert np.allclose(energies, found.energy, rtol=5e-3)
    cell = net.layout.central_cells[[net.cell_type("T4c")]]
    voltage = ms.simulate(net, found.stimulus.values, 0.01, cells=cell).values[..., 0]
    assert np.allclose(voltage, found.central_response, atol=1e-5)
    units, kind = ms.response_units(net), net.cell_type("T4c")
    seen = (voltage[:, -1] - units.grey[kind]) / units.rms[kind]
    assert np.allclose(seen, found.counted_response, atol=1e-4)
    assert (
        np.diff(found.counted_response.values) > -0.02 * found.counted_response.values.max()
    ).all()
    assert found.attrs["status"] == "complete" and found.attrs["kind"] == "curve"


def test_a_warm_start_is_as_good_as_a_run_of_its_own():
    net = ms.open_network("default")
    config = ms.GenerateConfig(t_stim=0.15, n_iters=100, objective="drive")
    found = ms.finish(ms.curve(net, "Mi1", config, [5, 20, 80]))
    for energy, response in zip(found.energy.values, found.counted_response.values, strict=True):
        alone = ms.finish(ms.curve(net, "Mi1", config, [float(energy)]))
        assert response > 0.98 * float(alone.counted_response[0])


def test_a_curve_can_be_stopped():
    net = ms.open_network("prior", extent=5)
    run = ms.curve(net, "Mi1", ms.GenerateConfig(t_stim=0.05, n_iters=8), [1, 2, 4], report_every=2)
    assert run.n_steps == 8 + 2 + 2
    for report in run:
        if report.step >= 10:
            break
    stopped = run.result()
    assert stopped.energy.values.tolist() == [4.0] and stopped.attrs["status"] == "cancelled"


@pytest.mark.parametrize(
    ("energies", "words"),
    [
        ([3, 2], "from the lowest to the highest"),
        ([2, 2], "Give every energy once"),
        ([10, 5, 5], "Give every energy once"),
        (np.arange(1, 102).tolist(), "at most 100 energies, not 101"),
        ([], "Give the number of energies"),
        (["a"], "Give the number of energies"),
        ("12", "Give the number of energies"),
        (True, "Give the number of energies"),
        (1, "2 to 100"),
        ([0.0, 1.0], "above 0"),
        ([1e9], "must lie between"),
    ],
)
def test_what_is_no_energy_is_refused(energies, words):
    with pytest.raises(MaxstimError, match=words):
        ms.curve(ms.open_network("prior", extent=5), "Mi1", energies=energies)


@pytest.mark.parametrize(
    "settings",
    [
        {"levels": 16},
        {"levels": 2, "brightest": 0.8},
        {"mean_luminance": 0.6, "rings": 3, "objective": "suppress", "window": "0.02:0.08"},
        {"mean_luminance": 0.5, "darkest": 0.4, "highest_hz": 20.0},
    ],
)
def test_energies_that_nobody_gave_are_such_as_a_stimulus_can_have(settings):
    config = ms.GenerateConfig(**{"objective": "drive", "t_stim": 0.1, "n_iters": 12, **settings})
    found = ms.finish(ms.curve(ms.open_network("prior", extent=5), "Mi1", config, 3))
    energies = [contrast_energy(movie) for movie in found.stimulus.values]
    assert np.allclose(energies, found.energy, rtol=5e-3)
    assert "missed" not in found.attrs


def test_two_levels_equally_far_from_grey_have_no_curve():
    config = ms.GenerateConfig(objective="drive", levels=2)
    with pytest.raises(MaxstimError, match=r"have one energy, .*, so that there is no curve"):
        ms.curve(ms.open_network("prior", extent=5), "Mi1", config)


def test_settings_that_change_on_the_way_have_no_curve():
    config = ms.GenerateConfig(t_stim=T_STIM, objective="drive", schedule="4: energy=2")
    with pytest.raises(ms.MaxstimError, match="leave the schedule out"):
        ms.curve(linear_network(), "L2", config)


def test_the_number_of_energies_may_be_a_number_of_numpy():
    config = ms.GenerateConfig(t_stim=T_STIM, objective="drive", n_iters=4)
    run = ms.curve(linear_network(), "L2", config, np.int64(2))
    assert ms.finish(run).sizes["energy"] == 2


def test_a_level_has_no_curve():
    config = ms.GenerateConfig(objective="level:1")
    with pytest.raises(MaxstimError, match="no curve"):
        ms.curve(ms.open_network("prior", extent=5), "Mi1", config)
