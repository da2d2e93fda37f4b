"""One open page and the queue: toy optimisations in a real worker process, no browser."""

import json
import os
import sys
import time

import numpy as np
import panel as pn
import pytest
from bokeh.document import Document
from packed import unpacked
from panel.io.location import Location
from panel.io.state import set_curdoc
from toy_runs import DEAF, FOREVER, REFUSING, SLOW, toy_queue, toy_request

from dashboard.app import App
from dashboard.sidebar.controls import Controls
from dashboard.state.choice import Choice
from dashboard.state.session import Session, iterations_asked
from dashboard.views.headline import Headline
from dashboard.views.losses import Losses
from maxstim_core.drawing.colors import response_limit
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import LIVE
from maxstim_core.storage.netcdf import save


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """A queue whose worker serves all tests of this file; the seed says what a run does."""
    toys = toy_queue(tmp_path_factory.mktemp("page"))
    yield toys
    toys.close()


@pytest.fixture
def session(queue):
    return open_session(queue)


def open_session(queue):
    return Session(Choice(), queue, ResultLibrary(queue.folder))


def ask(session, seed=0, iterations=5, cell_type="T4c"):
    settings = session.choice.settings["generated"]
    settings.param.update(random_seed=seed, n_iters=iterations)
    session.choice.cell_type = cell_type
    start(session)


def start(session):
    """Start what is chosen, and wait as the page does until the queue has it or has refused it."""
    session.start()
    until(session, lambda s: not s.submitting)


def until(session, is_so):
    """Poll as the page does until something is so."""
    give_up = time.monotonic() + 120
    while not is_so(session):
        assert time.monotonic() < give_up, session.run
        time.sleep(0.02)
        session.poll()


def until_ended(session):
    until(session, lambda s: s.run is not None and s.run.state not in LIVE)


def test_a_run_ends_in_an_answer_on_the_page(session):
    ask(session)
    until_ended(session)
    assert session.run.state == "done" and not session.live
    assert session.answer.attrs["cell_type"] == "T4c"
    assert (session.problem, session.is_example) == ("", False)
    assert [run.run_id for run in session.runs] == [session.key]


def test_pressing_run_twice_is_one_run(session):
    ask(session, SLOW, FOREVER, "L1")
    ask(session, SLOW, FOREVER, "L1")
    assert len(session.runs) == 1
    session.cancel()
    until_ended(session)
    ask(session, iterations=4)
    until_ended(session)
    ask(session, iterations=4)
    assert [run.state for run in session.runs] == ["done", "cancelled"]
    assert session.run.state == "done"


def test_what_has_finished_opens_on_another_page_by_its_lasting_key(session, queue):
    ask(session, iterations=6)
    until_ended(session)
    other = open_session(queue)
    other.follow(session.lasting_key)
    assert other.answer.identical(session.answer)
    assert other.choice.request() == session.choice.request()


