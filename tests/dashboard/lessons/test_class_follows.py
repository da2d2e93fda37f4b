"""Who follows a class sees what its presenter shows: headline, player and what is chosen."""

import re
import time

import pytest
from packed import unpacked
from toy_runs import SLOW, toy_queue

from dashboard.app import App
from dashboard.lessons.followed_answer import PresentedAnswer
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.snapshot import LIVE


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("class"))
    yield toys
    toys.close()


def told(app: App) -> tuple[object, ...]:
    """Return what a page shows: headline and its note, player, what is chosen, and its step."""
    headline, choice = app.headline.panel.shown, app.choice
    player = unpacked(app.player.live or app.player.scene) if app.session.shown.question else {}
    visit = app.lessons.visit
    return (
        re.search(r"<h1>.*?</h1>", headline["html"])[0],
        re.sub(r"Press Run.*", "", headline["note"]),
        player.get("cell_type"),
        bool(player.get("live")),
        headline["iteration"],
        app.session.shown.best,
        (choice.cell_type, choice.method, choice.settings["generated"].random_seed),
        None if visit is None else (visit.lesson.name, visit.place),
    )


def until(apps: list[App], is_so) -> None:
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up, [told(app) for app in apps]
        for app in apps:
            app.session.poll()
            app.networks.poll()
            app.lessons.poll()
        time.sleep(0.01)


def opened(queue, lesson: str = "", code: str = "") -> App:
    """Open a page, with an example on show, as its address asks for it."""
    app = App(queue, ResultLibrary(queue.folder))
    until([app], lambda: app.session.library.example() is not None)
    app.session.follow_meanwhile(app.session.library.example().key)
    app.lessons.begin(lesson, 1, code)
    until([app], lambda: app.lessons.visit is not None and app.networks.found is not None)
    return app


@pytest.fixture
def pages(queue):
    """A presenter and two who follow: by the link, and by a code that is typed."""
    presenter = opened(queue, "direction")
    presenter.lessons._hear({"class": "open"})
    code = presenter.lessons.seat.code
    by_link = opened(queue, "", code)
    by_code = opened(queue, "optimal")
    by_code.lessons._hear({"join": code})
    yield [presenter, by_link, by_code]
    for run in queue.snapshots(presenter.session.id):
        if run.state in LIVE:
            queue.cancel(run.run_id)
    presenter.lessons._hear({"class": "end"})


def agree(pages: list[App], is_so=lambda presenter: True) -> None:
    """Wait until the presenter shows something, and everybody the same."""
    presenter = pages[0]
    until(pages, lambda: is_so(presenter) and all(told(a) == told(presenter) for a in pages))


def shows(cell_type: str, *, live: bool = False):
    """What holds once a page shows a movie for a cell type."""
    return lambda app: f"<h1>{cell_type} " in told(app)[0] and told(app)[2:4] == (cell_type, live)


def run(app: App, seed: int, n_iters: int) -> None:
    app.choice.settings["generated"].param.update(random_seed=seed, n_iters=n_iters)
    app.session.start()


def test_the_next_step_s_movie_is_on_every_page(pages):
    agree(pages, shows("T4c"))
    for place, cell_type in ((1, "T4a"), (3, "T5c"), (0, "T4c")):
        pages[0].lessons._hear({"go": place})
        agree(pages, shows(cell_type))
        assert all(app.headline.panel.shown["note"] == "" for app in pages)


def test_another_cell_or_method_that_the_presenter_picks(pages):
    pages[0].choice.cell_type = "Mi1"
    agree(pages, shows("Mi1"))
    pages[0].choice.method = "regularized"  # of which there is no answer
    agree(pages, lambda app: "You chose Mi1 regularized" in told(app)[1])
    pages[0].choice.cell_type = "T4c"
    agree(pages, lambda app: "<h1>T4c <small>regularized" in told(app)[0])
    late = opened(pages[0].session.queue, "", pages[0].lessons.seat.code)
    agree([*pages, late], lambda app: "<h1>T4c <small>regularized" in told(app)[0])


def test_a_run_of_the_presenter_while_it_goes_and_when_it_is_done(pages):
    presenter, queue = pages[0], pages[0].session.queue
    run(presenter, SLOW, 200)
    agree(pages, shows("T4c", live=True))
    late = opened(queue, "", presenter.lessons.seat.code)
    agree([*pages, late], shows("T4c", live=True))
    agree([*pages, late], lambda app: shows("T4c")(app) and app.session.run is not None)
    made = presenter.session.lasting_key
    assert made != presenter.session.key
    assert {app.session.lasting_key for app in (*pages, late)} == {made}
    assert all("Example" not in told(app)[0] for app in (*pages, late))
    later = opened(queue, "direction", presenter.lessons.seat.code)
    agree([*pages, later])
    assert later.session.lasting_key == made


def test_an_answer_that_the_presenter_opens_and_its_best_iteration(pages):
    pages[0].session.follow("R2-generated")
    agree(pages, shows("R2"))
    pages[0].headline.panel._handle_msg({"iteration": "best"})
    agree(pages, lambda app: app.session.shown.best)
    late = opened(pages[0].session.queue, "", pages[0].lessons.seat.code)
    agree([*pages, late], lambda app: app.session.shown.best)


