"""What the panel of lessons is told: values that become JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.lessons.class_seat import ClassSeat
from dashboard.lessons.classroom import ClassMember, Classroom
from dashboard.lessons.lesson import LessonQuestion
from dashboard.lessons.lesson_catalog import SHIPPED, LessonList
from dashboard.lessons.lesson_text import lesson_tree
from dashboard.lessons.lesson_visit import LessonVisit
from dashboard.lessons.page_parts import PAGE_PARTS


def list_words(found: LessonList) -> dict[str, Any]:
    """Return the lessons that there are."""
    return {
        "lessons": [
            {
                "name": lesson.name,
                "title": lesson.title,
                "minutes": lesson.minutes,
                "about": lesson.about,
                "own": lesson.name not in SHIPPED,
            }
            for lesson in found.lessons
        ],
        "problems": list(found.problems),
    }


def lesson_words(visit: LessonVisit, *, shows_all: bool) -> dict[str, Any]:
    """Return what a lesson is, and what it hides by now and fixes."""
    lesson, meanwhile, until_out = visit.lesson, visit.hidden_meanwhile, visit.hidden_until_out
    fixed = [*lesson.fixed.names]
    return {
        "name": lesson.name,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "steps": len(lesson.steps),
        "hides": [PAGE_PARTS[name] for name in meanwhile],
        "hides_until_out": [PAGE_PARTS[name] for name in until_out],
        "hidden": [*(() if shows_all else meanwhile), *until_out],
        "shows_all": shows_all,
        "fixes": [PAGE_PARTS[part] for part in fixed],
        "fixed": fixed,
    }


def step_words(visit: LessonVisit, refused: str = "") -> dict[str, Any]:
    """Return what a step shows by now.

    Args:
        visit: How far somebody is.
        refused: Why the last guess was not taken, a sentence, or nothing.
    """
    step, question, report = visit.step, visit.step.question, visit.reports.get(visit.place)
    return {
        "number": visit.place + 1,
        "title": step.title,
        "text": lesson_tree(step.text),
        "highlight": list(step.highlight),
        "question": None if question is None else _question_words(question, visit, refused),
        "may_reveal": visit.may_reveal,
        "reveals": bool(step.reveal),
        "reveal": lesson_tree(step.reveal) if visit.is_revealed else None,
        "goal": None
        if step.goal is None
        else {
            "said": report.said if report else "",
            "reached": report.reached if report else None,
        },
    }


def _question_words(question: LessonQuestion, visit: LessonVisit, refused: str) -> dict[str, Any]:
    out = visit.is_revealed
    return {
        "text": question.text,
        "choices": list(question.choices),
        "guess": question.words_of(visit.guess) if question.is_number else visit.guess,
        "refused": refused,
        "out": out,
        "right": sorted(question.right) if out else [],
        "said": question.judged(visit.guess) if out and visit.guess else "",
    }


def class_words(seat: ClassSeat, visit: LessonVisit | None) -> dict[str, Any] | None:
    """Return what a page may know of its class; None where it is in none."""
    found = seat.classroom
    if found is None:
        return None
    told = {
        "code": found.code,
        "presents": seat.presents,
        "follows": seat.follows,
        "anonymous": seat.anonymous,
        "members": len(found.members),
        "presented": found.lesson,
        "presented_step": found.step + 1,
    }
    question = None if visit is None else visit.step.question
    may_see = seat.presents or question is None or (visit is not None and bool(visit.guess))
    if visit is None or not may_see:
        return {**told, "wall": [], "counts": [], "waits": question is not None}
    return {
        **told,
        "wall": _wall(found, visit, question),
        "counts": _counts(found, visit, question),
        "waits": False,
    }


def _counts(
    found: Classroom, visit: LessonVisit, question: LessonQuestion | None
) -> list[dict[str, Any]]:
    """Return how often each choice was made, or each number."""
    counted = found.counts(visit.lesson.name, visit.place)
    if question is None:
        return []
    if question.is_number:
        ordered = sorted(counted, key=float)
        return [{"words": question.words_of(guess), "count": counted[guess]} for guess in ordered]
    return [
        {"words": words, "count": counted.get(str(k), 0)}
        for k, words in enumerate(question.choices)
    ]


def _wall(
    found: Classroom, visit: LessonVisit, question: LessonQuestion | None
) -> Sequence[dict[str, Any]]:
    members = [(member, _entry(member, visit, question)) for member in found.members.values()]
    return [{"name": member.shown_name, **entry} for member, entry in members if entry]


def _entry(
    member: ClassMember, visit: LessonVisit, question: LessonQuestion | None
) -> dict[str, Any]:
    place = visit.lesson.name, visit.place
    guess, note = member.guesses.get(place), member.notes.get(place)
    told: dict[str, Any] = {}
    if guess is not None and question is not None:
        told["guess"] = question.words_of(guess)
    if note is not None:
        told |= {"said": note.said, "reached": note.reached, "key": note.key}
    return told
