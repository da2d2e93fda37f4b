"""Which frame of a movie is shown first."""

import numpy as np
import pytest

from maxstim_core.atlas.bundle import bundled_movies, open_bundle, shipped_bundle
from maxstim_core.drawing.peak import peak_frame, telling_frame
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import lattice_of, load
from maxstim_core.runs.shipped import bundled_answers

EYE = Lattice(15)
PEAK, DT = 40, 0.01


@pytest.mark.parametrize(("surround", "patch"), [(0.9, 0.1), (0.1, 0.55), (0.5, 0.0)])
def test_the_frame_shown_first_is_that_of_the_patch_at_the_center(surround, patch):
    movie = np.full((60, EYE.n_columns), surround)
    movie[33:36, EYE.ring <= 1] = patch
    # Contrast that the central cell does not see, early in the window.
    movie[27, EYE.ring > 8] = 1.0 - surround
    assert telling_frame(movie, EYE, PEAK, DT) in (33, 34, 35)


def test_the_frame_shown_first_lies_before_the_peak_and_in_the_movie():
    noise = np.random.default_rng(3).random((60, EYE.n_columns))
    for peak in (0, 5, 59):
        assert max(0, peak - 15) <= telling_frame(noise, EYE, peak, DT) <= peak


def test_a_stimulus_that_ends_before_the_peak_is_shown_while_it_is_on():
    movie = np.full((60, EYE.n_columns), 0.5)
    movie[20:33, EYE.ring <= 1] = 0.9
    assert 25 <= telling_frame(movie, EYE, PEAK, DT) < 33
    movie[20:33] = 0.5
    movie[5:15, EYE.ring <= 1] = 0.9
    assert 5 <= telling_frame(movie, EYE, PEAK, DT) < 15, "all was over long before the peak"


def is_grey(movie, central, lattice, dt):
    """Whether what is shown first of a movie is next to nothing of it."""
    contrast = np.abs(movie - 0.5).max(axis=1)
    return contrast[telling_frame(movie, lattice, peak_frame(central), dt)] < contrast.max() / 4


def test_no_tile_of_the_shipped_atlas_is_grey():
    found = open_bundle(shipped_bundle())
    lattice, dt = Lattice.of(found["u"].values, found["v"].values), float(found.attrs["dt"])
    grey = []
    for k, name in enumerate(found["cell_type"].values):
        one = found.isel(cell_type=k)
        shown = zip(bundled_movies(one), one["central_response"].values, strict=True)
        grey += [(str(name), j) for j, each in enumerate(shown) if is_grey(*each, lattice, dt)]
    assert found["status"].size == 650 and grey == []


def test_no_shipped_answer_is_grey_at_first():
    answers = sorted(bundled_answers().glob("*-generated.nc"))
    grey = []
    for path in answers:
        answer = load(path)
        shown = answer["best_stimulus"].values, answer["best_central_response"].values
        if is_grey(*shown, lattice_of(answer), float(answer.attrs["dt"])):
            grey.append(path.stem)
    assert len(answers) == 65 and grey == []