def test_settings_beside_an_answer_that_was_made_with_others(pages):
    pages[0].choice.settings["generated"].random_seed = 77
    agree(pages, lambda app: "This answer was made with" in app.headline.panel.shown["note"])
    assert [app.choice.settings["generated"].random_seed for app in pages] == [77] * 3


def test_who_goes_on_alone_is_left_alone_until_they_follow_again(pages):
    presenter, alone, other = pages
    alone.lessons._hear({"go": 3})
    until(pages, lambda: shows("T5c")(alone))
    presenter.lessons._hear({"go": 1})
    agree([presenter, other], shows("T4a"))
    assert shows("T5c")(alone)
    alone.lessons._hear({"follow": True})
    agree(pages, shows("T4a"))


def test_a_run_of_one_who_follows_stays_when_the_presenter_s_is_done(pages):
    presenter, mine, _ = pages
    run(presenter, SLOW, 100)
    agree(pages, shows("T4c", live=True))
    run(mine, 0, 3)
    until(
        pages, lambda: mine.session.run is not None and mine.session.run.session == mine.session.id
    )
    key = mine.session.key
    until(pages, lambda: presenter.session.run.state == "done" and mine.session.run.state == "done")
    for _ in range(5):
        until(pages, lambda: True)
    assert mine.session.key == key


def test_an_answer_that_is_gone_leaves_the_stored_one_to_what_is_chosen(pages):
    first = pages[1]
    agree(pages, shows("T4c"))
    first.lessons._followed.show(PresentedAnswer("no-such-key", "no-such-key"))
    assert shows("T4c")(first) and first.session.problem == ""
    first.choice.taking = True  # as what is taken over: nothing is shown by itself
    first.choice.cell_type = "T4a"
    first.choice.taking = False
    first.lessons._followed.show(PresentedAnswer())
    until(pages[1:2], lambda: shows("T4a")(first))


def generated(app: App):
    return app.choice.settings["generated"]


def test_what_one_has_typed_stays_until_the_presenter_changes_the_same(pages):
    presenter, mine, other = pages
    agree(pages, shows("T4c"))
    generated(mine).enter("t_stim", "0.3")
    generated(mine).enter("n_iters", "30")
    generated(mine).enter("lr", "fast")
    before = generated(other).n_iters
    generated(presenter).random_seed = 5
    until(pages, lambda: [generated(app).random_seed for app in pages] == [5] * 3)
    assert (generated(mine).t_stim, generated(mine).n_iters) == (0.3, 30)
    assert "lr" in generated(mine).entries.refused and generated(other).n_iters == before
    assert mine.lessons._note == ""
    generated(presenter).n_iters = 40
    until(pages, lambda: [generated(app).n_iters for app in pages] == [40] * 3)
    assert generated(mine).t_stim == 0.3
    assert mine.lessons._note == "In place of yours, the presenter's are taken: Iterations."
    assert other.lessons._note == ""


def test_a_presenter_who_types_what_is_none_sets_nobody_back(pages):
    presenter, mine, _ = pages
    agree(pages, shows("T4c"))
    generated(mine).enter("n_iters", "30")
    generated(presenter).enter("n_iters", "many")
    presenter.choice.cell_type = "Mi1"
    until(pages, lambda: presenter.lessons.seat.classroom.request is None)
    until(pages, lambda: mine.lessons.seat.moved() is None)
    assert generated(mine).n_iters == 30
    generated(presenter).entries.accept("n_iters")
    until(pages, lambda: mine.choice.cell_type == "Mi1")
    assert generated(mine).n_iters == 30


def test_a_step_that_sets_the_page_sets_it_for_everybody_and_says_so(pages):
    presenter, mine, other = pages
    agree(pages, shows("T4c"))
    generated(mine).enter("n_iters", "30")
    presenter.lessons._hear({"go": 1})
    agree(pages, shows("T4a"))
    assert generated(mine).n_iters == generated(presenter).n_iters != 30
    assert "presenter's are taken: Iterations" in mine.lessons._note and other.lessons._note == ""


def test_what_is_typed_before_the_class_is_there_is_what_is_run(pages):
    """A page on a busy server, whose class comes after its visitor has typed and pressed Run."""
    presenter, queue = pages[0], pages[0].session.queue
    generated(presenter).random_seed = 9
    agree(pages)
    late = App(queue, ResultLibrary(queue.folder))
    late.lessons.begin("", 1, presenter.lessons.seat.code)
    generated(late).enter("t_stim", "0.3")
    generated(late).enter("n_iters", "30")
    until([presenter, late], lambda: late.lessons.visit is not None)
    asked = late.choice.request().config
    assert (asked.t_stim, asked.n_iters, asked.random_seed) == (0.3, 30, 9)


def test_what_no_other_page_can_have_is_not_told(pages):
    presenter = pages[0]
    answer = presenter.session.answer.assign_attrs(network="/home/somebody/model.json")
    presenter.session.answer = answer
    assert PresentedAnswer.of(presenter.session) == PresentedAnswer()
