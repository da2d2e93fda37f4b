"""Every constraint: what comes out is allowed, stays as it is, and is the nearest where there is one."""

import dataclasses
from itertools import product

import numpy as np
import pytest
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.constraints import Allowed, Linear, contrast_energy
from maxstim_core.optimal.possible import allowed_by

EYE, N_FRAMES = Lattice(3), 12
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_in_any_order(monkeypatch):
    monkeypatch.setitem(globals(), "RANDOM", np.random.default_rng(0))


def movie(scale=1.0):
    return (0.5 + scale * RANDOM.normal(size=(N_FRAMES, EYE.n_columns))).astype(np.float32)


LINEAR = {
    "all": Linear(N_FRAMES, EYE),
    "rings": Linear(N_FRAMES, EYE, rings=1),
    "frames": Linear(N_FRAMES, EYE, frames=(3, 9)),
    "slow": Linear(N_FRAMES, EYE, highest_hz=12.0),
    "smooth": Linear(N_FRAMES, EYE, highest_cycles=0.2),
    "mean": Linear(N_FRAMES, EYE, mean=0.4),
    "many": Linear(
        N_FRAMES, EYE, rings=2, frames=(2, 12), highest_hz=20.0, highest_cycles=0.3, mean=0.45
    ),
}
RANGES = {"whole": (0.0, 1.0), "half": (0.25, 0.75), "bright": (0.3, 1.0)}
CASES = [
    pytest.param(Allowed(LINEAR[linear], *RANGES[luminance]), id=f"{linear}-{luminance}")
    for linear, luminance in product(LINEAR, RANGES)
]


@pytest.mark.parametrize("linear", LINEAR.values(), ids=LINEAR)
def test_the_linear_part_is_an_orthogonal_projection(linear):
    given = movie()
    found = linear(given)
    np.testing.assert_allclose(linear(found), found, atol=1e-5)
    other = linear(movie())
    # What was taken away stands at right angles to every way within.
    assert abs(((given - found) * (other - found)).sum()) < 1e-3
    np.testing.assert_allclose(linear.direction(other - found), other - found, atol=1e-5)


def test_what_the_linear_part_lets_through():
    found = LINEAR["rings"](movie())
    assert (found[:, EYE.ring > 1] == 0.5).all() and (found[:, EYE.ring <= 1] != 0.5).any()
    found = LINEAR["frames"](movie())
    assert (found[[0, 1, 2, 9, 10, 11]] == 0.5).all()
    assert LINEAR["mean"](movie()).mean() == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize(("hertz", "passes"), [(10, True), (20, True), (30, False), (45, False)])
def test_flicker_above_the_highest_frequency_is_taken_out(hertz, passes):
    linear = Linear(40, EYE, highest_hz=25.0)
    cosine = np.cos(2 * np.pi * hertz * 0.01 * (np.arange(40) + 0.5)).astype(np.float32)
    flicker = 0.5 + 0.4 * cosine[:, None] * np.ones(EYE.n_columns, np.float32)
    np.testing.assert_allclose(linear(flicker), flicker if passes else 0.5, atol=1e-5)


def test_a_grating_finer_than_the_highest_frequency_is_weakened_most():
    eye = Lattice(10)
    linear = Linear(1, eye, highest_cycles=0.2)

    def left(cycles):
        wave = 0.5 + 0.4 * np.cos(2 * np.pi * cycles * (eye.u + eye.v / 2))
        return np.linalg.norm(linear(wave[None].astype(np.float32)) - 0.5) / np.linalg.norm(
            wave - 0.5
        )

    assert left(0.0) == pytest.approx(1, abs=1e-4)
    assert left(0.1) > 0.95 and left(0.35) < 0.3


@pytest.mark.parametrize("allowed", CASES)
@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_what_is_nearest_is_allowed_and_stays(allowed, scale):
    found = allowed.nearest(movie(scale))
    assert allowed.low <= found.min() and found.max() <= allowed.high
    np.testing.assert_allclose(allowed.linear(found), found, atol=2e-4)
    np.testing.assert_allclose(allowed.nearest(found), found, atol=2e-4)


