"""Classes: who presents a lesson, who follows, and what everyone has guessed and reached.

They live in the memory of the server and end with it, with their presenter, or after some hours. All
pages of a server live in one thread, and so does what is here. Who has no code of a class is told
nothing of it.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from dashboard.guard.logins import clean_name
from dashboard.guard.visits import PerMinute
from dashboard.lessons.followed_answer import PresentedAnswer
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import RunRequest

MOST_CLASSES = 50
"""Classes at a time."""

MOST_OF_ONE = 3
"""Classes at a time that one visitor presents."""

MOST_MEMBERS = 120
"""Visitors who follow one class."""

CLASS_LASTS = 6 * 3600.0
"""Seconds after which a class ends by itself."""

CLASS_WAITS = 15 * 60.0
"""Seconds after which a class ends whose presenter has no page open."""

LONGEST_SAID = 300
"""Characters of what is kept of an answer."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 7
_WRONG_CODES = 10

_NO_CLASS = "There is no class of this code, or it has ended; ask who presents it for the link."


@dataclass
class AnswerNote:
    """What a member has reached in a step.

    Attributes:
        reached: Whether the answer keeps what the step asks.
        said: The figures, in a sentence.
        key: Key of the answer, or nothing.
    """

    reached: bool
    said: str
    key: str = ""


@dataclass
class ClassMember:
    """One who follows.

    Attributes:
        name: As others see it, perhaps nothing.
        anonymous: Whether they do not.
        guesses: What was guessed, by lesson and step.
        notes: What was reached, by lesson and step.
    """

    name: str = ""
    anonymous: bool = False
    guesses: dict[tuple[str, int], str] = field(default_factory=dict)
    notes: dict[tuple[str, int], AnswerNote] = field(default_factory=dict)

    @property
    def shown_name(self) -> str:
        """What others see."""
        return "" if self.anonymous else self.name


@dataclass(eq=False)
class Classroom:
    """One class.

    Attributes:
        code: What links to it carry.
        secret: What makes a page its presenter's; told to that page alone.
        lesson: Name of the lesson that is presented.
        step: Place of its step, from 0.
        request: What the presenter has chosen, or None.
        answer: What the presenter shows.
        version: How often lesson, step, request or answer have changed.
        members: By visitor.
        began: When it was opened, in seconds of the clock of its `Classrooms`.
        seen: When a page of the presenter was last there.
        has_ended: Whether it is over.
        news: How often anything has changed.
    """

    code: str
    secret: str
    lesson: str
    began: float
    seen: float
    presenter: str
    step: int = 0
    request: RunRequest | None = None
    answer: PresentedAnswer = field(default_factory=PresentedAnswer)
    version: int = 0
    members: dict[str, ClassMember] = field(default_factory=dict)
    has_ended: bool = False
    news: int = 0

    def is_presented_by(self, secret: str) -> bool:
        """Tell whether a page that knows this may present."""
        return hmac.compare_digest(self.secret.encode(), secret.encode("utf-8", "replace"))

    def present(
        self, lesson: str, step: int, request: RunRequest | None, answer: PresentedAnswer
    ) -> None:
        """Let the class be where its presenter is, and see what is on show there."""
        now, before = (lesson, step, request, answer), self._presented
        self.lesson, self.step, self.request, self.answer = now
        if now != before:
            self.version += 1
            self.news += 1

    @property
    def _presented(self) -> tuple[str, int, RunRequest | None, PresentedAnswer]:
        return self.lesson, self.step, self.request, self.answer

    def join(self, visitor: str, name: str) -> None:
        """Take a visitor in, or their new name.

        Raises:
            MaxstimError: if it is full.
        """
        if visitor not in self.members:
            if len(self.members) >= MOST_MEMBERS:
                raise MaxstimError(f"This class is full; at most {MOST_MEMBERS} can follow it.")
            self.members[visitor] = ClassMember()
            self.news += 1
        self.call(visitor, name)

    def call(self, visitor: str, name: str, *, anonymous: bool | None = None) -> None:
        """Take how a member wants to be called."""
        member = self.members.get(visitor)
        if member is None:
            return
        before = member.name, member.anonymous
        member.name = clean_name(name)
        member.anonymous = member.anonymous if anonymous is None else anonymous
        self.news += before != (member.name, member.anonymous)

    def leave(self, visitor: str) -> None:
        """Forget a member and what they have guessed and reached."""
        self.news += self.members.pop(visitor, None) is not None

    def guess(self, visitor: str, lesson: str, step: int, guess: str) -> None:
        """Note what a member guesses."""
        member = self.members.get(visitor)
        if member is not None and member.guesses.get((lesson, step)) != guess:
            member.guesses[lesson, step] = guess
            self.news += 1

    def note(self, visitor: str, lesson: str, step: int, note: AnswerNote) -> None:
        """Note what a member has reached."""
        member = self.members.get(visitor)
        if member is not None:
            note.said = note.said[:LONGEST_SAID]
            member.notes[lesson, step] = note
            self.news += 1

    def counts(self, lesson: str, step: int) -> Counter[str]:
        """Return how often each guess was made in a step."""
        guesses = (member.guesses.get((lesson, step)) for member in self.members.values())
        return Counter(guess for guess in guesses if guess is not None)


class Classrooms:
    """All classes of the server.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._classes: dict[str, Classroom] = {}
        self._wrong = PerMinute(_WRONG_CODES)

    def open(self, visitor: str, lesson: str) -> Classroom:
        """Open a class.

        Raises:
            MaxstimError: if there are too many.
        """
        self._end_old()
        if sum(one.presenter == visitor for one in self._classes.values()) >= MOST_OF_ONE:
            raise MaxstimError(f"You present {MOST_OF_ONE} classes already; end one of them first.")
        if len(self._classes) >= MOST_CLASSES:
            raise MaxstimError("This server has as many classes as it can; try again later.")
        code = self._new_code()
        now = self._clock()
        opened = Classroom(code, secrets.token_urlsafe(24), lesson, now, now, visitor)
        self._classes[code] = opened
        return opened

    def find(self, code: str, visitor: str) -> Classroom:
        """Return the class of a code.

        Args:
            code: As it was typed.
            visitor: Who asks: a few wrong ones a minute are answered.

        Raises:
            MaxstimError: if there is none, or too many were tried.
        """
        self._end_old()
        now = self._clock()
        if not self._wrong.may(visitor, now):
            raise MaxstimError("These were too many codes that no class has; wait a minute.")
        found = self._classes.get(code[:40].strip().upper())
        if found is None:
            self._wrong.note(visitor, now)
            raise MaxstimError(_NO_CLASS)
        return found

    def is_over(self, classroom: Classroom) -> bool:
        """Tell whether a class has ended."""
        self._end_old()
        return classroom.has_ended

    def touch(self, classroom: Classroom) -> None:
        """Note that a page of the presenter is there."""
        classroom.seen = self._clock()

    def end(self, classroom: Classroom) -> None:
        """End a class, and forget all of it."""
        classroom.has_ended = True
        classroom.members.clear()
        classroom.request = None
        classroom.news += 1
        self._classes.pop(classroom.code, None)

    def __len__(self) -> int:
        self._end_old()
        return len(self._classes)

    def _end_old(self) -> None:
        now = self._clock()
        for one in [*self._classes.values()]:
            if now - one.began > CLASS_LASTS or now - one.seen > CLASS_WAITS:
                self.end(one)

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
            if code not in self._classes:
                return code


CLASSROOMS = Classrooms()
"""Those of this server."""
