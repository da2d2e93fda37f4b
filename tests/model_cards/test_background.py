"""Model cards measured by the worker, in its order among the runs."""

import dataclasses
import os
import signal
import time

import pytest
from toy_runs import FOREVER, SLOW, ended, stepping, toy_queue, toy_request

from maxstim_core.errors import MaxstimError
from maxstim_core.model_cards.background import CardMaker
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import write_network


@pytest.fixture
def queue(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


@pytest.fixture
def unmeasured(tmp_path):
    """The path and the content hash of a network that has no card."""
    network = open_network("default")
    values = dataclasses.replace(
        network.parameters, synapse_strength=1.001 * network.parameters.synapse_strength
    )
    write_network(Network("stronger", network.layout, values), tmp_path / "stronger.json", {})
    name = str(tmp_path / "stronger.json")
    return name, open_network(name).content_hash


def when(maker, content_hash, is_so):
    give_up = time.monotonic() + 600
    while not is_so(progress := maker.progress(content_hash)):
        assert time.monotonic() < give_up, progress
        time.sleep(0.01)
    return progress


@pytest.mark.slow
def test_a_card_waits_for_its_turn_and_is_measured_once_for_all(queue, unmeasured):
    name, content_hash = unmeasured
    mine, other = CardMaker(queue), CardMaker(queue)
    assert mine.progress(content_hash) is None
    blocker = queue.submit(toy_request(SLOW, FOREVER), "anna")
    stepping(queue, blocker)
    mine.make(name, content_hash, "anna")
    other.make(name, content_hash, "ben")
    assert mine.progress(content_hash).state == other.progress(content_hash).state == "waiting"
    queue.cancel(blocker)
    progress = when(other, content_hash, lambda progress: progress.stage)
    assert progress.live and progress.state == "measuring"
    assert when(mine, content_hash, lambda progress: not progress.live).state == "done"
    card = find_card(content_hash)
    assert card["network"]["hash"] == content_hash
    mine.make(
        "default", content_hash, "anna"
    )  # that there is one, the worker sees before it measures
    assert when(mine, content_hash, lambda progress: not progress.live).state == "done"


def test_a_worker_that_dies_during_a_card_costs_the_card_alone(queue, unmeasured):
    name, content_hash = unmeasured
    maker = CardMaker(queue)
    maker.make(name, content_hash, "anna")
    run_id = queue.submit(toy_request(), "ben")
    when(maker, content_hash, lambda progress: progress.stage)
    (device_worker,) = queue._workers
    os.kill(device_worker._worker.pid, signal.SIGKILL)
    progress = when(maker, content_hash, lambda progress: not progress.live)
    assert progress.state == "failed"
    assert progress.problem.startswith("Its worker process died (exit code -9)")
    assert progress.problem.endswith("; try again.")
    assert ended(queue, run_id).state == "done"


def test_shutting_down_ends_a_card(queue, unmeasured):
    name, content_hash = unmeasured
    maker = CardMaker(queue)
    maker.make(name, content_hash, "anna")
    when(maker, content_hash, lambda progress: progress.stage)
    queue.close()
    progress = when(maker, content_hash, lambda progress: not progress.live)
    assert progress.problem == "The server was shut down; submit it again."
    assert find_card(content_hash) is None
    with pytest.raises(MaxstimError, match="shutting down"):
        maker.make(name, content_hash, "anna")