@pytest.mark.parametrize("allowed", CASES)
def test_nothing_allowed_is_nearer(allowed):
    """The way to what is given stands against every way to another allowed stimulus."""
    given = movie(0.3)
    found = allowed.nearest(given)
    for _ in range(20):
        other = allowed.nearest(movie(RANDOM.choice([0.1, 0.5, 2.0])))
        against = ((given - found) * (other - found)).sum()
        assert against < 1e-2 * np.linalg.norm(given - found) * np.linalg.norm(other - found)


@pytest.mark.parametrize("allowed", CASES)
@pytest.mark.parametrize("share", [0.01, 0.3])
def test_a_budget_is_kept(allowed, share):
    """Where a stimulus of its kind can have so much at all; else nearly as much as any has."""
    least, most = allowed.least_energy, allowed.most_energy
    budget = least + share * 0.3 * (most - least)
    given = movie(0.2)
    found = dataclasses.replace(allowed, energy=budget).filled(given)
    kind = allowed.linear.direction(given - np.float32(0.5))
    stronger = [
        allowed.linear.plainest + np.float32(strength) * kind
        for strength in np.geomspace(0.1, 100, 30)
    ]
    possible = max(contrast_energy(allowed.nearest(each)) for each in stronger)
    if possible > 1.2 * budget:
        assert contrast_energy(found) == pytest.approx(budget, rel=5e-3)
    else:
        assert 0.7 * possible < contrast_energy(found) <= 1.005 * budget
    assert allowed.low <= found.min() and found.max() <= allowed.high
    np.testing.assert_allclose(allowed.linear(found), found, atol=2e-4)


def test_within_a_smaller_budget_nothing_is_nearer():
    """For energy and range alone the answer is exact: by Lagrange, a multiple that is cut."""
    allowed = Allowed(LINEAR["all"], energy=20.0)
    given = movie(1.0)
    found = allowed.filled(given)
    for _ in range(50):
        other = allowed.filled(movie(1.0))
        assert ((given - found) * (other - found)).sum() < 1e-3


@pytest.mark.parametrize("n_levels", [2, 3, 16])
def test_levels(n_levels):
    allowed = Allowed(LINEAR["rings"], 0.1, 0.9, levels=n_levels)
    found = allowed.leveled(movie(0.4))
    inside = found[:, EYE.ring <= 1]
    assert (found[:, EYE.ring > 1] == 0.5).all()
    nearest = np.abs(inside[..., None] - np.linspace(0.1, 0.9, n_levels)).min(-1)
    assert nearest.max() < 1e-6 and len(np.unique(inside)) == n_levels
    np.testing.assert_array_equal(allowed.leveled(found), found)


def test_levels_keep_a_budget_as_well_as_levels_can():
    allowed = Allowed(LINEAR["all"], energy=20.0, levels=16)
    found = allowed.leveled(allowed.filled(movie(0.3)))
    assert contrast_energy(found) == pytest.approx(20, rel=5e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"energy": 1e6},
        {"energy": 0.3, "levels": 16},
        {"energy": 0.5, "mean_luminance": 0.3},
        {"energy": 300.0, "rings": 1},
        {"energy": 100.0, "darkest": 0.4, "brightest": 0.6},
        {"energy": 42.0, "mean_luminance": 0.5, "darkest": 0.2, "brightest": 0.8},
    ],
)
def test_an_energy_that_no_stimulus_has_is_refused(settings):
    with pytest.raises(MaxstimError, match=r"must lie between .*; give one in between, or change"):
        allowed_by(GenerateConfig(t_stim=0.12, **settings), EYE)


