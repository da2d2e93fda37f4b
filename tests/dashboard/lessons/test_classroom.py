"""A class: who presents, who follows, what is told to whom, and when it ends."""

import re
from dataclasses import replace

import pytest

from dashboard.lessons.classroom import (
    CLASS_LASTS,
    CLASS_WAITS,
    LONGEST_SAID,
    MOST_CLASSES,
    MOST_MEMBERS,
    MOST_OF_ONE,
    AnswerNote,
    Classrooms,
)
from dashboard.lessons.followed_answer import PresentedAnswer
from maxstim_core.errors import MaxstimError


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def classes(clock):
    return Classrooms(clock)


def test_a_class_has_a_short_code_and_a_long_secret(classes):
    one, two = classes.open("a", "on-off"), classes.open("b", "on-off")
    assert re.fullmatch("[A-Z]{7}", one.code) and one.code != two.code
    assert len(one.secret) >= 32 and one.secret != two.secret
    assert classes.find(f" {one.code.lower()} ", "c") is one
    assert one.is_presented_by(one.secret)
    assert (
        not one.is_presented_by(two.secret)
        and not one.is_presented_by("")
        and not one.is_presented_by("é")
    )


def test_what_is_presented_counts_as_news_where_it_changes(classes):
    one = classes.open("a", "on-off")
    shows = PresentedAnswer("run-1", "run-1")
    one.present("on-off", 0, None, PresentedAnswer())
    assert one.version == 0
    one.present("on-off", 1, None, PresentedAnswer())
    one.present("on-off", 1, None, PresentedAnswer())
    assert one.version == 1
    one.present("on-off", 1, None, shows)
    assert one.version == 2
    one.present("on-off", 1, None, replace(shows, lasting_key="T4c-generated"))
    assert one.version == 2, "the run on show has ended"
    assert one.answer.lasting_key == "T4c-generated", "for who comes late"
    one.present("on-off", 1, None, replace(shows, best=True))
    assert one.version == 3


def test_each_one_s_guesses_and_answers_are_their_own(classes):
    one = classes.open("a", "on-off")
    for k in range(20):
        one.join(f"v{k}", f"Visitor {k}")
        one.guess(f"v{k}", "on-off", 1, str(k % 3))
        one.note(f"v{k}", "on-off", 1, AnswerNote(k % 2 == 0, f"figure {k}", f"key-{k}"))
    one.guess("nobody", "on-off", 1, "0")
    assert one.counts("on-off", 1) == {"0": 7, "1": 7, "2": 6}
    assert one.counts("on-off", 2) == {} and one.counts("direction", 1) == {}
    for k in range(20):
        member = one.members[f"v{k}"]
        assert member.guesses == {("on-off", 1): str(k % 3)} and member.name == f"Visitor {k}"
        assert member.notes["on-off", 1].key == f"key-{k}"
    one.join("v3", "Again")
    assert len(one.members) == 20 and one.members["v3"].guesses, "who comes back is known"
    one.call("v3", "Again", anonymous=True)
    assert one.members["v3"].shown_name == "" and one.members["v4"].shown_name == "Visitor 4"
    one.leave("v3")
    assert len(one.members) == 19 and sum(one.counts("on-off", 1).values()) == 19


def test_numbers_and_texts_are_bounded(classes):
    for k in range(MOST_OF_ONE):
        classes.open("a", f"lesson-{k}")
    with pytest.raises(MaxstimError, match="end one of them"):
        classes.open("a", "on-off")
    for k in range(MOST_CLASSES - MOST_OF_ONE):
        last = classes.open(f"p{k}", "on-off")
    with pytest.raises(MaxstimError, match="as many classes"):
        classes.open("z", "on-off")
    for k in range(MOST_MEMBERS):
        last.join(f"v{k}", "n" * 10_000)
    with pytest.raises(MaxstimError, match="full"):
        last.join("one more", "")
    assert len(last.members["v0"].name) < 100
    last.note("v0", "on-off", 0, AnswerNote(True, "x" * 10_000))
    assert len(last.members["v0"].notes["on-off", 0].said) == LONGEST_SAID


def test_a_class_ends_with_its_presenter_or_after_some_hours(classes, clock):
    ended, left, old = (classes.open(one, "on-off") for one in "abc")
    ended.join("v", "")
    classes.end(ended)
    assert classes.is_over(ended) and not ended.members and len(classes) == 2
    clock.now = CLASS_WAITS - 1
    classes.touch(old)
    clock.now = CLASS_WAITS + 1
    assert classes.is_over(left) and not classes.is_over(old)
    while clock.now < CLASS_LASTS - CLASS_WAITS:
        clock.now += CLASS_WAITS - 1
        classes.touch(old)
    assert not classes.is_over(old)
    clock.now = CLASS_LASTS + 1
    classes.touch(old)
    assert classes.is_over(old) and len(classes) == 0
    with pytest.raises(MaxstimError, match="no class of this code"):
        classes.find(old.code, "v")


def test_codes_are_not_to_be_tried_out(classes, clock):
    one = classes.open("a", "on-off")
    refusals = []
    for _ in range(12):
        with pytest.raises(MaxstimError) as refused:
            classes.find("BBBBBBB", "stranger")
        refusals.append(str(refused.value))
    assert "wait a minute" in refusals[-1] and "no class" in refusals[0]
    with pytest.raises(MaxstimError, match="wait a minute"):
        classes.find(one.code, "stranger")
    assert classes.find(one.code, "another") is one
    clock.now = 61
    assert classes.find(one.code, "stranger") is one
