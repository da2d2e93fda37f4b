"""Sweeps in the worker: asked for once, in their turn, giving way, cancelled, found again."""

import shutil
import time

import numpy as np
import pytest
from toy_runs import FOREVER, SLOW, ended, stepping, toy_queue, toy_request

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.sweeps import (
    SweepMaker,
    SweepRequest,
    compute_sweep,
    count_of,
    settings_of_sweep,
    sweep_key,
)
from maxstim_core.sweeps.report import sweep_front
from maxstim_core.sweeps.sweep import Sweep

CONFIG = ms.GenerateConfig(t_stim=0.05, n_iters=4)
LONG = ms.GenerateConfig(t_stim=0.1, n_iters=3000)
VARY = (("lr", "log:0.01:0.1:2"), ("weight_mei", "lin:10:30:2"))


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


@pytest.fixture
def maker(queue):
    pytest.importorskip("zarr")
    return SweepMaker(queue)


def when(maker, key, is_so):
    give_up = time.monotonic() + 300
    while not is_so(task := maker.progress(key)):
        assert time.monotonic() < give_up, task
        time.sleep(0.02)
    return task


def over(maker, key):
    return when(maker, key, lambda task: task.state in ("done", "cancelled", "failed"))


def test_a_sweep_on_the_page_is_the_sweep_of_the_core(maker, queue):
    request = SweepRequest("Mi1", CONFIG, VARY, seeds=2)
    key = maker.make(request, "anna")
    assert over(maker, key).state == "done"
    found = maker.found(key)
    assert count_of(found) == (8, 8)
    network = ms.open_network("default")
    alone = ms.finish(ms.sweep(network, "Mi1", dict(VARY), CONFIG, seeds=2))
    for name in ("stimulus", "best_stimulus", "counted_response", "lr", "pareto"):
        np.testing.assert_array_equal(found[name].values, alone[name].values)
    np.testing.assert_array_equal(sweep_front(found), alone["pareto"].values)
    assert SweepMaker(queue).request(key) == request and maker.keys() == [key]
    run = settings_of_sweep(request, 3, 1, found)
    assert (run.config.lr, run.config.weight_mei, run.config.random_seed) == (0.1, 30.0, 1)
    again = maker.make(request, "ben")
    assert again == key and over(maker, key).state == "done"


def test_a_sweep_lets_a_run_go_first_and_goes_on(maker, queue):
    key = maker.make(SweepRequest("Mi1", LONG, (("lr", "lin:0.01:0.02:2"),)), "anna")
    when(maker, key, lambda task: task.stage.endswith("answers."))
    run_id = queue.submit(toy_request(), "ben")
    stepping(queue, run_id)
    assert ended(queue, run_id).state == "done"
    when(maker, key, lambda task: task.state == "running")
    with pytest.raises(MaxstimError, match="Somebody else"):
        maker.cancel(key, "ben")
    maker.cancel(key, "anna")
    assert over(maker, key).state == "cancelled"


def test_a_sweep_that_was_stopped_keeps_what_is_finished(maker, queue, tmp_path):
    request = SweepRequest("Mi1", CONFIG, (("lr", "lin:0.01:0.1:12"),))
    key = maker.make(request, "anna")
    over(maker, key)
    whole = maker.found(key)["best_stimulus"].values
    elsewhere = toy_queue(tmp_path / "other")
    elsewhere.close()
    other = SweepMaker(elsewhere)
    other.folder.mkdir(parents=True)
    (other.folder / f"{key}.json").write_text(request.to_json())

    class Stop(Exception):
        pass

    def stop(stage):
        if stage.startswith(("8", "9", "10", "11")):
            raise Stop

    data = str(other.folder.parent)
    with pytest.raises(Stop):
        compute_sweep(key, data, device="cpu", report_stage=stop)
    done, n_all = count_of(other.found(key))
    assert 0 < done < n_all
    compute_sweep(key, data, device="cpu")
    np.testing.assert_array_equal(other.found(key)["best_stimulus"].values, whole)


def begun_elsewhere(maker, key):
    """Begin what is missing of a sweep in this process, as the command line would."""
    network = ms.open_network("default")
    run = Sweep(maker.request(key).question(network), maker.store(key), report_every=1)
    reports = iter(run)
    next(reports)
    reports.close()


def test_a_sweep_that_was_cancelled_holds_nobody_up(maker, queue):
    request = SweepRequest("Mi1", LONG, (("lr", "lin:0.01:0.02:2"),))
    key = maker.make(request, "anna")
    when(maker, key, lambda task: task.stage.endswith("answers."))
    with pytest.raises(MaxstimError, match="Another process is writing"):
        begun_elsewhere(maker, key)
    maker.cancel(key, "anna")
    assert over(maker, key).state == "cancelled"
    begun_elsewhere(maker, key)

    assert maker.make(request, "ben") == key
    when(maker, key, lambda task: task.state == "running" and task.stage.endswith("answers."))
    run_id = queue.submit(toy_request(SLOW, FOREVER), "anna")
    when(maker, key, lambda task: task.state == "queued")
    begun_elsewhere(maker, key)
    maker.cancel(key, "ben")
    assert over(maker, key).state == "cancelled"
    begun_elsewhere(maker, key)
    queue.cancel(run_id)
    ended(queue, run_id)


def test_a_sweep_whose_store_was_removed_meanwhile_is_begun_anew(maker, queue):
    config = ms.GenerateConfig(t_stim=0.05, n_iters=40)
    request = SweepRequest("Mi1", config, (("lr", "lin:0.01:0.1:40"),))
    key = maker.make(request, "anna")
    when(maker, key, lambda task: task.stage.endswith("answers."))
    maker.cancel(key, "anna")
    assert over(maker, key).state == "cancelled"
    shutil.rmtree(maker.store(key))
    maker.make(request, "anna")
    if over(maker, key).state == "failed":  # it says so once
        assert "no sweep" in maker.progress(key).message
        maker.make(request, "anna")
    assert over(maker, key).state == "done" and count_of(maker.found(key)) == (40, 40)


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ((("lr", "lin:0.1:0.01:3"),), "upside down"),
        ((("leraning_rate", "1,2"),), "no setting"),
        ((("lr", "log:0.001:0.1:1000"), ("weight_mei", "log:1:9:1000")), "1,000,000 answers"),
        ((), "Say what to vary"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_work(maker, vary, sentence):
    with pytest.raises(MaxstimError, match=sentence):
        maker.make(SweepRequest("Mi1", CONFIG, vary), "anna")
    assert not maker.folder.exists()


def test_a_request_says_the_same_after_json():
    request = SweepRequest("T4c", CONFIG, VARY, seeds=3, transfer=True)
    assert SweepRequest.from_json(request.to_json()) == request
    network = ms.open_network("default")
    on_gpu = SweepRequest("T4c", CONFIG, VARY, seeds=3, transfer=True, device="cuda")
    assert sweep_key(request, network) == sweep_key(on_gpu, network)
    assert sweep_key(request, network) != sweep_key(
        SweepRequest("T4c", CONFIG, VARY, seeds=2, transfer=True), network
    )
    for text in ("", "[]", "{}", '{"vary": 3}'):
        with pytest.raises(MaxstimError, match="no description"):
            SweepRequest.from_json(text)


def test_what_is_not_there_is_not_found(maker):
    assert maker.found("0" * 64) is None and maker.request("0" * 64) is None
    assert maker.progress("0" * 64) is None and maker.keys() == []
