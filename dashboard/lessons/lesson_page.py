"""Lessons on the page: opened, gone through step by step, alone or in a class."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import panel as pn
import param

from dashboard.components.lesson.component import LessonPanel
from dashboard.lessons.checked_answer import check_answer_shown
from dashboard.lessons.class_seat import ClassSeat
from dashboard.lessons.classroom import CLASSROOMS, Classroom, Classrooms
from dashboard.lessons.followed_answer import FollowedAnswer
from dashboard.lessons.followed_settings import FollowedSettings
from dashboard.lessons.lesson_reader import LessonReader
from dashboard.lessons.lesson_visit import LessonVisit
from dashboard.lessons.lesson_words import class_words, lesson_words, list_words, step_words
from dashboard.lessons.set_page import keep_fixed, set_page
from dashboard.state.session import Session
from dashboard.state.visitors import visitor_name
from maxstim_core.errors import MaxstimError

_NO_LESSON = "The lesson of this link is not on this server; choose one of the list."
_ENDED = "The class has ended; you can go on by yourself."


class LessonPlace(NamedTuple):
    """Where a page is among the lessons, as its address says it.

    Attributes:
        lesson: Name of the lesson, or nothing.
        step: Number of the step, from 1; 0 for none.
        code: Code of the class, or nothing.
    """

    lesson: str = ""
    step: int = 0
    code: str = ""


class Lessons(param.Parameterized):
    """The lessons of one page.

    Files are read in a thread; `poll` takes in what has come of that, and where the class is.

    Args:
        session: The runs of the page.
        show: Called with the panel when that is made.
        classrooms: The classes of the server.
    """

    is_open = param.Boolean(False, doc="Whether the panel is there.")
    busy = param.Boolean(False, doc="Whether there may be news in a moment.")
    place = param.Parameter(LessonPlace(), doc="Where the page is, a `LessonPlace`.")

    def __init__(
        self,
        session: Session,
        show: Callable[[LessonPanel], None],
        classrooms: Classrooms = CLASSROOMS,
    ) -> None:
        super().__init__()
        self.session, self._show = session, show
        self.panel: LessonPanel | None = None
        self.visit: LessonVisit | None = None
        self.seat = ClassSeat(session.id, classrooms)
        self._followed = FollowedAnswer(session)
        self._followed_settings = FollowedSettings(session.choice)
        self._reader = LessonReader()
        self._visits: dict[str, LessonVisit] = {}
        self._wanted: tuple[str, int, bool] | None = None  # a lesson that is opened once it is read
        self._note, self._n_told = "", 0
        self._refused = ""  # why the last guess was not taken
        self._shows_all = self._is_setting = False
        choice = session.choice
        for changed in (choice, *choice.settings.values()):
            names = [name for name in changed.param if name != "name"]
            changed.param.watch(self._keep, names)
        self.param.watch(self._opened, "is_open")

    def begin(self, lesson: str, step: int, code: str, *, keeps: bool = False) -> None:
        """Open what a link asks for.

        Args:
            lesson: Name of a lesson, or nothing.
            step: Number of its step, from 1; 0 for the first.
            code: Code of a class, or nothing.
            keeps: Whether the link says itself what is chosen, so that the step sets nothing.
        """
        if lesson:
            self._wanted = lesson, step - 1, keeps
        self.is_open = True
        if code:
            self._join(code)
        self._tell()

    def poll(self) -> None:
        """Take in what was read, and where the class is."""
        if self.panel is None:
            return
        self._take_read()
        self._sit_if_in_class()
        self._tell_busy()

    # -- what comes from elsewhere

    def _opened(self, *events: object) -> None:
        is_new = self.is_open and self.panel is None
        if is_new:
            self.panel = LessonPanel(self._hear)
        if self.is_open:
            self._read()
            self._keep()
        self._tell()
        if is_new:
            self._show(self.panel)

    def _read(self) -> None:
        self._reader.read()
        self._tell_busy()

    def _take_read(self) -> None:
        if not self._reader.take():
            return
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            name, place, keeps = wanted
            self._open(name, place, sets=not keeps)
        self._tell()

    def _sit(self) -> None:
        """Be where the class is, or tell it where its presenter is."""
        seat = self.seat
        if seat.is_over():
            self._note = _ENDED
            self._tell()
            return
        if self._reader.found.lessons and self.is_open:
            moved = seat.moved()
            if moved is not None:
                self._follow_to(moved)
                self._tell()
            self._followed.poll()
        if self.visit is not None:
            self._tell_class(self.visit)
        if seat.has_news():
            self._tell()

    def _follow_to(self, moved: Classroom) -> None:
        """Be at the step of a class, choose what its presenter has changed, and show what they show."""
        here = None if self.visit is None else (self.visit.lesson.name, self.visit.place)
        is_new = here != (moved.lesson, moved.step)
        # A presenter who is typing has chosen nothing for a while; that sets no page back.
        self._open(moved.lesson, moved.step, sets=is_new and moved.request is None)
        if moved.request is not None and self.visit is not None:
            step_sets = is_new and bool(self.visit.step.sets.method)
            replaced = self._followed_settings.take(moved.request, step_sets=step_sets)
            if replaced:
                self._note = f"In place of yours, the presenter's are taken: {', '.join(replaced)}."
        self._followed.show(moved.answer)

    def _keep(self, *events: object) -> None:
        """Choose again what the lesson fixes."""
        if not self.is_open or self.visit is None or self._is_setting:
            return
        fixed = self.visit.lesson.fixed
        if not fixed:
            return
        self._is_setting = True
        try:
            changed = keep_fixed(self.session.choice, fixed)
        finally:
            self._is_setting = False
        if changed and events:
            self._note = f"This lesson keeps {', '.join(self._lesson_words()['fixes'])} as set."
            self._tell()

    # -- what a person does

    def _hear(self, message: object) -> None:
        # The browser can send anything.
        with pn.io.hold():
            self._note = self._refused = ""
            try:
                self._take(message)
            except MaxstimError as error:
                self._note = str(error)
            self._tell()

    def _take(self, message: object) -> None:
        match message:
            case "list":
                self._leave_lesson()
            case "again":  # a browser that has heard nothing: what was told before it came is lost
                self._n_told += 1
            case "close":
                self.is_open = False
            case "reveal" if self.visit is not None:
                self.visit.reveal()
            case "check" if self.visit is not None:
                self._check(self.visit)
            case {"open": str(name)}:
                self._stray()
                self._open(name, self._visits[name].place if name in self._visits else 0)
            case {"go": int(place)} if self.visit is not None:
                self._stray()
                if self.visit.go(place):
                    self._begin_step(self.visit)
            case {"guess": guess} if self.visit is not None:
                self._guess(self.visit, guess)
            case {"shows all": bool(shows_all)}:
                self._shows_all = shows_all
            case dict():
                self._take_of_class(message)

    def _take_of_class(self, message: dict[Any, Any]) -> None:
        seat = self.seat
        match message:
            case {"class": "open"} if self.visit is not None:
                secret = seat.open(self.visit.lesson.name)
                self._sit()
                if self.panel is not None:
                    self.panel.give_secret(seat.code, secret)
            case {"class": "leave"}:
                seat.leave()
            case {"class": "end"}:
                seat.end()
            case {"join": str(code)}:
                self._join(code)
            case {"secret": str(secret)}:
                seat.claim(secret[:100])
            case {"follow": bool(follows)}:
                self._followed.forget()
                self._followed_settings.begin()
                seat.follow(follows)
                self._sit_if_in_class()
            case {"anonymous": bool(anonymous)}:
                seat.be_anonymous(anonymous, self._name)
            case {"show": str(key)}:
                self._show_answer(key)

    def _open(self, name: str, place: int, *, sets: bool = True) -> None:
        """Open a lesson at a step."""
        lesson = self._reader.found.find(name)
        if lesson is None:
            self._note = _NO_LESSON
            return
        before = self._visits.get(name)
        if before is None or before.lesson != lesson:
            before = self._visits[name] = LessonVisit(lesson)
        if self.visit is not before:
            self._shows_all = False
        self.visit = before
        before.go(place)
        self._begin_step(before, sets=sets)

    def _begin_step(self, visit: LessonVisit, *, sets: bool = True) -> None:
        self._is_setting = True
        try:
            if sets and visit.step.sets:
                self._note = set_page(self.session.choice, visit.step.sets) or self._note
        finally:
            self._is_setting = False
        self._keep()
        if self.seat.presents:
            self._tell_class(visit)

    def _tell_class(self, visit: LessonVisit) -> None:
        self.seat.here(visit.lesson.name, visit.place, self.session, self._name)

    def _leave_lesson(self) -> None:
        self._stray()
        self.visit = None
        self._read()

    def _stray(self) -> None:
        """Go on by oneself."""
        self._followed.forget()
        if self.seat.follows:
            self.seat.follow(False)

    def _guess(self, visit: LessonVisit, guess: object) -> None:
        question = visit.step.question
        if visit.take_guess(guess):
            self.seat.guess(visit.lesson.name, visit.place, visit.guess)
        elif question is not None and question.is_number and not visit.is_revealed:
            self._refused = question.number_wanted

    def _check(self, visit: LessonVisit) -> None:
        if visit.step.goal is None:
            return
        visit.reports[visit.place], note = check_answer_shown(visit.step.goal, self.session)
        if note is not None:
            self.seat.note(visit.lesson.name, visit.place, note)

    def _join(self, code: str) -> None:
        try:
            self._followed_settings.begin()
            self.seat.join(code, self._name)
        except MaxstimError as error:
            self._note = str(error)
        self._sit_if_in_class()

    def _sit_if_in_class(self) -> None:
        if self.seat.classroom is not None:
            self._sit()

    def _show_answer(self, key: str) -> None:
        """Show what somebody of the class has made."""
        found = self.seat.classroom
        members = [] if found is None else [*found.members.values()]
        if any(note.key == key for member in members for note in member.notes.values()) and key:
            self.session.follow(key)

    # -- what the browser is told

    @property
    def _name(self) -> str:
        return visitor_name(self.session.id)

    def _lesson_words(self) -> dict[str, Any]:
        if self.visit is None:
            return {}
        return lesson_words(self.visit, shows_all=self._shows_all)

    def _tell_busy(self) -> None:
        self.busy = self._reader.is_reading or (self.is_open and self.seat.classroom is not None)

    def _tell(self) -> None:
        self._tell_busy()
        if self.panel is None:
            return
        told: dict[str, Any] = {"open": self.is_open, "note": self._note}
        if self.is_open:
            visit = self.visit
            told |= {
                "again": self._n_told,
                "reading": self._wanted is not None,
                "list": list_words(self._reader.found) if visit is None else None,
                "lesson": self._lesson_words() or None,
                "step": None if visit is None else step_words(visit, self._refused),
                "class": class_words(self.seat, visit),
            }
        text = json.dumps(told)
        if text != self.panel.told:
            self.panel.told = text
        wanted = self._wanted
        if wanted is not None:  # the address stays until the lesson is there
            place = LessonPlace(wanted[0], wanted[1] + 1, self.seat.code)
        elif not self.is_open or self.visit is None:
            place = LessonPlace(code=self.seat.code if self.is_open else "")
        else:
            place = LessonPlace(self.visit.lesson.name, self.visit.place + 1, self.seat.code)
        self.place = place