def test_a_refused_request_is_a_sentence_and_changes_nothing(session):
    ask(session)
    until_ended(session)
    answer, runs, key = session.answer, session.runs, session.key
    session.choice.network = "no/such/folder"
    start(session)
    assert session.problem.endswith(".") and "no/such/folder" in session.problem
    assert (session.answer is answer, session.runs, session.key) == (True, runs, key)
    session.choice.network = "default"
    start(session)
    assert session.problem == ""


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_what_takes_long_to_open_does_not_hold_up_the_page(session, monkeypatch, tmp_path):
    """A clip set whose index is a pipe: who opens it waits until the test writes into it."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    (tmp_path / "clips" / "distant").mkdir(parents=True)
    pipe = tmp_path / "clips" / "distant" / "set.json"
    os.mkfifo(pipe)
    before, distant = toy_request(n_iters=13), RunRequest("T4c", SearchConfig(), clips="distant")
    for request in (before, distant, toy_request(n_iters=14)):
        began = time.monotonic()
        session.submit(request)
        assert time.monotonic() - began < 0.1
    until(session, lambda s: s.run is not None)
    assert session.run.request == before and session.submitting
    # Meanwhile the person looks at something else: that is what stays.
    example = session.library.example().key
    session.follow(example)
    pipe.write_text("{}")
    until(session, lambda s: s.problem)
    assert "The clip set distant is damaged" in session.problem
    until(session, lambda s: not s.submitting)
    assert [run.request.config.n_iters for run in session.runs] == [14, 13]
    assert session.key == example and session.is_example


def test_a_run_that_fails_says_why_and_leaves_the_answer(session):
    ask(session)
    until_ended(session)
    answer = session.answer
    ask(session, REFUSING)
    until_ended(session)
    assert session.run.state == "failed"
    assert "lower the learning rate" in session.problem
    assert session.answer is answer


def test_a_cancelled_run_keeps_what_it_had(session):
    ask(session, SLOW, FOREVER)
    until(session, lambda s: s.run.step > 0)
    assert session.live and session.may_cancel
    session.cancel()
    until_ended(session)
    assert session.run.state == "cancelled" and not session.may_cancel
    assert session.answer.attrs["status"] == "cancelled"
    said = (
        f"# The run was cancelled after {session.answer.sizes['iteration']} of {FOREVER} iterations"
    )
    code = Headline(session)._code()
    assert said in code["python"] and code["shell"].startswith(said)


def test_two_pages_that_ask_the_same_wait_for_one_computation(session, queue):
    other = open_session(queue)
    ask(session, SLOW, FOREVER, "Mi1")
    ask(other, SLOW, FOREVER, "Mi1")
    until(other, lambda s: s.run.step > 0)
    assert other.run.state == "running"
    ask(other, SLOW, FOREVER, "Mi4")
    assert (other.run.state, other.run.position) == ("queued", 1)
    other.cancel()
    other.follow(other.runs[1].run_id)
    assert other.choice.cell_type == "Mi1"
    other.cancel()
    until_ended(other)
    session.poll()
    assert session.run.state == "running"
    session.cancel()
    until_ended(session)


def test_a_link_to_the_run_of_another_page_shows_it_but_cannot_cancel_it(session, queue):
    ask(session, SLOW, FOREVER, "Tm3")
    until(session, lambda s: s.run.step > 0)
    other = open_session(queue)
    other.follow(session.key)
    assert other.run.run_id == session.run.run_id and not other.may_cancel
    other.cancel()
    session.poll()
    assert session.run.state == "running"
    session.cancel()
    until_ended(session)


def test_a_page_that_follows_what_waits_shows_an_answer_meanwhile(session, queue):
    ask(session, SLOW, FOREVER, "Tm3")
    until(session, lambda s: s.run.step > 0)
    ask(session, SLOW, FOREVER, "Mi4")
    again = open_session(queue)  # as after a reload
    again.follow(session.key)
    assert (again.run.state, again.shown.question) == ("queued", None)
    example = again.library.example()
    again.show_while_waiting(example.key)
    assert (again.key, again.choice.cell_type) == (session.key, "Mi4")
    assert (again.shown.question.cell_type, again.is_example) == ("T4c", True)
    assert again.note.startswith("Mi4 is on its way; this is T4c.")
    for run in session.runs:
        queue.cancel(run.run_id)
    until_ended(session)


def test_a_key_that_nobody_knows_is_a_sentence(session):
    session.follow("0123456789abcdef")
    assert "not on this server" in session.problem
    assert (session.answer, session.key) == (None, "")


def restarted(queue):
    """Close a queue, as a server that is stopped does, and return another on the same folder."""
    queue.close()
    return toy_queue(queue.store.root.parent, keep_seconds=60.0)


def opened_at(queue, search, library=None):
    """Return a page that a browser opens by an address."""
    document = Document()
    pn.state._locations[document] = Location(search=search)
    with set_curdoc(document):
        app = App(queue, library or ResultLibrary(queue.folder))
        app.start()
    return app


def test_after_a_restart_the_page_of_a_run_shows_what_was_kept(tmp_path):
    queue = toy_queue(tmp_path, keep_seconds=60.0)
    first, second = open_session(queue), open_session(queue)
    for session in (first, second):
        ask(session, SLOW, FOREVER, "Mi9")
        until(session, lambda s: s.run.step > 0)
    assert first.key != second.key
    queue = restarted(queue)
    for key in (first.key, second.key):  # who asked for the same has the same
        app = opened_at(queue, f"?cell=Mi9&method=generated&run={key}")
        session = app.session
        assert session.shown.answer.attrs["status"] == "cancelled"
        assert "Cancelled early" in app.headline.panel.shown["html"]
        assert session.note == (
            "The server was restarted during this run; the best until then was kept. "
            "Press Run to make the whole run."
        )
        assert (session.problem, session.key) == ("", first.key)
        assert session.choice.request().config.n_iters == FOREVER
        session.choice.settings["generated"].n_iters = 5
        assert session.note == (
            f"This answer was made with iterations {FOREVER}. "
            "The server was restarted during this run; the best until then was kept."
        )
    start(session)
    until_ended(session)
    assert session.answer.attrs["status"] == "complete" and session.note == ""
    queue.close()


def test_a_run_that_waited_is_chosen_again_and_said_to_be_gone(tmp_path):
    queue = toy_queue(tmp_path)
    session = open_session(queue)
    ask(session, DEAF, 7, "Mi1")
    until(session, lambda s: s.run.step > 0)
    silent = session.key
    ask(session, SLOW, 41, "Mi9")
    waited, asked = session.key, session.run.request
    queue.keep_seconds = 0.1
    queue = restarted(queue)
    for key, cell_type, said in (
        (waited, "Mi9", "The server was restarted while this run waited for its turn; "),
        (silent, "Mi1", "The server was restarted before anything of this run was kept; "),
    ):
        session = opened_at(queue, f"?run={key}").session
        assert session.problem == f"{said}press Run to make it."
        assert session.choice.request().cell_type == cell_type
    assert opened_at(queue, f"?run={waited}").session.choice.request() == asked
    queue.close()


def test_a_run_of_a_server_that_was_killed_is_said_to_be_gone(session, queue):
    search = "?cell=Mi9&method=generated&run=0123456789abcdef&n_iters=41"
    session = opened_at(queue, search).session
    assert session.problem == (
        "The run of this link is not on this server any more, most likely since a restart; press Run "
        "to make it."
    )
    request = session.choice.request()
    assert (request.cell_type, request.config.n_iters) == ("Mi9", 41)


def test_until_the_answer_of_an_address_is_ready_the_example_is_shown_and_said_to_be_another(queue):
    app = opened_at(queue, "?cell=Tm9&n_iters=41")
    session, told = app.session, set()
    assert session.shown.question.cell_type == "T4c" and app.choice.cell_type == "Tm9"
    give_up = time.monotonic() + 120
    while session.shown.question.cell_type == "T4c":
        assert time.monotonic() < give_up
        told.add(app.headline.panel.shown["note"])
        time.sleep(0.02)
        app.networks.poll()
        session.poll()
    said = {"You chose Tm9; this is T4c.", "Tm9 is on its way; this is T4c."}
    assert told and told <= said
    assert session.key == "Tm9-generated" and session.is_example
    assert session.choice.request().config.n_iters == 41
    again = opened_at(queue, "?cell=Tm9", session.library)  # which has it ready by now
    assert again.session.key == "Tm9-generated"
    other = opened_at(queue, "?cell=Tm9&method=natural", session.library)  # none comes with maxstim
    assert other.session.key == "Tm9-generated" and other.choice.method == "natural"


def test_what_the_browser_restores_leaves_what_the_page_has_to_say(queue):
    app = App(queue, ResultLibrary(queue.folder))
    app.session.follow("0123456789abcdef")
    said = app.session.problem
    setting = {"method": "generated", "setting": "random_seed"}
    app.sidebar._hear({**setting, "entry": "7", "restored": True})
    assert app.choice.settings["generated"].random_seed == 7
    assert app.session.problem == said != ""
    app.sidebar._hear({**setting, "entry": "8"})
    assert app.session.problem == ""


def test_a_fault_of_the_page_is_told_with_a_reference_and_logged(session, caplog):
    session.unexpected(ZeroDivisionError("a defect"))
    reference = caplog.records[0].getMessage().split()[-1]
    assert reference in session.problem and "defect" not in session.problem
    assert "ZeroDivisionError" in caplog.text
    session.unexpected(MaxstimError("Say this."))
    assert session.problem == "Say this."


def test_a_fault_that_comes_again_is_one_line(session, caplog):
    def fail(number):
        try:
            1 / number
        except ZeroDivisionError as error:
            session.unexpected(error)

    for _ in range(3):
        fail(0)
    told = [record.getMessage().split() for record in caplog.records]
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False]
    assert all(said[4] == told[0][1] for said in told[1:])
    assert told[2][1].rstrip(":") in session.problem


def test_the_views_follow_a_run(queue):
    app = App(queue, ResultLibrary(queue.folder))
    session, example = app.session, app.session.library.example()
    session.follow(example.key)
    assert "Example" in app.headline.panel.shown["html"]
    scene = app.player.scene
    assert scene and app.history.list.chosen == example.key
    ask(session, SLOW, FOREVER, "L5")
    until(session, lambda s: s.run.preview is not None)
    assert app.player.live and app.player.scene == scene
    before = f"of the answer before: {example.cell_type} {example.method}"
    assert app.traces.plot.whose == before
    assert app.losses.plot.whose == ("" if session.shown.run.terms else before)
    until(session, lambda s: s.run.step > 20)
    assert app.traces.plot.whose == before and app.losses.plot.whose == ""
    shown = json.loads(app.player.live[4 : 4 + int.from_bytes(app.player.live[:4], "little")])
    assert {"stimulus", "response", "central"} <= {array["name"] for array in shown["arrays"]}
    # Pulling to grey, the response falls: the colours stay as far apart as they were.
    preview = session.run.preview
    assert shown["cell_type"] == "L5"
    assert shown["limit"] > response_limit(preview.response, preview.lattice)
    assert "Forming" in app.headline.panel.shown["html"] and app.headline.panel.shown["live"]
    assert app.sidebar.panel.run["cancel"] and "Pulling noise" not in session.problem
    assert "L5 generated" in app.sidebar.panel.run["start"]
    assert unpacked(app.losses.plot.losses)["iterations"].size == len(session.run.losses) > 0
    assert app.history.list.rows[0]["state"] == "running"
    session.cancel()
    until_ended(session)
    assert not app.player.live and app.player.scene != scene
    assert app.traces.plot.whose == app.losses.plot.whose == ""
    assert (
        "Cancelled early" in app.headline.panel.shown["html"]
        and not app.sidebar.panel.run["cancel"]
    )
    assert app.history.list.rows[0]["state"] == "cancelled"
    app.history.list._handle_msg("not on the list")
    app.history.list._handle_msg(example.key)
    assert app.player.scene == scene and session.is_example


def test_a_run_that_fails_gives_the_player_back_to_the_answer(queue):
    app = App(queue, ResultLibrary(queue.folder))
    app.session.follow(app.session.library.example().key)
    ask(app.session, REFUSING, 9)
    until_ended(app.session)
    assert app.sidebar.panel.run["problem"] and not app.player.live
    assert "Example" in app.headline.panel.shown["html"]


def test_choosing_shows_what_is_finished_and_says_so_where_nothing_is(queue):
    app = App(queue, ResultLibrary(queue.folder))
    session, choice = app.session, app.choice
    session.follow(session.library.example().key)
    assert app.headline.panel.shown["note"] == ""
    until(session, lambda s: app.networks.poll() or s.network_hash)
    answer, iterations = session.answer, choice.settings["generated"].n_iters
    choice.method = "natural"
    choice.cell_type = "T3"
    assert session.link_key == "" and session.answer.attrs["cell_type"] == "T4c"
    note = "You chose T3; this is T4c. Press Run for T3."
    assert note in app.headline.panel.shown["note"]
    choice.method = "regularized"
    assert "You chose T3 regularized; this is T4c" in app.headline.panel.shown["note"]
    until(session, lambda s: s.shown.question.cell_type == "T3")
    note = "You chose T3 regularized; this is T3 generated. Press Run for T3 regularized."
    assert note in app.headline.panel.shown["note"] and session.link_key == ""
    choice.param.update(cell_type="T4c", method="natural")
    assert session.answer.attrs["method"] == "natural" and session.key == "T4c-natural"
    assert app.headline.panel.shown["note"] == "" and session.link_key == session.key
    choice.method = "generated"
    assert session.answer.identical(answer) and session.is_example
    assert choice.settings["generated"].n_iters == iterations
    # A run that is on its way stays, whatever is chosen meanwhile.
    blocker = queue.submit(toy_request(SLOW, FOREVER), "another page")
    ask(session, SLOW, FOREVER, "Tm16")
    assert "Tm16 is on its way; this is T4c." in app.headline.panel.shown["note"]
    queue.cancel(blocker)
    until(session, lambda s: s.run.preview is not None)
    assert app.headline.panel.shown["note"] == "" and session.link_key == session.key
    choice.cell_type = "T4c"
    assert session.run.state == "running" and "this is Tm16" in app.headline.panel.shown["note"]
    session.cancel()
    until_ended(session)


def test_an_answer_of_another_network_is_not_taken_for_one_of_the_chosen(queue):
    app = App(queue, ResultLibrary(queue.folder))
    session, choice = app.session, app.choice
    session.follow(session.library.example().key)
    until(session, lambda s: app.networks.poll() or s.network_hash)
    answer = session.answer
    choice.network = "prior"
    until(session, lambda s: app.networks.poll() or s.network_hash)
    assert session.answer is answer and session.link_key == ""
    assert "You chose network prior; this is network default." in app.headline.panel.shown["note"]
    choice.network = "maxstim/001"  # the default by its own name
    until(session, lambda s: app.networks.poll() or s.network_hash)
    assert app.headline.panel.shown["note"] == "" and session.link_key == session.key


def test_a_page_gains_what_others_have_stored(queue, tmp_path):
    library = ResultLibrary(tmp_path / "results")
    example = library.open(library.example().key)
    (tmp_path / "results").mkdir()

    def store(key, **attributes):
        save(example.assign_attrs(attributes), tmp_path / "results" / f"{key}.nc")

    for number in range(5):
        store(f"before-{number}", cell_type="L1")
    app = App(queue, library)
    session, rows = app.session, app.history.list
    assert session.looking
    session.follow("before-3")  # whether it has been listed by then or not
    assert (session.answer.attrs["cell_type"], session.is_example) == ("L1", False)
    until(session, lambda s: not s.looking)
    assert {row["key"] for row in rows.rows} >= {f"before-{number}" for number in range(5)}
    until(session, lambda s: app.networks.poll() or s.network_hash)
    # The command line stores an answer while the page is open; then it is asked for.
    store("after", cell_type="T3")
    assert "after" not in {row["key"] for row in rows.rows}
    app.choice.cell_type = "T3"
    until(session, lambda s: s.key == "after")
    assert session.answer.attrs["cell_type"] == "T3" and app.headline.panel.shown["note"] == ""
    assert rows.rows[0]["key"] == rows.chosen == "after"


def test_an_answer_is_compared_with_what_comes_to_light_after_it(queue, tmp_path):
    library = ResultLibrary(tmp_path / "results")
    (tmp_path / "results").mkdir()
    for entry in (one for one in library.entries() if one.has_response):
        answer = library.open(entry.key).assign_attrs(cell_type="T5d")
        save(answer, tmp_path / "results" / f"{entry.method}.nc")
    app = App(queue, library)
    app.session.follow("regularized")
    until(app.session, lambda s: not s.looking)
    assert set(app._compared) == {"natural", "regularized", "generated"}
    assert app._compared["regularized"] is app.session.answer
    assert app.browse.gallery.visible  # the clips that it was chosen from


def test_until_an_answer_is_read_its_run_stays_on_show_and_no_other_answer(queue, monkeypatch):
    app = App(queue, ResultLibrary(queue.folder))
    app.session.follow("T4c-generated")
    before, drawn = app.session.answer, []
    show = app.losses.show
    monkeypatch.setattr(
        app.losses, "show", lambda run, *rest: drawn.append(rest[0]) or show(run, *rest)
    )
    ready, is_ready = [], app.session.library.is_ready
    monkeypatch.setattr(app.session.library, "is_ready", lambda one: bool(ready) and is_ready(one))
    ask(app.session, seed=SLOW, iterations=33)
    until(app.session, lambda s: s.shown.run is not None)
    drawn.clear()
    until_ended(app.session)
    for _ in range(5):
        app.session.poll()
    assert app.session.answer is before and app.session.shown.run is not None
    ready.append(True)
    until(app.session, lambda s: s.shown.run is None)
    assert app.session.answer is not before and app.session.shown.answer is app.session.answer
    assert {*drawn} == {("total", "grey")}, "never the terms of the answer before"


def test_losses_of_one_run_with_other_terms_are_drawn_anew():
    losses, run = Losses(), np.ones((3, 2), np.float32)
    losses.show("run", ("total", "central"), run)
    first = losses.plot.losses
    losses.show("run", ("total", "central"), run)
    assert losses.plot.losses is first
    losses.show("run", ("total", "energy"), run)
    assert losses.plot.losses != first
    losses.show("run", ("total", "energy"), 2 * run)
    assert unpacked(losses.plot.losses)["values"].max() == 2


@pytest.mark.parametrize(
    ("n_iters", "schedule", "asked"),
    [
        (200, "", 200),
        (2000, "50: n_iters=90", 90),
        (2000, "50: n_iters=90; 90: n_iters=180", 90),  # gone on with at its end
        (2000, "50: n_iters=90; 90: n_iters=180; 100: n_iters=150", 150),
        (200, "200: n_iters=400; 400: n_iters=600", 200),
        (200, "20: lr=0.5", 200),
    ],
)
def test_a_run_goes_on_by_the_iterations_that_were_asked_for_last(n_iters, schedule, asked):
    assert iterations_asked(GenerateConfig(n_iters=n_iters, schedule=schedule)) == asked


def test_the_field_of_iterations_tells_how_many_changes_on_the_way_make_of_them():
    choice = Choice()
    controls, settings = Controls(choice), choice.settings["generated"]

    def note():
        return controls.words()["values"]["generated"]["n_iters"].get("note")

    assert note() is None
    settings.load(GenerateConfig(n_iters=2000, schedule="50: n_iters=90"))
    assert note() == "Changes on the way make it 90 in all."
    settings.load(GenerateConfig(n_iters=2000, schedule="50: lr=0.2"))
    assert note() is None


def test_a_run_that_has_left_nothing_is_not_what_the_address_and_the_list_say(queue):
    app = App(queue, ResultLibrary(queue.folder))
    session = app.session
    ask(session, seed=0, iterations=7)
    until_ended(session)
    kept = session.lasting_key
    ask(session, REFUSING, 9)
    until_ended(session)
    assert session.run.state == "failed" and session.problem
    assert session.lasting_key == kept
    row = next(row for row in app.history.list.rows if row["key"] == app.history.list.chosen)
    assert row["state"] == "done" and "7 iterations" in row["settings"]


def test_where_there_was_nothing_but_a_run_that_left_nothing_something_else_is_shown(queue):
    app = App(queue, ResultLibrary(queue.folder))
    session = app.session
    ask(session, REFUSING, 11)
    until_ended(session)
    until(session, lambda s: s.shown.finished is not None)
    assert "T4c" in app.headline.panel.shown["html"] and not app.player.live
    assert not app.headline.panel.shown["live"]
    assert "lower the learning rate" in session.problem
