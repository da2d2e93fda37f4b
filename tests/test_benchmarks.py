"""Benchmarks that no other test runs: that they begin at all."""

import numpy as np

from benchmarks.search import DT, SECONDS, textured_clips
from maxstim_core.lattice import Lattice


def test_textured_clips_are_of_full_contrast_and_differ():
    clips = textured_clips(Lattice(2), 3)
    shown = np.stack([clips[k] for k in range(len(clips))])
    assert shown.shape == (3, round(SECONDS / DT), 19)
    assert (shown.min((1, 2)) == 0).all()
    assert (shown.max((1, 2)) == 1).all()
    assert not np.array_equal(shown[0], shown[1])
