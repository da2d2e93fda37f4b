"""The answers that come with maxstim: all cell types, small, and what Run would make."""

import numpy as np
import pytest
from toy_runs import ended, toy_queue

from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import GenerateConfig, starting_preset
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.result import load
from maxstim_core.optimal.run import finish
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import RunRequest, opened_network, request_of
from maxstim_core.runs.shipped import LEVELS, answer_name, bundled_answers, find_shipped

STARTING = starting_preset(GenerateConfig)
CELL_TYPES = open_network("default").connectome.names


def asked(cell_type, **changes):
    return RunRequest(cell_type, starting_preset(GenerateConfig, **changes))


def energy(answer, name="stimulus"):
    return float(np.square(answer[name].values - 0.5).sum())


@pytest.mark.parametrize("cell_type", CELL_TYPES)
def test_every_cell_type_has_a_generated_answer_with_the_starting_settings(cell_type):
    path, answer = find_shipped(asked(cell_type), opened_network("default"))
    assert path.parent == bundled_answers() and answer.attrs["status"] == "complete"
    assert request_of(answer) == asked(cell_type)
    assert answer.sizes["frame"] == STARTING.n_frames
    assert len(answer["loss"]) == STARTING.n_iters


def test_all_of_them_take_at_most_twelve_megabytes():
    assert sum(path.stat().st_size for path in bundled_answers().iterdir()) < 12e6


def test_other_settings_and_other_networks_have_none():
    network = opened_network("default")
    assert find_shipped(asked("Mi1", random_seed=1), network) is None
    assert find_shipped(asked("Mi1"), opened_network("prior")) is None


@pytest.mark.parametrize("cell_type", ["Mi1", "CT1(Lo1)"])
def test_the_response_is_computed_when_one_is_opened(tmp_path, cell_type):
    library = ResultLibrary(tmp_path)
    entry = library.find(answer_name(cell_type, "generated"))
    assert not entry.has_response and not library.is_ready(entry) and library.looking
    answer = library.open(entry.key)
    assert library.is_ready(entry) and library.open(entry.key) is answer
    assert answer["response"].dims == ("frame", "column")
    stored = load(entry.path)
    np.testing.assert_allclose(answer["central_response"], stored["central_response"], atol=1e-4)
    levels = answer["stimulus"].values * LEVELS
    np.testing.assert_allclose(levels, np.rint(levels), atol=0.01)  # as it says of itself
    assert answer.attrs["rounded"] == f"luminance to 1/{LEVELS}"


def test_one_made_again_is_the_same_within_a_percent(tmp_path):
    again = finish(generate(open_network("default"), "L1", STARTING))
    answer = ResultLibrary(tmp_path).open(answer_name("L1", "generated"))
    for name in ("stimulus", "best_stimulus"):
        assert energy(again, name) == pytest.approx(energy(answer, name), rel=0.01)
    peak = float(answer["response"].max())
    assert float(again["response"].max()) == pytest.approx(peak, rel=0.01)


def test_run_returns_it_at_once(tmp_path):
    queue = toy_queue(tmp_path)
    run = ended(queue, queue.submit(asked("Mi1"), "me"))
    assert (run.state, run.cached, run.result.parent) == ("done", True, bundled_answers())
    assert queue.devices() == ("cpu",) and not queue.store.results.exists()
    queue.close()
