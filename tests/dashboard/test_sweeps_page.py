"""The state of a sweep on the page: what is chosen, what it costs, what comes of it; no browser."""

import asyncio
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from packed import unpacked
from toy_runs import toy_queue

import maxstim_core as ms
from dashboard.sidebar.sweep_controls import sweep_cost, sweep_words, take_sweep_entry
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from dashboard.state.sweep_choice import MOST_SHOWN, SweepChoice, can_vary, runs_of
from dashboard.state.url import PageAddress
from dashboard.views import sweep
from dashboard.views.sweep import Sweeps
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.shipped import bundled_answers
from maxstim_core.runs.sweeps import SweepMaker, SweepRequest, sweep_key

pytest.importorskip("zarr")


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("sweeps"))
    yield toys
    toys.close()


def opened(queue):
    """The sweeps of a new page."""
    session = Session(Choice(), queue, ResultLibrary(queue.folder))
    shown = []
    sweeps = Sweeps(session, SweepChoice(session.choice), shown.append)
    session.choice.cell_type = "Mi1"
    session.choice.settings["generated"].param.update(t_stim=0.05, n_iters=2)
    assert not shown and sweeps.panel is None, "nothing is made before the view is opened"
    sweeps.choice.is_open = True
    assert shown == [sweeps.panel]
    return sweeps


@pytest.fixture
def sweeps(queue):
    return opened(queue)


def until(sweeps, is_so):
    give_up = time.monotonic() + 120
    while not is_so(sweeps.panel):
        assert time.monotonic() < give_up, (sweeps.panel.state, sweeps.session.problem)
        time.sleep(0.02)
        sweeps.session.poll()
        sweeps.poll()


def vary(sweeps, name="lr", low="0.01", high="0.1", count="2"):
    sweeps.choice.mark(name)
    sweeps.choice.change(name, low=low, high=high, count=count)


def table_of(panel):
    return json.loads(panel.table)


def done(panel):
    return panel.state["state"] == "done" and len(table_of(panel)["rows"]) > 0


class Kept:
    """A view that keeps the films that are handed to the browser."""

    def __init__(self, panel):
        self.blocks = []
        panel.show_films = self.blocks.append


def test_every_number_but_the_seed_can_vary():
    names = can_vary()
    assert {"lr", "weight_mei", "t_stim", "n_iters"} <= set(names)
    assert not {"random_seed", "objective", "last_frame"} & set(names)


@pytest.mark.parametrize("name", can_vary())
def test_a_number_that_is_marked_varies_around_its_value_within_its_bounds(name):
    choice = SweepChoice(Choice())
    choice.mark(name)
    [(varied, words)] = choice.request().vary
    low, high = (float(number) for number in words.split(":")[1:3])
    bounds = type(choice.choice.settings["generated"]).param[name].bounds
    assert varied == name and bounds[0] <= low < high <= bounds[1]
    choice.mark(name)
    assert choice.ranges == {}


def test_what_cannot_vary_is_not_marked():
    choice = SweepChoice(Choice())
    for name in ("random_seed", "objective", "nothing", ""):
        choice.mark(name)
    assert choice.ranges == {}


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"low": "1", "high": "0.1"}, "upside down"),
        ({"low": "x"}, "From of Learning rate is not a number: “x”."),
        ({"low": "1:2"}, "From of Learning rate is not a number: “1:2”."),
        ({"high": ""}, "To of Learning rate is not a number: nothing."),
        ({"count": "1"}, f"a whole number, at least 2 and at most {MOST_SHOWN}"),
        ({"count": "2.5"}, "How many values of Learning rate must be a whole number"),
        ({"count": "9999"}, f"a page shows at most {MOST_SHOWN} runs"),
        ({"count": "1e6"}, f"a whole number, at least 2 and at most {MOST_SHOWN}"),
        ({"high": "1e9"}, "To of Learning rate must be between 0.000001 and 10."),
        ({"name": "n_iters", "low": "2.5"}, "From of Iterations is not a whole number: “2.5”."),
        ({"name": "weight_mei", "low": "0"}, "From of Pull to grey must be above 0"),
        ({"name": "temperature"}, "Varying Temperature of the contrast changes nothing"),
        ({"name": "t_stim", "low": "9", "high": "10", "count": "300"}, "would take 1.7 GB"),
    ],
)
def test_a_range_that_makes_no_sense_is_one_sentence_beside_it(sweeps, entries, sentence):
    name = entries.get("name", "lr")
    sweeps.choice.mark(name)
    if name == "lr":
        sweeps.choice.change(name, low="0.01", high="0.1", count="2")
    sweeps.choice.change(
        name, **{entry: told for entry, told in entries.items() if entry != "name"}
    )
    words = sweep_words(sweeps.choice, sweeps.session, starting=False)
    assert sentence in words["problem"] and not words["ready"]
    assert not re.search(r"\blr\b|_|lin:|log:", words["problem"]), "no command line here"
    sweeps.start()
    assert sentence in sweeps.session.problem and not sweeps.starting


