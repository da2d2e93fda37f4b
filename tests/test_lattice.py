"""The hexagonal eye against the worked numbers of docs/numerics.md#the-lattice."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import STEPS, Lattice

extents = st.integers(0, 8)


def test_order_of_the_seven_columns():
    lattice = Lattice(1)
    expected = [(-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0)]
    assert list(zip(lattice.u, lattice.v, strict=True)) == expected


@pytest.mark.parametrize(("extent", "columns"), [(0, 1), (1, 7), (5, 91), (15, 721)])
def test_number_of_columns(extent, columns):
    assert Lattice(extent).n_columns == len(Lattice(extent).u) == columns
    assert Lattice.with_columns(columns) == Lattice(extent)


@pytest.mark.parametrize("columns", [0, 2, 720])
def test_refuses_a_number_of_columns_that_is_no_hexagon(columns):
    with pytest.raises(MaxstimError, match=f"{columns} columns"):
        Lattice.with_columns(columns)


@given(extents)
def test_columns_tell_their_lattice(extent):
    lattice = Lattice(extent)
    assert Lattice.of(lattice.u, lattice.v) == lattice
    if extent:
        for u, v in ((lattice.v, lattice.u), (lattice.u[1:], lattice.v[1:])):
            with pytest.raises(MaxstimError, match=f"{u.size} columns"):
                Lattice.of(u, v)


def test_no_column_is_no_lattice():
    with pytest.raises(MaxstimError, match="0 columns"):
        Lattice.of(np.array([]), np.array([]))


def test_a_lattice_travels_as_its_extent():
    lattice = Lattice(15)
    assert lattice.index(0, 0) == 360  # what is computed once stays here
    sent = pickle.dumps(lattice)
    assert pickle.loads(sent) == lattice and len(sent) < 100


@pytest.mark.parametrize("extent", [-1, 1.5, True, "5", None, np.nan, 101])
def test_refuses_a_bad_extent(extent):
    with pytest.raises(MaxstimError, match="extent of the eye must"):
        Lattice(extent)


@pytest.mark.parametrize("angle", STEPS)
def test_direction_of_each_neighbor(angle):
    lattice = Lattice(1)
    column = lattice.index(*STEPS[angle])
    direction = np.rad2deg(np.arctan2(lattice.y[column], lattice.x[column])) % 360
    assert direction == pytest.approx(angle)


@given(extents)
def test_center_is_the_middle_of_the_order(extent):
    lattice = Lattice(extent)
    assert lattice.center == lattice.index(0, 0)


def test_rotation_by_sixths():
    assert _image_of((-1, 0), lambda lattice, x: lattice.rotated(x, 1)) == (0, -1)
    assert _image_of((-1, 0), lambda lattice, x: lattice.rotated(x, 2)) == (1, -1)
    assert _image_of((-1, 0), lambda lattice, x: lattice.rotated(x, 3)) == (1, 0)


def test_left_right_mirror():
    assert _image_of((-1, 0), lambda lattice, x: lattice.mirrored(x, 1)) == (-1, 0)
    assert _image_of((0, 1), lambda lattice, x: lattice.mirrored(x, 1)) == (1, -1)


@given(extents, st.integers(-6, 12))
def test_rotation_turns_positions_counter_clockwise(extent, sixths):
    lattice = Lattice(extent)
    angle = np.deg2rad(60 * sixths)
    x = lattice.x * np.cos(angle) + lattice.y * np.sin(angle)  # where each value came from
    np.testing.assert_allclose(lattice.rotated(lattice.x, sixths), x, atol=1e-9)


@given(extents, st.sampled_from([1, 2, 3]))
def test_mirroring_twice_changes_nothing(extent, axis):
    lattice = Lattice(extent)
    values = np.arange(lattice.n_columns)
    np.testing.assert_array_equal(lattice.mirrored(lattice.mirrored(values, axis), axis), values)


@pytest.mark.parametrize(("axis", "line"), [(1, 90), (2, 150), (3, 210)])
def test_mirror_lines(axis, line):
    lattice = Lattice(3)
    double = np.deg2rad(2 * line)
    x = lattice.x * np.cos(double) + lattice.y * np.sin(double)
    np.testing.assert_allclose(lattice.mirrored(lattice.x, axis), x, atol=1e-9)


@given(extents)
def test_six_sixths_change_nothing_and_three_reverse_the_order(extent):
    """Half a turn, (u, v) to (-u, -v), is how an optimal stimulus is checked the other way up."""
    lattice = Lattice(extent)
    values = turned = np.arange(lattice.n_columns)
    for _ in range(6):
        turned = lattice.rotated(turned, 1)
    np.testing.assert_array_equal(turned, values)
    np.testing.assert_array_equal(lattice.rotated(values, 3), values[::-1])


@given(extents, st.sampled_from([1, 2, 3]), st.integers(0, 5))
def test_a_mirror_turns_a_rotation_round(extent, axis, sixths):
    lattice = Lattice(extent)
    values = np.arange(lattice.n_columns)
    seen_in_mirror = lattice.mirrored(lattice.rotated(lattice.mirrored(values, axis), sixths), axis)
    np.testing.assert_array_equal(seen_in_mirror, lattice.rotated(values, -sixths))


def test_vectors_turn_and_mirror_with_their_columns():
    rightward = np.stack([np.ones(7), np.zeros(7)])
    turned = Lattice(1).rotated_vectors(rightward, 1)
    np.testing.assert_allclose(turned[:, 0], [0.5, 0.8660254], atol=1e-7)
    mirrored = Lattice(1).mirrored_vectors(rightward, 1)
    np.testing.assert_array_equal(mirrored[:, 0], [-1, 0])


def _moves():
    """The twelve exact operations: of values, and of vectors."""
    for k in range(6):
        yield (
            (lambda eye, x, k=k: eye.rotated(x, k)),
            (lambda eye, x, k=k: eye.rotated_vectors(x, k)),
        )
    for axis in range(4):
        yield (
            lambda eye, x, axis=axis: eye.mirrored(x, axis),
            lambda eye, x, axis=axis: eye.mirrored_vectors(x, axis),
        )


@given(extents, st.sampled_from(list(_moves())))
def test_a_field_of_positions_looks_the_same_after_any_operation(extent, moves):
    """A vector that points from the centre to its column still does after both have moved."""
    _, move_vectors = moves
    lattice = Lattice(extent)
    outward = np.stack([lattice.x, lattice.y])
    np.testing.assert_allclose(move_vectors(lattice, outward), outward, atol=1e-9)


@given(extents, st.sampled_from(list(_moves())), st.integers(0, 2**32 - 1))
def test_vectors_keep_their_length_and_move_like_values(extent, moves, seed):
    move, move_vectors = moves
    lattice = Lattice(extent)
    vectors = np.random.default_rng(seed).normal(size=(3, 2, lattice.n_columns)).astype(np.float32)
    moved = move_vectors(lattice, vectors)
    assert moved.dtype == np.float32
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])
    np.testing.assert_allclose(
        np.hypot(moved[:, 0], moved[:, 1]), move(lattice, lengths), atol=1e-6
    )


def test_refuses_an_axis_that_is_none():
    for mirror in (Lattice(1).mirrored, Lattice(1).mirrored_vectors):
        with pytest.raises(MaxstimError, match="mirror axis"):
            mirror(np.zeros((2, 7)), 4)


def _image_of(column, move):
    lattice = Lattice(2)
    marked = np.zeros(lattice.n_columns)
    marked[lattice.index(*column)] = 1
    found = int(np.argmax(move(lattice, marked)))
    return int(lattice.u[found]), int(lattice.v[found])
