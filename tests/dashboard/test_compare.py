"""The view of pinned answers: read, packed, put in tables, and told; no browser."""

import json
import time

import numpy as np
import pytest
from packed import unpacked
from toy_runs import toy_queue

import maxstim_core as ms
from dashboard.app import App
from dashboard.compare.pinned import NUMBERS, read_pinned
from dashboard.compare.tables import controls_table, difference_table
from maxstim_core.optimal.response_units import response_units
from maxstim_core.runs.comparisons import CONTROLS, ComparisonMaker, comparison_key
from maxstim_core.runs.library import ResultLibrary

EXAMPLE = "T4c-generated"


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("compare"))
    yield toys
    toys.close()


@pytest.fixture(scope="module")
def stored(queue):
    """Keys of three stored answers: two settings, then another cell type and network."""
    asked = {
        "a" * 64: ("default", "Mi1", {"random_seed": 1}),
        "b" * 64: ("default", "Mi1", {"random_seed": 2, "lr": 0.5}),
        "c" * 64: ("maxstim/002", "Tm3", {"random_seed": 1, "t_stim": 0.08}),
    }
    for key, (network, cell_type, settings) in asked.items():
        config = ms.GenerateConfig(**{"t_stim": 0.05, "n_iters": 2, **settings})
        queue.store.save(key, ms.finish(ms.generate(ms.open_network(network), cell_type, config)))
    return [*asked]


def page(queue, *keys):
    app = App(queue, ResultLibrary(queue.folder))
    app.session.library.refresh(wait=True)
    app.session.poll()
    for key in keys:
        app.pins.toggle(key)
    assert app.compare.panel is None, "nothing is made before the view is opened"
    app.compare.is_open = True
    return app


def told(app):
    return json.loads(app.compare.panel.told)


def settled(app):
    give_up = time.monotonic() + 120
    while any(pin["state"] == "reading" for pin in told(app)["pins"]):
        assert time.monotonic() < give_up, told(app)["pins"]
        time.sleep(0.02)
        app.session.poll()
        app.compare.poll()
    return told(app)


def test_what_differs_is_told_with_the_numbers_of_each(queue, stored):
    said = settled(page(queue, *stored))
    assert [pin["title"] for pin in said["pins"]] == [
        "Mi1 generated", "Mi1 generated", "Tm3 generated",
    ]  # fmt: skip
    facts = {row["label"]: row["values"] for row in said["table"]["facts"]}
    assert facts["Cell type"] == ["Mi1", "Mi1", "Tm3"]
    assert facts["Network"] == ["default", "default", "maxstim/002"]
    assert facts["Seed"] == ["1", "2", "1"]
    assert facts["Learning rate"][0] == facts["Learning rate"][2] != facts["Learning rate"][1]
    assert facts["Frames"] == ["5 of 10 ms", "5 of 10 ms", "8 of 10 ms"]
    assert any(same.startswith("Iterations: 2") for same in said["table"]["same"])
    numbers = {row["label"]: row["values"] for row in said["table"]["numbers"]}
    for k, key in enumerate(stored):
        answer = queue.store.find(key)[1]
        central = answer["central_response"].values
        units = response_units(ms.open_network(answer.attrs["network"]))
        place = ms.open_network("default").cell_type(answer.attrs["cell_type"])
        grey, rms = units.grey[place], units.rms[place]
        assert numbers["Highest voltage"][k] == pytest.approx(central.max())
        assert numbers["Baseline: voltage in grey"][k] == pytest.approx(grey)
        assert numbers["Response in RMS over natural clips"][k] == pytest.approx(
            (central.max() - grey) / rms
        )
        energy = ((answer["stimulus"].values - 0.5) ** 2).sum()
        assert numbers["Contrast energy"][k] == pytest.approx(energy, rel=1e-5)
    assert len(numbers) == len(NUMBERS)


def test_films_go_to_the_browser_when_it_asks_and_hold_what_is_stored(queue, stored):
    app = page(queue, *stored[:2])
    settled(app)
    blocks = []
    app.compare.panel.show_film = blocks.append
    app.compare.panel._handle_msg({"films": [stored[1], "nonsense", stored[2]]})
    [block] = blocks
    film, answer = unpacked(block), queue.store.find(stored[1])[1]
    [about] = film["films"]
    assert about["id"] == stored[1] and about["frames"] == answer.sizes["frame"]
    assert about["peak"] == int(answer["central_response"].values.argmax())
    assert np.abs(film["stimulus"] / 255 - answer["stimulus"].values).max() <= 0.5 / 255 + 1e-6
    response = film["response"] * film["unit"]
    assert np.abs(response - answer["response"].values).max() <= film["unit"]
    np.testing.assert_array_equal(film["central"], answer["central_response"].values)


