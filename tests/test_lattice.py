"""The hexagonal eye against the worked numbers of the spec (§1.2, §2, §5.3)."""

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


@pytest.mark.parametrize("extent", [-1, 1.5, True])
def test_refuses_a_bad_extent(extent):
    with pytest.raises(MaxstimError, match="whole number"):
        Lattice(extent)


@pytest.mark.parametrize("angle", STEPS)
def test_direction_of_each_neighbour(angle):
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


def _image_of(column, move):
    lattice = Lattice(2)
    marked = np.zeros(lattice.n_columns)
    marked[lattice.index(*column)] = 1
    found = int(np.argmax(move(lattice, marked)))
    return int(lattice.u[found]), int(lattice.v[found])
