"""Names, stars and the removal of runs from a visitor's own list."""

import time

import pytest
from toy_runs import ended, toy_queue, toy_request

from dashboard.app import App
from dashboard.state.run_marks import LONGEST_NAME, RunMark, RunMarks
from maxstim_core.runs.library import ResultLibrary

ANNA, BERT = "a" * 32, "b" * 32


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


def page(queue, visitor):
    app = App(queue, ResultLibrary(queue.folder), visitor)
    app.session.library.refresh(wait=True)
    app.session.poll()
    return app


def rows(app):
    return {row["key"]: row for row in app.history.list.rows}


def test_a_name_and_a_star_stay_with_the_visitor_and_after_a_restart(queue, tmp_path):
    runs = [queue.submit(toy_request(n_iters=n), ANNA) for n in (5, 6)]
    stem = [ended(queue, run).result.stem for run in runs]
    app = page(queue, ANNA)
    assert [*rows(app)][:2] == runs[::-1]
    app.history.list._handle_msg({"key": runs[0], "name": "  the\n first one "})
    app.history.list._handle_msg({"key": runs[0], "star": True})
    first = app.history.list.rows[0]
    assert (first["key"], first["name"], first["star"]) == (runs[0], "the first one", True)
    other_tab = rows(page(queue, ANNA))
    assert other_tab[runs[0]]["name"] == "the first one"
    # Others have names of their own; so has the same answer when the server has forgotten its run.
    assert rows(page(queue, BERT))[stem[0]]["name"] == ""
    again = RunMarks(queue.store.root / "visitors" / f"{ANNA}.json")
    assert again.of(stem[0]) == RunMark("the first one", star=True)


def test_what_was_removed_is_not_listed_any_more_but_still_there(queue):
    run = queue.submit(toy_request(), ANNA)
    stem = ended(queue, run).result.stem
    app = page(queue, ANNA)
    app.history.list._handle_msg({"key": run, "removed": True})
    assert not {run, stem} & rows(app).keys() and not {run, stem} & rows(page(queue, ANNA)).keys()
    assert stem in rows(page(queue, BERT))
    app.session.follow(stem)
    assert app.session.answer is not None


@pytest.mark.parametrize("message", [{"key": "gone", "star": True}, {"key": 3}, {"star": True}, 7])
def test_what_is_no_mark_of_a_row_is_ignored(queue, message):
    app = page(queue, ANNA)
    before = app.history.list.rows
    app.history.list._handle_msg(message)
    assert app.history.list.rows == before and not (queue.store.root / "visitors").exists()


def test_a_name_has_bounds_and_a_spoilt_file_is_none(tmp_path):
    marks = RunMarks(tmp_path / "v" / "marks.json")
    marks.change("key", name="x" * 500)
    assert len(marks.of("key").name) == LONGEST_NAME
    marks.change("key", name="")
    assert marks.of("key") == RunMark()
    (tmp_path / "v" / "marks.json").write_text('{"a": 3}')
    assert RunMarks(tmp_path / "v" / "marks.json").of("a") == RunMark()


def test_a_person_is_one_turn_however_many_tabs(queue):
    blocker = queue.submit(toy_request(1, 100_000), "somebody")
    while queue.snapshot(blocker).state != "running":
        time.sleep(0.01)
    tabs = [App(queue, ResultLibrary(queue.folder), ANNA) for _ in range(3)]
    annas = [queue.submit(toy_request(1, 50 + n), tab.session.id) for n, tab in enumerate(tabs)]
    other = App(queue, ResultLibrary(queue.folder), BERT)
    berts = queue.submit(toy_request(1, 99), other.session.id)
    places = [queue.snapshot(run).position for run in (*annas, berts)]
    assert places == [1, 3, 4, 2]
    for run in (*annas, berts, blocker):
        queue.cancel(run)
