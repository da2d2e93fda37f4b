"""Which frame of a movie is shown first."""

import numpy as np
import pytest

from maxstim_core.drawing.peak import telling_frame
from maxstim_core.lattice import Lattice

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
