"""Probes, scenes and clip sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.resample import resampled
from maxstim_core.stimuli.synthetic.bundled_sets import flow
from maxstim_core.stimuli.synthetic.probes import flash, grating, moving_bar, moving_edge, step
from maxstim_core.stimuli.synthetic.scenes import translating_scene
from maxstim_core.stimuli.synthetic.textures import plain_texture

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


def test_a_dot_is_a_flash_of_one_column():
    timing = {"dt": 0.01, "seconds": 0.1, "onset": 0.05, "duration": 0.01}
    movie = flash(EYE, radius=0, luminance=0.0, center=(2, -1), **timing)
    assert np.argwhere(movie != 0.5).tolist() == [[5, EYE.index(2, -1)]]


@pytest.mark.parametrize("angle", STEPS)
def test_a_bar_passes_columns_one_after_another(angle):
    timing = {"dt": 0.01, "seconds": 1.6, "speed": 10.0, "start": -8.0}
    movie = moving_bar(EYE, angle=angle, width=2.0, luminance=1.0, background=0.25, **timing)
    du, dv = STEPS[angle]
    path = [EYE.index(k * du, k * dv) for k in range(-4, 5)]
    # Two columns wide at 10 columns/s: seen for 0.2 s, its middle one column later each 0.1 s.
    light = (movie[:, path] - 0.25) / 0.75
    np.testing.assert_allclose(light.sum(0) * 0.01, 0.2, atol=1e-6)
    middle = (light * np.arange(160)[:, None]).sum(0) / light.sum(0)
    np.testing.assert_allclose(middle, [80 + 10 * k for k in range(-4, 5)], atol=1e-6)


def test_a_step_changes_the_whole_field():
    movie = step(EYE, dt=0.01, seconds=0.3, before=0.5, after=0.8, onset=0.1)
    assert (movie[:10] == 0.5).all() and (movie[10:] == 0.8).all()
    assert movie.shape == (30, EYE.n_columns)


def test_a_plain_scene_moves_as_a_whole():
    """After one column's worth of travel, every column sees what its neighbour saw."""
    texture = plain_texture(3)
    movie = translating_scene(EYE, dt=0.1, seconds=0.2, texture=texture, angle=90, speed=10.0)
    above = EYE.index(EYE.u - 1, EYE.v)
    inside = above >= 0
    np.testing.assert_allclose(movie[1][above[inside]], movie[0][inside], atol=1e-9)
    assert movie.std() > 0.05


def test_the_made_set_is_the_same_everywhere():
    """Raise the set's version when this must change: results are cached under it."""
    clips = open_clips("made")
    assert (len(clips), clips.lattice.n_columns) == (704, 721)
    assert len(set(clips.names)) == len(clips)
    sampled = [clips[i] for i in (0, 100, 125, 300, 700)]
    for clip in sampled:
        assert clip.shape == (80, 721)
        assert clip.dtype == np.float32
        assert 0 <= clip.min() < clip.max() <= 1
    means = [float(clip.mean(dtype=float)) for clip in sampled]
    expected = [0.748886, 0.496827, 0.498180, 0.381607, 0.282250]
    np.testing.assert_allclose(means, expected, atol=1e-5)


def test_the_made_set_is_probes_and_scenes():
    made, probes, scenes = (open_clips(name, 1) for name in ("made", "probes", "scenes"))
    assert probes.names + scenes.names == made.names
    assert (len(probes), len(scenes)) == (128, 576)
    assert len({clips.content_hash for clips in (made, probes, scenes)}) == 3


def test_motion_in_the_made_set_is_spread_over_directions_and_speeds():
    clips = open_clips("made", 3)
    starts = {}
    for k, recipe in enumerate(clips.recipes):
        if recipe.name.startswith("scene") and ": turn" in recipe.name:
            x, y = flow(clips, k)[0, clips.lattice.center]
            starts.setdefault(round(float(np.hypot(x, y)), 2), []).append(
                np.rad2deg(np.arctan2(y, x))
            )
    assert (min(starts), max(starts), len(starts)) == (2.0, 40.0, 6)
    for angles in starts.values():
        np.testing.assert_allclose(np.sort(np.round(angles) % 360), range(0, 360, 15))


@pytest.mark.parametrize("index", [6, 100, 120])
def test_flow_of_textbook_clips(index):
    clips = open_clips("made", 3)
    x, y = flow(clips, index)[40, clips.lattice.center]
    told = {6: (-9.7, 0), 100: (-5, 10 * 3**0.5 / 2), 120: (0, 0)}
    np.testing.assert_allclose((x, y), told[index], atol=1e-9)


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
