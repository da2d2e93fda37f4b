"""Moving edges, bars, flashes and impulses against flyvis and docs/numerics.md."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.synthetic.flyvis_monitor import owned_pixels
from maxstim_core.stimuli.synthetic.flyvis_probes import (
    SPEEDS,
    _evenly,
    flyvis_flashes,
    flyvis_impulses,
    flyvis_moving_bars,
    flyvis_moving_edges,
)

MADE_BY_FLYVIS = Path(__file__).parents[1] / "data" / "flyvis_probes.npz"
"""Written by scripts/make_flyvis_probes.py in an environment with flyvis 1.2.0."""

EYE = Lattice(15)


@pytest.fixture(scope="module")
def flyvis():
    return np.load(MADE_BY_FLYVIS)


def test_columns_own_the_pixels_that_flyvis_gives_them(flyvis):
    row, col, column = owned_pixels()
    counts = np.bincount(column)
    np.testing.assert_array_equal(counts, flyvis["pixels_owned"])
    assert len(row) == len(set(zip(row.tolist(), col.tolist(), strict=True))) == 382383
    assert (counts[0], counts[360], counts[-1]) == (545, 541, 537)


def test_an_edge_at_every_angle_equals_flyvis(flyvis):
    """One picture per angle, of alternating contrast and another place each."""
    slow = {"speeds": [2.4], "t_pre": 0, "t_post": 0}
    for k, angle in enumerate(range(0, 360, 30)):
        movie = flyvis_moving_edges(EYE, angles=[angle], intensities=[k % 2], **slow)[0]
        places = np.linspace(0, 20, 678).astype(int)
        shown = movie[np.flatnonzero(places == (5 * k) % 21)[0]]
        np.testing.assert_allclose(shown, flyvis["edges"][k], atol=1e-6, err_msg=f"{angle}°")


@pytest.mark.parametrize("name", ["edge", "bar"])
def test_movies_equal_flyvis_at_every_speed(flyvis, name):
    if name == "edge":
        movies = flyvis_moving_edges(EYE, angles=[30], intensities=[1])
    else:
        movies = flyvis_moving_bars(EYE, angles=[240], widths=[2], intensities=[0])
    assert [recipe.settings["speed"] for recipe in movies.recipes] == list(SPEEDS)
    for movie, center in zip(movies, flyvis[f"{name}_center"], strict=True):
        shown = np.isfinite(center)
        assert len(movie) == shown.sum()
        np.testing.assert_allclose(movie[:, EYE.center], center[shown], atol=1e-6)
    slow = movies[0][200 : 200 + 678]
    places = flyvis[f"{name}_places"]
    np.testing.assert_allclose(slow, places[np.linspace(0, 20, 678).astype(int)], atol=1e-6)


def test_central_values_of_the_spec():
    places = np.linspace(0, 20, 678).astype(int)
    first = np.searchsorted(places, range(21))
    movies = flyvis_moving_edges(EYE, angles=[0, 90], intensities=[1], speeds=[2.4], t_pre=0)
    rightward, upward = (movies[k][first, EYE.center] for k in (0, 1))
    np.testing.assert_allclose(rightward[8:13], [0.5, 0.5767, 0.7847, 0.9760, 1], atol=6e-5)
    np.testing.assert_allclose(upward[8:13], [0.4980, 0.5788, 0.7875, 0.9703, 1], atol=6e-5)
    left, right = (movies[0][first, EYE.index(0, v)] for v in (-1, 1))
    np.testing.assert_allclose(left[6:9], [0.5134, 0.6927, 0.9218], atol=6e-5)
    np.testing.assert_allclose(right[12:14], [0.6469, 0.8760], atol=6e-5)


def test_the_tables_have_flyviss_order():
    edges, bars = flyvis_moving_edges(EYE), flyvis_moving_bars(EYE)
    assert (len(edges), len(bars)) == (144, 432)
    listed = [
        tuple(r.settings[k] for k in ("angle", "width", "intensity", "speed")) for r in bars.recipes
    ]
    assert listed[:7] == [(0, 1, 0, s) for s in SPEEDS] + [(0, 1, 1, 2.4)]
    assert listed[12] == (0, 2, 0, 2.4)
    assert len(set(bars.names)) == len(bars)


def test_a_smaller_eye_sees_the_middle():
    one = {"angles": [210], "intensities": [0], "speeds": [25]}
    small, full = flyvis_moving_edges(Lattice(5), **one)[0], flyvis_moving_edges(EYE, **one)[0]
    np.testing.assert_array_equal(small, full[:, EYE.ring <= 5])


def test_flashes_equal_flyvis(flyvis):
    flashes = flyvis_flashes(EYE)
    for flash, expected in zip(flashes, flyvis["flashes"], strict=True):
        np.testing.assert_array_equal(flash[:, [0, 360, 520]], expected)
    lit = [(flash[300] != 0.5).sum() for flash in flashes]
    assert lit == [721, 127, 721, 127]


def test_impulses_equal_flyvis(flyvis):
    impulses = flyvis_impulses(EYE, reach=4, durations=(0.005, 0.02))
    table, lit = flyvis["impulse_table"], flyvis["impulse_lit"]
    assert len(impulses) == len(table) == 244
    for k, (recipe, expected) in enumerate(zip(impulses.recipes, table, strict=True)):
        settings = [recipe.settings[name] for name in ("u", "v", "intensity", "duration")]
        np.testing.assert_allclose(settings, expected)
        if k % 40 < 4:
            movie = impulses[k]
            assert np.argwhere(movie != 0.5)[[0, -1]].ravel().tolist() == lit[k].tolist()
            assert movie.shape == (600, 721)


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (flyvis_moving_edges, {"height": 81}),
        (flyvis_moving_edges, {"speeds": [0]}),
        (flyvis_moving_edges, {"t_pre": -1}),
        (flyvis_moving_bars, {"widths": [0]}),
        (flyvis_flashes, {"t_stim": -1}),
        (flyvis_impulses, {"dt": 0}),
    ],
)
def test_refuses_what_makes_no_sense(make, settings):
    with pytest.raises(MaxstimError):
        make(EYE, **settings)


def test_refuses_an_eye_beyond_the_monitor():
    with pytest.raises(MaxstimError, match="extent 15 or less"):
        flyvis_moving_edges(Lattice(16))


def test_places_are_to_the_bit_those_of_torch_without_torch():
    for steps in (*range(1, 300), 678, 5000):
        expected = torch.linspace(0, 20, steps).numpy()
        np.testing.assert_array_equal(_evenly(20, steps), expected)