def test_columns_without_a_cell_and_answers_without_a_response_are_packed(queue):
    library = ResultLibrary(queue.folder)
    maker = ComparisonMaker(queue)
    found = read_pinned("CT1_Lo1-generated", library, maker)
    film = unpacked(found.film)
    answer = library.open("CT1_Lo1-generated")
    absent = ~np.isfinite(answer["response"].values)
    np.testing.assert_array_equal(film["response"] == -32768, absent)
    assert found.title == "CT1(Lo1) generated" and found.controls is None


def test_an_answer_that_is_gone_says_so_in_one_sentence_and_can_be_taken_out(queue, stored):
    app = page(queue, stored[0])
    app.pins.follow((stored[0], "deadbeef", "0" * 64))
    said = settled(app)
    states = [pin["state"] for pin in said["pins"]]
    assert states == ["there", "gone", "gone"]
    for pin in said["pins"][1:]:
        assert "not on this server" in pin["said"] and pin["said"].count(".") == 1
    assert [row["values"] for row in said["table"]["facts"]] == []
    app.compare.panel._handle_msg({"toggle": "deadbeef"})
    assert [pin["id"] for pin in told(app)["pins"]] == [stored[0], "0" * 64]


def test_a_beginning_that_two_keys_have_is_refused_with_a_sentence(queue, stored):
    twin = stored[0][:12] + "d" * 52
    queue.store.save(twin, queue.store.find(stored[0])[1])
    app = page(queue)
    app.pins.follow(("a" * 8, "a" * 12 + "d"))
    said = settled(app)
    assert said["pins"][0]["state"] == "gone" and "2 answers" in said["pins"][0]["said"]
    assert said["pins"][1]["id"] == twin and said["pins"][1]["state"] == "there"
    (queue.folder / f"{twin}.nc").unlink()


def test_a_browser_can_send_anything_about_pins(queue, stored):
    app = page(queue, stored[0])
    settled(app)
    for said in (
        {}, {"films": "x"}, {"films": [None, 3]}, {"toggle": 3}, {"open": "../etc"}, {"press": 1},
    ):  # fmt: skip
        app.compare.panel._handle_msg(said)
    app.compare.panel._handle_msg("films")
    assert app.pins.keys == (stored[0],) and app.session.problem == ""
    app.compare.panel._handle_msg({"toggle": "../../etc"})
    assert "not stored" in app.session.problem
    app.headline.panel._handle_msg({"Pin": 1})
    app.history.list._handle_msg({"key": "nobody", "pin": True})
    assert app.pins.keys == (stored[0],)
    app.compare.panel._handle_msg({"open": stored[0]})
    assert app.session.key == stored[0] and not app.compare.is_open


def test_stored_controls_stand_side_by_side(queue, stored):
    answer = queue.store.find(stored[0])[1]
    network, clips = ms.open_network("default"), ms.open_clips("probes")
    found = ms.finish(ms.controls(answer, network, clips=clips))
    queue.store.save_comparison(comparison_key(CONTROLS, answer), found)
    library, maker = ResultLibrary(queue.folder), ComparisonMaker(queue)
    answers = [read_pinned(key, library, maker) for key in stored[:2]]
    table = controls_table(answers)
    assert answers[0].controls and answers[1].controls is None
    assert table["rows"][0]["kind"] == "the answer"
    shown = {(row["kind"], row["shown"]): row["cells"] for row in table["rows"]}
    assert all(cells[1] is None for cells in shown.values())
    is_it = (found.family.values == "edge") & (found.shown.values == "equal energy")
    cell = shown["edge", "equal energy"][0]
    assert cell["response"] == pytest.approx(float(found.control_response.values[is_it].max()))
    assert cell["name"] == str(found.control.values[is_it][0])
    backwards = shown["played backwards", "equal energy"][0]
    of_answer = float(found.attrs["response"])
    share = backwards["response"] / of_answer if of_answer > 0 else None
    assert backwards["share"] == pytest.approx(share)
    assert [row["kind"] for row in table["rows"][1:3]] == ["edge", "edge"]
    assert table["rows"][1]["shown"] == "full contrast"
    assert [curve["id"] for curve in table["contrast"]] == [stored[0]]
    assert len(shown) == len(table["rows"])


def waited(app, is_so):
    """Poll as the page does until what is told of missing controls is so; return it, by key."""
    give_up = time.monotonic() + 300
    while True:
        missing = {one["id"]: one for one in told(app)["controls"]["missing"]}
        if is_so(missing):
            return missing
        assert time.monotonic() < give_up, missing
        time.sleep(0.02)
        app.session.poll()
        app.compare.poll()


