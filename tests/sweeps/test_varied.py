"""What a sweep varies, from lists, ranges and random numbers, in words and in Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.sweeps.varied import Interval, Listed, read_varied, settings_of

CONFIG = GenerateConfig()


def settings(vary, config=CONFIG):
    return settings_of(read_varied(vary, config, trials=False), config)


def test_lists_and_ranges_are_crossed_the_last_fastest():
    found = settings({"lr": "0.01, 0.1", "weight_mei": "log:1:100:3", "n_iters": [5]})
    assert [list(each.values()) for each in found] == [
        [lr, pytest.approx(weight), 5] for lr in (0.01, 0.1) for weight in (1, 10, 100)
    ]


def test_words_and_python_say_the_same():
    words = settings(
        {"lr": "0.01,0.1", "last_only": "all,last", "objective": "drive;group:Mi1,Tm3"}
    )
    python = {
        "lr": (0.01, 0.1),
        "last_only": [False, True],
        "objective": ["drive", "group:Mi1,Tm3"],
    }
    assert words == settings(python)
    assert settings({"lr": np.array([0.01, 0.1])}) == settings({"lr": "0.01,0.1"})


def test_whole_settings_take_the_nearest_whole_number_once():
    assert settings({"n_iters": "lin:1:4:7"}) == [{"n_iters": k} for k in (1, 2, 3, 4)]


@given(
    st.floats(0.001, 0.1), st.floats(1.01, 100), st.integers(2, 30), st.sampled_from(["lin", "log"])
)
def test_a_range_goes_from_end_to_end(low, factor, n_values, scale):
    high = low * factor
    found = [each["lr"] for each in settings({"lr": f"{scale}:{low!r}:{high!r}:{n_values}"})]
    assert (found[0], found[-1], len(found)) == (low, high, n_values)
    steps = np.diff(np.log(found) if scale == "log" else found)
    assert (steps > 0).all()
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


def test_what_is_drawn_is_drawn_together_within_its_range():
    vary = {"lr": "random:log:0.001:0.1:40", "weight_mei": "random:1:9:40", "n_iters": [3, 4]}
    found = settings(vary)
    assert len(found) == 80
    assert len({each["lr"] for each in found}) == 40 == len({each["weight_mei"] for each in found})
    assert all(0.001 <= each["lr"] <= 0.1 and 1 <= each["weight_mei"] <= 9 for each in found)
    below = np.mean([each["lr"] < 0.01 for each in found])
    assert 0.3 < below < 0.7, "by equal chance per factor"
    assert found == settings(vary)
    assert found != settings(vary, GenerateConfig(random_seed=1)), "the seed draws"


def test_trials_have_intervals_and_lists():
    found = read_varied({"lr": "log:0.001:0.1", "n_iters": "lin:2:9"}, CONFIG, trials=True)
    assert found == [
        Interval("lr", 0.001, 0.1, is_log=True, is_whole=False),
        Interval("n_iters", 2.0, 9.0, is_log=False, is_whole=True),
    ]


@pytest.mark.parametrize(
    ("name", "values", "meant", "expected"),
    [
        ("iterations", "10,20", "n_iters", (10, 20)),
        ("frames", "last,all", "last_only", (True, False)),
        ("weight-mei", "1,2", "weight_mei", (1.0, 2.0)),
        ("--t-stim", "0.1", "t_stim", (0.1,)),
    ],
)
def test_settings_go_by_the_names_of_their_options_too(name, values, meant, expected):
    assert read_varied({name: values}, CONFIG, trials=False) == [Listed(meant, expected)]


WRONG = [
    (None, "Say what to vary"),
    ({}, "Say what to vary"),
    ("lr=0.1", "Say what to vary"),
    ({"lrr": "0.1,0.2"}, "There is no setting 'lrr'; did you mean lr?"),
    ({3: [0.1]}, "A setting is told by its name, for example lr, not 3."),
    ({"iteration": "1,2"}, "did you mean iterations"),
    ({"nothing_like_it": "1,2"}, "n_iters, last_only, objective"),
    ({"n_iters": [2], "iterations": [3]}, "The setting n_iters is varied twice"),
    ({"seed": "0,1"}, "A number of seeds (seeds; --seeds N)"),
    ({"network": "a;b"}, "A sweep asks one network (network); make one for each."),
    ({"device": "cpu"}, "on one device"),
    ({"cell_type": "T4a,T4b"}, "one cell type"),
    ({"random_seed": "0,1"}, "A number of seeds"),
    ({"across": "mean,worst"}, "A sweep asks one network"),
    ({"silence": "Mi9;C3"}, "A sweep asks one network, in which"),
    ({"lr": "log:1:0.1:5"}, "upside down"),
    ({"lr": "lin:0.1:0.1:5"}, "upside down"),
    ({"lr": "log:0:0.1:5"}, "must begin above 0"),
    ({"weight_mei": "log:-1:10:5"}, "must begin above 0"),
    ({"lr": "log:0.1"}, "cannot be read"),
    ({"lr": "log:a:b:3"}, "cannot be read"),
    ({"lr": "lin:0.1:nan:3"}, "cannot be read"),
    ({"lr": "lin:0.1:0.2:3:4"}, "cannot be read"),
    ({"lr": "lin:0.1:0.2:1"}, "2 values or more"),
    ({"lr": "lin:0.1:0.2:1.5"}, "cannot be read"),
    ({"lr": "lin:0.1:0.2"}, "needs a number of values"),
    ({"lr": "lin:0.1:99:3"}, "must lie between"),
    ({"lr": "0.1,a"}, "must be a number"),
    ({"lr": []}, "at least one value"),
    ({"lr": None}, "must be a list"),
    ({"lr": "0.1,0.1"}, "twice"),
    ({"objective": "lin:0:1:3"}, "has no range"),
    ({"objective": "drive,suppress"}, ""),
    ({"last_only": "maybe"}, "true or false"),
    ({"lr": "lin:0.01:0.1:1000000"}, "1,000,000 answers"),
    ({"lr": "lin:0.01:0.1:1000", "weight_mei": "lin:1:10:1000"}, "1,000,000 answers"),
    ({"lr": "random:0.01:0.1:3", "weight_mei": "random:1:10:4"}, "drawn together"),
    ({"temperature": "0.1,0.2"}, "changes nothing"),
]


@pytest.mark.parametrize(("vary", "said"), WRONG, ids=str)
def test_what_makes_no_sense_is_one_sentence(vary, said):
    with pytest.raises(MaxstimError) as refused:
        settings(vary)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value) and str(refused.value)[-1] in ".?…"


@pytest.mark.parametrize("values", ["log:0.001:0.1:5", "random:0.001:0.1"])
def test_trials_refuse_what_belongs_to_grids(values):
    with pytest.raises(MaxstimError, match="is an interval"):
        read_varied({"lr": values}, CONFIG, trials=True)
