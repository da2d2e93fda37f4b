"""From a request to the real answers, first in this process, then through queue and worker."""

import dataclasses
import itertools
import time

import numpy as np
import pytest
from toy_runs import ended, toy_queue, when
from toy_runs_small_eye import small_clips

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.silencing import silenced
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    starting_preset,
)
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.natural import replay, search
from maxstim_core.optimal.regularized import regularize
from maxstim_core.optimal.result import clip_of, load
from maxstim_core.runs.execute import execute, find_ahead, start, warm
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest, content_key, opened, request_of
from maxstim_core.runs.responses import with_response
from maxstim_core.runs.shipped import find_shipped
from maxstim_core.runs.store import RunStore
from maxstim_core.stimuli.resample import resampled

DT = 0.04
TINY = GenerateConfig(t_stim=0.06, n_iters=2)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "data")


def started(config, store, cell_type="T4c", clip=""):
    request = RunRequest(cell_type, config, clip=clip)
    return start(request, prior_network(1), small_clips(), "cpu", store)


def finished(run):
    reports = list(run)
    return reports, run.result()


def expected_natural(config, cell_type):
    found = search(prior_network(1), small_clips(), config)
    list(found)
    return replay(prior_network(1), cell_type, small_clips(), found.result(), config)


def test_natural_is_search_and_replay_and_one_search_serves_all_cell_types(store):
    config = SearchConfig(dt=DT, n_best=3)
    reports, answer = finished(started(config, store))
    assert reports[-1].step == reports[-1].n_steps == len(small_clips())
    assert answer.identical(expected_natural(config, "T4c"))
    for other in (config, SearchConfig(dt=DT, n_best=1)):
        reports, answer = finished(started(other, store, "L1"))
        assert reports == []
        assert answer.identical(expected_natural(other, "L1"))
    reports, _ = finished(started(SearchConfig(dt=DT, protocol="flyvis"), store))
    assert reports != []


def test_regularized_starts_from_the_best_natural_clip(store):
    config = RegularizeConfig(dt=DT, n_iters=3)
    run = started(config, store)
    assert run.message.startswith("Searching")
    reports, answer = finished(run)
    assert [len(report.losses) for report in reports[-3:]] == [1, 1, 1]
    assert (run.n_steps, run.terms, run.message) == (3, ("total", "response", "grey"), "")
    natural = expected_natural(SearchConfig(dt=DT), "T4c")
    clips, best = small_clips(), int(natural.clip_index[0])
    clip = resampled(clips[best], clips.dt, DT)
    _, expected = finished(regularize(prior_network(1), "T4c", clip, config))
    np.testing.assert_array_equal(answer.stimulus, expected.stimulus)
    np.testing.assert_array_equal(answer.loss, expected.loss)
    assert answer.attrs["source"] == f"few: {clips.names[best]}"
    assert answer.attrs["shown_clip"] == clip_of(answer) == clips.names[best]
    reports, _ = finished(started(config, store))
    assert len(reports) == 3


@pytest.mark.parametrize(
    "config",
    [SearchConfig(dt=DT), RegularizeConfig(dt=DT, n_iters=2), TINY],
    ids=lambda c: c.method,
)
def test_a_run_with_silenced_types_is_that_of_the_changed_network(config, store):
    network, clips = prior_network(1), small_clips()
    silent = dataclasses.replace(config, silence="Mi1,L1")
    _, made = finished(started(silent, store))
    changed = silenced(network, "Mi1,L1")
    _, expected = finished(start(RunRequest("T4c", config), changed, clips, "cpu", store))
    assert made.attrs["network_hash"] == expected.attrs["network_hash"] == changed.content_hash
    np.testing.assert_array_equal(made.stimulus, expected.stimulus)
    np.testing.assert_array_equal(made.response, expected.response)
    _, plain = finished(started(config, store))
    assert plain.attrs["network_hash"] == network.content_hash
    assert not np.array_equal(made.response, plain.response)


def test_the_response_that_a_stored_answer_lacks_is_that_of_the_changed_network(store):
    config = dataclasses.replace(TINY, silence="Mi1")
    run = generate(open_network("prior"), "T4c", config)
    _, made = finished(run)
    again = with_response(made.drop_vars(["response", "central_response"]))
    np.testing.assert_allclose(again.response, made.response, atol=1e-6)
    other = with_response(
        made.assign_attrs(finished(generate(open_network("prior"), "T4c", TINY))[1].attrs)
    )
    assert float(abs(other.central_response - made.central_response).max()) > 1e-3


