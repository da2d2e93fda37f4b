"""The queue, with toy optimisations in real worker processes."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from toy_runs import (
    BROKEN,
    CHATTY,
    CRASHING,
    DEAF,
    FOREVER,
    HANGING,
    HUNGRY,
    QUICK,
    REFUSING,
    SLOW,
    UNWRITABLE,
    ended,
    stepping,
    toy_queue,
    toy_request,
    when,
)

from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.optimal.result import load
from maxstim_core.runs.queue import RunQueue, the_queue
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.store import RunStore


@pytest.fixture(scope="module")
def everybodys(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("shared"))
    yield toys
    toys.close()


@pytest.fixture
def queue(everybodys):
    """A queue with a worker for many tests: nothing waits or runs in it, but there are old results."""
    yield everybodys
    for run in everybodys.snapshots():
        everybodys.cancel(run.run_id)
        ended(everybodys, run.run_id)


@pytest.fixture
def fresh(tmp_path):
    """A queue in which nobody has been before."""
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


def test_a_run_from_submit_to_the_stored_answer(queue):
    run_id = queue.submit(toy_request(n_iters=7), "anna")
    run = ended(queue, run_id)
    assert (run.state, run.step, run.n_steps, run.message) == ("done", 7, 7, "")
    assert (run.session, run.device, run.cached, run.position) == ("anna", "cpu", False, 0)
    assert run.terms == ("total", "grey")
    answer = load(run.result)
    np.testing.assert_array_equal(run.losses, answer.loss)
    assert run.result.parent == queue.folder
    assert not run.losses.flags.writeable


def test_a_worker_gets_ready_for_the_last_network_that_was_wished_for(tmp_path, monkeypatch):
    noted = tmp_path / "warmed"
    monkeypatch.setenv("TOY_WARMED", str(noted))
    queue = toy_queue(tmp_path)
    try:
        for name in ("damaged", *(f"maxstim/{k:03d}" for k in range(10))):
            queue.warm(name)
        warmed = until_noted(noted, "maxstim/009")
        assert len(warmed) <= 2, "what was wished for meanwhile makes way"
        # While something runs, nobody gets ready for anything; afterwards, for the last wish alone.
        run_id = queue.submit(toy_request(SLOW, FOREVER), "anna")
        stepping(queue, run_id)
        for name in ("prior", "flyvis-init", "damaged"):
            queue.warm(name)
        queue.warm("default", "cuda")  # no worker has started on that
        assert noted.read_text().split() == warmed
        queue.cancel(run_id)
        assert until_noted(noted, "damaged") == [*warmed, "damaged"]
        assert ended(queue, queue.submit(toy_request(), "anna")).state == "done"
    finally:
        queue.close()


def until_noted(file, network):
    """What a toy worker has got ready for, once that ends with a network."""
    give_up = time.monotonic() + 120
    while not (noted := file.read_text().split() if file.exists() else []) or noted[-1] != network:
        assert time.monotonic() < give_up, noted
        time.sleep(0.02)
    return noted


def test_a_search_ahead_gives_way_to_a_run_and_goes_on_after_it(tmp_path):
    queue = toy_queue(tmp_path)
    queue.search_ahead("default", "scenes")
    give_up = time.monotonic() + 300
    while queue.ahead() is None:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert not queue.ahead().is_over
    run = queue.submit(toy_request(QUICK), "me")
    stepping(queue, run)
    assert not queue.ahead().is_over
    ended(queue, run)
    done = queue.ahead().done
    while not queue.ahead().is_over:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    assert done < queue.ahead().done == queue.ahead().n_clips
    queue.search_ahead("damaged", "scenes")
    assert ended(queue, queue.submit(toy_request(QUICK, 6), "me")).state == "done"
    queue.close()


def test_progress_tells_losses_preview_message_and_time_left(queue):
    run_id = queue.submit(toy_request(SLOW, FOREVER), "anna")
    first = stepping(queue, run_id)
    later = when(queue, run_id, lambda run: run.eta is not None)
    assert later.version > first.version
    assert len(later.losses) == later.step
    stimulus, response = later.preview.stimulus, later.preview.response
    assert (stimulus.shape, stimulus.dtype) == ((4, 7), np.uint8)
    np.testing.assert_allclose(response, np.cumsum(stimulus / 255, axis=0), atol=4 * 0.5 / 255)
    assert not stimulus.flags.writeable and not response.flags.writeable
    assert later.message == "Pulling noise to grey."
    assert later.elapsed > 0
    assert later.eta > 1


def test_the_same_request_comes_from_the_store_also_after_a_restart(fresh, tmp_path):
    first = ended(fresh, fresh.submit(toy_request(), "anna"))
    second = fresh.snapshot(fresh.submit(toy_request(device="cpu"), "ben"))
    assert (second.state, second.cached, second.result) == ("done", True, first.result)
    np.testing.assert_array_equal(second.losses, first.losses)
    assert second.terms == first.terms
    restarted = toy_queue(tmp_path)
    third = restarted.snapshot(restarted.submit(toy_request(), "anna"))
    assert (third.state, third.result) == ("done", first.result)
    restarted.close()


def test_a_damaged_stored_file_is_computed_again(queue):
    first = ended(queue, queue.submit(toy_request(), "anna"))
    whole = first.result.read_bytes()
    for damaged in (b"", b"no NetCDF", whole[: len(whole) // 2]):
        first.result.write_bytes(damaged)
        again = ended(queue, queue.submit(toy_request(), "anna"))
        assert (again.state, again.cached) == ("done", False)
        np.testing.assert_array_equal(load(again.result).loss, first.losses)


def test_sessions_take_turns(fresh):
    blocker = fresh.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(fresh, blocker)
    wishes = ["anna", "anna", "anna", "ben", "ben", "cleo"]
    ids = [
        fresh.submit(toy_request(n_iters=n), session) for n, session in enumerate(wishes, start=10)
    ]
    # Anna has just had a turn, so that Ben and Cleo come before her second.
    expected = [ids[k] for k in (3, 5, 0, 4, 1, 2)]
    positions = {run.run_id: run.position for run in fresh.snapshots() if run.run_id != blocker}
    assert sorted(positions, key=positions.get) == expected
    assert sorted(positions.values()) == [1, 2, 3, 4, 5, 6]
    fresh.cancel(blocker)
    for run_id in ids:
        assert ended(fresh, run_id).state == "done"
    assert sorted(ids, key=lambda run_id: fresh.snapshot(run_id).version) == expected
    assert [run.run_id for run in fresh.snapshots("ben")] == [ids[4], ids[3]]


def test_a_waiting_run_knows_about_how_long(fresh):
    taken = ended(fresh, fresh.submit(toy_request(SLOW, 20), "anna")).elapsed
    going = fresh.submit(toy_request(SLOW, 500), "anna")
    stepping(fresh, going)
    first, second = (fresh.submit(toy_request(SLOW, n), "bert") for n in (100, 200))
    when(fresh, going, lambda run: run.eta is not None)
    runs = {run.run_id: run for run in fresh.snapshots()}  # all at one moment
    waits = [runs[run].wait for run in (first, second)]
    assert waits[0] == pytest.approx(runs[going].eta, abs=2)
    assert waits[1] - waits[0] == pytest.approx(100 / 20 * taken, rel=0.1)
    assert fresh.snapshot(going).wait is None
    for run in (second, first, going):
        fresh.cancel(run)


def test_a_session_may_have_only_so_many_runs_waiting(fresh):
    blocker = fresh.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(fresh, blocker)
    waiting = [fresh.submit(toy_request(n_iters=n), "anna") for n in range(10, 18)]
    with pytest.raises(MaxstimError, match="8 runs waiting"):
        fresh.submit(toy_request(n_iters=99), "anna")
    fresh.submit(toy_request(n_iters=99), "ben")
    fresh.cancel(waiting[0])
    fresh.submit(toy_request(n_iters=98), "anna")


def test_the_same_request_of_two_sessions_is_computed_once(queue):
    request = toy_request(SLOW, 250)
    one = queue.submit(request, "anna")
    stepping(queue, one)
    two = queue.submit(request, "ben")
    assert stepping(queue, two).session == "ben"
    assert not queue.snapshot(two).cached
    done_one, done_two = ended(queue, one), ended(queue, two)
    assert done_one.result == done_two.result
    np.testing.assert_array_equal(done_one.losses, done_two.losses)


@pytest.mark.parametrize("leaver", [0, 1])
def test_cancelling_a_shared_run_only_leaves_it(queue, leaver):
    ids = [queue.submit(toy_request(SLOW, 300 + leaver), session) for session in ("anna", "ben")]
    stepping(queue, ids[0])
    queue.cancel(ids[leaver])
    left = queue.snapshot(ids[leaver])
    assert left.state == "cancelled"
    assert left.result is None
    assert left.run_id in left.message
    other = ended(queue, ids[1 - leaver])
    assert (other.state, other.step) == ("done", 300 + leaver)


def test_the_last_session_to_leave_a_shared_run_keeps_the_best(queue):
    ids = [queue.submit(toy_request(SLOW, FOREVER), session) for session in ("anna", "ben")]
    stepping(queue, ids[0])
    for run_id in ids:
        queue.cancel(run_id)
    assert ended(queue, ids[1]).result.stem == ids[1]


def test_cancelling_a_waiting_run(queue):
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    first, second = (queue.submit(toy_request(n_iters=n), "ben") for n in (21, 22))
    before = queue.snapshot(second)
    queue.cancel(first)
    assert queue.snapshot(first).state == "cancelled"
    after = queue.snapshot(second)
    assert (before.position, after.position) == (2, 1)
    assert after.version > before.version
    queue.cancel(blocker)
    assert ended(queue, second).state == "done"
    assert queue.snapshot(first).state == "cancelled"


def test_leaving_a_shared_run_that_waits(queue):
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    one, two = (queue.submit(toy_request(n_iters=23), session) for session in ("ben", "cleo"))
    queue.cancel(one)
    assert queue.snapshot(one).state == "cancelled"
    assert (queue.snapshot(two).state, queue.snapshot(two).position) == ("queued", 1)
    queue.cancel(blocker)
    assert ended(queue, two).state == "done"


def test_cancelling_keeps_the_best_so_far_under_the_id_of_the_run(queue):
    request = toy_request(SLOW, FOREVER)
    run_id = queue.submit(request, "anna")
    stepping(queue, run_id)
    queue.cancel(run_id)
    queue.cancel(run_id)
    run = ended(queue, run_id)
    assert run.state == "cancelled"
    assert run.result == queue.folder / f"{run_id}.nc"
    answer = load(run.result)
    assert answer.attrs["status"] == "cancelled"
    assert 0 < answer.sizes["iteration"] < FOREVER
    again = queue.submit(request, "anna")
    assert stepping(queue, again).state == "running"
    queue.cancel(run_id)  # has ended: nothing happens
    assert queue.snapshot(again).state == "running"


def test_a_request_made_while_its_like_is_being_cancelled_starts_anew(queue):
    request = toy_request(SLOW, FOREVER)
    first = queue.submit(request, "anna")
    stepping(queue, first)
    queue.cancel(first)
    second = queue.submit(request, "ben")
    assert ended(queue, first).state == "cancelled"
    assert stepping(queue, second).state == "running"


def test_a_run_that_does_not_react_to_cancel_is_ended(tmp_path):
    queue = toy_queue(tmp_path, grace_seconds=0.5)
    run_id = queue.submit(toy_request(DEAF), "anna")
    stepping(queue, run_id)
    queue.cancel(run_id)
    run = ended(queue, run_id)
    assert (run.state, run.result) == ("cancelled", None)
    assert ended(queue, queue.submit(toy_request(), "anna")).state == "done"
    queue.close()


@pytest.mark.parametrize(
    ("behavior", "advice"),
    [
        (HANGING, "no sign of life .* fewer frames"),
        (CRASHING, r"exit code 7.* fewer frames"),
        (HUNGRY, "not enough memory on cpu; try fewer frames"),
        (REFUSING, "lower the learning rate"),
    ],
)
def test_what_ends_one_run_does_not_end_the_next(tmp_path, behavior, advice):
    # Long enough for a worker to load what it needs for its first run, on a busy machine too.
    queue = toy_queue(tmp_path, hang_seconds=30 if behavior == HANGING else 150)
    run_id = queue.submit(toy_request(behavior), "anna")
    next_id = queue.submit(toy_request(n_iters=9), "ben")
    run = ended(queue, run_id)
    assert (run.state, run.result) == ("failed", None)
    assert_one_sentence(run, advice)
    assert ended(queue, next_id).state == "done"
    queue.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux limits another process.")
@pytest.mark.parametrize("spare", [20, 120])
def test_a_worker_that_can_get_no_memory_ends_its_run_with_a_sentence(tmp_path, spare):
    import resource

    queue = RunQueue(store=RunStore(tmp_path / "data"))
    queue.warm()
    give_up = time.monotonic() + 100
    while queue._devices is None:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    pid = queue._workers[0]._worker.pid
    used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (used + spare * 2**20,) * 2)
    request = RunRequest("T4c", GenerateConfig(t_stim=0.3, n_iters=3, random_seed=5))
    run = ended(queue, queue.submit(request, "me"))
    # Where not even the system's loader gets memory, the worker ends without a word of its own.
    said = ("not enough memory on cpu", "perhaps for lack of memory")
    assert run.state == "failed" and any(words in run.message for words in said)
    queue.close()


def test_a_worker_that_died_idle_does_not_cost_a_run(tmp_path):
    queue = toy_queue(tmp_path)
    assert ended(queue, queue.submit(toy_request(), "anna")).state == "done"
    (worker,) = queue._workers
    os.kill(worker._worker.pid, signal.SIGKILL)
    while worker._worker.alive:
        time.sleep(0.01)
    assert ended(queue, queue.submit(toy_request(n_iters=9), "anna")).state == "done"
    queue.close()


def test_a_disk_that_fails_at_the_end_of_a_run(fresh):
    run = ended(fresh, fresh.submit(toy_request(UNWRITABLE), "anna"))
    assert (run.state, run.result) == ("failed", None)
    assert_one_sentence(run, "could not be written .* writable and has room")
    with pytest.raises(MaxstimError, match="cannot be written"):
        fresh.submit(toy_request(), "anna")
    fresh.folder.unlink()
    assert ended(fresh, fresh.submit(toy_request(), "anna")).state == "done"


def test_a_defect_is_told_in_one_sentence_and_logged_whole(queue):
    run = ended(queue, queue.submit(toy_request(BROKEN), "anna"))
    log = queue.store.root / "logs" / f"{run.run_id}.log"
    assert_one_sentence(run, "unexpected error .ZeroDivisionError.")
    assert str(log) in run.message
    assert "a defect" not in run.message
    assert "Traceback" in log.read_text()
    assert "a defect" in log.read_text()


def assert_one_sentence(run, about):
    assert run.message.startswith(f"Run {run.run_id}: ")
    assert run.message.endswith(".")
    assert "\n" not in run.message
    assert re.search(about, run.message), run.message


def test_what_libraries_print_does_not_disturb(queue):
    assert ended(queue, queue.submit(toy_request(CHATTY), "anna")).state == "done"


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"cell_type": "T4x"}, "no cell type 'T4x'; did you mean"),
        ({"network": "nowhere"}, "no network 'nowhere'"),
        ({"device": "cuda"}, "no GPU was found"),
    ],
)
def test_bad_input_is_refused_before_any_work(fresh, changes, advice):
    with pytest.raises(MaxstimError, match=advice):
        fresh.submit(toy_request(**changes), "anna")
    assert fresh.snapshots() == ()
    assert not fresh.store.root.exists()


def test_an_unknown_clip_set_is_refused(queue):
    with pytest.raises(MaxstimError, match="no clip set 'holiday'"):
        queue.submit(RunRequest("T4c", SearchConfig(), clips="holiday"), "anna")


def test_a_data_directory_that_cannot_be_made_is_refused_at_submit(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    queue = toy_queue(tmp_path)
    with pytest.raises(MaxstimError, match=r"Results cannot be written to .*MAXSTIM_DATA_DIR"):
        queue.submit(toy_request(), "anna")
    assert queue.snapshots() == ()
    queue.close()


def test_unknown_runs_are_refused(queue):
    for ask in (queue.snapshot, queue.cancel):
        with pytest.raises(MaxstimError, match="no run 'x'"):
            ask("x")


def test_a_worker_for_each_device(tmp_path):
    queue = toy_queue(tmp_path, "toy_runs_two_devices:run")
    assert queue.devices() == ("cpu",)
    on_gpu = queue.submit(toy_request(SLOW, FOREVER, device="cuda"), "anna")
    assert queue.devices() == ("cpu", "cuda:0")
    assert stepping(queue, on_gpu).device == "cuda:0"
    waits = queue.snapshot(queue.submit(toy_request(n_iters=9), "anna"))
    assert (waits.device, waits.position) == ("cuda:0", 1)
    on_cpu = queue.submit(toy_request(device="cpu"), "anna")
    done = ended(queue, on_cpu)
    assert (done.state, done.device) == ("done", "cpu")
    assert load(done.result).attrs["device"] == "cpu"
    assert queue.snapshot(on_gpu).state == "running"
    with pytest.raises(MaxstimError, match="no device 'cuda:3'"):
        queue.submit(toy_request(device="cuda:3"), "anna")
    queue.close()


def test_a_worker_that_cannot_start_fails_its_runs(tmp_path):
    queue = toy_queue(tmp_path, "no_such_module:run")
    run = ended(queue, queue.submit(toy_request(), "anna"))
    assert run.state == "failed"
    assert_one_sentence(run, "ModuleNotFoundError")
    with pytest.raises(MaxstimError, match="ModuleNotFoundError"):
        queue.submit(toy_request(device="cuda"), "anna")
    queue.close()


def test_closing_ends_everything(tmp_path):
    queue = toy_queue(tmp_path)
    running = queue.submit(toy_request(SLOW, FOREVER), "anna")
    waiting = queue.submit(toy_request(), "anna")
    stepping(queue, running)
    queue.close()
    assert queue.snapshot(waiting).state == "cancelled"
    assert ended(queue, running).state == "cancelled"
    with pytest.raises(MaxstimError, match="shutting down"):
        queue.submit(toy_request(n_iters=9), "anna")


SERVER = """
import sys, time
sys.path.insert(0, {tests!r})
from toy_runs import HANGING, SLOW, stepping, toy_queue, toy_request
from pathlib import Path

queue = toy_queue(Path({folder!r}))
stepping(queue, queue.submit(toy_request({behavior}, 100_000), "anna"))
print("running", flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("behavior", ["SLOW", "HANGING"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_worker_dies_with_the_server(tmp_path, behavior):
    script = SERVER.format(
        tests=str(Path(__file__).parents[1]), folder=str(tmp_path), behavior=behavior
    )
    server = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert server.stdout.readline() == b"running\n"
    server.send_signal(signal.SIGKILL)
    # The worker has inherited standard error: it ends only when both are dead.
    server.communicate(timeout=60)
    assert server.returncode == -signal.SIGKILL


def test_all_threads_get_one_queue(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    together, found = threading.Barrier(8), []

    def ask():
        together.wait()
        found.append(the_queue())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert not (tmp_path / "data").exists()
