"""The part of one page in a class: it presents, it follows, or it goes on by itself."""

from __future__ import annotations

from contextlib import suppress

from dashboard.lessons.classroom import AnswerNote, Classroom, Classrooms
from dashboard.lessons.followed_answer import PresentedAnswer, is_shared
from dashboard.state.choice import Choice
from dashboard.state.session import Session
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import RunRequest


class ClassSeat:
    """Where a page sits; in no class at first.

    Args:
        visitor: Id of who looks at the page.
        classrooms: The classes of the server.

    Attributes:
        classroom: The class, or None.
        presents: Whether this page presents it.
        follows: Whether it follows the presenter.
    """

    def __init__(self, visitor: str, classrooms: Classrooms) -> None:
        self._visitor, self._classrooms = visitor, classrooms
        self.classroom: Classroom | None = None
        self.presents = self.follows = False
        self._seen_version = self._seen_news = -1

    @property
    def code(self) -> str:
        """Code of the class, or nothing."""
        return "" if self.classroom is None else self.classroom.code

    @property
    def anonymous(self) -> bool:
        """Whether others do not see this member's name."""
        member = None if self.classroom is None else self.classroom.members.get(self._visitor)
        return member is not None and member.anonymous

    def open(self, lesson: str) -> str:
        """Open a class to present, and return its secret.

        Raises:
            MaxstimError: if there are too many.
        """
        self.leave()
        self.classroom = self._classrooms.open(self._visitor, lesson)
        self.presents = True
        return self.classroom.secret

    def join(self, code: str, name: str) -> None:
        """Follow the class of a code.

        Raises:
            MaxstimError: if there is none, or it is full.
        """
        found = self._classrooms.find(code, self._visitor)
        if found is self.classroom:
            return
        found.join(self._visitor, name)
        if self.classroom is not None and not self.presents:
            self.classroom.leave(self._visitor)
        self.classroom, self.presents, self.follows = found, False, True
        self._seen_version = self._seen_news = -1

    def claim(self, secret: str) -> bool:
        """Present the class again by its secret, on a page opened anew; tell whether it is right."""
        if self.classroom is None or not self.classroom.is_presented_by(secret):
            return False
        self.classroom.leave(self._visitor)
        self.presents, self.follows = True, False
        return True

    def leave(self) -> None:
        """Leave the class; who presents it only turns away from it."""
        if self.classroom is not None and not self.presents:
            self.classroom.leave(self._visitor)
        self.classroom, self.presents, self.follows = None, False, False

    def end(self) -> None:
        """End the class that this page presents."""
        if self.classroom is not None and self.presents:
            self._classrooms.end(self.classroom)
            self.leave()

    def is_over(self) -> bool:
        """Tell whether the class has ended meanwhile, and leave it if so."""
        if self.classroom is None or not self._classrooms.is_over(self.classroom):
            return False
        self.leave()
        return True

    def here(self, lesson: str, step: int, session: Session, name: str) -> None:
        """Tell the class where this page is, what it has chosen and what it shows."""
        if self.classroom is None:
            return
        if self.presents:
            self._classrooms.touch(self.classroom)
            request, answer = _shared(session.choice), PresentedAnswer.of(session)
            self.classroom.present(lesson, step, request, answer)
        else:
            self.classroom.call(self._visitor, name)

    def be_anonymous(self, anonymous: bool, name: str) -> None:
        """Let others not see this member's name, or see it again."""
        if self.classroom is not None:
            self.classroom.call(self._visitor, name, anonymous=anonymous)

    def guess(self, lesson: str, step: int, guess: str) -> None:
        """Tell the class what was guessed."""
        if self.classroom is not None:
            self.classroom.guess(self._visitor, lesson, step, guess)

    def note(self, lesson: str, step: int, note: AnswerNote) -> None:
        """Tell the class what was reached."""
        if self.classroom is not None:
            self.classroom.note(self._visitor, lesson, step, note)

    def moved(self) -> Classroom | None:
        """Return the class where this page follows it and it has gone elsewhere since the last call."""
        found = self.classroom
        if (
            found is None
            or self.presents
            or not self.follows
            or found.version == self._seen_version
        ):
            return None
        self._seen_version = found.version
        return found

    def follow(self, follows: bool) -> None:
        """Follow the presenter, or go on by oneself."""
        self.follows = follows and not self.presents
        self._seen_version = -1

    def has_news(self) -> bool:
        """Tell whether anything of the class has changed since the last call."""
        news = -1 if self.classroom is None else self.classroom.news
        before, self._seen_news = self._seen_news, news
        return news != before


def _shared(choice: Choice) -> RunRequest | None:
    """Return what is chosen, for others to choose too; None where that is nothing that they can have."""
    if not all(is_shared(name) for name in (choice.network, *choice.asked_further)):
        return None
    with suppress(MaxstimError):  # a setting that is none, which its field says
        return choice.request()
    return None
