"""Scenes: their flow against their movie, and the textures they are made of."""

import hashlib

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from benchmarks.scenes import slope
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import STEPS, Lattice
from maxstim_core.stimuli.synthetic.scenes import (
    Motion,
    Scene,
    _looked_up,
    moving_scene,
    translating_scene,
)
from maxstim_core.stimuli.synthetic.textures import (
    SIZE,
    bilinear,
    leaves,
    natural_texture,
    plain_texture,
)

EYE = Lattice(8)
CLIP = {"dt": 0.01, "seconds": 0.2}
BUSY = {
    "speed": 6.0,
    "angle": 100.0,
    "foliage": 2,
    "parallax": 1.6,
    "objects": 2,
    "object_speed": 20.0,
}


def test_the_bits_of_the_plain_scene_stay():
    """The bundled network was fitted to these: its recipe must give the same network again."""
    movie = translating_scene(
        Lattice(5),
        dt=0.01,
        seconds=0.1,
        texture=plain_texture(101),
        angle=37.0,
        speed=9.0,
        place=(1.7, 2.2),
    )
    digest = hashlib.sha256(np.round(movie, 9).tobytes()).hexdigest()
    assert digest[:16] == "3464352a8171f3bc"


@pytest.mark.parametrize("angle", STEPS)
def test_after_one_column_every_column_sees_what_its_neighbor_saw(angle):
    scene = Scene(4, angle=angle, speed=10.0)
    movie = scene.render(EYE, dt=0.1, seconds=0.2)
    du, dv = STEPS[angle]
    ahead = EYE.index(EYE.u + du, EYE.v + dv)
    inside = ahead >= 0
    np.testing.assert_allclose(movie[1][ahead[inside]], movie[0][inside], atol=1e-4)
    assert movie.std() > 0.05
    direction = np.deg2rad(angle)
    expected = 10 * np.array([np.cos(direction), np.sin(direction)])
    np.testing.assert_allclose(scene.flow(EYE, 0.1, 0.2) - expected, 0, atol=1e-9)


@pytest.mark.parametrize("roll", [120.0, -240.0])
def test_roll_turns_the_picture_as_the_lattice_turns(roll):
    movie = Scene(5, roll=roll, foliage=1).render(EYE, dt=0.5, seconds=1.0)
    turned = EYE.rotated(movie[0], round(roll * 0.5 / 60))
    np.testing.assert_allclose(movie[1], turned, atol=1e-4)
    flow = Scene(5, roll=roll).flow(EYE, 0.5, 1.0)[0]
    above = flow[EYE.index(-3, 0)]
    np.testing.assert_allclose(above, [-3 * np.deg2rad(roll), 0], atol=1e-9)


def test_approach_carries_things_away_from_the_center():
    rate, seconds = np.log(2) / 0.4, 0.8
    scene = Scene(6, expansion=rate)
    movie = scene.render(EYE, dt=0.4, seconds=seconds)
    near = np.flatnonzero(EYE.ring <= 4)
    doubled = EYE.index(2 * EYE.u[near], 2 * EYE.v[near])
    # What lay at half the distance is seen there, but no more finely than a column sees.
    together = np.corrcoef(movie[0][near], movie[1][doubled])[0, 1]
    assert together > 0.9
    assert together > np.corrcoef(movie[0][near], movie[1][near])[0, 1] + 0.2
    outward = scene.flow(EYE, 0.4, seconds)[0]
    np.testing.assert_allclose(outward[:, 0], rate * EYE.x / np.sqrt(3), atol=1e-9)
    np.testing.assert_allclose(outward[:, 1], rate * EYE.y / np.sqrt(3), atol=1e-9)


