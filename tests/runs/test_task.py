"""Tasks that are no runs, in the same queue and the same real worker processes."""

import re
import time

import pytest
from toy_runs import (
    BROKEN,
    CRASHING,
    FOREVER,
    HANGING,
    QUICK,
    REFUSING,
    SLOW,
    ended,
    stepping,
    toy_parts,
    toy_queue,
    toy_request,
    toy_task,
)

from maxstim_core.errors import MaxstimError
from maxstim_core.runs import queue as queues


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path, hang_seconds=60)
    yield toys
    toys.close()


def when(queue, task_id, is_so):
    give_up = time.monotonic() + 120
    while not is_so(task := queue.task(task_id)):
        assert time.monotonic() < give_up, task
        time.sleep(0.01)
    return task


def over(queue, task_id):
    return when(queue, task_id, lambda task: task.state in ("done", "cancelled", "failed"))


def test_a_task_reports_its_stages_and_ends(queue):
    task_id = queue.submit_task(toy_task(SLOW), "anna")
    task = when(queue, task_id, lambda task: task.stage.startswith("part "))
    assert (task.state, task.message) == ("running", "")
    assert re.fullmatch(r"part \d+ on cpu", task.stage)
    assert (task.session, task.device, task.request) == ("anna", "cpu", toy_task(SLOW))
    assert queue.newest_task("toy 1") is not None and queue.newest_task("toy 0") is None
    queue.cancel(task_id)
    assert over(queue, task_id).state == "cancelled"
    task = over(queue, queue.submit_task(toy_task(), "anna"))
    assert (task.state, task.message, task.position) == ("done", "", 0)
    assert 0 < task.elapsed < 60
    assert queue.snapshots() == ()
    with pytest.raises(MaxstimError, match="no run"):
        queue.snapshot(task_id)


def test_tasks_and_runs_take_turns(queue):
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    runs = [queue.submit(toy_request(n_iters=n), "anna") for n in (10, 11)]
    task_id = queue.submit_task(toy_task(), "ben")
    later = queue.submit(toy_request(n_iters=12), "ben")
    # Ben has not had a turn yet; his second comes after Anna's next.
    assert queue.task(task_id).position == 1
    assert [queue.snapshot(run_id).position for run_id in (*runs, later)] == [2, 4, 3]
    assert queue.task(task_id).ahead == ("run",)
    second = queue.submit_task(toy_task(SLOW, what="sweep"), "anna")
    assert queue.task(second).ahead == ("run", "task", "run", "run", "run")
    queue.cancel(second)
    queue.cancel(blocker)
    versions = [over(queue, task_id).version]
    versions += [ended(queue, run_id).version for run_id in (runs[0], later, runs[1])]
    assert versions == sorted(versions)


