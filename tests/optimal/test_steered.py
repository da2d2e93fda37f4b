"""Settings that change while a stimulus is grown, and the way back."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solvable_networks import T_STIM, linear_network

import maxstim_core as ms
from maxstim_core.optimal.configs import loss_of
from maxstim_core.optimal.schedule import FIXED

NET = linear_network()

VALUES = st.fixed_dictionaries(
    {},
    optional={
        "lr": st.sampled_from([0.005, 0.02, 0.1]),
        "weight_mei": st.sampled_from([0.0, 10.0, 3000.0]),
        "weight_slow": st.sampled_from([0.0, 5.0]),
        "energy": st.sampled_from([0.0, 0.5, 1.5]),
        "rings": st.sampled_from([1, 2, 15]),
        "objective": st.sampled_from(["flyvis", "drive", "suppress", "level:0.05"]),
        "n_iters": st.integers(8, 24),
    },
)

ACTS = st.one_of(
    st.tuples(st.just("advance"), st.integers(1, 9)),
    st.tuples(st.just("steer"), VALUES),
    st.tuples(st.just("back"), st.floats(0, 1)),
)


def config(**changes):
    return ms.GenerateConfig(**{"t_stim": T_STIM, "n_iters": 16, **changes})


def grown(config):
    return ms.finish(ms.generate(NET, "L2", config))


def assert_same_bits(one, other):
    assert one.attrs == other.attrs
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


def act(run, kind, what):
    if kind == "advance":
        run.advance(what)
    elif kind == "back":
        run.back_to(round(what * run.n_done))
    else:
        before = run.config
        try:
            run.steer(**what)
        except ms.MaxstimError:  # what does not go together, or comes too late
            assert run.config == before, "a refusal changes nothing"


@settings(max_examples=40)
@given(st.lists(ACTS, max_size=8))
def test_a_steered_run_is_the_run_of_its_schedule(acts):
    run = ms.generate(NET, "L2", config())
    for kind, what in acts:
        act(run, kind, what)
    while run.advance(3) is not None:
        pass
    again = grown(run.config)
    assert_same_bits(run.result(), again)
    assert ms.GenerateConfig(**run.config.to_dict()) == run.config


@settings(max_examples=25)
@given(st.lists(ACTS, max_size=4), st.integers(1, 9), st.lists(ACTS, max_size=4))
def test_back_and_on_is_as_though_it_had_never_gone_further(before, n_steps, after):
    run, twin = (ms.generate(NET, "L2", config(n_iters=40)) for _ in range(2))
    for one in (run, twin):
        for kind, what in before:
            act(one, kind, what)
        one.advance(n_steps)
    there = run.n_done
    for kind, what in after:
        if kind != "back":
            act(run, kind, what)
    run.back_to(there)
    assert run.config == twin.config
    assert_same_bits(run.result(), twin.result())
    for one in (run, twin):
        while one.advance(7) is not None:
            pass
    assert_same_bits(run.result(), twin.result())


@pytest.mark.parametrize("changes", [{}, {"energy": 1.0}, {"objective": "level:0.05"}])
@pytest.mark.parametrize("there", [0, 1, 17, 50, 55, 59])
def test_back_to_every_place_of_a_long_run(changes, there):
    run = ms.generate(NET, "L2", config(n_iters=60, **changes))
    for _ in run:
        pass
    whole = run.result()
    run.back_to(there)
    assert run.n_done == there == len(run.result().loss)
    short = ms.generate(NET, "L2", config(n_iters=60, **changes))
    if there:
        short.advance(there)
    assert_same_bits(run.result(), short.result())
    for _ in run:
        pass
    assert_same_bits(run.result(), whole)


def test_more_iterations_of_a_plain_run_are_those_of_a_longer_one():
    run = ms.generate(NET, "L2", config(n_iters=10))
    for _ in run:
        pass
    run.steer(n_iters=25)
    reports = list(run)
    assert [report.step for report in reports] == list(range(11, 26))
    found, longer = run.result(), grown(config(n_iters=25))
    assert run.config.schedule == "10: n_iters=25"
    for name in ("stimulus", "best_stimulus", "loss", "response"):
        np.testing.assert_array_equal(found[name].values, longer[name].values)


def test_what_changes_acts_from_the_next_iteration_on():
    plain, steered = grown(config()), grown(config(schedule="6: weight_mei=0"))
    assert (plain.loss[:6].values == steered.loss[:6].values).all()
    assert not np.array_equal(plain.loss[6:], steered.loss[6:])


def test_a_change_of_objective_has_losses_of_its_own():
    run = ms.generate(NET, "L2", config(schedule="6: objective=level:0.05"))
    before, after = (loss_of(stage).terms for _, stage in run.config.stages)
    assert set(run.terms) == {*before, *after} and before != after
    found = ms.finish(run)
    lost = [term for term in before if term not in after]
    assert lost and np.isnan(found.loss.sel(term=lost).values[6:]).all()
    assert np.isfinite(found.loss.sel(term=list(after)).values[6:]).all()
    assert "rms_voltage" in found.attrs, "the last objective is in units of RMS"


def test_without_changes_a_schedule_leaves_no_trace():
    plain = config()
    for schedule in ("", " ; ", "4: lr=0.01", "4: lr=0.02; 4: "):
        try:
            same = config(schedule=schedule)
        except ms.MaxstimError:
            assert schedule == "4: lr=0.02; 4: "
            continue
        assert same == plain and same.content_hash == plain.content_hash
        assert "schedule" not in same.to_json() + same.to_python()


def test_one_schedule_is_one_request_however_it_is_written():
    one = config(schedule="4:  weight_mei=10 lr=2e-2;8: lr=0.02 energy=1;")
    assert one.schedule == "4: lr=0.02 weight_mei=10.0; 8: energy=1.0"
    assert one.content_hash == config(schedule=one.schedule).content_hash != config().content_hash
    assert [stage.lr for _, stage in one.stages] == [0.01, 0.02, 0.02]


def test_steering_at_one_iteration_is_one_change_and_before_the_first_none():
    run = ms.generate(NET, "L2", config())
    run.steer(lr=0.02, objective="drive")
    assert run.config == config(lr=0.02, objective="drive")
    run.advance(4)
    for lr in (0.03, 0.04, 0.05):
        run.steer(lr=lr)
    run.steer(weight_slow=1)
    assert run.config.schedule == "4: lr=0.05 weight_slow=1.0"
    run.steer(lr=0.02, weight_slow=0)
    assert run.config.schedule == ""


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("soon", "is written"),
        ("4 lr=0.1", "is written"),
        ("4: lr=0.1 lr=0.2", "twice"),
        ("0: lr=0.1", "1 or more"),
        ("8: lr=0.1; 4: lr=0.2", "rising order"),
        ("16: lr=0.1", "is over"),
        ("8: n_iters=8", "is over"),
        ("20: n_iters=30", "is over"),
        ("4: dt=0.02", "cannot change"),
        ("4: colour=1", "no setting"),
        ("4: lr=fast", "At iteration 4: Learning rate"),
        ("4: objective=fly", "At iteration 4: There is no objective"),
        ("4: energy=1; 8: objective=level:1", "At iteration 8: A level takes"),
    ],
)
def test_what_makes_no_schedule_is_refused_with_where_and_why(schedule, said):
    with pytest.raises(ms.MaxstimError, match=said):
        config(schedule=schedule)


@pytest.mark.parametrize("name", FIXED)
def test_what_the_stimulus_is_cannot_change_on_the_way(name):
    run = ms.generate(NET, "L2", config())
    with pytest.raises(ms.MaxstimError, match="cannot change"):
        run.steer(**{name: getattr(dataclasses.replace(config()), name)})


def test_a_schedule_asks_for_nothing_that_the_network_cannot_give():
    with pytest.raises(ms.MaxstimError, match="cell type"):
        run = ms.generate(NET, "L2", config(schedule="4: objective=contrast:Mi1"))
        ms.finish(run)


def test_back_only_to_where_it_has_been():
    run = ms.generate(NET, "L2", config())
    run.advance(3)
    with pytest.raises(ms.MaxstimError, match="between 0 and 3"):
        run.back_to(4)


def test_many_with_schedules_are_runs_of_their_own():
    scheduled = config(schedule="4: lr=0.05")
    with pytest.raises(ms.MaxstimError, match="generate_each"):
        ms.generate_many(NET, ["L2"], [0], scheduled)
    together = ms.generate_each([(NET, "L2", scheduled), (NET, "L2", config())])
    for _ in together:
        pass
    for beside, each in zip(together.results(), (scheduled, config()), strict=True):
        alone = grown(each)
        np.testing.assert_array_equal(beside.stimulus.values, alone.stimulus.values)
        np.testing.assert_array_equal(beside.best_stimulus.values, alone.best_stimulus.values)
