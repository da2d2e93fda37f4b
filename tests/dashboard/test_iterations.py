"""The last iteration of an answer or its best: one switch for picture, headline and exports."""

import re
import time

import numpy as np
import pytest
from packed import unpacked
from toy_runs import toy_queue

from dashboard.app import App
from dashboard.state.page_link import address_of
from dashboard.state.url import PageAddress
from maxstim_core.export.captions import figure_notes
from maxstim_core.optimal.result import load
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.storage.netcdf import save


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("iterations"))
    yield toys
    toys.close()


@pytest.fixture
def app(queue, tmp_path):
    """A page that shows an answer that was cancelled, and one that was not, with another best."""
    library = ResultLibrary(tmp_path / "results")
    answer = library.open("R2-generated")
    (tmp_path / "results").mkdir()
    save(answer, tmp_path / "results" / "whole.nc")
    cut = answer.isel(iteration=slice(50)).assign_attrs(status="cancelled")
    save(cut, tmp_path / "results" / "cut.nc")
    return App(queue, library)


def until(session, is_so):
    give_up = time.monotonic() + 120
    while not is_so(session):
        assert time.monotonic() < give_up, session.problem
        time.sleep(0.02)
        session.poll()


def shown_peak(app):
    """Return the highest voltage that the player draws, and that the headline tells."""
    told = re.search(r"peak ([\d.]+) a\.u\.", app.headline.panel.shown["html"])
    return unpacked(app.player.scene)["central"].max(), float(told[1])


@pytest.mark.parametrize("which", ["best", "last"])
def test_picture_headline_and_files_show_the_iteration_that_is_chosen(app, which, tmp_path):
    app.session.follow("whole")
    assert app.headline.panel.shown["iteration"] == "last"
    app.headline.panel._handle_msg({"iteration": which})
    until(app.session, lambda s: app.headline.panel.shown["iteration"] == which)
    answer = app.session.library.open("whole")
    prefix = "best_" if which == "best" else ""
    central = answer[f"{prefix}central_response"].values
    drawn, told = shown_peak(app)
    assert drawn == pytest.approx(central.max(), abs=1e-4)
    assert told == pytest.approx(central.max(), rel=0.01)
    name, make = app.headline._data()
    (tmp_path / name).write_bytes(make().getvalue())
    taken = load(tmp_path / name)
    np.testing.assert_array_equal(taken["stimulus"], answer[f"{prefix}stimulus"])
    np.testing.assert_allclose(taken["central_response"], central, atol=1e-4)
    is_best = which == "best"
    assert ("best" in name) == is_best
    assert ("best iteration" in figure_notes(app.session.shown.view)[0]) == is_best
    code = app.headline._code()
    assert all(("best_stimulus" in lines) == is_best for lines in code.values())
    assert app.headline._drawn(lambda shown, *rest, dark: shown, "png")[0].endswith(".png")


def test_of_a_run_that_was_cancelled_the_best_is_shown(app):
    app.session.follow("cut")
    until(app.session, lambda s: s.shown.best)
    assert app.headline.panel.shown["iteration"] == "best"
    app.session.follow("whole")
    assert app.headline.panel.shown["iteration"] == "last"


def test_where_the_last_is_the_best_there_is_nothing_to_choose(app):
    app.session.follow(app.session.library.example().key)
    answer = app.session.answer
    same = bool((answer["stimulus"] == answer["best_stimulus"]).all())
    assert app.headline.panel.shown["iteration"] == ("" if same else "last")


@pytest.mark.parametrize(("key", "which"), [("whole", "best"), ("cut", "last")])
def test_the_address_keeps_which_of_last_and_best_is_on_show(app, key, which):
    app.session.follow(key)
    app.start()
    until(app.session, lambda s: not s.looking)
    assert PageAddress.parse(app.page.link_query).shown == ""
    app.headline.panel._handle_msg({"iteration": which})
    until(app.session, lambda s: app.headline.panel.shown["iteration"] == which)
    query = app.page.link_query
    assert PageAddress.parse(query).shown == which
    again = App(app.session.queue, app.session.library)
    again.session.follow(PageAddress.parse(query).run)
    again.opened.choose(PageAddress.parse(query))
    until(again.session, lambda s: again.headline.panel.shown["iteration"] == which)
    assert address_of(again.session).shown == which
