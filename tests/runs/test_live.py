"""Live runs: steered while they go, many at once in one process."""

import dataclasses
import time

import numpy as np
import pytest
from toy_runs import ended, toy_queue, toy_request, when

import maxstim_core as ms
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.runs import live
from maxstim_core.runs.messages import Cancelled, LiveAct, LiveTask
from maxstim_core.runs.request import RunRequest, content_key, opened, request_of
from maxstim_core.runs.store import RunStore

ARRAYS = ("stimulus", "best_stimulus", "response", "loss")


def request(seed=3, **changes):
    config = GenerateConfig(**{"t_stim": 0.03, "n_iters": 30, "random_seed": seed, **changes})
    return RunRequest("T4c", config, network="prior")


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    queue = toy_queue(tmp_path_factory.mktemp("live"), most_live=4)
    queue.warm_live("prior")
    yield queue
    queue.close()


def test_a_search_ahead_rests_while_live_runs_go_and_goes_on_while_they_pause(tmp_path):
    queue = toy_queue(tmp_path, most_live=4)
    queue.warm_live("prior")
    queue.search_ahead("default", "scenes")
    when_ahead(queue, lambda ahead: ahead is not None and ahead.done > 1)
    run_id = queue.submit(request(seed=5, n_iters=100_000), "ada", live=True)
    when(queue, run_id, lambda run: run.step > 0)
    time.sleep(0.5)  # the part that was under way may end
    resting = queue.ahead().done
    assert resting < queue.ahead().n_clips
    there = queue.snapshot(run_id).step
    when(queue, run_id, lambda run: run.step > there + 100)
    time.sleep(0.5)
    assert queue.ahead().done == resting
    queue.act(run_id, "pause")
    when(queue, run_id, lambda run: run.paused)
    when_ahead(queue, lambda ahead: ahead.done > resting)
    queue.act(run_id, "go")
    when(queue, run_id, lambda run: not run.paused)
    time.sleep(0.5)
    resting = queue.ahead().done
    queue.cancel(run_id)
    ended(queue, run_id)
    when_ahead(queue, lambda ahead: ahead.is_over)
    assert resting < queue.ahead().n_clips
    queue.close()


def when_ahead(queue, is_so):
    give_up = time.monotonic() + 120
    while not is_so(queue.ahead()):
        assert time.monotonic() < give_up, queue.ahead()
        time.sleep(0.02)


def at(queue, run_id, step):
    return when(queue, run_id, lambda run: run.paused and run.step == step)


def paused(queue, seed, step=10, session="ada", **changes):
    """A run that waits at an iteration."""
    run_id = queue.submit(request(seed, **changes), session, live=True, pause_at=step)
    at(queue, run_id, step)
    return run_id


def assert_same_bits(one, other):
    for name in ARRAYS:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


def grown(request):
    return ms.finish(ms.generate(ms.open_network("prior"), "T4c", request.config))


def test_a_run_that_nobody_steers_is_that_of_any_queue(queue):
    asked = request(seed=4)
    run_id = queue.submit(asked, "ada", live=True)
    done = ended(queue, run_id)
    assert done.state == "done" and done.request == asked and done.losses.shape == (30, 3)
    assert_same_bits(ms.load(done.result), grown(asked))
    assert 0 < queue.usual_seconds([asked]) < 60, "it tells how long others take"
    again = queue.snapshot(queue.submit(asked, "bob", live=True))
    assert again.cached and again.result == done.result


def test_what_a_person_does_is_the_schedule_of_the_answer(queue):
    run_id = paused(queue, 5)
    shown = queue.snapshot(run_id)
    assert shown.steerable and shown.preview.step == 10 and shown.losses.shape == (10, 3)
    queue.act(run_id, "steer", values={"weight_mei": 10.0})
    queue.act(run_id, "step")
    at(queue, run_id, 11)
    queue.act(run_id, "step")
    at(queue, run_id, 12)
    queue.act(run_id, "steer", values={"objective": "drive", "energy": 5.0, "n_iters": 40})
    queue.act(run_id, "go")
    done = ended(queue, run_id)
    schedule = "10: weight_mei=10.0; 12: n_iters=40 objective=drive energy=5.0"
    assert done.state == "done" and done.request.config.schedule == schedule
    answer = ms.load(done.result)
    assert request_of(answer).config == done.request.config
    assert_same_bits(answer, grown(done.request))
    assert done.losses.shape == answer.loss.shape
    found = queue.snapshot(queue.submit(done.request, "bob", live=True))
    assert found.cached and found.result == done.result, "the schedule is part of the key"


def test_several_networks_are_steered_as_one_is(queue):
    plain = request(seed=15, objective="drive", across="least")
    asked = dataclasses.replace(plain, network="default", further_networks=("prior",))
    run_id = queue.submit(asked, "ada", live=True, pause_at=10)
    at(queue, run_id, 10)
    queue.act(run_id, "steer", values={"lr": 0.02})
    queue.act(run_id, "go")
    done = ended(queue, run_id)
    assert done.state == "done", done.message
    assert done.request.networks == ("default", "prior")
    answer = ms.load(done.result)
    assert request_of(answer) == done.request
    networks = [ms.open_network(name) for name in done.request.networks]
    assert_same_bits(answer, ms.finish(ms.generate(networks, "T4c", done.request.config)))
    found = queue.snapshot(queue.submit(done.request, "bob", live=True))
    assert found.cached and found.result == done.result