def test_what_a_task_has_taken_tells_of_others_of_its_function(queue, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_COUNTED", str(tmp_path / "counted"))
    name = toy_parts(30).function
    assert queue.usual_task_seconds(name, 10) is None
    task_id = queue.submit_task(toy_parts(30, work=30), "anna")
    when(queue, task_id, lambda task: task.stage)
    ended(queue, queue.submit(toy_request(SLOW, 20), "ben"))  # it gives way, and goes on
    taken = over(queue, task_id).elapsed
    assert taken > 30 * 0.02, "all its turns"
    assert queue.usual_task_seconds(name, 10) == pytest.approx(taken / 3, rel=0.01)


def test_a_task_that_several_wait_for_is_done_once(queue, tmp_path, monkeypatch):
    counted = tmp_path / "counted"
    monkeypatch.setenv("TOY_COUNTED", str(counted))
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    ids = [queue.submit_task(toy_task(), session) for session in ("anna", "ben", "anna")]
    assert ids[0] == ids[2] != ids[1]
    queue.cancel(blocker)
    assert {over(queue, task_id).state for task_id in ids} == {"done"}
    assert counted.read_text() == "x"
    assert over(queue, queue.submit_task(toy_task(), "ben")).state == "done"
    assert counted.read_text() == "xx"


def test_a_task_that_gives_way_goes_on_after_what_came_meanwhile(queue, tmp_path, monkeypatch):
    counted = tmp_path / "counted"
    monkeypatch.setenv("TOY_COUNTED", str(counted))
    task_id = queue.submit_task(toy_parts(200), "anna")
    when(queue, task_id, lambda task: task.stage)
    run_id = queue.submit(toy_request(), "anna")
    assert queue.snapshot(run_id).wait == 0, "what gives way is not waited for"
    stepping(queue, run_id)
    before = len(counted.read_text())
    assert queue.task(task_id).state in ("queued", "running")
    assert ended(queue, run_id).state == "done"
    assert before < 200 and over(queue, task_id).state == "done"
    assert len(counted.read_text()) == 200, "no part was done twice, and none left out"
    assert queue.is_idle


def test_what_gives_way_takes_turns_and_is_not_kept_waiting_for_ever(queue, tmp_path, monkeypatch):
    counted = tmp_path / "counted"
    monkeypatch.setenv("TOY_COUNTED", str(counted))
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    task_id = queue.submit_task(toy_parts(20), "ben")
    runs = [queue.submit(toy_request(n_iters=n), "anna") for n in range(10, 14)]
    queue.cancel(blocker)
    assert ended(queue, runs[0]).state == "done"
    assert counted.read_text(), "its turn came first, for one part"
    ended(queue, runs[-1])
    assert over(queue, task_id).state == "done"
    assert counted.read_text() == 20 * "."


def test_what_has_given_way_can_be_cancelled(queue, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_COUNTED", str(tmp_path / "counted"))
    task_id = queue.submit_task(toy_parts(500), "anna")
    when(queue, task_id, lambda task: task.stage)
    run_id = queue.submit(toy_request(SLOW, FOREVER), "ben")
    when(queue, task_id, lambda task: task.state == "queued")
    assert queue.task(task_id).position == 1
    queue.cancel(task_id)
    assert over(queue, task_id).state == "cancelled"
    queue.cancel(run_id)
    ended(queue, run_id)
    assert queue.is_idle


@pytest.mark.parametrize(
    ("behavior", "says"),
    [
        (CRASHING, r"Its worker process died \(exit code 7\), .*; try again\."),
        (REFUSING, r"The film has no frames; choose another\."),
        (BROKEN, r"An unexpected error \(ZeroDivisionError\) ended it; .*\."),
    ],
)
def test_a_task_that_fails_says_why_and_what_waits_goes_on(queue, behavior, says):
    task_id = queue.submit_task(toy_task(behavior), "anna")
    run_id = queue.submit(toy_request(), "ben")
    task = over(queue, task_id)
    assert task.state == "failed" and re.fullmatch(says, task.message), task.message
    assert queue.newest_task(task.request.key) == task
    assert ended(queue, run_id).state == "done"
    assert over(queue, queue.submit_task(toy_task(), "anna")).state == "done"


def test_a_task_that_gives_no_sign_of_life_is_ended(tmp_path):
    queue = toy_queue(tmp_path, grace_seconds=0.2)
    try:
        assert over(queue, queue.submit_task(toy_task(), "anna")).state == "done"
        queue.start_seconds = 0.5
        task = over(queue, queue.submit_task(toy_task(HANGING), "anna"))
        assert task.message == "It gave no sign of life for too long and was ended; try again."
        queue.start_seconds = 60
        task_id = queue.submit_task(toy_task(HANGING), "anna")
        when(queue, task_id, lambda task: task.stage)
        queue.cancel(task_id)
        assert over(queue, task_id).state == "cancelled"
    finally:
        queue.close()


def test_closing_ends_tasks_too(tmp_path):
    queue = toy_queue(tmp_path)
    running, waiting = (queue.submit_task(toy_task(kind), "anna") for kind in (SLOW, QUICK))
    when(queue, running, lambda task: task.stage)
    queue.close()
    assert over(queue, waiting).message == "The server was shut down; submit it again."
    assert over(queue, running).state == "cancelled"
    with pytest.raises(MaxstimError, match="shutting down"):
        queue.submit_task(toy_task(), "anna")


def test_a_session_may_have_only_so_many_tasks_waiting(tmp_path):
    queue = toy_queue(tmp_path, most_queued=2)
    try:
        stepping(queue, queue.submit(toy_request(SLOW, FOREVER), "anna"))
        for kind in (QUICK, SLOW):
            queue.submit_task(toy_task(kind), "anna")
        with pytest.raises(MaxstimError, match="You have 2 tasks waiting"):
            queue.submit_task(toy_task(BROKEN), "anna")
        assert queue.newest_task(f"toy {BROKEN}") is None
        queue.submit(toy_request(n_iters=9), "anna")
        queue.submit_task(toy_task(BROKEN), "ben")
    finally:
        queue.close()


def test_what_is_remembered_of_ended_tasks_is_bounded(queue, monkeypatch):
    monkeypatch.setattr(queues, "_ENDED_RUNS_KEPT", 3)
    first = over(queue, queue.submit_task(toy_task(REFUSING), "anna"))
    for _ in range(4):
        over(queue, queue.submit_task(toy_task(), "anna"))
    assert queue.newest_task(first.request.key) is None
    assert queue.newest_task("toy 0").state == "done"
    with pytest.raises(MaxstimError, match="no run"):
        queue.task(first.task_id)