def test_seeds_and_methods_that_make_no_sense(sweeps):
    assert "Click the name" in sweep_cost(sweeps.choice, sweeps.session).problem
    vary(sweeps)
    for seeds in ("0", "two", "", "501"):
        sweeps.choice.seeds = seeds
        assert "number of seeds" in sweep_cost(sweeps.choice, sweeps.session).problem
    sweeps.choice.seeds = "2"
    sweeps.session.choice.method = "natural"
    assert "tab Generated" in sweep_cost(sweeps.choice, sweeps.session).problem


def test_the_cost_is_that_of_the_last_runs(sweeps):
    vary(sweeps, "n_iters", "10", "30", "3")
    sweeps.choice.seeds = "2"
    assert sweep_cost(sweeps.choice, sweeps.session).n_runs == 6
    runs = runs_of(sweeps.choice.request())
    assert sorted(run.config.n_iters for run in runs) == [10, 10, 17, 17, 30, 30]
    queue = sweeps.session.queue
    before = queue.usual_seconds(runs)
    assert before is None or before > 0
    queue._pace.note(runs[0], 2.0)
    one = queue.usual_seconds([runs[0]])
    assert queue.usual_seconds(runs) == pytest.approx(
        one / runs[0].config.n_iters * sum(run.config.n_iters for run in runs)
    )


def test_a_sweep_teaches_how_long_the_next_one_takes(queue, sweeps):
    vary(sweeps, "lr", "0.015", "0.025")
    queue._pace.note(runs_of(sweeps.choice.request())[0], 1000.0)
    sweeps.start()
    until(sweeps, done)
    sweeps.choice.change("lr", count="20")
    cost = sweep_cost(sweeps.choice, sweeps.session)
    assert not cost.at_most and 0 < cost.seconds < 1000
    told = sweep_words(sweeps.choice, sweeps.session, starting=False)["cost"]
    assert re.match(r"20 runs, about \d+ (s|min)\.$", told)
    sweeps.choice.change("lr", count="40")
    assert sweep_cost(sweeps.choice, sweeps.session).seconds == pytest.approx(2 * cost.seconds)


def test_a_sweep_that_waits_says_behind_what_and_shows_what_will_come(queue, sweeps):
    queue_sweeps = [sweeps, opened(queue)]
    for k, page in enumerate(queue_sweeps):
        page.session.choice.settings["generated"].param.update(t_stim=0.1, n_iters=3000)
        page.choice.ranges = {}
        vary(page, "lr", f"0.{k + 1}", f"0.{k + 3}", "3")
        page.start()
        until(page, lambda panel: panel.state["state"] in ("queued", "running"))
        if k == 0:
            until(page, lambda panel: "answers" in panel.state["said"])
    waiting = queue_sweeps[1]
    until(waiting, lambda panel: panel.state["said"].startswith("0 of 3"))
    said = "0 of 3 answers. Next in line, after a sweep."
    assert waiting.panel.state["said"] == said and waiting.panel.state["total"] == 3
    assert queue_sweeps[0].going.endswith("/3") and waiting.going == "0/3"
    cost = sweep_words(waiting.choice, waiting.session, starting=False)["cost"]
    assert cost.endswith("; what waits already goes first.") and queue.has_waiting
    table = table_of(waiting.panel)
    assert [row["state"] for row in table["rows"]] == ["missing"] * 3
    assert [row["values"][0] for row in table["rows"]] == pytest.approx([0.2, 0.2 * 2**0.5, 0.4])
    assert table["title"] == "Mi1 in default: learning rate"
    for page in reversed(queue_sweeps):
        page.panel._handle_msg({"press": "cancel"})
        until(page, lambda panel: panel.state["state"] == "stopped")
        assert table_of(page.panel)["title"] == "Mi1 in default: learning rate"
        assert page.going == ""
    assert not queue.has_waiting