@given(
    st.complex_numbers(max_magnitude=40),
    st.complex_numbers(max_magnitude=3),
    st.complex_numbers(max_magnitude=15),
    st.floats(-0.4, 0.4),
)
def test_paths_follow_the_flow(velocity, spin, start, time):
    """A point that moves with the flow for a moment keeps its origin."""
    motion, moment = Motion(velocity, spin), 1e-6
    (s0, s1), (d0, d1) = motion.origin(np.array([time, time + moment]))
    moved = start + moment * motion.at(np.array(start))
    assert abs((s1 * moved + d1) - (s0 * start + d0)) < 1e-7


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.floats(-90, 90), st.floats(-0.8, 0.8))
@example(2139, 0.0, 0.0)
def test_light_is_constant_along_the_flow(seed, roll, expansion):
    """Wherever no edge of a layer is near: between frames 5 ms apart, to first order in the flow."""
    scene = Scene(seed, roll=roll, expansion=expansion, **BUSY)
    dt, eye = 0.005, Lattice(10)
    z = (eye.x + 1j * eye.y) / np.sqrt(3)
    times = np.array([0.0, dt])
    foremost = scene.foremost(eye, dt, 2 * dt)[1]
    velocity = np.stack([layer.motion.at(z) for layer in scene.layers])[foremost, range(len(z))]
    still, followed = scene._light(z, times), scene._light(z + dt * velocity, times[1:])[0]
    alphas = np.stack([layer.seen(z, times).imag for layer in scene.layers[1:]])
    clear = ((alphas < 1e-3) | (alphas > 1 - 1e-3)).all((0, 1))
    assume(clear.sum() >= 5)  # in about one scene of a hundred, edges are near 19 columns of 20
    error = np.abs(followed - still[0])[clear]
    change = np.abs(still[1] - still[0])[clear]
    assert error.mean() < 0.1 * change.mean() + 1e-4


def test_near_things_hide_far_ones_and_move_by_themselves():
    scene = Scene(7, objects=1, object_angle=90.0, object_speed=12.0)
    flow = scene.flow(EYE, 0.01, 0.8)
    middle = flow[40, EYE.center]
    np.testing.assert_allclose(middle, [0, 12], atol=1e-9)
    moving = np.hypot(*np.moveaxis(flow, -1, 0)) > 0
    assert 0.01 < moving.mean() < 0.6
    alone = Scene(7).render(EYE, 0.01, 0.8)
    seen = scene.render(EYE, 0.01, 0.8)
    changed = np.abs(seen - alone) > 0.02
    assert changed[moving].mean() > 0.6
    assert changed[~moving].mean() < 0.25


def test_parallax_makes_near_layers_faster():
    scene = Scene(8, speed=5.0, foliage=2, parallax=1.5)
    speeds = np.hypot(*np.moveaxis(scene.flow(EYE, 0.01, 0.2), -1, 0))
    assert set(np.unique(speeds.round(3))) == {5.0, 7.5, 11.25}


def test_contrast_spreads_luminance():
    low, high = (np.log(Scene(9, contrast=c).render(EYE, **CLIP)).std() for c in (0.2, 0.6))
    assert high == pytest.approx(3 * low, rel=0.02)


def test_a_recipe_renders_its_scene():
    np.testing.assert_array_equal(
        moving_scene(EYE, dt=0.01, seconds=0.1, seed=3, **BUSY),
        Scene(3, **BUSY).render(EYE, 0.01, 0.1),
    )


@pytest.mark.parametrize("octave", [0.0, 1.0])
def test_quick_look_up_equals_bilinear(octave):
    texture = natural_texture("foliage", 0, octave)
    random = np.random.default_rng(0)
    pixel = random.uniform(-2 * SIZE, 2 * SIZE, (2, 3, 500)).astype(np.float32)
    found = _looked_up(texture, (pixel[0] + 1j * pixel[1]).astype(np.complex64))
    np.testing.assert_allclose(found, bilinear(texture.values, -pixel[1], pixel[0]), atol=2e-4)


def test_ground_has_the_spectrum_of_natural_pictures():
    """Tolhurst, Tadmor and Chao, Ophthal. Physiol. Opt. 12, 229 (1992): -0.8 to -1.5."""
    slopes = [slope(leaves("ground", seed)[0]) for seed in range(4)]
    assert -1.5 < min(slopes) <= max(slopes) < -0.8


@pytest.mark.parametrize("setting", [{"speed": -1.0}, {"objects": -1}, {"parallax": 0.5}])
def test_refuses_settings_that_make_no_sense(setting):
    with pytest.raises(MaxstimError):
        Scene(0, **setting)


def test_a_scene_fades_in_from_grey():
    whole = moving_scene(EYE, dt=0.01, seconds=0.1, seed=3, **BUSY)
    faded = moving_scene(EYE, dt=0.01, seconds=0.1, fade=0.04, seed=3, **BUSY)
    np.testing.assert_array_equal(faded[4:], whole[4:])
    share = (faded[:4] - 0.5) / (whole[:4] - 0.5)
    np.testing.assert_allclose(
        share, np.broadcast_to([[0.2], [0.4], [0.6], [0.8]], share.shape), rtol=1e-4
    )
