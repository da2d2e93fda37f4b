"""Browsing the best clips of a search: real answers of a small eye, in a real worker, no browser."""

import time

import numpy as np
import pytest
from toy_runs import toy_queue

from dashboard.app import App
from dashboard.state.choice import Choice
from maxstim_core.export.captions import with_degrees
from maxstim_core.optimal.configs import RegularizeConfig
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import LIVE


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """A queue whose worker searches eight clips on an eye of seven columns."""
    toys = toy_queue(tmp_path_factory.mktemp("page"), "toy_runs_small_eye:run")
    yield toys
    toys.close()


@pytest.fixture
def app(queue):
    """A page whose natural search has ended."""
    page = App(queue, ResultLibrary(queue.folder))
    page.choice.param.update(method="natural", cell_type="T4c", clips="made")
    page.choice.settings["natural"].param.update(dt=0.04)
    page.choice.settings["regularized"].param.update(dt=0.04, n_iters=3)
    page.session.start()
    until_ended(page.session)
    return page


def until_ended(session):
    give_up = time.monotonic() + 120
    while session.submitting or session.run is None or session.run.state in LIVE:
        assert time.monotonic() < give_up, session.run
        time.sleep(0.02)
        session.poll()
    assert (session.run.state, session.problem) == ("done", ""), session.run.message


def test_the_gallery_says_what_the_answer_holds(app):
    gallery, answer = app.browse.gallery, app.session.answer
    assert [clip["name"] for clip in gallery.clips] == answer.clip_name.values.tolist()
    np.testing.assert_allclose([clip["score"] for clip in gallery.clips], answer.score)
    np.testing.assert_allclose([clip["time"] for clip in gallery.clips], 40 * answer.peak_frame)
    assert gallery.chosen == 0 and len(gallery.clips) == 8
    assert answer.shown_stimulus.values.tobytes() in gallery.movies


def test_a_chosen_clip_is_shown_at_once_and_then_its_response(app):
    gallery, session = app.browse.gallery, app.session
    movies, scene = gallery.movies, app.player.scene
    name = gallery.clips[2]["name"]
    long = RegularizeConfig(dt=0.04, n_iters=100_000)
    blocker = session.queue.submit(RunRequest("T4c", long, clips="made"), "somebody")
    gallery._handle_msg(2)
    while not app.player.live:  # its luminance, before the worker had its turn
        assert session.submitting
        time.sleep(0.01)
        session.poll()
    session.queue.cancel(blocker)
    until_ended(session)
    assert not app.player.live and app.player.scene != scene
    assert session.answer.attrs["source"] == session.answer.attrs["clip"] == name
    assert (gallery.chosen, gallery.movies) == (2, movies)
    assert with_degrees(name) in app.headline.panel.shown["html"]
    gallery._handle_msg(0)
    until_ended(session)
    assert session.answer.attrs["clip"] == "" and gallery.chosen == 0


def test_what_a_browser_should_not_send_is_ignored(app):
    run = app.session.run
    for message in (8, -1, "2", None, {"place": 1}, 1.5):
        app.browse.gallery._handle_msg(message)
        assert app.session.run is run and app.session.problem == "", message


def test_an_answer_without_clips_has_no_gallery(app):
    natural = app.session.answer
    earlier = natural.drop_vars(["shown_stimulus", "shown_response", "score"])
    generated = app.session.library.example()
    for show in (
        lambda: app.session.param.update(answer=earlier),  # as stored before there were scores
        lambda: app.session.follow(generated.key),
    ):
        show()
        run = app.session.run
        assert not app.browse.gallery.visible
        app.browse.gallery._handle_msg(3)
        app.browse.gallery._handle_msg("regularize")
        assert (app.session.run, app.session.problem) == (run, "")
        app.session.answer = natural
        assert app.browse.gallery.visible


def test_exactly_the_clip_on_show_is_regularized(app):
    gallery, session, choice = app.browse.gallery, app.session, app.choice
    name = gallery.clips[1]["name"]
    gallery._handle_msg(1)
    until_ended(session)
    choice.cell_type = "Mi1"  # looked at, but not run: the clip on show is T4c's
    gallery._handle_msg("regularize")
    until_ended(session)
    request = session.run.request
    assert (request.cell_type, request.clip) == ("T4c", name)
    assert request.config == RegularizeConfig(l2_act=10.0, dt=0.04, n_iters=3)
    assert session.answer.attrs["clip"] == name and name in session.answer.attrs["source"]
    assert (choice.method, choice.cell_type, choice.clip) == ("regularized", "T4c", name)
    row = app.history.list.rows[0]
    assert (row["title"], row["clip"]) == (
        "T4c regularized",
        f"from {with_degrees(name)} · Made scenes and textbook stimuli",
    )


def test_from_a_regularized_clip_one_goes_back_to_the_clips_and_takes_another(app):
    gallery, session, movies = app.browse.gallery, app.session, app.browse.gallery.movies
    gallery._handle_msg(1)
    until_ended(session)
    gallery._handle_msg("regularize")
    until_ended(session)
    assert app.browse.gallery.visible and gallery.movies == movies
    assert (gallery.chosen, gallery.can_regularize) == (1, False)
    asked = session.run
    gallery._handle_msg("regularize")  # of a button that is not there any more
    assert session.run is asked
    for place in (1, 3):  # the very clip as it was before, and another
        gallery._handle_msg(place)
        until_ended(session)
        name = gallery.clips[place]["name"]
        assert session.answer.attrs["method"] == "natural"
        assert (session.answer.attrs["source"], app.choice.clip) == (name, name)
        assert (gallery.chosen, gallery.can_regularize) == (place, True)
    gallery._handle_msg("regularize")
    until_ended(session)
    assert session.run.request.clip == name and gallery.chosen == 3

    # A visitor who comes later finds the same, and which clip each regularisation began from.
    later = App(session.queue, ResultLibrary(session.queue.folder))
    later.session.follow(session.run.result.stem)
    assert later.browse.gallery.movies == movies and later.browse.gallery.chosen == 3
    rows = {row["clip"] for row in later.history.list.rows if "regularized" in row["title"]}
    assert {f"from {gallery.clips[k]['title']}" for k in (1, 3)} <= {
        row.partition(" · ")[0] for row in rows
    }


def test_a_regularized_answer_of_another_set_has_other_clips(app):
    app.browse.gallery._handle_msg("regularize")
    until_ended(app.session)
    answer = app.session.answer
    for other in ({"clips": "walk"}, {"cell_type": "T4a"}, {"network_hash": "another"}):
        app.session.answer = answer.assign_attrs(other)
        assert not app.browse.gallery.visible
    app.session.answer = answer
    assert app.browse.gallery.visible


def test_a_named_clip_lasts_until_something_else_is_searched():
    choice = Choice(method="regularized")
    for change in ({"cell_type": "L1"}, {"network": "prior"}, {"clips": "made"}):
        choice.clip = "scene 1"
        choice.settings["regularized"].l2_act = 3.0
        assert choice.request().clip == "scene 1"
        again = Choice()
        again.take(choice.request())
        assert again.request() == choice.request()
        choice.param.update(**change)
        assert choice.request().clip == ""
    choice.clip = "scene 1"
    choice.method = "natural"
    assert choice.request().clip == ""