@pytest.mark.parametrize("energy", [3.0, 111.0])
def test_two_levels_equally_far_from_grey_have_no_other_energy(energy):
    with pytest.raises(MaxstimError, match="have one energy, 111; leave the energy out"):
        allowed_by(GenerateConfig(t_stim=0.12, levels=2, energy=energy), EYE)


@pytest.mark.parametrize("settings", [{"energy": 1e-12}, {"mean_luminance": 0.6, "energy": 4.44}])
def test_an_energy_that_single_precision_does_not_hold_is_refused(settings):
    with pytest.raises(MaxstimError, match=r"does not hold the rest; give .* or more"):
        allowed_by(GenerateConfig(t_stim=0.12, **settings), EYE)
    least = Allowed(LINEAR["all"], energy=1.1 * Allowed(LINEAR["all"]).held_energy)
    assert contrast_energy(least.filled(movie(0.3))) == pytest.approx(least.energy, rel=5e-3)


@pytest.mark.parametrize(
    "luminance", [(0.2, 0.6), (0.4, 1.0), (0.0, 0.5), (0.1, 0.8)], ids=lambda pair: f"{pair}"
)
@pytest.mark.parametrize("n_levels", [2, 3, 4])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.8, 0.99])
def test_levels_unequally_far_from_grey_keep_any_budget(luminance, n_levels, share):
    """Within half of what a pixel changes in going to another level, whatever the movie is like."""
    least, most = (
        getattr(Allowed(LINEAR["rings"], *luminance, levels=n_levels), f"{end}_energy")
        for end in ("least", "most")
    )
    energy = least + share * (most - least)
    allowed = Allowed(LINEAR["rings"], *luminance, energy=energy, levels=n_levels)
    widest = np.ptp((np.linspace(*luminance, n_levels) - 0.5) ** 2)
    for given in (movie(0.2), 0.5 + abs(movie(0.2) - 0.5), movie(0.2).clip(*luminance), movie(0)):
        found = allowed.leveled(given)
        nearest = np.abs(found[:, EYE.ring <= 1, None] - np.linspace(*luminance, n_levels)).min(-1)
        assert nearest.max() < 1e-6
        assert contrast_energy(found) == pytest.approx(energy, abs=widest / 2 + 1e-4)


def test_the_pixels_at_the_farther_of_two_levels_are_those_nearest_to_it():
    allowed = Allowed(LINEAR["all"], 0.2, 0.6, energy=30.0, levels=2)
    given = movie(0.2)
    found = allowed.leveled(given)
    assert given[found < 0.4].max() <= given[found > 0.4].min()