def test_a_named_clip_is_shown_or_regularized_in_place_of_the_best(store):
    clips, ranked = small_clips(), expected_natural(SearchConfig(dt=DT), "T4c")
    name = ranked.clip_name[2].item()
    movie = resampled(clips[int(ranked.clip_index[2])], clips.dt, DT)
    config = RegularizeConfig(dt=DT, n_iters=3)
    reports, answer = finished(started(config, store, clip=name))
    assert len(reports) == 3  # nothing had to be searched
    _, expected = finished(regularize(prior_network(1), "T4c", movie, config))
    np.testing.assert_array_equal(answer.stimulus, expected.stimulus)
    record = {"clips": "few", "clip": name, "shown_clip": name, "source": f"few: {name}"}
    assert answer.attrs.items() >= record.items()
    _, shown = finished(started(SearchConfig(dt=DT), store, clip=name))
    np.testing.assert_array_equal(shown.stimulus, movie)
    assert shown.central_response.max().item() == pytest.approx(
        ranked.peak_value[2].item(), abs=1e-6
    )
    assert shown.attrs["clip"] == shown.attrs["source"] == shown.attrs["shown_clip"] == name
    shared = ["clip_name", "peak_value", "shown_stimulus", "shown_response"]
    assert shown[shared].equals(ranked[shared])


def test_a_damaged_stored_search_is_done_again(store):
    config = SearchConfig(dt=DT)
    finished(started(config, store))
    (file,) = (store.root / "searches").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    reports, _ = finished(started(config, store))
    assert reports != []


def test_what_there_is_to_keep_when_cancelled_during_the_search(tmp_path):
    natural, regularized = (
        started(config, RunStore(tmp_path / config.method))
        for config in (SearchConfig(dt=DT), RegularizeConfig(dt=DT))
    )
    assert natural.result() is None
    for run in (natural, regularized):
        list(itertools.islice(run, 1))
    assert "stimulus" in natural.result()
    assert regularized.result() is None


def test_a_search_that_was_left_is_gone_on_with(store):
    config = SearchConfig(dt=DT)
    (first,) = itertools.islice(started(config, store), 1)
    assert first.step == len(small_clips())  # they fit into one batch; it was not stored yet
    reports, answer = finished(started(config, store, "L1"))
    assert reports == []
    assert answer.identical(expected_natural(config, "L1"))


def test_one_search_finds_the_natural_answers_of_all_cell_types(store):
    network, clips = prior_network(1), small_clips()
    reports = list(find_ahead(network, clips, network.name, "cpu", store))
    done, answers = ([getattr(r, name) for r in reports] for name in ("done", "n_answers"))
    assert done == sorted(done) and done[-1] == len(clips)
    assert answers == sorted(answers) and answers[-1] == 65 and reports[-1].is_over
    config = starting_preset(SearchConfig)
    for cell_type in ("T4c", "R1"):
        key = content_key(RunRequest(cell_type, config, network.name, "few"), network, clips)
        assert store.find(key)[1].identical(expected_natural(config, cell_type))
    assert [r.is_over for r in find_ahead(network, clips, network.name, "cpu", store)] == [True]


@pytest.mark.slow
def test_the_search_of_the_scenes_gives_way_to_a_run_within_two_seconds(tmp_path):
    queue = RunQueue(store=RunStore(tmp_path / "data"))

    def until_first_step(seed):
        config = GenerateConfig(t_stim=0.1, n_iters=20, random_seed=seed)
        began = time.monotonic()
        run = queue.submit(RunRequest("T4c", config, device="cpu"), "anna")
        when(queue, run, lambda run: run.step > 0)
        seconds = time.monotonic() - began
        assert ended(queue, run).state == "done"
        return seconds

    until_first_step(1)  # starts the worker
    alone = max(until_first_step(seed) for seed in (2, 3))
    queue.search_ahead("default", "scenes")
    give_up, beside = time.monotonic() + 300, []
    for seed in range(4, 8):
        done = 0 if queue.ahead() is None else queue.ahead().done
        while queue.ahead() is None or queue.ahead().done <= done:  # it goes on
            assert time.monotonic() < give_up
            time.sleep(0.05)
        time.sleep(0.1 * seed)  # anywhere in a part of it
        beside.append(until_first_step(seed))
    assert not queue.ahead().is_over
    queue.close()
    said = ", ".join(f"{seconds:.2f}" for seconds in beside)
    print(f"seconds until the first step: {alone:.2f} alone, beside the search {said}")
    assert max(beside) - alone < 2


