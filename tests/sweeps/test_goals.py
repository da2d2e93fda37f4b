"""What answers are worth, and which of them none beats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.sweeps.goals import GOALS, checked_goals, merits, pareto_front, roughness

WORTH = arrays(
    float,
    st.tuples(st.integers(1, 12), st.integers(1, 4)),
    elements=st.sampled_from([0, 1, 2, np.nan]),
)


@given(WORTH)
def test_the_front_is_what_nobody_beats(worth):
    front = pareto_front(worth)
    for k, one in enumerate(worth):
        assert front[k] == (np.isfinite(one).all() and not any_beats(worth, one))


def any_beats(worth, one):
    there = [other for other in worth if np.isfinite(other).all()]
    return any((other >= one).all() and (other > one).any() for other in there)


@given(WORTH, st.randoms())
def test_the_front_knows_no_order(worth, random):
    order = list(range(len(worth)))
    random.shuffle(order)
    np.testing.assert_array_equal(pareto_front(worth[order]), pareto_front(worth)[order])


def test_more_is_better_in_all_merits():
    found = {"counted_response": 1.5, "contrast_energy": 9.0, "transfer": 0.5}
    of = {
        kind: merits(GenerateConfig(objective=kind), found)
        for kind in ("drive", "suppress", "level:2")
    }
    assert of["drive"] == {"counted_response": 1.5, "contrast_energy": -9.0, "transfer": 0.5}
    assert of["suppress"]["counted_response"] == -1.5
    assert of["level:2"] == {"counted_response": -0.5, "contrast_energy": -9.0, "transfer": -1.5}


def test_roughness_of_what_is_known():
    n_columns = 19
    still = np.tile(np.linspace(0, 1, n_columns), (4, 1))
    flicker = np.tile([[0.0], [1.0], [0.0], [1.0]], (1, n_columns))
    assert roughness(still)["roughness_time"] == 0 < roughness(still)["roughness_space"]
    assert roughness(flicker) == {"roughness_time": 1.0, "roughness_space": 0.0}


@pytest.mark.parametrize("goals", ["counted_response", 3, [], ["response"], ["transfer"], [None]])
def test_goals_that_there_are_not(goals):
    with pytest.raises(MaxstimError):
        checked_goals(goals, with_transfer=False)


def test_all_goals_unless_some_are_named():
    assert checked_goals(None, with_transfer=True) == tuple(GOALS)
    assert "transfer" not in checked_goals(None, with_transfer=False)
