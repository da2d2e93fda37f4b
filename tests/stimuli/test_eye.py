"""The eye against flyvis's box filter and the worked numbers of docs/numerics.md#the-eye."""

from pathlib import Path

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.eye import Eye

MADE_BY_FLYVIS = Path(__file__).parents[1] / "data" / "box_eye.npz"
"""``flyvis.datasets.rendering.BoxEye(15, 13)`` of flyvis 1.2.0 on one seeded random frame per size."""


@pytest.mark.parametrize("size", [(436, 1024), (391, 391), (300, 500), (437, 600)])
def test_equals_flyvis(size):
    """The third frame is too small: it is stretched first."""
    frame = np.random.default_rng(0).random((1, *size), dtype=np.float32)
    expected = np.load(MADE_BY_FLYVIS)["x".join(map(str, size))]
    np.testing.assert_allclose(Eye().see(frame)[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("row", "col", "column"), [(6, 6, (0, 0)), (-6, -6, (0, 0)), (7, 0, (1, 0)), (1, -7, (1, -1))]
)
def test_one_bright_pixel_reaches_one_column(row, col, column):
    frame = np.zeros((1, 391, 391))
    frame[0, 195 + row, 195 + col] = 169
    eye = Eye()
    expected = np.zeros(721)
    expected[eye.lattice.index(*column)] = 1
    np.testing.assert_allclose(eye.see(frame)[0], expected, atol=1e-6)


def test_centers_are_cut_towards_zero():
    eye = Eye()
    rows, cols = eye._centers
    found = {
        (u, v): (int(rows[eye.lattice.index(u, v)]), int(cols[eye.lattice.index(u, v)]))
        for u, v in [(0, 1), (0, -1), (-2, 1)]
    }
    assert found == {(0, 1): (6, 13), (0, -1): (-6, -13), (-2, 1): (-19, 13)}


@pytest.mark.parametrize("kernel", ["box", "gaussian"])
def test_an_upright_image_stays_upright(kernel):
    frame = np.linspace(1, 0, 391)[None, :, None] * np.ones((1, 391, 391))
    eye = Eye(kernel=kernel)
    seen, lattice = eye.see(frame)[0], eye.lattice
    middle = [lattice.index(u, 0) for u in range(-13, 14)]
    assert (np.diff(seen[middle]) < 0).all()


@pytest.mark.parametrize("acceptance", [3.0, 5.0, 9.0])
def test_a_gaussian_eye_has_its_acceptance_angle(acceptance):
    """A column dims to half when a point moves half the acceptance angle away."""
    eye = Eye(Lattice(2), pixels=101, kernel="gaussian", acceptance=acceptance)
    side, away = 1601, round(acceptance / 2 / 5.8 * 101)
    frames = np.zeros((2, side, side))
    frames[0, side // 2, side // 2] = frames[1, side // 2, side // 2 + away] = 1e4
    here, there = eye.see(frames)[:, eye.lattice.center]
    assert there / here == pytest.approx(0.5, abs=0.03)


def test_a_gaussian_eye_keeps_uniform_light():
    seen = Eye(Lattice(3), kernel="gaussian").see(np.full((1, 300, 300), 0.7))
    np.testing.assert_allclose(seen, 0.7, atol=1e-5)


@pytest.mark.parametrize("frames", [np.zeros((3, 4)), np.zeros((0, 5, 5)), np.zeros((1, 0, 5))])
def test_refuses_what_is_no_film(frames):
    with pytest.raises(MaxstimError, match="Frames must have shape"):
        Eye().see(frames)


def test_refuses_numbers_that_are_not_finite():
    with pytest.raises(MaxstimError, match="not finite"):
        Eye().see(np.full((1, 400, 400), np.nan))


@pytest.mark.parametrize("settings", [{"pixels": 12}, {"kernel": "ring"}, {"acceptance": 0.0}])
def test_refuses_settings_that_make_no_sense(settings):
    with pytest.raises(MaxstimError):
        Eye(**settings)
