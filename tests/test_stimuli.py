"""Probes, scenes and clip sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.stimuli.clips import ArrayClips, open_clips, resampled
from maxstim_core.stimuli.probes import flash, grating, moving_edge
from maxstim_core.stimuli.scenes import translating_scene

EYE = Lattice(5)


@pytest.mark.parametrize("angle", STEPS)
def test_an_edge_reaches_columns_in_the_order_of_its_motion(angle):
    timing = {"dt": 0.01, "seconds": 1.6, "speed": 10.0, "start": -8.0}
    movie = moving_edge(EYE, angle=angle, before=0.2, after=0.9, **timing)
    du, dv = STEPS[angle]
    path = [EYE.index(k * du, k * dv) for k in range(-4, 5)]
    reached = [int(np.argmax(movie[:, column] > 0.55)) for column in path]
    # One column apart at 10 columns/s and 10 ms: ten frames.
    np.testing.assert_allclose(np.diff(reached), 10, atol=1)
    assert set(np.unique(movie[[0, -1]].round(6))) == {0.2, 0.9}


@pytest.mark.parametrize("angle", [0, 30, 90, 210])
def test_a_grating_drifts_one_wavelength_per_cycle(angle):
    settings = {"dt": 0.01, "seconds": 1.0, "wavelength": 4.0, "frequency": 2.0, "contrast": 0.5}
    movie = grating(EYE, angle=angle, **settings)
    np.testing.assert_allclose(movie[0], movie[50], atol=1e-9)
    assert 0.24 < movie.min() < 0.27
    assert movie.max() == pytest.approx(1 - movie.min(), abs=0.01)
    du, dv = STEPS[90]
    if angle == 90:  # 8 columns/s upward: an eighth of a second carries the pattern one column
        np.testing.assert_allclose(
            np.interp(12.5, np.arange(100), movie[:, EYE.index(du, dv)]),
            movie[0, EYE.center],
            atol=1e-3,
        )


def test_a_flash_lights_its_disc_for_its_time():
    timing = {"dt": 0.01, "seconds": 0.5, "onset": 0.2, "duration": 0.1}
    movie = flash(EYE, radius=2, luminance=1.0, **timing)
    lit = movie == 1.0
    assert lit.any(1).nonzero()[0].tolist() == list(range(20, 30))
    assert (lit.any(0) == (EYE.ring <= 2)).all()
    assert (movie[~lit] == 0.5).all()


def test_a_scene_moves_as_a_whole():
    """After one column's worth of travel, every column sees what its neighbour saw."""
    movie = translating_scene(EYE, dt=0.1, seconds=0.2, texture=3, angle=90, speed=10.0)
    above = EYE.index(EYE.u - 1, EYE.v)
    inside = above >= 0
    np.testing.assert_allclose(movie[1][above[inside]], movie[0][inside], atol=1e-9)
    assert movie.std() > 0.05


def test_the_made_set_is_the_same_everywhere():
    """Raise the set's version when this must change: results are cached under it."""
    clips = open_clips("made")
    assert (len(clips), clips.lattice.n_columns) == (188, 721)
    assert len(set(clips.names)) == len(clips)
    sampled = [clips[i] for i in (0, 100, 125, 130, 187)]
    for clip in sampled:
        assert clip.shape == (80, 721)
        assert clip.dtype == np.float32
        assert 0 <= clip.min() < clip.max() <= 1
    means = [float(clip.mean(dtype=float)) for clip in sampled]
    expected = [0.748886, 0.496827, 0.498180, 0.534965, 0.472648]
    np.testing.assert_allclose(means, expected, atol=1e-5)


def test_hash_of_arrays_tells_contents_apart():
    clip = np.zeros((3, 7), np.float32)
    same = ArrayClips("a", ("x",), [clip], 0.01)
    other = ArrayClips("a", ("x",), [clip + 1], 0.01)
    slower = ArrayClips("a", ("x",), [clip], 0.02)
    assert same.content_hash == ArrayClips("b", ("y",), [clip.copy()], 0.01).content_hash
    assert len({same.content_hash, other.content_hash, slower.content_hash}) == 3


def test_refuses_an_unknown_set(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    with pytest.raises(MaxstimError, match="no clip set 'sintel'"):
        open_clips("sintel")


@pytest.mark.parametrize(("dt", "frames"), [(0.02, 40), (0.01, 80), (0.005, 159)])
def test_resampling_as_flyvis(dt, frames):
    shown = resampled(np.arange(19), 1 / 24, dt)
    assert len(shown) == frames


def test_resampling_19_to_80_repeats_as_in_the_spec():
    counts = np.bincount(resampled(np.arange(19), 1 / 24, 0.01))
    assert np.flatnonzero(counts == 5).tolist() == [2, 7, 11, 16]
    assert set(counts) == {4, 5}


@given(st.integers(1, 40), st.floats(0.002, 0.05))
def test_resampling_keeps_the_order(n_frames, dt):
    shown = resampled(np.arange(n_frames), 0.01, dt)
    assert (np.diff(shown) >= 0).all()
