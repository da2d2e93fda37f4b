"""Many generated stimuli at once against one at a time."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.batch import generate_each, generate_many
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.run import finish

CONFIG = GenerateConfig(t_stim=0.12, n_iters=4, weight_mei=10.0)
NAMES, SEEDS = ("T4c", "L1", "Lawf1"), (0, 7)


def many(**options):
    return generate_many(prior_network(2), NAMES, SEEDS, CONFIG, **options)


@pytest.mark.parametrize("at_once", [None, 4])
def test_each_is_what_it_would_be_alone(at_once):
    run = many(at_once=at_once, report_every=3)
    reports = list(run)
    found = run.result()
    n_batches = 1 if at_once is None else 2
    assert [report.step for report in reports] == [3, 4, 7, 8][: 2 * n_batches]
    assert reports[-1].step == run.n_steps == n_batches * CONFIG.n_iters
    assert found.attrs["status"] == "complete"
    for name in NAMES:
        for seed in SEEDS:
            alone = generate(prior_network(2), name, replace(CONFIG, random_seed=seed))
            list(alone)
            expected, here = alone.result(), found.sel(cell_type=name, seed=seed)
            for variable in ("stimulus", "loss", "central_response"):
                np.testing.assert_array_equal(here[variable], expected[variable])


@cache
def network_named(name):
    return open_network(name, 2)


SETTINGS = st.tuples(
    st.sampled_from(["prior", "default"]),
    st.sampled_from(["T4c", "L1", "Lawf1", "Mi1"]),
    st.builds(
        GenerateConfig,
        t_stim=st.sampled_from([0.03, 0.05, 0.11]),
        lr=st.floats(0.001, 0.1),
        weight_mei=st.floats(0, 1000),
        weight_central=st.floats(0, 3),
        n_iters=st.integers(1, 5),
        random_seed=st.integers(0, 1000),
        last_only=st.booleans(),
    ),
)


@settings(max_examples=15)
@given(st.lists(SETTINGS, min_size=1, max_size=6), st.integers(1, 4), st.integers(1, 3))
def test_an_answer_does_not_depend_on_what_is_asked_beside_it(asked, threads, report_every):
    """To the bit, nor on the number of threads, nor on how often it reports."""
    questions = [(network_named(name), *rest) for name, *rest in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maxstim_core.optimal.batch.usable_cores", lambda: threads)
        run = generate_each(questions, report_every=report_every)
        reports = list(run)
    most = max(config.n_iters for *_, config in questions)
    assert reports[-1].step == run.n_steps == most
    assert sum(len(report.losses) for report in reports) == most
    for found, question in zip(run.results(), questions, strict=True):
        xr.testing.assert_identical(found, finish(generate(*question)))


def test_threads_that_share_a_movie_make_the_same_one(monkeypatch):
    config = replace(CONFIG, t_stim=0.08)
    answers = []
    for cores in (1, 2, 3, 4):
        monkeypatch.setattr("maxstim_core.simulation.cpu.usable_cores", lambda cores=cores: cores)
        answers.append(finish(generate(open_network("default"), "T4c", config)))
    for answer in answers[1:]:
        xr.testing.assert_identical(answer, answers[0])


def test_the_reports_of_several_are_means():
    long, short = (replace(CONFIG, n_iters=n) for n in (4, 2))
    network = prior_network(2)
    run = generate_each([(network, "T4c", long), (network, "L1", short)], report_every=3)
    losses = np.concatenate([report.losses for report in run])
    of_long, of_short = (answer.loss.values for answer in run.results())
    np.testing.assert_allclose(losses[:2], (of_long[:2] + of_short) / 2, rtol=1e-6)
    np.testing.assert_allclose(losses[2:], of_long[2:], rtol=1e-6)


def test_whoever_stops_keeps_what_there_is_of_each():
    run = generate_each([(prior_network(2), name, CONFIG) for name in NAMES], report_every=1)
    steps = iter(run)
    next(steps)
    steps.close()
    for answer in run.results():
        assert answer.attrs["status"] == "cancelled" and answer.sizes["iteration"] >= 1


def test_best_is_of_the_lowest_loss():
    """A step far too long: the second iterate is worse than the first; the last one counts as well."""
    config = replace(CONFIG, lr=1.0, n_iters=2, weight_mei=3000.0)
    found = finish(generate_many(prior_network(2), NAMES, SEEDS, config))
    first_is_best = (found.loss[0, ..., 0] < found.loss[1, ..., 0]).values
    assert first_is_best.all()
    for name in NAMES:
        for k, seed in enumerate(SEEDS):
            alone = finish(generate(prior_network(2), name, replace(config, random_seed=seed)))
            here = found.sel(cell_type=name).isel(seed=k)
            np.testing.assert_array_equal(here.best_stimulus, alone.best_stimulus)


def test_reports_hold_the_mean_loss_since_the_last():
    run = many(report_every=3)
    reports = list(run)
    losses = np.concatenate([report.losses for report in reports])
    np.testing.assert_allclose(losses, run.result().loss.mean(("cell_type", "seed")), rtol=1e-6)


def test_cancelling_keeps_what_there_is():
    run = many(at_once=4, report_every=2)
    steps = iter(run)
    next(steps)
    found = run.result()
    assert found.attrs["status"] == "cancelled"
    done = np.isfinite(found.loss).values.reshape(4, 6, 3)
    assert done[:2, :3].all()
    assert not done[2:].any()
    assert not done[:, 3:].any()
    untouched = generate_many(prior_network(2), NAMES, SEEDS, CONFIG).result()
    same = (found.stimulus == untouched.stimulus).all(("frame", "column")).values.ravel()
    np.testing.assert_array_equal(same, [False] * 3 + [True] * 3)


def test_all_cell_types_unless_told_otherwise():
    run = generate_many(prior_network(1), config=replace(CONFIG, n_iters=1), at_once=100)
    list(run)
    assert run.result().sizes["cell_type"] == 65


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cell_types": ["T4x"]}, "no cell type 'T4x'"),
        ({"cell_types": ["T4c", "T4c"]}, "every cell type and every seed once"),
        ({"cell_types": []}, "at least one cell type"),
        ({"seeds": ()}, "one cell type and one seed"),
        ({"seeds": 8}, "as lists"),
        ({"cell_types": "T4c"}, "as lists"),
        ({"seeds": (-1,)}, "must lie between"),
        ({"at_once": 0}, "at_once.* must lie between 1 and"),
    ],
)
def test_refuses_what_makes_no_sense(options, sentence):
    with pytest.raises(MaxstimError, match=sentence):
        generate_many(prior_network(1), **options)


@pytest.mark.parametrize(
    ("questions", "sentence"),
    [
        ([], "at least one question"),
        ([(prior_network(1), "T4x", CONFIG)], "no cell type 'T4x'"),
        ([("prior", "T4c", CONFIG)], "opened first"),
        ([(prior_network(1), "T4c", {})], "not a dict"),
        ([(prior_network(1), "T4c")], "a cell type and a GenerateConfig"),
        (["T4c", "Mi1"], "opened first"),
        (3, "a cell type and a GenerateConfig"),
    ],
)
def test_refuses_questions_that_make_no_sense(questions, sentence):
    with pytest.raises(MaxstimError, match=sentence):
        generate_each(questions)


@pytest.mark.gpu
def test_a_gpu_makes_the_same_movies():
    on_gpu, on_cpu = (many(device=device) for device in ("cuda", "cpu"))
    for run in (on_gpu, on_cpu):
        list(run)
    np.testing.assert_allclose(on_gpu.result().stimulus, on_cpu.result().stimulus, atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_of_many_is_what_it_would_be_alone(monkeypatch, threads):
    """Where eight go abreast, on threads of their own or shared, and where some are left over."""
    monkeypatch.setattr("maxstim_core.optimal.batch.usable_cores", lambda: threads)
    monkeypatch.setattr("maxstim_core.simulation.cpu.usable_cores", lambda: threads)
    network, seeds = network_named("default"), range(19)
    config = replace(CONFIG, t_stim=0.05)
    found = finish(generate_many(network, ["T4c"], seeds, config))
    for seed in seeds:
        expected = finish(generate(network, "T4c", replace(config, random_seed=seed)))
        here = found.sel(cell_type="T4c", seed=seed)
        for variable in (
            "stimulus",
            "loss",
            "central_response",
            "best_stimulus",
            "best_central_response",
        ):
            np.testing.assert_array_equal(here[variable], expected[variable])
