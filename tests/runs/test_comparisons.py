"""What is computed beside an answer: in the worker, once, in its order among the runs, and kept."""

import os
import time
from zlib import crc32

import numpy as np
import pytest
from toy_runs import FOREVER, SLOW, ended, stepping, toy_queue, toy_request

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.comparisons import (
    CONTROLS,
    CURVE,
    ComparisonMaker,
    comparison_key,
    compute_comparison,
    curve_config,
)
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.store import RunStore

STORED = "a" * 64


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """A queue for all tests: the clips are searched once."""
    toys = toy_queue(tmp_path_factory.mktemp("comparisons"))
    yield toys
    toys.close()


@pytest.fixture
def answer(request):
    """A short one, another for each test."""
    config = ms.GenerateConfig(
        t_stim=0.05,
        n_iters=2,
        objective="drive",
        energy=5.0,
        random_seed=crc32(request.node.name.encode()) % 2**31,
    )
    return ms.finish(ms.generate(ms.open_network("default"), "Mi1", config))


def over(maker, key):
    give_up = time.monotonic() + 300
    while (task := maker.progress(key)).state in ("queued", "running"):
        assert time.monotonic() < give_up, task
        time.sleep(0.01)
    return task


def asked(queue, answer, kind, session="anna", **given):
    maker = ComparisonMaker(queue)
    maker.make(kind, STORED, answer, session, **given)
    return maker, comparison_key(kind, answer)


def test_controls_are_computed_once_and_are_those_of_the_front_door(queue, answer):
    queue.store.save(STORED, answer)
    maker, key = asked(queue, answer, CONTROLS)
    other, _ = asked(queue, answer, CONTROLS, "ben")
    task = over(maker, key)
    assert (task.state, task.message) == ("done", ""), task
    assert other.progress(key).task_id == task.task_id
    found = maker.find(key)
    network, clips = ms.open_network("default"), ms.open_clips("scenes")
    others = [ms.open_network(f"maxstim/{k:03d}") for k in range(10)]
    run = ms.controls(answer, network, clips=clips, others=others)
    mine = ms.finish(run)
    assert found.attrs["headline"] == mine.attrs["headline"]
    for name in ("control_response", "transfer_response", "attribution", "control_stimulus"):
        assert np.array_equal(found[name], mine[name]), name
    assert found.sizes["network"] == 10
    path = queue.store.root / "comparisons" / f"{key}.nc"
    before = path.stat().st_mtime_ns
    compute_comparison(CONTROLS, STORED, False, key, str(queue.store.root), device="cpu")
    assert path.stat().st_mtime_ns == before, "what is there is not computed again"


def test_controls_give_way_to_a_run_and_go_on(queue, answer):
    queue.store.save(STORED, answer)
    maker, key = asked(queue, answer, CONTROLS)
    while not maker.progress(key).stage.startswith("Comparing"):
        time.sleep(0.01)
    run_id = queue.submit(toy_request(SLOW, FOREVER), "ben")
    stepping(queue, run_id)
    assert maker.progress(key).state == "queued"
    queue.cancel(run_id)
    ended(queue, run_id)
    assert over(maker, key).state == "done"
    assert maker.find(key).attrs["status"] == "complete"


def test_a_damaged_file_is_no_comparison_and_is_replaced(queue, answer):
    queue.store.save(STORED, answer)
    maker, key = asked(queue, answer, CURVE)
    assert over(maker, key).state == "done"
    path = queue.store.root / "comparisons" / f"{key}.nc"
    whole = path.read_bytes()
    for damage in (whole[: len(whole) // 2], b"", b"no HDF5 at all"):
        path.write_bytes(damage)
        assert maker.find(key) is None
    ms.save(answer, path)
    assert maker.find(key) is None, "an answer is no comparison"
    asked(queue, answer, CURVE)
    assert over(maker, key).state == "done"
    found = maker.find(key)
    assert found.stimulus.dims == ("energy", "frame", "column")
    run = ms.curve(ms.open_network("default"), "Mi1", curve_config(answer), 12)
    assert np.array_equal(found.counted_response, ms.finish(run).counted_response)
    assert np.all(np.diff(found.energy.values) > 0)


def test_what_workers_have_left_is_swept(tmp_path):
    left = tmp_path / "comparisons" / ".old.part"
    left.parent.mkdir()
    left.write_bytes(b"half")
    os.utime(left, times=(time.time() - 7200,) * 2)
    RunStore(tmp_path).sweep()
    assert not left.exists()


def test_the_key_is_that_of_the_movie_and_of_what_counts(answer):
    key = comparison_key(CONTROLS, answer)
    assert key == comparison_key(CONTROLS, answer.copy())
    changed = [
        answer.assign(stimulus=answer.stimulus * 0.99),
        answer.assign_attrs(network_hash="0"),
        answer.assign_attrs(cell_type="Tm3"),
    ]
    keys = {comparison_key(kind, one) for kind in (CONTROLS, CURVE) for one in (answer, *changed)}
    assert len(keys) == 7, "a curve begins from noise: the movie has no part in it"
    shipped = ResultLibrary(RunStore().results).example()
    assert len(comparison_key(CONTROLS, ms.load(shipped.path))) == 64


def test_a_curve_has_the_objective_of_the_answer_or_drive(answer):
    def of(**settings):
        config = ms.GenerateConfig(**settings)
        return answer.assign_attrs(config=config.to_json())

    assert curve_config(of()).objective == "drive"
    assert curve_config(of(objective="suppress", energy=3.0)).objective == "suppress"
    assert curve_config(of(objective="suppress", energy=3.0)).energy == 0
    with pytest.raises(MaxstimError, match="no curve of it"):
        curve_config(of(objective="level:1"))
    with pytest.raises(MaxstimError, match="run the generated answer first"):
        curve_config(answer.assign_attrs(method="natural", config=ms.SearchConfig().to_json()))


def test_refusals_are_one_sentence(queue, answer):
    maker, key = ComparisonMaker(queue), comparison_key(CONTROLS, answer)
    maker.make(CONTROLS, "b" * 64, answer, "anna")
    assert over(maker, key).message == ("The answer is not on this server any more; run it again.")
    queue.store.save(STORED, answer.assign(stimulus=answer.stimulus * 0.9))
    asked(queue, answer, CONTROLS)
    assert over(maker, key).message == (
        "This answer has changed since it was opened; open it again."
    )
    with pytest.raises(MaxstimError, match="does not say how it was made"):
        maker.make(CONTROLS, STORED, answer.drop_attrs(), "anna")


def test_the_best_iteration_has_controls_of_its_own(queue, answer):
    best = answer.assign(best_stimulus=answer.stimulus * 0.5 + 0.25)
    queue.store.save(STORED, best)
    at_best = best.assign(stimulus=best.best_stimulus)
    assert comparison_key(CURVE, at_best) == comparison_key(CURVE, best)
    maker, key = asked(queue, at_best, CONTROLS, best=True)
    while maker.progress(key).state != "running":
        time.sleep(0.01)
    queue.cancel(maker.progress(key).task_id)
    assert over(maker, key).state == "cancelled"
    assert maker.find(key) is None
