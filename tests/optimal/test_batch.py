"""Many generated stimuli at once against one at a time."""

from dataclasses import replace

import numpy as np
import pytest

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.batch import generate_many
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.generated import generate

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
            np.testing.assert_allclose(here.stimulus, expected.stimulus, atol=1e-6)
            np.testing.assert_allclose(here.loss, expected.loss, rtol=1e-5)
            np.testing.assert_allclose(
                here.central_response, expected.central_response, rtol=0, atol=1e-6
            )


def test_best_is_of_the_lowest_loss():
    """A step far too long: the second iterate is worse than the first, for every movie."""
    config = replace(CONFIG, lr=1.0, n_iters=2, weight_mei=3000.0)
    run = generate_many(prior_network(2), NAMES, SEEDS, config)
    start = run.result()
    list(run)
    found = run.result()
    first_is_best = (found.loss[0, ..., 0] < found.loss[1, ..., 0]).values
    assert first_is_best.all()
    np.testing.assert_array_equal(found.best_stimulus, start.stimulus)


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


@pytest.mark.gpu
def test_a_gpu_makes_the_same_movies():
    on_gpu, on_cpu = (many(device=device) for device in ("cuda", "cpu"))
    for run in (on_gpu, on_cpu):
        list(run)
    np.testing.assert_allclose(on_gpu.result().stimulus, on_cpu.result().stimulus, atol=1e-4)