def test_the_front_is_that_of_the_table(sweeps):
    vary(sweeps, "lr", "0.05", "0.08", "3")
    sweeps.start()
    until(sweeps, done)
    before = [row["front"] for row in table_of(sweeps.panel)["rows"]]
    rows, goals = sweeps._table.rows, json.loads(sweeps._table.found.attrs["goals"])
    best = {name: min(row.values[name] for row in rows) / 2 for name in goals}
    best["counted_response"] = 1 + max(row.values["counted_response"] for row in rows)
    better = replace(rows[0], row_id="better", values=best, front=False)
    for row, front in (
        (better, [False, False, False, True]),
        (replace(better, cell_type="T4c"), [*before, False]),
        (replace(better, values={**best, "counted_response": None}), [*before, False]),
    ):
        sweeps._picked = {"better": (row, None)}
        sweeps._tell_rows()
        assert [row["front"] for row in table_of(sweeps.panel)["rows"]] == front
    assert any(before)


def test_stored_runs_that_are_not_generated_have_their_response(sweeps):
    for method in ("natural", "regularized"):
        sweeps.panel._handle_msg({"add": f"T4c-{method}"})
    until(sweeps, lambda panel: len(table_of(panel)["rows"]) == 2)
    table = table_of(sweeps.panel)
    column = [each["name"] for each in table["columns"]].index("counted_response")
    natural = ms.load(bundled_answers() / "T4c-natural.nc")
    peak = float(natural["central_response"].max())
    units = ms.response_units(ms.open_network("default"))
    kind = ms.open_network("default").connectome.names.index("T4c")
    told = sorted(row["values"][column] for row in table["rows"])
    assert (peak - units.grey[kind]) / units.rms[kind] in [pytest.approx(one) for one in told]
    assert told[0] > 1


def test_sweeps_that_vary_the_same_are_told_apart(queue, sweeps):
    for high in ("0.031", "0.032"):
        sweeps.choice.ranges = {}
        vary(sweeps, "lr", "0.03", high)
        sweeps.start()
        until(sweeps, done)
    until(sweeps, lambda panel: not sweeps.busy)
    first, second = sweeps.panel.sweeps[:2]
    assert second["label"] == "Mi1 in default: learning rate 0.03 to 0.031, 2 runs"
    assert first["label"] == "Mi1 in default: learning rate 0.03 to 0.032, 2 runs"
    assert first["begun"] >= second["begun"] > 1e9


def test_a_browser_can_send_anything_about_a_sweep(sweeps):
    for told in (
        {}, {"mark": 3}, {"mark": "random_seed"}, {"name": "lr", "entry": "low", "text": "1"},
        {"name": "lr", "entry": "is_log", "text": "1"}, {"name": [], "log": 1}, {"seeds": None},
    ):  # fmt: skip
        take_sweep_entry(sweeps.choice, told)
    assert sweeps.choice.ranges == {} and sweeps.choice.seeds == "1"
    for said in (
        {"films": [1, None, "9:9", "x"]}, {"films": "0:0"}, {"star": True, "row": "0:0"},
        {"note": "x", "row": 3}, {"use": "0:0"}, {"open": "../../etc"}, {"open": "0" * 64},
        {"add": "../x"}, {"remove": "x"}, {"press": "cancel"}, {"press": "go on"}, {"press": "save"},
    ):  # fmt: skip
        sweeps.panel._handle_msg(said)
    sweeps.panel._handle_msg("films")
    assert "not on this server" in sweeps.session.problem and sweeps.key == ""


def test_a_sweep_is_started_followed_and_its_films_are_packed(queue, sweeps):
    vary(sweeps)
    sweeps.choice.seeds = "2"
    sweeps.start()
    assert sweeps.starting and sweeps.busy
    until(sweeps, done)
    assert sweeps.panel.state["said"] == "4 answers."
    table = table_of(sweeps.panel)
    assert [column["name"] for column in table["columns"]][:2] == ["lr", "counted_response"]
    network = ms.open_network("default")
    found = ms.finish(
        ms.sweep(network, "Mi1", {"lr": "log:0.01:0.1:2"}, sweeps.choice.request().config, seeds=2)
    )
    assert table["rows"][3]["values"][0] == 0.1
    responses = [row["values"][1] for row in table["rows"]]
    assert responses == pytest.approx(found["counted_response"].values.ravel().tolist())
    assert [row["front"] for row in table["rows"]] == found["pareto"].values.ravel().tolist()
    assert all(row["finished"] for row in table["rows"])

    kept = Kept(sweeps.panel)
    sweeps.panel._handle_msg({"films": ["1:0", "0:1", "7:7"]})
    until(sweeps, lambda panel: kept.blocks)
    header = unpacked(kept.blocks[0])
    assert [film["id"] for film in header["films"]] == ["1:0", "0:1"]
    movies = header["stimulus"].reshape(2, *found["best_stimulus"].shape[2:])
    for movie, place in zip(movies, ((1, 0), (0, 1)), strict=True):
        whole = found["best_stimulus"].values[place]
        assert np.abs(movie / 255 - whole).max() <= 0.5 / 255 + 1e-6

    again = opened(queue)
    again.open(sweeps.key)
    until(again, done)
    assert table_of(again.panel) == table and again.choice.ranges == sweeps.choice.ranges
    until(again, lambda panel: not again.busy)
    assert again.panel.sweeps[0]["key"] == sweeps.key


