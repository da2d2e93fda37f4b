"""Which of several stored answers a page shows, and how it says that the settings differ."""

import os
import time
from html import unescape

import pytest
from packed import unpacked
from toy_runs import toy_queue

from dashboard.app import App
from dashboard.views.headline import default_range_words, place_words, range_words
from maxstim_core.export.captions import with_degrees
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig, starting_preset
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.result import clip_of, load
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.shipped import bundled_answers
from maxstim_core.storage.netcdf import save

DAY = 24 * 3600


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("which"))
    yield toys
    toys.close()


@pytest.fixture
def store(tmp_path):
    """Return a function that stores an answer to Mi1 with some settings, of some age in seconds."""
    library = ResultLibrary(tmp_path / "results")
    (tmp_path / "results").mkdir()
    originals = {
        "generated": library.open(library.example().key),
        "natural": library.open("T4c-natural"),
    }

    def put(key, method="generated", age=0, cell_type="Mi1", times=1.0, **changes):
        kind = {"generated": GenerateConfig, "natural": SearchConfig}[method]
        clips = {name: changes.pop(name) for name in ("clips", "network") if name in changes}
        config = starting_preset(kind, **changes)
        answer = originals[method].assign_attrs(
            cell_type=cell_type, config=config.to_json(), **clips
        )
        answer["central_response"] = times * answer["central_response"]
        path = tmp_path / "results" / f"{key}.nc"
        save(answer, path)
        os.utime(path, (time.time() - age,) * 2)

    put.library = library
    return put


def shown(queue, store, method="generated", cell_type="Mi1", **chosen):
    """Return a page on which a cell type was chosen with some settings on the left, once it is quiet."""
    store.library.refresh(wait=True)
    app = App(queue, store.library)
    session, choice = app.session, app.choice
    session.follow(session.library.example().key)
    if "clips" in chosen:
        choice._offer((chosen["clips"], "scenes"))
        choice.clips = chosen.pop("clips")
    choice.settings[method].param.update(**chosen)
    choice.param.update(method=method, cell_type=cell_type)
    give_up = time.monotonic() + 60
    while session.looking or not session.network_hash or session._awaits:
        assert time.monotonic() < give_up
        app.networks.poll()
        session.poll()
        time.sleep(0.02)
    return app


def test_the_one_with_the_settings_on_the_left_comes_first(queue, store):
    store("odd", n_iters=10)
    store("asked", n_iters=77, age=DAY)
    app = shown(queue, store, n_iters=77)
    assert app.session.key == "asked" and app.headline.panel.shown["note"] == ""


def test_else_one_with_the_starting_settings_which_of_all_types_come_with_maxstim(queue, store):
    store("odd", weight_mei=100.0, n_iters=10)
    app = shown(queue, store)
    assert app.session.key == "Mi1-generated" and app.headline.panel.shown["note"] == ""
    app = shown(queue, store, n_iters=55)
    assert app.session.key == "Mi1-generated"
    assert app.headline.panel.shown["note"] == "This answer was made with iterations 200."


def test_else_any_and_then_the_headline_says_how_it_differs_and_offers_its_settings(queue, store):
    store("odd", "natural", n_best=3, protocol="flyvis")
    app = shown(queue, store, "natural")
    said = app.headline.panel.shown
    assert app.session.key == "odd" and said["settings"]
    assert (
        said["note"]
        == "This answer was made with “Before each clip” set to “flyvis's fade-in”, clips kept 3."
    )
    app.headline.panel._handle_msg("Settings")
    assert app.choice.settings["natural"].n_best == 3
    assert app.headline.panel.shown["note"] == "" and app.session.key == "odd"


def test_of_equals_the_newest_but_not_one_that_claims_to_be_of_tomorrow(queue, store):
    store("odd", n_iters=10, age=-30 * DAY)
    store("tomorrow", n_iters=77, age=-DAY)
    store("before", n_iters=77, age=DAY)
    store("now", n_iters=77)
    app = shown(queue, store, n_iters=77)
    assert app.session.key == "now"
    app = shown(queue, store)
    assert app.session.key == "Mi1-generated"


def test_a_clip_that_excites_less_is_nobody_elses_answer(queue, store):
    store("best", "natural", age=DAY, clips="scenes")
    store("fifth", "natural", times=0.8, clips="scenes")
    assert shown(queue, store, "natural").session.key == "best"


def test_the_best_is_that_of_the_answer_on_show_while_a_run_is_followed(queue, store):
    session = shown(queue, store).session
    session.follow("T4c-generated")
    session.best = True
    session.param.update(key="0" * 32, run=None)  # a run that has not been looked at
    for best in (False, True):
        session.best = best
    assert session.best and session.problem == ""


def test_a_run_that_was_asked_for_is_followed_whatever_comes_to_light(queue, store):
    session = shown(queue, store).session
    session.choice.cell_type = "L2"  # the response to its example is being computed
    session.submit(session.choice.request())
    give_up = time.monotonic() + 30
    while session.submitting or session.looking or session._awaits or session.run is None:
        assert time.monotonic() < give_up
        session.poll()
        time.sleep(0.01)
    assert session.key == session.run.run_id and session.run.request.cell_type == "L2"


