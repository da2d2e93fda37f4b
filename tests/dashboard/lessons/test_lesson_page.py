"""Lessons on a page, and classes of several pages: no browser."""

import json
import time

import pytest
from toy_runs import toy_queue

from dashboard.lessons.classroom import Classrooms
from dashboard.lessons.lesson_page import LessonPlace, Lessons
from dashboard.lessons.page_parts import PAGE_PARTS
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from dashboard.state.visitors import call_visitor
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.runs.library import ResultLibrary

MINE = """---
title: Mine
minutes: 10
fix: method=generated; energy=100; objective=drive
hide: runs
---
## One
set: cell=Mi1; method=generated; objective=drive; energy=100; n_iters=7
highlight: player
guess: Which?
- [x] this
- [ ] that
reveal: This.
## Two
set: cell=T5c; network=own/none
check: cell is T5c
## Three
guess: How many?
number: 24 within 2
reveal: 24.
## Four
hide: figures, runs
Text.
## Five
hide: figures
guess: Which?
- [ ] this
- [ ] that
"""


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("lessons"))
    yield toys
    toys.close()


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_LESSONS", str(tmp_path))
    (tmp_path / "mine.md").write_text(MINE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def classes():
    return Classrooms()


@pytest.fixture
def page(queue, classes):
    return lambda: opened(queue, classes)


def opened(queue, classes):
    shown = []
    lessons = Lessons(Session(Choice(), queue, ResultLibrary(queue.folder)), shown.append, classes)
    assert lessons.panel is None and not shown, "nothing is made before lessons are opened"
    return lessons


def told(lessons):
    return json.loads(lessons.panel.told)


def until(lessons, is_so):
    give_up = time.monotonic() + 120
    while not is_so(told(lessons)):
        assert time.monotonic() < give_up, told(lessons)
        time.sleep(0.01)
        lessons.poll()
    return told(lessons)


def begin(page, step=0, code="", **how):
    lessons = page()
    lessons.begin("mine", step, code, **how)
    until(lessons, lambda now: now["lesson"])
    return lessons


def test_the_list_of_lessons_is_read_when_it_is_wanted(page, own):
    lessons = page()
    lessons.is_open = True
    now = until(lessons, lambda now: now["list"]["lessons"])
    assert [one["name"] for one in now["list"]["lessons"]][-1] == "mine"
    assert now["list"]["lessons"][-1]["own"] and len(now["list"]["lessons"]) == 6
    lessons._hear({"open": "mine"})
    assert told(lessons)["lesson"]["title"] == "Mine"
    (own / "bad.md").write_text("x", encoding="utf-8")
    lessons._hear("list")
    now = until(lessons, lambda now: now["list"] and now["list"]["problems"])
    assert "line 1" in now["list"]["problems"][0]
    lessons._hear("close")
    assert not lessons.is_open and told(lessons) == {"open": False, "note": ""}


def test_a_step_sets_asks_and_reveals(page):
    lessons = begin(page)
    choice, now = lessons.session.choice, told(lessons)
    assert (choice.cell_type, choice.settings["generated"].n_iters) == ("Mi1", 7)
    assert now["step"]["highlight"] == ["player"] and "runs" in now["lesson"]["hidden"]
    assert (
        now["lesson"]["fixed"] == ["method", "objective", "energy"]
        or "energy" in now["lesson"]["fixed"]
    )
    assert now["step"]["reveal"] is None and not now["step"]["may_reveal"]
    lessons._hear("reveal")
    assert told(lessons)["step"]["reveal"] is None, "first the guess"
    for wrong in ("2", "-1", "x", "", None, 1, ["0"], {"a": 1}, "0" * 99):
        lessons._hear({"guess": wrong})
        assert told(lessons)["step"]["question"]["guess"] == ""
    lessons._hear({"guess": "1"})
    now = told(lessons)
    assert now["step"]["question"]["right"] == [], "not before it is revealed"
    lessons._hear("reveal")
    now = told(lessons)
    assert now["step"]["reveal"] == [{"tag": "p", "children": ["This."]}]
    assert now["step"]["question"]["said"] == "You guessed otherwise: that."
    lessons._hear({"guess": "0"})
    assert told(lessons)["step"]["question"]["guess"] == "1", "too late"
    assert lessons.place == LessonPlace("mine", 1, "")


def test_back_and_next_and_a_network_that_is_not_here(page):
    lessons = begin(page)
    lessons._hear({"go": 1})
    now = told(lessons)
    assert now["step"]["number"] == 2 and lessons.session.choice.cell_type == "T5c"
    assert "own/none" in now["note"] and lessons.session.choice.network == "default"
    lessons._hear({"go": 2})
    assert told(lessons)["step"]["number"] == 3 and lessons.place.step == 3
    lessons._hear({"guess": "many"})
    assert told(lessons)["step"]["question"]["refused"] == "Type a number, such as 24 or 0.5."
    lessons._hear({"guess": "23,5"})
    lessons._hear("reveal")
    assert (
        told(lessons)["step"]["question"]["said"]
        == "You guessed 23.5; it is 24, so you were close."
    )
    lessons._hear({"go": -5})
    assert told(lessons)["step"]["number"] == 1
    lessons._hear({"go": 99})
    assert told(lessons)["step"]["number"] == 5 and lessons.place.step == 5


BOUNDED = """---
title: Bounded
minutes: 5
hide: runs until 2
---
## One
Text.
## Two
guess: How far below?
number: -3.5 within 1 from -20 to 0
reveal: So far.
## Three
Text.
"""


def test_a_guess_that_cannot_be_is_refused_in_a_sentence_beside_its_field(page, own):
    (own / "mine.md").write_text(BOUNDED, encoding="utf-8")
    lessons = begin(page, step=2)
    for wrong in ("3", "-21", "", "nan"):
        lessons._hear({"guess": wrong})
        asked = told(lessons)["step"]["question"]
        assert (asked["guess"], asked["refused"]) == ("", "Type a number from −20 to 0.")
    lessons._hear({"guess": "-4"})
    asked = told(lessons)["step"]["question"]
    assert (asked["guess"], asked["refused"]) == ("−4", "")
    lessons._hear({"guess": "1"})
    asked = told(lessons)["step"]["question"]
    assert asked["guess"] == "−4" and asked["refused"], "what was guessed before stays"
    lessons._hear("reveal")
    said = told(lessons)["step"]["question"]["said"]
    assert said == "You guessed −4; it is −3.5, so you were close."


def test_a_part_is_hidden_until_the_answer_of_a_later_step_is_out(page, own):
    (own / "mine.md").write_text(BOUNDED, encoding="utf-8")
    lessons = begin(page)
    assert hidden(lessons) == {"runs"}
    assert told(lessons)["lesson"]["hides_until_out"] == [PAGE_PARTS["runs"]]
    lessons._hear({"go": 2})
    assert hidden(lessons) == set(), "whoever has gone past it is not held up"
    lessons._hear({"go": 1})
    assert hidden(lessons) == {"runs", "tuning"}
    lessons._hear({"guess": "-1"})
    lessons._hear("reveal")
    assert hidden(lessons) == set()
    lessons._hear({"go": 0})
    assert hidden(lessons) == set(), "the answer is out"


def hidden(lessons):
    return set(told(lessons)["lesson"]["hidden"])


def test_what_gives_an_answer_away_is_hidden_until_the_answer_is_out(page):
    lessons = begin(page)
    words = told(lessons)["lesson"]["hides_until_out"]
    assert hidden(lessons) == {"runs", "tuning"} and words == [PAGE_PARTS["tuning"]]
    lessons._hear({"shows all": True})
    assert hidden(lessons) == {"tuning"}, "the button shows all but what gives the answer away"
    lessons._hear({"guess": "1"})
    assert hidden(lessons) == {"tuning"}, "not by the guess"
    lessons._hear("reveal")
    assert hidden(lessons) == set() and told(lessons)["lesson"]["hides_until_out"] == []
    lessons._hear({"shows all": False})
    lessons._hear({"go": 1})
    assert hidden(lessons) == {"runs"}, "nothing is asked"
    lessons._hear({"go": 3})
    assert hidden(lessons) == {"runs", "figures"}
    assert told(lessons)["lesson"]["hides"] == [PAGE_PARTS["runs"], PAGE_PARTS["figures"]]
    lessons._hear({"go": 4})
    assert hidden(lessons) == {"runs", "figures", "tuning"}
    lessons._hear({"guess": "0"})
    assert hidden(lessons) == {"runs"}, "where nothing is revealed, the guess is enough"
    lessons._hear({"go": 0})
    assert hidden(lessons) == {"runs"}, "the answer is out"


def test_each_of_a_class_sees_it_once_they_have_seen_the_answer(page):
    presenter, (first, second), _, _ = in_class(page)
    for one in (presenter, first):
        one._hear({"guess": "0"})
        one._hear("reveal")
        second.poll()
        assert hidden(one) == {"runs"} and hidden(second) == {"runs", "tuning"}


def test_what_a_lesson_fixes_stays(page):
    lessons = begin(page)
    choice = lessons.session.choice
    settings = choice.settings["generated"]
    settings.energy = 3.0
    assert settings.energy == 100.0 and "keeps" in told(lessons)["note"]
    settings.enter("energy", "nonsense")
    choice.method = "natural"
    assert choice.method == "generated"
    settings.rings = 3
    assert settings.rings == 3, "all else is free"
    lessons._hear("close")
    settings.energy = 3.0
    assert settings.energy == 3.0, "only while the lesson is open"


def test_a_check_says_the_figures(page):
    lessons = begin(page, step=2)
    lessons._hear("check")
    assert "no movie on show" in told(lessons)["step"]["goal"]["said"]
    session = lessons.session
    until(lessons, lambda now: session.poll() or session.library.example() is not None)
    key = next(e.key for e in session.library.entries() if e.key.startswith("T5c-generated"))
    session.follow(key)
    until(lessons, lambda now: session.poll() or session.shown.finished is not None)
    lessons._hear("check")
    goal = told(lessons)["step"]["goal"]
    assert goal == {"said": "The cell type: T5c.", "reached": True}


def test_a_link_that_says_what_is_chosen_is_obeyed(page):
    lessons = page()
    lessons.session.choice.cell_type = "T4a"
    lessons.begin("mine", 1, "", keeps=True)
    assert lessons.place == LessonPlace("mine", 1, ""), "the address stays while the file is read"
    until(lessons, lambda now: now["lesson"])
    assert lessons.session.choice.cell_type == "T4a"
    assert lessons.session.choice.settings["generated"].energy == 100.0, "what is fixed is"


def test_who_has_heard_nothing_is_told_again(page):
    lessons = begin(page)
    before = lessons.panel.told
    lessons._hear("again")
    assert lessons.panel.told != before and told(lessons)["step"] == json.loads(before)["step"]


def test_a_lesson_that_is_not_here(page):
    lessons = page()
    lessons.begin("none", 3, "")
    now = until(lessons, lambda now: now["note"])
    assert "not on this server" in now["note"] and now["list"]["lessons"]


ODD = [
    None, 3, "nonsense", [], {}, {"open": 3}, {"open": "x" * 10**6}, {"go": "1"}, {"go": 1.5},
    {"go": 10**30}, {"guess": {}}, {"join": "?" * 10**6}, {"join": None}, {"secret": "é"},
    {"follow": "yes"}, {"anonymous": 1}, {"show": ""}, {"show": "../x"}, {"class": "open"},
    {"class": "end"}, {"class": "leave"}, {"class": []}, {"shows all": None},
]  # fmt: skip


def test_whatever_a_browser_sends_nothing_breaks(page):
    for lessons in (page(), begin(page)):
        lessons.is_open = True
        for odd in ODD:
            lessons._hear(odd)
        assert json.loads(lessons.panel.told)["open"]


# -- classes


def in_class(page, n_followers=2):
    presenter = begin(page)
    secrets = []
    presenter.panel.give_secret = lambda code, secret: secrets.append((code, secret))
    presenter._hear({"class": "open"})
    [(code, secret)] = secrets
    followers = [page() for _ in range(n_followers)]
    for k, one in enumerate(followers):
        call_visitor(one.session.id, f"Student {k}")
        one.begin("", 0, code)
        until(one, lambda now: now["lesson"])
    presenter.poll()
    return presenter, followers, code, secret


def test_followers_are_where_the_presenter_is(page):
    presenter, (first, second), code, _ = in_class(page)
    assert told(presenter)["class"]["code"] == code and told(presenter)["class"]["members"] == 2
    assert "secret" not in json.dumps([told(first), told(presenter)])
    presenter._hear({"go": 2})
    presenter.session.choice.cell_type = "Tm3"
    presenter.session.choice.settings["generated"].rings = 4
    for one in (presenter, first, second):
        one.poll()
    for one in (first, second):
        assert told(one)["step"]["number"] == 3 and one.place == LessonPlace("mine", 3, code)
        assert one.session.choice.cell_type == "Tm3"
        assert one.session.choice.settings["generated"].rings == 4
    first._hear({"go": 0})
    assert not told(first)["class"]["follows"], "who goes elsewhere goes on by themselves"
    presenter._hear({"go": 1})
    for one in (first, second):
        one.poll()
    assert told(first)["step"]["number"] == 1 and told(second)["step"]["number"] == 2
    first._hear({"follow": True})
    assert told(first)["step"]["number"] == 2


def test_the_wall_is_seen_after_one_s_own_guess(page):
    presenter, (first, second), _, _ = in_class(page)
    first._hear({"guess": "0"})
    presenter.poll()
    second.poll()
    wall = told(presenter)["class"]["wall"]
    assert wall == [{"name": "Student 0", "guess": "this"}]
    assert told(presenter)["class"]["counts"] == [
        {"words": "this", "count": 1},
        {"words": "that", "count": 0},
    ]
    assert told(second)["class"]["wall"] == [] and told(second)["class"]["waits"]
    second._hear({"anonymous": True})
    second._hear({"guess": "1"})
    assert [one["name"] for one in told(second)["class"]["wall"]] == ["Student 0", ""]
    first.poll()
    assert {one.get("guess") for one in told(first)["class"]["wall"]} == {"this", "that"}


def test_only_who_has_the_secret_presents(page):
    presenter, (first, _), code, secret = in_class(page)
    first._hear({"secret": "x" * len(secret)})
    first._hear({"class": "end"})
    assert not told(first)["class"]["presents"] and told(presenter)["class"] is not None
    again = page()
    again.begin("mine", 1, code)
    until(again, lambda now: now["lesson"])
    assert not told(again)["class"]["presents"]
    again._hear({"secret": secret})
    assert told(again)["class"]["presents"], "the presenter's page, opened anew"
    again._hear({"class": "end"})
    first.poll()
    assert told(first)["class"] is None and "ended" in told(first)["note"]


def test_strangers_see_nothing(page):
    _, (first, _), code, _ = in_class(page)
    first._hear({"guess": "0"})
    stranger = begin(page)
    stranger._hear({"join": "BBBBBBB"})
    now = told(stranger)
    assert now["class"] is None and "no class of this code" in now["note"]
    stranger._hear({"show": "T4c-generated"})
    assert stranger.session.key == ""
    text = json.dumps(now)
    assert code not in text and "Student 0" not in text


def test_default_values_are_as_the_page_starts_with(page):
    lessons = begin(page)
    settings = lessons.session.choice.settings["generated"]
    assert settings.t_stim == 0.8 and settings.lr == GenerateConfig().lr