def test_marks_last_settings_are_used_and_stored_runs_join(queue, sweeps):
    vary(sweeps, "lr", "0.02", "0.04")
    sweeps.start()
    until(sweeps, done)
    sweeps.panel._handle_msg({"star": True, "row": "1:0"})
    sweeps.panel._handle_msg({"note": "  the  best ", "row": "1:0"})
    row = table_of(sweeps.panel)["rows"][1]
    assert (row["star"], row["note"]) == (True, "the best")
    sweeps.panel._handle_msg({"use": "1:0"})
    settings = sweeps.session.choice.settings["generated"]
    assert settings.lr == 0.04
    title = table_of(sweeps.panel)["rows"][1]["title"]
    said = f"The settings of {title} are chosen now: change them on the left, or press Run."
    assert sweeps.panel.state["used"] == said
    settings.lr = 0.05
    sweeps.poll()
    assert sweeps.panel.state["used"] == ""

    config = ms.GenerateConfig(t_stim=0.05, n_iters=2, lr=0.3, random_seed=9)
    answer = ms.finish(ms.generate(ms.open_network("default"), "Mi1", config))
    queue.store.save("c" * 64, answer)
    sweeps.panel._handle_msg({"add": "c" * 64})
    until(sweeps, lambda panel: len(table_of(panel)["rows"]) == 3)
    picked = table_of(sweeps.panel)["rows"][2]
    alone = ms.finish(ms.sweep(ms.open_network("default"), "Mi1", {"lr": [0.3]}, config))
    assert picked["values"][0] == 0.3
    assert picked["values"][1] == pytest.approx(float(alone["counted_response"][0, 0]), rel=1e-5)
    kept = Kept(sweeps.panel)
    sweeps.panel._handle_msg({"films": ["c" * 64, "0:0"]})
    until(sweeps, lambda panel: len(kept.blocks) == 2)
    sweeps.panel._handle_msg({"remove": "c" * 64})
    assert len(table_of(sweeps.panel)["rows"]) == 2


def test_films_of_one_sweep_are_never_shown_as_those_of_another(queue):
    page, keys = opened(queue), []
    for low, high in (("0.03", "0.05"), ("0.06", "0.08")):
        page.choice.ranges = {}
        vary(page, "lr", low, high)
        page.start()
        until(page, done)
        keys.append(page.key)
    kept = Kept(page.panel)
    page.panel._handle_msg({"films": ["0:0", "1:0"]})
    page.open(keys[0])  # before they have come
    until(page, done)
    time.sleep(0.5)
    page.poll()
    assert kept.blocks == []
    page.panel._handle_msg({"films": ["0:0"]})
    until(page, lambda panel: kept.blocks)
    assert [film["id"] for film in unpacked(kept.blocks[0])["films"]] == ["0:0"]


def test_however_often_a_browser_asks_it_stands_in_line_once(queue):
    page = opened(queue)
    page.choice.ranges = {}
    vary(page, "lr", "0.03", "0.05")
    page.start()
    until(page, done)
    kept = Kept(page.panel)
    for _ in range(100):
        page.panel._handle_msg({"films": ["0:0", "1:0", "7:7"]})
        page.panel._handle_msg({"add": "T4c-generated"})
    until(page, lambda panel: not page.busy)
    assert len(kept.blocks) <= 2
    assert [row["id"] for row in table_of(page.panel)["rows"]].count("T4c-generated") == 1
    for entry in page.session.library.entries():
        page.panel._handle_msg({"add": entry.key})
    assert "At most 24 stored runs" in page.session.problem
    until(page, lambda panel: not page.busy)
    assert len(table_of(page.panel)["rows"]) == 2 + 24


