"""What carried the response, beside an answer on the page: computed, packed, silenced; no browser."""

import time

import numpy as np
import pytest
from packed import unpacked
from toy_runs import toy_queue

import maxstim_core as ms
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from dashboard.views.comparison import Comparisons
from dashboard.views.packed_mechanism import packed_cells, packed_mechanism
from maxstim_core.mechanism.explained import explained
from maxstim_core.runs.comparisons import MECHANISM
from maxstim_core.runs.library import ResultLibrary

KEY = "7" * 64


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("mechanism"))
    yield toys
    toys.close()


@pytest.fixture(scope="module")
def answer(queue):
    config = ms.GenerateConfig(t_stim=0.12, n_iters=3, random_seed=4)
    made = ms.finish(ms.generate(ms.open_network("default"), "T4c", config))
    queue.store.save(KEY, made)
    return made


def opened(queue):
    beside = Comparisons(Session(Choice(), queue, ResultLibrary(queue.folder)))
    beside.session.follow(KEY)
    return beside


def until(beside, is_so):
    give_up = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < give_up, (beside.panel.states, beside.session.problem)
        time.sleep(0.02)
        beside.session.poll()
        beside.poll()


def state(beside):
    return beside.panel.states.get(MECHANISM, {}).get("state")


def test_it_is_computed_once_told_whole_and_found_again(queue, answer):
    beside = opened(queue)
    until(beside, lambda: state(beside) == "none")
    beside.panel._handle_msg({"look": MECHANISM})
    beside.panel._handle_msg({"compute": MECHANISM})
    assert state(beside) == "going" and beside.busy
    until(beside, lambda: beside.panel.mechanism)
    told = unpacked(beside.panel.mechanism)
    movie = answer["stimulus"].values
    found = explained(ms.open_network("default"), "T4c", movie, 0.01)
    names = [row["name"] for row in told["rows"]]
    assert sorted(names) == sorted(found.source_type.values.tolist())
    changes = [abs(row["change"]) for row in told["rows"]]
    assert changes == sorted(changes, reverse=True)
    # What the input types bring adds up to the voltage above grey, in every frame.
    above = found.central_response.values - float(found.grey_voltage)
    np.testing.assert_allclose(told["carried"].sum(0), above, atol=1e-5)
    for row, current, silenced in zip(told["rows"], told["current"], told["silenced"], strict=True):
        source = found.sel(source_type=row["name"], silenced=row["name"])
        np.testing.assert_allclose(current, source.contribution.values, rtol=1e-6)
        np.testing.assert_array_equal(silenced, source.silenced_response.values)
        peak = float(source.silenced_peak_voltage - source.silenced_grey_voltage)
        assert row["above"] == pytest.approx(peak)

    again = opened(queue)
    until(again, lambda: state(again) == "there")
    assert again.panel.mechanism == b"", "nobody has looked at it"


def test_the_hexagons_are_the_voltage_of_that_input_type(answer):
    film = unpacked(packed_cells(answer, "Mi9"))
    network = ms.open_network("default")
    kind = network.cell_type("Mi9")
    seen = ms.simulate(network, answer["stimulus"].values, 0.01, cells=network.layout.cells(kind))
    cells = network.layout.on_columns(kind, seen.values)
    assert np.abs(film["voltage"] * film["unit"] - cells).max() <= film["unit"]
    assert film["name"] == "Mi9" and film["limit"] > 0


def test_a_voltage_that_does_not_stay_finite_without_a_type_has_no_share():
    network = ms.open_network("prior", extent=5)
    movie = np.full((4, network.lattice.n_columns), 1.0)
    found = explained(network, "T4c", movie, 0.01)
    found["silenced_response"][2] = np.nan
    found["silenced_peak_voltage"][2] = np.nan
    told = unpacked(packed_mechanism(found))
    lost = [row for row in told["rows"] if row["share"] is None]
    assert [row["name"] for row in lost] == [str(found.silenced.values[2])]


def test_a_click_silences_in_the_next_run_and_takes_it_back(queue, answer):
    beside = opened(queue)
    until(beside, lambda: state(beside) == "there")
    settings = beside.session.choice.settings["generated"]
    beside.panel._handle_msg({"silence": "Mi9"})
    beside.panel._handle_msg({"silence": "C3"})
    assert settings.silence == beside.panel.silenced == "C3,Mi9"
    assert beside.session.choice.request().config.silence == "C3,Mi9"
    beside.panel._handle_msg({"silence": "Mi9"})
    assert settings.silence == beside.panel.silenced == "C3"
    beside.panel._handle_msg({"silence": "T4c"})
    assert "T4c is the cell type that is asked" in beside.session.problem
    assert settings.silence == "C3"
    settings.enter("silence", "")
    assert beside.panel.silenced == ""


def test_a_browser_can_send_anything_about_input_types(queue, answer):
    beside = opened(queue)
    until(beside, lambda: state(beside) == "there")
    for said in ({"cells": 3}, {"cells": "R99"}, {"silence": None}, {"silence": "x" * 10_000}):
        beside.panel._handle_msg(said)
    assert not beside._cells and beside.panel.silenced == ""
    blocks = []
    beside.panel.show_cells = blocks.append
    beside.panel._handle_msg({"cells": "Mi9"})
    until(beside, lambda: blocks)
    assert unpacked(blocks[0])["name"] == "Mi9"