def test_another_set_that_was_searched_is_told_as_settings_are(queue, store):
    store("textbook", "natural", clips="probes")
    app = shown(queue, store, "natural")
    assert app.session.key == "textbook"
    assert "the movies “Textbook stimuli alone”" in app.headline.panel.shown["note"]
    assert "Textbook stimuli alone" in app.headline.panel.shown["html"]
    row = next(row for row in app.history.list.rows if row["key"] == "textbook")
    assert "Textbook stimuli alone" in row["clip"]


def test_a_peak_stands_beside_grey_and_what_the_cell_does_over_the_set(queue, store):
    network = open_network("default")
    units, k = response_units(network), network.cell_type("Mi1")
    said = shown(queue, store).headline.panel.shown["html"]
    expected = f"RMS {units.rms[k]:.2g}, {units.least[k]:.3g} to {units.greatest[k]:.3g}"
    assert f"over Made scenes {expected}".replace("-", "−") in said and "under grey" in said


def test_of_a_natural_answer_it_is_the_set_that_was_searched():
    answer = load(bundled_answers() / "T4c-natural.nc").assign_attrs(clips="probes")
    highest = f"{float(answer.peak_value[0]):.3g}"
    told = answer.assign_attrs(rms_voltage=0.25, lowest_voltage=-1.5)
    assert range_words(told) == f"over Textbook stimuli alone RMS 0.25, -1.5 to {highest}"
    del told.attrs["lowest_voltage"]
    assert range_words(told) == f"over Textbook stimuli alone RMS 0.25, up to {highest}"


def test_networks_of_one_s_own_have_no_range_before_they_are_searched():
    attributes = {"network_hash": "toy", "cell_type": "Mi1"}
    assert default_range_words(attributes) == ""


def test_what_another_has_searched_in_another_way_is_nobody_elses_range(queue, store):
    store("odd", "natural", protocol="flyvis", times=3.0)
    app = shown(queue, store)
    assert app.session.key == "Mi1-generated"
    network = open_network("default")
    units, k = response_units(network), network.cell_type("Mi1")
    told = f"{units.least[k]:.3g} to {units.greatest[k]:.3g})".replace("-", "−")
    assert told in app.headline.panel.shown["html"]


def test_the_natural_answer_beside_others_is_one_that_was_searched_as_usual(queue, store):
    store("odd", "natural", protocol="flyvis", times=3.0)
    store("usual", "natural", age=DAY)
    session = shown(queue, store).session
    config = session.comparable_answers()["natural"].attrs["config"]
    assert '"flyvis"' not in config


def test_a_natural_answer_says_how_it_was_searched_and_which_place_its_clip_has(queue, store):
    store("odd", "natural", protocol="flyvis", silence="C3,Mi4")
    said = shown(queue, store, "natural", protocol="flyvis").headline.panel.shown["html"]
    assert "chosen after flyvis's fade-in" in unescape(said)
    assert said.count("C3 and Mi4 silenced") == 1
    assert "best of Made scenes" in said


def test_the_place_of_a_clip_in_its_set():
    answer = load(bundled_answers() / "T4c-natural.nc")
    names = [str(name) for name in answer["clip_name"].values]
    of = [
        place_words(answer.assign_attrs(shown_clip=name), answer) for name in (*names[:3], "else")
    ]
    assert of == [
        "best of Made scenes",
        "2nd best of Made scenes",
        "3rd best of Made scenes",
        f"not among the {len(names)} best of Made scenes",
    ]


def test_rows_name_another_network_and_the_lowest_voltage_where_that_was_asked_for(queue, store):
    store("low", objective="suppress", energy=50.0, network="maxstim/003")
    app = shown(queue, store)
    row = next(row for row in app.history.list.rows if row["key"] == "low")
    answer = store.library.open("low")
    lowest = f"{float(answer['central_response'].min()):.3g}".replace("-", "−")
    assert row["detail"].startswith(f"lowest {lowest} a.u.")
    assert "network maxstim/003" in row["settings"]
    app.session.follow("low")
    assert unpacked(app.player.scene)["peak"] == int(answer["central_response"].values.argmin())
    assert unpacked(app.player.scene)["zero"] == "the lowest point"


def test_without_an_answer_by_the_method_the_generated_one_of_the_same_cell_is_nearer(queue, store):
    app = shown(queue, store, "regularized")
    assert app.session.key == "Mi1-generated"
    note = app.headline.panel.shown["note"]
    assert note.startswith("You chose Mi1 regularized; this is Mi1 generated.")
    assert app.session.link_key == ""


def test_a_regularized_answer_says_where_it_begins_from_another_clip_than_the_chosen(queue, store):
    app = shown(queue, store)
    session, choice = app.session, app.choice
    session.follow("T4c-regularized")
    best = choice.clip or clip_of(session.answer)
    assert app.headline.panel.shown["note"] == ""
    choice.clip = ""  # which is the best of the set
    assert app.headline.panel.shown["note"] == ""
    names = [str(name) for name in session.library.open("T4c-natural")["clip_name"].values]
    assert names[0] == best
    choice.clip = names[1]
    said = app.headline.panel.shown
    assert said["settings"] and f"a start from “{with_degrees(best)}”" in said["note"]
    app.headline.panel._handle_msg("Settings")
    assert choice.clip in ("", best) and app.headline.panel.shown["note"] == ""
