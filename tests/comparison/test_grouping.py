"""Which answers are one, and in which order they stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maxstim_core as ms
from maxstim_core.comparison.grouping import grouped_answers, order_by_likeness


def likenesses(seed, n):
    """Likenesses of random directions: no two are equally alike."""
    directions = np.random.default_rng(seed).normal(size=(n, 4))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return directions @ directions.T


def sets(groups):
    return {frozenset(np.flatnonzero(groups == k)) for k in range(groups.max() + 1)}


def in_blocks(sizes, within=0.9, between=0.1):
    block = np.repeat(np.arange(len(sizes)), sizes)
    alike = np.where(block[:, None] == block, within, between)
    np.fill_diagonal(alike, 1)
    return alike, block


def test_blocks_are_found_the_largest_first():
    alike, block = in_blocks([2, 5, 3])
    assert grouped_answers(alike).tolist() == [2, 2, 0, 0, 0, 0, 0, 1, 1, 1]
    assert sets(grouped_answers(alike)) == sets(block)


def test_groups_are_joined_by_the_average_and_not_by_the_nearest():
    """Two pairs with one likeness of 0.9 between them, but 0.3 on average: they stay two."""
    alike = np.array([[1, 0.95, 0.9, 0.1], [0, 1, 0.1, 0.1], [0, 0, 1, 0.95], [0, 0, 0, 1]])
    alike = np.maximum(alike, alike.T)
    assert grouped_answers(alike, 0.5).tolist() == [0, 0, 1, 1]
    assert grouped_answers(alike, 0.29).tolist() == [0, 0, 0, 0]


@given(st.integers(0, 10**6), st.integers(1, 9), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_answers(seed, n, random):
    alike = likenesses(seed, n)
    order = list(range(n))
    random.shuffle(order)
    there = {
        frozenset(order[k] for k in group)
        for group in sets(grouped_answers(alike[np.ix_(order, order)]))
    }
    assert there == sets(grouped_answers(alike))


@given(st.integers(0, 10**6), st.integers(1, 9), st.floats(-1, 1), st.floats(-1, 1))
def test_a_lower_threshold_joins_groups_of_a_higher_one(seed, n, one, other):
    low, high = sorted((one, other))
    coarse, fine = (sets(grouped_answers(likenesses(seed, n), each)) for each in (low, high))
    assert all(any(part <= whole for whole in coarse) for part in fine)


@given(st.integers(0, 10**6), st.integers(1, 9))
def test_the_thresholds_at_the_ends(seed, n):
    alike = likenesses(seed, n)
    assert len(sets(grouped_answers(alike, 1))) == n
    assert len(sets(grouped_answers(np.abs(alike), -1))) == 1


@given(st.integers(0, 10**6), st.integers(0, 9))
def test_the_order_has_everything_once_and_is_the_same_again(seed, n):
    alike = likenesses(seed, n)
    order = order_by_likeness(alike)
    assert sorted(order) == list(range(n))
    assert (order == order_by_likeness(alike)).all()


def test_like_stands_beside_like():
    alike, block = in_blocks([4, 3, 5])
    shuffled = np.random.default_rng(1).permutation(12)
    order = order_by_likeness(alike[np.ix_(shuffled, shuffled)])
    runs = block[shuffled[order]]
    assert (np.diff(runs) != 0).sum() == 2, "each block stands together"
    line = 1 - np.abs(np.subtract.outer(np.arange(6), np.arange(6))) / 6
    found = order_by_likeness(line)
    assert found.tolist() in ([*range(6)], [*range(5, -1, -1)])


def test_of_equally_alike_the_first_come_first():
    alike = np.full((4, 4), 0.7)
    np.fill_diagonal(alike, 1)
    assert grouped_answers(alike, 0.8).tolist() == [0, 1, 2, 3]
    assert grouped_answers(alike, 0.6).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.full((2, 2), np.nan), "alike", np.zeros(3)])
def test_what_is_no_square_of_numbers_is_refused(wrong):
    for find in (grouped_answers, order_by_likeness):
        with pytest.raises(ms.MaxstimError, match="Likenesses are numbers of shape"):
            find(wrong)
    with pytest.raises(ms.MaxstimError, match="likeness of one answer"):
        grouped_answers(np.eye(2), 2)
