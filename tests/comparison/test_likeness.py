"""How alike movies are: the definition, in plain loops, and what follows from it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maxstim_core as ms
from maxstim_core.comparison.likeness import likeness, likeness_matrix
from maxstim_core.lattice import Lattice

EYE, N_FRAMES = Lattice(2), 5


def movie(seed, sparse=0.0):
    """Luminance that differs from grey everywhere, or in a few places."""
    rng = np.random.default_rng(seed)
    contrast = rng.normal(size=(N_FRAMES, EYE.n_columns)) * (rng.random(EYE.n_columns) >= sparse)
    return (0.5 + 0.1 * contrast).astype(np.float32)


def shifted(shown, frames, du, dv, fill=0.5):
    """A movie shown later by some frames, and moved over the eye; what leaves the eye is lost."""
    moved = np.full_like(shown, fill)
    source = EYE.index(EYE.u - du, EYE.v - dv)
    for frame in range(len(shown)):
        if 0 <= frame - frames < len(shown):
            moved[frame, source >= 0] = shown[frame - frames, source[source >= 0]]
    return moved


def by_definition(one, other, rings, frames):
    a, b = (each.astype(float) - 0.5 for each in (one, other))
    shifts = Lattice(rings)
    best = -np.inf
    for tau in range(-frames, frames + 1):
        for du, dv in zip(shifts.u, shifts.v, strict=True):
            there = EYE.index(EYE.u + du, EYE.v + dv)
            total = 0.0
            for t in range(len(a)):
                if 0 <= t + tau < len(b):
                    total += (a[t, there >= 0] * b[t + tau, there[there >= 0]]).sum()
            best = max(best, total)
    return best / np.sqrt((a**2).sum() * (b**2).sum())


seeds = st.integers(0, 10**6)
tolerances = st.tuples(st.integers(0, 2), st.integers(0, 3))


@settings(max_examples=25)
@given(seeds, seeds, tolerances)
def test_it_is_what_the_definition_says_and_lies_within_its_bounds(one, other, tolerance):
    rings, frames = tolerance
    found = likeness(movie(one), movie(other), EYE, rings=rings, frames=frames)
    assert -1 <= found <= 1
    assert found == pytest.approx(by_definition(movie(one), movie(other), rings, frames), abs=1e-5)


@given(seeds, st.floats(0.01, 3), tolerances)
def test_a_movie_is_like_itself_and_like_itself_of_other_contrast(seed, factor, tolerance):
    rings, frames = tolerance
    shown = movie(seed)
    other = (0.5 + factor * (shown - 0.5)).astype(np.float32)
    assert likeness(shown, shown, EYE, rings=rings, frames=frames) == pytest.approx(1, abs=1e-5)
    assert likeness(shown, other, EYE, rings=rings, frames=frames) == pytest.approx(1, abs=1e-5)
    assert likeness_matrix(shown[None], EYE)[0, 0] == 1


@given(seeds, seeds, tolerances)
def test_it_is_symmetric(one, other, tolerance):
    rings, frames = tolerance
    forth = likeness(movie(one), movie(other), EYE, rings=rings, frames=frames)
    back = likeness(movie(other), movie(one), EYE, rings=rings, frames=frames)
    assert forth == pytest.approx(back, abs=1e-5)


@given(seeds, st.integers(-2, 2), st.sampled_from([*range(19)]))
def test_a_shift_within_what_is_tolerated_changes_nothing(seed, frames, k):
    """Of a movie that shows something at the center in the middle frame alone: nothing is lost."""
    shown = np.full((N_FRAMES, EYE.n_columns), 0.5, np.float32)
    shown[2, EYE.center] = 0.5 + np.float32(np.random.default_rng(seed).uniform(0.1, 0.5))
    moved = shifted(shown, frames, EYE.u[k], EYE.v[k])
    assert likeness(shown, moved, EYE, rings=2, frames=2) == pytest.approx(1, abs=1e-5)
    outside = EYE.ring[k] > 1 or abs(frames) > 1
    assert likeness(shown, moved, EYE, rings=1, frames=1) == pytest.approx(
        0 if outside else 1, abs=1e-5
    )


@given(seeds, seeds, st.sampled_from([*range(7)]))
def test_what_is_alike_stays_so_when_one_is_shifted_within_more_tolerance(one, other, k):
    around = Lattice(1)
    shown = movie(one)
    shown[:, EYE.ring == EYE.extent] = 0.5  # so that nothing is shifted out of sight
    shown[-1] = 0.5
    moved = shifted(shown, 1, around.u[k], around.v[k])
    narrow = likeness(shown, movie(other), EYE, rings=1, frames=1)
    assert likeness(moved, movie(other), EYE, rings=2, frames=2) >= narrow - 1e-5


@given(seeds, seeds)
def test_more_tolerance_never_makes_it_smaller(one, other):
    found = [
        likeness(movie(one), movie(other), EYE, rings=rings, frames=frames)
        for rings, frames in ((0, 0), (1, 0), (1, 1), (2, 1), (2, 3))
    ]
    assert all(b >= a - 1e-5 for a, b in itertools.pairwise(found))
    a, b = (each.astype(float).ravel() - 0.5 for each in (movie(one), movie(other)))
    assert found[0] == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-5)


def test_many_at_once_are_each_two_by_themselves():
    movies = np.stack([movie(seed, sparse=0.5) for seed in range(12)])
    movies[3] = 0.5
    found = likeness_matrix(movies, EYE, rings=1, frames=2)
    assert found.shape == (12, 12) and (found == found.T).all()
    assert (found[3] == 0).all(), "what is grey throughout is like nothing"
    for i, j in ((0, 11), (5, 4), (2, 2)):
        alone = likeness(movies[i], movies[j], EYE, rings=1, frames=2)
        assert found[i, j] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    ("given_movies", "said"),
    [
        (np.full((2, 3, 7), 0.5), "the shape"),
        (np.full((3, 19), 0.5), "the shape"),
        (np.full((2, 0, 19), 0.5), "the shape"),
        (np.full((2, 3, 19), np.nan), "must not hold"),
        ("movies", "are numbers of shape"),
        ([[1], [1, 2]], "are numbers of shape"),
    ],
)
def test_what_is_no_movie_is_one_sentence(given_movies, said):
    with pytest.raises(ms.MaxstimError, match=said) as refused:
        likeness_matrix(given_movies, EYE)
    assert "\n" not in str(refused.value)


def test_tolerances_that_make_no_sense():
    movies = np.stack([movie(0), movie(1)])
    for wrong in ({"rings": -1}, {"rings": 101}, {"rings": 0.5}, {"frames": -1}, {"frames": "2"}):
        with pytest.raises(ms.MaxstimError, match="tolerated"):
            likeness_matrix(movies, EYE, **{"rings": 1, **wrong})
    with pytest.raises(ms.MaxstimError, match="same frames"):
        likeness(movie(0), movie(0)[:3], EYE, rings=1)
    farthest = likeness(movie(0), movie(1), EYE, rings=4, frames=4)
    assert likeness(movie(0), movie(1), EYE, rings=99, frames=99) == pytest.approx(farthest)