def test_a_network_that_changed_in_line_is_refused(store):
    with pytest.raises(MaxstimError, match="has changed while the run waited"):
        execute(RunRequest("T4c", GenerateConfig()), "another key", "cpu", store)


@pytest.mark.parametrize(
    "config",
    [SearchConfig(dt=DT), RegularizeConfig(dt=DT, n_iters=3), GenerateConfig(dt=DT, n_iters=3)],
)
def test_all_methods_run_through_queue_and_worker(tmp_path, config):
    queue = toy_queue(tmp_path, "toy_runs_small_eye:run")
    run = ended(queue, queue.submit(RunRequest("T4c", config), "anna"))
    assert (run.state, run.message) == ("done", "")
    answer = load(run.result)
    assert (answer.attrs["method"], answer.attrs["status"]) == (config.method, "complete")
    if "loss" in answer:
        np.testing.assert_array_equal(run.losses, answer.loss)
        assert list(run.terms) == list(answer.term.values)
    queue.close()


def through_the_queue(folder, request):
    queue = RunQueue(store=RunStore(folder))
    run = ended(queue, queue.submit(request, "anna"))
    queue.close()
    assert run.state == "done", run.message
    return run, load(run.result)


def test_the_bundled_network_answers_through_the_queue(tmp_path):
    run, answer = through_the_queue(tmp_path / "data", RunRequest("T4c", TINY, device="cpu"))
    expected = generate(open_network("default"), "T4c", TINY)
    list(expected)
    np.testing.assert_allclose(answer.stimulus, expected.result().stimulus, atol=1e-6)
    assert run.device == "cpu"


@pytest.mark.gpu
def test_a_gpu_answers_as_the_cpu_does(tmp_path):
    config = GenerateConfig(t_stim=0.1, n_iters=5)
    # Two stores: the device is no part of the key, so that one would answer for the other.
    on_cpu, on_gpu = (
        through_the_queue(tmp_path / device, RunRequest("T4c", config, device=device))
        for device in ("cpu", "cuda")
    )
    assert (on_cpu[0].device, on_gpu[0].device) == ("cpu", "cuda:0")
    np.testing.assert_allclose(on_gpu[1].stimulus, on_cpu[1].stimulus, atol=1e-4)
    np.testing.assert_allclose(on_gpu[1].loss, on_cpu[1].loss, rtol=1e-4)


def test_several_networks_are_asked_at_once_and_the_answer_says_so(store):
    config = dataclasses.replace(TINY, objective="drive", across="least")
    asked = RunRequest("T4c", config, network="default", further_networks=("maxstim/002",))
    key = content_key(asked, *opened(asked))
    reports, answer = finished(execute(asked, key, "cpu", store))
    networks = [open_network("default"), open_network("maxstim/002")]
    again = generate(networks, "T4c", config)
    list(again)
    np.testing.assert_array_equal(answer.stimulus, again.result().stimulus)
    assert len(reports) == 2 and request_of(answer) == asked
    assert request_of(load(store.save(key, answer))) == asked


def test_a_further_network_that_has_changed_is_not_asked(store):
    asked = RunRequest("T4c", TINY, network="default", further_networks=("maxstim/002",))
    with pytest.raises(MaxstimError, match="network default or maxstim/002 has changed while"):
        execute(asked, "0" * 64, "cpu", store)


def test_no_answer_that_comes_with_maxstim_is_of_several_networks():
    asked = RunRequest("T4c", starting_preset(GenerateConfig))
    network = open_network("default")
    assert find_shipped(asked, network) is not None
    several = dataclasses.replace(asked, further_networks=("maxstim/002",))
    assert find_shipped(several, network) is None


def test_who_is_ready_for_a_network_takes_no_step_again(monkeypatch):
    asked = []

    def counted(network, *settings, **options):
        asked.append(network.name)
        return generate(network, *settings, **options)

    monkeypatch.setattr("maxstim_core.optimal.generated.generate", counted)
    warm("maxstim/001", "cpu")
    asked.clear()  # a test before may have left it ready
    for name in ("maxstim/001", "maxstim/001", "prior", "prior", "maxstim/001"):
        warm(name, "cpu")
    assert len(asked) == 2
    with pytest.raises(MaxstimError):
        warm("nothing", "cpu")