def ended(work):
    """Run a coroutine to its end, in a thread: a browser's tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def test_a_sweep_that_is_too_large_for_one_file_is_not_read(queue, monkeypatch):
    page, files = opened(queue), []
    page.choice.ranges = {}
    vary(page, "lr", "0.03", "0.05")
    page.start()
    until(page, done)
    page.panel.take = lambda name, data: files.append((name, data))
    ended(page._save(page._table))
    assert files[0][0] == f"sweep_Mi1_{page.key[:8]}.nc" and page.session.problem == ""
    monkeypatch.setattr(sweep, "MOST_SWEEP_BYTES", 1000)
    ended(page._save(page._table))
    assert len(files) == 1 and "too much for one file" in page.session.problem


def test_a_sweep_that_is_cancelled_goes_on(sweeps):
    sweeps.session.choice.settings["generated"].param.update(t_stim=0.1, n_iters=400)
    vary(sweeps, count="3")
    sweeps.start()
    until(sweeps, lambda panel: "answers" in panel.state["said"])
    sweeps.panel._handle_msg({"press": "cancel"})
    until(sweeps, lambda panel: panel.state["state"] == "stopped")
    assert re.fullmatch(r"Stopped\. .* of 3 answers? .*", sweeps.panel.state["said"])
    sweeps.panel._handle_msg({"press": "go on"})
    until(sweeps, done)


def test_a_sweep_that_was_not_begun_says_so_and_is_made_by_one_click(queue, sweeps):
    vary(sweeps, "lr", "0.011", "0.013")
    request = sweeps.choice.request()
    key = sweep_key(request, ms.open_network("default"))
    maker = SweepMaker(queue)
    maker.folder.mkdir(parents=True, exist_ok=True)
    (maker.folder / f"{key}.json").write_text(request.to_json())
    page = opened(queue)
    page.open(key)
    until(page, lambda panel: panel.state["state"] == "stopped")
    said = "Stopped. None of 2 answers are there; Go on makes the rest."
    assert (page.panel.state["said"], page.panel.state["total"]) == (said, 2)
    page.panel._handle_msg({"press": "go on"})
    until(page, done)
    assert len(table_of(page.panel)["rows"]) == 2


def test_a_sweep_of_a_network_that_has_changed_is_not_begun_anew_as_another(queue):
    request = SweepRequest("Mi1", GenerateConfig(t_stim=0.05, n_iters=2), (("lr", "lin:1:2:2"),))
    maker = SweepMaker(queue)
    maker.folder.mkdir(parents=True, exist_ok=True)
    before, key = maker.keys(), "d" * 64
    (maker.folder / f"{key}.json").write_text(request.to_json())
    page = opened(queue)
    page.open(key)
    until(page, lambda panel: panel.state["state"] == "stopped")
    page.panel._handle_msg({"press": "go on"})
    until(page, lambda panel: not page.starting)
    assert "has changed since this sweep was begun" in page.session.problem
    assert sorted(maker.keys()) == sorted([*before, key])
    (maker.folder / f"{key}.json").unlink()


def test_a_sweep_that_cannot_be_read_says_so(queue):
    request = SweepRequest("Mi1", GenerateConfig(t_stim=0.05, n_iters=2), (("lr", "lin:1:2:2"),))
    maker, key = SweepMaker(queue), "e" * 64
    maker.store(key).mkdir(parents=True)
    (maker.folder / f"{key}.json").write_text(request.to_json())
    page = opened(queue)
    page.open(key)
    until(page, lambda panel: panel.state["state"] == "unreadable")
    assert "is no sweep" in page.session.problem
    page.panel._handle_msg({"press": "go on"})
    until(page, lambda panel: not page.starting)
    (maker.folder / f"{key}.json").unlink()


def test_an_address_carries_a_sweep():
    address = PageAddress("Mi1", "generated", "default", "", "a" * 64)
    assert PageAddress.parse(address.search()) == address
    [problem] = PageAddress.parse("?sweep=../x").problems
    assert problem.startswith("The sweep of this link")


def test_without_zarr_the_page_says_so(monkeypatch, sweeps):
    vary(sweeps, "lr", "0.05", "0.07")
    monkeypatch.setitem(sys.modules, "zarr", None)
    sweeps.start()
    until(sweeps, lambda panel: not sweeps.starting)
    assert "pip install 'maxstim[sweep]'" in sweeps.session.problem


def test_a_request_that_the_core_refuses_leaves_nothing(queue):
    with pytest.raises(MaxstimError):
        runs_of(SweepRequest("Mi1", GenerateConfig(), (("lr", "lin:2:1:3"),)))