@pytest.mark.parametrize("linear", ["all", "slow", "smooth", "mean", "both"])
@pytest.mark.parametrize("luminance", [(0.0, 1.0), (0.4, 0.6), (0.2, 0.7), (0.1, 0.5)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_budget_that_a_stimulus_can_have_is_met(linear, luminance, share):
    """Though no multiple of what is given has it: then it is another that is allowed."""
    both = Linear(N_FRAMES, EYE, highest_hz=10.0, highest_cycles=0.1, rings=2, frames=(2, 11))
    allowed = Allowed({**LINEAR, "both": both}[linear], *luminance)
    least, most = allowed.least_energy, allowed.most_energy
    if most == least:  # the mean is the end of the range
        return
    allowed = dataclasses.replace(allowed, energy=least + share * (most - least))
    for given in (movie(0.2), 0.5 + abs(movie(0.2) - 0.5), 1.0 - movie(2.0)):
        found = allowed.nearest(allowed.on_budget(given))
        assert contrast_energy(found) == pytest.approx(allowed.energy, rel=5e-3)
        assert allowed.low - 1e-7 < found.min() and found.max() < allowed.high + 1e-7
        np.testing.assert_allclose(allowed.linear(found), found, atol=2e-4)


@pytest.mark.parametrize(
    "allowed",
    [
        Allowed(LINEAR["all"], 0.2, 0.6, energy=30.0, levels=2),
        Allowed(LINEAR["all"], energy=60.0, levels=3),
        Allowed(LINEAR["all"], 0.2, 0.6, energy=30.0),
        Allowed(LINEAR["many"], 0.2, 0.7, energy=7.0),
        Allowed(LINEAR["smooth"], 0.4, 0.6, energy=4.0),
    ],
)
def test_arrays_of_torch_are_brought_to_the_same_budget(allowed):
    given = movie(0.2)
    bring = allowed.leveled if allowed.levels else allowed.on_budget
    found = bring(torch.as_tensor(given)).numpy()
    np.testing.assert_allclose(found, bring(given), atol=1e-3)
    assert contrast_energy(found) == pytest.approx(allowed.energy, rel=5e-3)


def test_few_rounds_bring_frequency_range_and_budget_together(monkeypatch):
    """As many as ten steps can wait for: it was up to fifty for each of fifty multiples."""
    n_projected, project = 0, Linear.direction

    def counted(self, gradient):
        nonlocal n_projected
        n_projected += 1
        return project(self, gradient)

    monkeypatch.setattr(Linear, "direction", counted)
    linear = Linear(20, Lattice(6), highest_hz=10.0, highest_cycles=0.1)
    given = (0.5 + 0.2 * RANDOM.normal(size=(20, 127))).astype(np.float32)
    for energy in (5.0, 40.0, 100.0):
        Allowed(linear, energy=energy).filled(given)
    assert n_projected < 3 * 120


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"objective": "drive", "window": "0.2:0.1"}, "earlier first"),
        ({"objective": "drive", "window": "0.2"}, "earlier first"),
        ({"objective": "drive", "window": "0.2:0.9"}, "ends behind it"),
        ({"objective": "drive", "window": "0.1:0.2", "last_only": False}, "leave out --frames"),
        ({"window": "0.1:0.2"}, "choose an objective"),
        ({"stim_window": "0.1:0.1"}, "earlier first"),
        ({"objective": "excite"}, "no objective 'excite'"),
        ({"objective": "level"}, "is written level:1.2"),
        ({"objective": "level:high"}, "must be a number"),
        ({"objective": "level:1", "energy": 5.0}, "leave out the energy"),
        ({"objective": "contrast:"}, "names each of its cell types once"),
        ({"objective": "contrast:T4a,T4a"}, "names each of its cell types once"),
        ({"objective": "drive:T4a"}, "is written drive"),
        ({"objective": "level:1", "levels": 16}, "leave out the levels"),
        ({"levels": 1}, "give 2 or more"),
        ({"levels": 4, "highest_hz": 5.0}, "leave out the levels"),
        ({"darkest": 0.5, "brightest": 0.5}, "widen it"),
        ({"mean_luminance": 0.2, "darkest": 0.3}, "widen it"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, advice):
    with pytest.raises(MaxstimError, match=advice):
        GenerateConfig(t_stim=0.4, **settings)


@pytest.mark.parametrize(
    ("settings", "n_free"),
    [
        ({}, 20 * 721),
        ({"rings": 1, "stim_window": "0.05:0.1"}, 5 * 7),
        ({"rings": 1, "mean_luminance": 0.6}, 20 * 7 - 1),
        ({"rings": 0, "highest_hz": 6.0}, 3),
    ],
)
def test_the_ways_to_differ_are_counted(settings, n_free):
    config = GenerateConfig(t_stim=0.2, **settings)
    assert allowed_by(config, Lattice(15)).linear.n_free == n_free


def test_that_there_is_one_stimulus_alone_is_refused():
    ask = {"rings": 0, "highest_cycles": 0.1, "mean_luminance": 0.5, "highest_hz": 1.0}
    for energy in (0.0, 4.0):
        with pytest.raises(MaxstimError, match="Only one stimulus is as these settings ask"):
            config = GenerateConfig(t_stim=0.2, objective="drive", energy=energy, **ask)
            allowed_by(config, Lattice(15))