def test_back_and_on_leaves_no_trace_of_what_was_beyond(queue):
    run_id = paused(queue, 6, step=20)
    queue.act(run_id, "steer", values={"lr": 0.5})
    queue.act(run_id, "step")
    at(queue, run_id, 21)
    queue.act(run_id, "back", iteration=7)
    back = at(queue, run_id, 7)
    assert len(back.losses) == 7 and back.preview.step == 7 and back.request.config.schedule == ""
    queue.act(run_id, "go")
    done = ended(queue, run_id)
    assert done.request == request(6)
    assert_same_bits(ms.load(done.result), grown(request(6)))


def test_slow_motion_is_slow(queue):
    run_id = paused(queue, 7, step=3)
    queue.act(run_id, "go", per_second=4.0)
    when(queue, run_id, lambda run: run.step > 3)
    slow = when(queue, run_id, lambda run: run.step > 5)
    assert slow.per_second == 4.0 and slow.eta is None and slow.step < 20
    queue.cancel(run_id)
    stopped = ended(queue, run_id)
    assert stopped.state == "cancelled" and ms.load(stopped.result).attrs["status"] == "cancelled"


class Told:
    """Takes what a live run says of itself."""

    def __init__(self):
        self.messages = []

    def send(self, message):
        self.messages.append(message.message)


def test_a_run_that_is_paused_and_forgotten_ends_with_its_best(tmp_path, monkeypatch):
    asked, told = request(seed=9), Told()
    task = LiveTask("forgotten", asked, content_key(asked, *opened(asked)), "cpu", pause_at=4)
    run = live.LiveRun(task, live._Engines(), RunStore(tmp_path), told)
    while not run.paused:
        assert run.turn(1)
    assert run.turn(1) and run.paused and told.messages[-1].paused
    assert run.due > live.time.monotonic() + 0.9 * live.PAUSE_SECONDS, "it takes no time till then"

    monkeypatch.setattr(live, "PAUSE_SECONDS", 0.0)
    run.act(LiveAct("forgotten", "step"))
    assert run.turn(1), "who asks for a step has not forgotten it"
    assert not run.turn(1)
    ending = told.messages[-1]
    assert isinstance(ending, Cancelled) and ending.reason == live.PAUSED_TOO_LONG
    kept = ms.load(ending.result)
    assert kept.attrs["status"] == "cancelled" and kept.sizes["iteration"] == 5
    assert request_of(kept) == asked


def test_who_steers_what_others_wait_for_goes_alone(queue):
    asked = request(seed=8, n_iters=400)
    ada, bob = (queue.submit(asked, who, live=True) for who in ("ada", "bob"))
    when(queue, ada, lambda run: run.step > 0)
    queue.act(ada, "steer", values={"lr": 0.03})
    assert queue.snapshot(bob).request == asked
    mine, others = ended(queue, ada), ended(queue, bob)
    assert others.request == asked and mine.request.config.schedule.endswith("lr=0.03")
    assert_same_bits(ms.load(mine.result), grown(mine.request))
    assert_same_bits(ms.load(others.result), grown(asked))


def test_many_at_once_and_no_more_than_there_is_room_for(queue):
    waiting = [paused(queue, 20 + k, session=f"visitor {k}") for k in range(4)]
    last = queue.submit(request(seed=30), "late", live=True)
    assert queue.snapshot(last).state == "queued" and queue.snapshot(last).position == 1
    with pytest.raises(ms.MaxstimError, match="waits for others"):
        queue.act(last, "pause")
    queue.act(waiting[0], "go")
    assert ended(queue, waiting[0]).state == ended(queue, last).state == "done"
    for run_id in waiting[1:]:
        queue.act(run_id, "steer", values={"lr": 0.02})
        queue.act(run_id, "go")
    for run_id in waiting[1:]:
        done = ended(queue, run_id)
        assert done.request.config.schedule == "10: lr=0.02"
        assert_same_bits(ms.load(done.result), grown(done.request))


def test_what_cannot_be_is_refused_and_the_run_goes_on(queue):
    run_id = paused(queue, 40)
    for values, said in (
        ({"t_stim": 0.5}, "cannot change"),
        ({"lr": -1.0}, "Learning rate"),
        ({"colour": 1}, "no setting"),
    ):
        with pytest.raises(ms.MaxstimError, match=said):
            queue.act(run_id, "steer", values=values)
    with pytest.raises(ms.MaxstimError, match="choose from"):
        queue.act(run_id, "dance")
    queue.act(run_id, "back", iteration=25)
    told = when(queue, run_id, lambda run: "between 0 and 10" in run.message)
    assert told.step == 10
    queue.act(run_id, "go")
    assert ended(queue, run_id).state == "done"
    with pytest.raises(ms.MaxstimError, match="not any more"):
        queue.act(run_id, "pause")


def test_only_what_is_generated_can_be_live(queue):
    with pytest.raises(ms.MaxstimError, match="Only a generated"):
        queue.submit(RunRequest("T4c", SearchConfig(), network="prior"), "ada", live=True)


def test_an_ordinary_run_is_not_steered(queue):
    run_id = queue.submit(toy_request(), "ada")
    with pytest.raises(ms.MaxstimError, match="cannot be steered"):
        queue.act(run_id, "pause")
    assert not ended(queue, run_id).steerable


def test_when_the_process_dies_its_runs_fail_and_the_next_has_another(queue):
    run_id = paused(queue, 50)
    queue._live._worker._process.kill()
    failed = ended(queue, run_id)
    assert failed.state == "failed" and "died" in failed.message
    asked = dataclasses.replace(request(51))
    assert ended(queue, queue.submit(asked, "ada", live=True)).state == "done"


def test_a_queue_that_closes_ends_its_live_runs(tmp_path):
    queue = toy_queue(tmp_path, most_live=1)
    run_id = queue.submit(request(60, n_iters=100_000), "ada", live=True)
    queue.close()
    assert ended(queue, run_id).state == "cancelled"
