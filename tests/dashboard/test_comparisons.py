"""What stands beside the answer on a page: looked for, computed, packed and told; no browser."""

import time

import numpy as np
import pytest
from packed import unpacked
from toy_runs import FOREVER, SLOW, toy_queue, toy_request

import maxstim_core as ms
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from dashboard.views.comparison import Comparisons
from maxstim_core.runs.comparisons import (
    CONTROLS,
    CURVE,
    MECHANISM,
    comparison_key,
    curve_config,
)
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.snapshot import LIVE


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("beside"))
    yield toys
    toys.close()


@pytest.fixture
def beside(queue):
    session = Session(Choice(), queue, ResultLibrary(queue.folder))
    return Comparisons(session)


def until(beside, is_so):
    """Poll as the page does until something is so."""
    give_up = time.monotonic() + 120
    while not is_so(beside.panel.states):
        assert time.monotonic() < give_up, beside.panel.states
        time.sleep(0.02)
        beside.session.poll()
        beside.poll()


def generated(queue, key, **settings):
    config = ms.GenerateConfig(t_stim=0.05, n_iters=2, random_seed=ord(key[0]), **settings)
    answer = ms.finish(ms.generate(ms.open_network("default"), "Mi1", config))
    queue.store.save(key, answer)
    return answer


def state_of(kind):
    return lambda states: states.get(kind, {}).get("state")


def test_a_curve_is_computed_packed_when_it_is_looked_at_and_found_again(queue, beside):
    answer = generated(queue, "a" * 64)
    beside.session.follow("a" * 64)
    until(beside, lambda states: state_of(CURVE)(states) == "none")
    assert state_of(CONTROLS)(beside.panel.states) == "none" and beside.session.verdict == ""
    beside.panel._handle_msg({"look": "curve"})
    beside.panel._handle_msg({"compute": "curve"})
    assert beside.busy and state_of(CURVE)(beside.panel.states) == "going"
    until(beside, lambda states: state_of(CURVE)(states) == "there")
    until(beside, lambda states: beside.panel.curve)
    header = unpacked(beside.panel.curve)
    found = ms.finish(ms.curve(ms.open_network("default"), "Mi1", curve_config(answer), 12))
    assert header["objective"] == "drive"
    assert np.allclose(header["responses"], found.counted_response)
    assert np.allclose(header["energies"], found.energy)
    movies = header["stimulus"].reshape(found.stimulus.shape)
    assert np.abs(movies / 255 - found.stimulus.values).max() <= 0.5 / 255 + 1e-6
    assert not beside.busy

    again = Comparisons(Session(Choice(), queue, ResultLibrary(queue.folder)))
    again.session.follow("a" * 64)
    until(again, lambda states: state_of(CURVE)(states) == "there")
    assert again.panel.curve == b"", "nobody has looked at it"


def test_controls_are_told_in_one_line_and_packed_whole(queue, beside):
    answer = generated(queue, "b" * 64, objective="drive", energy=4.0)
    network, clips = ms.open_network("default"), ms.open_clips("probes")
    found = ms.finish(ms.controls(answer, network, clips=clips))
    queue.store.save_comparison(comparison_key(CONTROLS, answer), found)
    beside.session.follow("b" * 64)
    until(beside, lambda states: state_of(CONTROLS)(states) == "there")
    assert beside.session.verdict == found.attrs["headline"]
    assert beside.panel.controls == b""
    beside.panel._handle_msg({"look": "controls"})
    until(beside, lambda states: beside.panel.controls)
    header = unpacked(beside.panel.controls)
    assert [row["name"] for row in header["rows"]] == found.control.values.tolist()
    assert header["shown"][0] == {"name": "the answer", "row": 0}
    movies = header["stimulus"].reshape(header["n"], *found.stimulus.shape)
    for movie, shown in zip(movies, header["shown"], strict=True):
        whole = found.control_stimulus.values[shown["row"]]
        assert np.abs(movie / 255 - whole).max() <= 0.5 / 255 + 1e-6
    assert header["kept"].sum() == found.smallest_columns.attrs["size"]
    assert header["transfer"][0]["relation"] == "fitted"


def test_only_generated_movies_that_have_a_budget_have_a_curve(queue, beside):
    generated(queue, "c" * 64, objective="level:1")
    beside.session.follow("c" * 64)
    until(beside, lambda states: state_of(CONTROLS)(states) == "none")
    assert list(beside.panel.states) == [CONTROLS, MECHANISM]


def test_a_browser_can_send_anything(queue, beside):
    generated(queue, "d" * 64)
    beside.session.follow("d" * 64)
    until(beside, lambda states: state_of(CURVE)(states) == "none")
    for message in ("look", {}, {"look": 1}, {"look": "else"}, {"eat": "curve"}, [1], None):
        beside.panel._handle_msg(message)
    beside.panel._handle_msg({"save": "curve"})
    beside.panel._handle_msg({"cancel": "curve"})
    assert not beside.busy and state_of(CURVE)(beside.panel.states) == "none"


@pytest.mark.parametrize("ahead", ["0", "1"])
def test_controls_follow_a_run_of_this_page_unless_that_is_turned_off(
    queue, beside, monkeypatch, ahead
):
    monkeypatch.setenv("MAXSTIM_CONTROLS_AHEAD", ahead)
    session = beside.session
    session.submit(toy_request(n_iters=20 + int(ahead)))
    until(beside, lambda states: session.run is not None and session.run.state not in LIVE)
    # A toy answer is of no network that there is: the task says so, which tells that it was begun.
    expected = "failed" if ahead == "1" else "none"
    until(beside, lambda states: state_of(CONTROLS)(states) == expected)
    if ahead == "1":
        said = beside.panel.states[CONTROLS]["said"]
        assert said.startswith("This answer is of the network default as it was"), said
        beside.poll()
        assert not beside.busy, "it is not tried again"


def test_while_a_run_is_on_show_what_stands_beside_it_comes_later(queue, beside):
    generated(queue, "e" * 64)
    beside.session.follow("e" * 64)
    until(beside, lambda states: state_of(CURVE)(states) == "none")
    beside.session.submit(toy_request(SLOW, FOREVER))
    until(beside, lambda states: state_of(CURVE)(states) == "later")
    assert state_of(CONTROLS)(beside.panel.states) == "later" and beside.session.verdict == ""
    beside.session.cancel()
    until(beside, lambda states: state_of(CURVE)(states) == "none")
