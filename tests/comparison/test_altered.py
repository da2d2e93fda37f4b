"""Alterations of an answer change one thing, and not its contrast."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maxstim_core.comparison.altered import altered, of_contrast, phases_scrambled, shifted, shifts
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.constraints import contrast_energy

EYE = Lattice(3)


def some_movie(seed=0, n_frames=6):
    drawn = np.random.default_rng(seed).uniform(-0.2, 0.2, (n_frames, EYE.n_columns))
    return (0.5 + drawn).astype(np.float32)


@given(st.integers(0, 100))
@settings(max_examples=20)
def test_contrast_energy_stays(seed):
    movie = some_movie(seed)
    for each in altered(movie, EYE, seed=seed):
        assert contrast_energy(each.movie) == pytest.approx(contrast_energy(movie), rel=1e-3)
        assert each.movie.min() >= 0 and each.movie.max() <= 1
        assert not np.array_equal(each.movie, movie), each.name


def test_what_is_altered_is_what_the_name_says():
    movie = some_movie()
    by_name = {each.name: each.movie for each in altered(movie, EYE)}
    up, right = EYE.index(-1, 0), EYE.index(0, 1)
    assert len(by_name) == 5 + 3 + 2 + 4 + 4
    turned = by_name["turned by 60°"]  # counter-clockwise: what is up goes to the upper left
    assert np.array_equal(turned[:, EYE.index(0, -1)], movie[:, up])
    mirrored = by_name["mirrored left to right"]
    assert np.array_equal(mirrored[:, up], movie[:, up])
    assert np.array_equal(mirrored[:, EYE.index(1, -1)], movie[:, right])
    assert np.array_equal(by_name["played backwards"][0], movie[-1])
    assert np.allclose(by_name["dark and bright swapped"] + movie, 1)
    shuffled = by_name["columns shuffled, 1"]
    assert np.array_equal(np.sort(shuffled, 1), np.sort(movie, 1)), "every frame has its luminances"


def test_what_is_random_follows_the_seed():
    movie = some_movie()
    first, again, other = (
        [each.movie for each in altered(movie, EYE, seed=seed)] for seed in (1, 1, 2)
    )
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(first, other, strict=True))


def test_of_grey_nothing_is_scrambled():
    grey = np.full((4, EYE.n_columns), 0.5, np.float32)
    assert np.array_equal(phases_scrambled(grey, EYE, np.random.default_rng(0)), grey)


def test_scrambled_phases_keep_how_fast_a_movie_changes():
    """A grating of one frequency stays one: most power where it was."""
    lattice = Lattice(8)
    frames = np.arange(20)[:, None]
    drifting = 0.5 + 0.2 * np.sin(2 * np.pi * (frames / 5 - lattice.v / 4))
    scrambled = phases_scrambled(drifting.astype(np.float32), lattice, np.random.default_rng(0))
    power = (np.abs(np.fft.rfft(scrambled - 0.5, axis=0)) ** 2).sum(1)
    assert power.argmax() == 4 and power[4] > 0.5 * power.sum()


def test_contrast_is_multiplied_and_cut():
    movie = np.array([[0.1, 0.5, 0.8]], np.float32)
    assert np.allclose(of_contrast(movie, 2.0), [[0, 0.5, 1]])
    assert np.allclose(of_contrast(movie, 0.5), [[0.3, 0.5, 0.65]])


def test_a_shift_moves_columns_and_leaves_grey():
    movie = some_movie()
    moved = shifted(movie, EYE, -1, 0)
    assert np.array_equal(moved[:, EYE.index(-1, 0)], movie[:, EYE.center])
    assert (moved[:, EYE.index(3, 0)] == 0.5).all(), "nothing comes from beyond the border"
    assert len(shifts(2)) == 6 and shifts(0) == [(0, 0)]
    assert {abs(du) + abs(dv) + abs(du + dv) for du, dv in shifts(2)} == {4}
