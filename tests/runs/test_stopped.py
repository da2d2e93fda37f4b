"""What is left of runs that had not ended when their server was stopped."""

import os
import signal
import sys
import time

import pytest
from toy_runs import (
    DEAF,
    FOREVER,
    SLOW,
    ended,
    stepping,
    toy_queue,
    toy_request,
    toy_task,
    when,
)

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.optimal.result import load
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.stopped import StoppedRun, StoppedRuns, is_run_id
from maxstim_core.runs.store import RunStore


def grown(seed=3, n_iters=100_000):
    config = GenerateConfig(t_stim=0.05, n_iters=n_iters, random_seed=seed)
    return RunRequest("T4c", config, network="prior")


def test_closing_keeps_the_best_of_what_runs_and_notes_what_waits(tmp_path):
    queue, store = toy_queue(tmp_path, keep_seconds=60.0), RunStore(tmp_path / "data")
    asked, next_asked = toy_request(SLOW, FOREVER), toy_request(n_iters=9)
    running = queue.submit(asked, "anna")
    shared = queue.submit(asked, "ben")
    waiting = queue.submit(next_asked, "anna")
    stepping(queue, running)
    queue.close()
    for run_id in (running, shared):
        run = queue.snapshot(run_id)
        assert (run.state, run.result) == ("cancelled", store.results / f"{running}.nc")
        assert store.stopped.find(run_id) == StoppedRun(run_id, asked, running, True)
    assert store.stopped.find(waiting) == StoppedRun(waiting, next_asked, "", False)
    answer = load(store.results / f"{running}.nc")
    assert answer.attrs["status"] == "cancelled" and answer.attrs["cancelled_by"] == "server"
    assert 0 < answer.sizes["iteration"] < FOREVER
    assert len(list((store.root / "stopped").iterdir())) == 1
    queue.close()  # again, as at the end of the process
    assert len(list((store.root / "stopped").iterdir())) == 1


def test_so_it_is_with_live_runs_and_with_a_search(tmp_path):
    """Real runs in real workers: one that goes, one that was steered and pauses, and a search."""
    queue = RunQueue(store=RunStore(tmp_path / "data"), keep_seconds=60.0)
    going = queue.submit(grown(3), "anna", live=True)
    paused = queue.submit(grown(4), "anna", live=True)
    when(queue, going, lambda run: run.step > 0)
    when(queue, paused, lambda run: run.step > 0)
    queue.act(paused, "steer", values={"lr": 0.02})
    queue.act(paused, "pause")
    steered = when(queue, paused, lambda run: run.paused and run.request.config.schedule).request
    natural = RunRequest("T4c", SearchConfig(dt=0.02), network="prior", clips="scenes")
    searching = queue.submit(natural, "anna")
    when(queue, searching, lambda run: run.step > 0)
    queue.close()
    for run_id, request in ((going, grown(3)), (paused, steered), (searching, natural)):
        found = queue.store.stopped.find(run_id)
        assert found == StoppedRun(run_id, request, run_id, True)
        answer = load(queue.folder / f"{run_id}.nc")
        assert (answer.attrs["status"], answer.attrs["cancelled_by"]) == ("cancelled", "server")


def test_of_what_does_not_stop_in_time_nothing_is_kept_and_that_is_noted(tmp_path):
    queue = toy_queue(tmp_path, keep_seconds=0.5)
    asked = toy_request(DEAF)
    run_id = queue.submit(asked, "anna")
    stepping(queue, run_id)
    began = time.monotonic()
    queue.close()
    assert time.monotonic() - began < 5
    assert (queue.snapshot(run_id).state, queue.snapshot(run_id).result) == ("cancelled", None)
    assert queue.store.stopped.find(run_id) == StoppedRun(run_id, asked, "", True)


def test_what_has_ended_before_and_tasks_are_not_noted(tmp_path):
    queue = toy_queue(tmp_path)
    done = queue.submit(toy_request(), "anna")
    ended(queue, done)
    queue.submit_task(toy_task(SLOW), "anna")
    began = time.monotonic()
    queue.close()
    assert time.monotonic() - began < 2
    assert not (queue.store.root / "stopped").exists()


def test_a_run_that_a_person_has_cancelled_is_not_said_to_be_the_servers(tmp_path):
    queue = toy_queue(tmp_path, keep_seconds=60.0)
    run_id = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, run_id)
    queue.cancel(run_id)
    queue.close()
    assert "cancelled_by" not in load(queue.snapshot(run_id).result).attrs


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("live", [False, True])
def test_what_asks_a_whole_service_to_end_does_not_end_a_worker(tmp_path, live):
    queue = toy_queue(tmp_path, most_live=1, keep_seconds=60.0)
    run_id = queue.submit(grown() if live else toy_request(SLOW, FOREVER), "anna", live=live)
    there = stepping(queue, run_id).step
    worker = queue._live._worker if live else queue._workers[0]._worker
    os.kill(worker.pid, signal.SIGTERM)
    when(queue, run_id, lambda run: run.step > there)
    queue.close()
    assert load(queue.snapshot(run_id).result).attrs["cancelled_by"] == "server"


def test_notes_of_the_last_stops_are_kept_and_spoilt_ones_are_passed_over(tmp_path):
    notes = StoppedRuns(tmp_path / "stopped")
    assert notes.find("0" * 16) is None
    notes.note([])
    assert not (tmp_path / "stopped").exists()
    runs = [StoppedRun(f"{k:016x}", toy_request(n_iters=k + 1), "", k % 2 > 0) for k in range(23)]
    for run in runs:
        notes.note([run])
    assert [notes.find(run.run_id) for run in runs] == [None] * 3 + runs[3:]
    newest = max((tmp_path / "stopped").iterdir())
    for text in ("", "[]", "{}", f'{{"{runs[-1].run_id}": {{"request": "{{}}", "key": ""}}}}'):
        newest.write_text(text)
        assert notes.find(runs[-1].run_id) is None
        assert notes.find(runs[5].run_id) == runs[5]


def test_a_disk_that_takes_no_notes_does_not_keep_the_server_from_ending(tmp_path):
    queue = toy_queue(tmp_path, keep_seconds=60.0)
    run_id = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, run_id)
    (queue.store.root / "stopped").write_text("in the way")
    queue.close()
    assert load(queue.snapshot(run_id).result).attrs["cancelled_by"] == "server"
    with pytest.raises(MaxstimError, match="shutting down"):
        queue.submit(toy_request(), "anna")


@pytest.mark.parametrize("key", ["", "T4c-generated", "deadbeef", "f" * 64, "../0123456789abcd"])
def test_other_keys_are_no_ids_of_runs(key):
    assert not is_run_id(key) and is_run_id("0123456789abcdef")