def test_missing_controls_are_computed_from_here_and_other_pages_see_them_come(queue, stored):
    app, other = page(queue, stored[2]), page(queue, stored[2])
    for one in (app, other):
        settled(one)
        missing = waited(one, lambda missing: True)
        assert missing[stored[2]]["state"] == "none" and missing[stored[2]]["said"] == ""
    app.compare.panel._handle_msg({"press": "controls"})
    for one in (app, other):
        waited(one, lambda missing: missing[stored[2]]["state"] == "going")
        assert one.compare.busy
    app.compare.panel._handle_msg({"press": "no controls"})
    for one in (app, other):
        waited(one, lambda missing: missing[stored[2]]["state"] == "none")
    other.compare.panel._handle_msg({"press": "controls"})
    for one in (app, other):
        waited(one, lambda missing: not missing)
        assert not one.compare.busy
    answer = queue.store.find(stored[2])[1]
    found = queue.store.find_comparison(comparison_key(CONTROLS, answer))
    [first, *_] = told(app)["controls"]["rows"]
    assert first["cells"][0]["response"] == pytest.approx(found.attrs["response"])


def test_an_answer_that_was_removed_meanwhile_is_told_where_its_controls_would_stand(queue, stored):
    gone = "f" * 64
    answer = queue.store.find(stored[0])[1]
    queue.store.save(gone, answer.assign(stimulus=1 - answer["stimulus"]))
    app = page(queue, gone)
    settled(app)
    (queue.folder / f"{gone}.nc").unlink()
    app.compare.panel._handle_msg({"press": "controls"})
    missing = waited(app, lambda missing: missing[gone]["state"] == "failed")
    assert missing[gone]["said"].count(".") == 1, missing[gone]["said"]


def test_an_answer_that_does_not_say_how_it_was_made_can_have_no_controls(queue, stored):
    bare = "e" * 64
    answer = queue.store.find(stored[0])[1]
    del answer.attrs["config"]
    queue.store.save(bare, answer)
    app = page(queue, bare)
    settled(app)
    app.compare.panel._handle_msg({"press": "controls"})
    missing = waited(app, lambda missing: True)
    assert missing[bare]["state"] == "never" and "how it was made" in missing[bare]["said"]
    assert not app.compare.busy
    (queue.folder / f"{bare}.nc").unlink()


def test_one_answer_has_no_differences_and_all_numbers(queue, stored):
    found = read_pinned(stored[0], ResultLibrary(queue.folder), ComparisonMaker(queue))
    table = difference_table([found])
    assert table["facts"] == [] and len(table["numbers"]) == len(NUMBERS)


def test_settings_that_a_method_does_not_have_are_no_differences(queue, stored):
    network, clips = ms.open_network("default"), ms.open_clips("probes")
    config = ms.RegularizeConfig(n_iters=2)
    queue.store.save("d" * 64, ms.finish(ms.regularize(network, "Mi1", clips[0], config=config)))
    library, maker = ResultLibrary(queue.folder), ComparisonMaker(queue)
    library.refresh(wait=True)
    answers = [read_pinned(key, library, maker) for key in (*stored[:2], "d" * 64)]
    table = difference_table(answers)
    told = [row["label"] for row in table["facts"]]
    assert {"Method", "Seed", "Learning rate"} <= {*told}
    others = {
        "Objective",
        "Rings",
        "Window of the response",
        "Fastest flicker",
        "Levels",
        "Darkest",
    }
    assert not others & {*told}
    assert not any(one.split(":")[0] in others for one in table["same"])


def test_a_steered_answer_has_the_settings_that_it_ended_with(queue, stored):
    schedule = "1: objective=drive energy=30; 2: rings=4"
    config = ms.GenerateConfig(t_stim=0.05, n_iters=3, schedule=schedule)
    queue.store.save("e" * 64, ms.finish(ms.generate(ms.open_network("default"), "Mi1", config)))
    library = ResultLibrary(queue.folder)
    library.refresh(wait=True)
    steered = read_pinned("e" * 64, library, ComparisonMaker(queue)).facts
    assert steered["Steered"] == "2 changes, after 1, 2 iterations"
    assert (steered["Contrast energy"], steered["Rings"]) == ("30", "4")
    plain = read_pinned(stored[0], library, ComparisonMaker(queue)).facts
    assert "Steered" not in plain and plain["Rings"] == "15"
    assert steered["Objective"] != plain["Objective"]
