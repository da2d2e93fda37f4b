"""What a lesson is: a title and steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.lessons.lesson_goal import LessonGoal
from dashboard.lessons.page_settings import PageSettings
from maxstim_core.settings import minus_signed


@dataclass(frozen=True)
class LessonQuestion:
    """What is asked before it is shown.

    Attributes:
        text: The question.
        choices: What can be answered, or nothing where the answer is a number.
        right: Places of the right ones among `choices`; none where nothing is right or wrong.
        number: The right number, where a number is asked for; not a number where choices are.
        within: How far from it counts as close.
        least: The lowest number that can be guessed.
        greatest: The highest one.
    """

    text: str
    choices: tuple[str, ...] = ()
    right: frozenset[int] = frozenset()
    number: float = math.nan
    within: float = 0.0
    least: float = -math.inf
    greatest: float = math.inf

    @property
    def is_number(self) -> bool:
        """Whether a number is asked for."""
        return not self.choices

    def judged(self, guess: str) -> str:
        """Return what is to be said of a guess once the answer is out, or nothing.

        Args:
            guess: The place of a choice, or a number, as `checked_guess` returns it.
        """
        if self.is_number:
            close = abs(float(guess) - self.number) <= self.within
            guessed, right = self.words_of(guess), minus_signed(f"{self.number:g}")
            return f"You guessed {guessed}; it is {right}{', so you were close' if close else ''}."
        if not self.right:
            return ""
        if int(guess) in self.right:
            return "You guessed right."
        return f"You guessed otherwise: {self.choices[int(guess)]}."

    def words_of(self, guess: str) -> str:
        """Return a guess as others read it; nothing where a question of before had another form."""
        if self.is_number:
            return minus_signed(guess)
        return self.choices[int(guess)] if self.checked_guess(guess) else ""

    def checked_guess(self, guess: object) -> str:
        """Return a guess that a browser has sent as it is kept, or nothing if it is none.

        Args:
            guess: Anything.
        """
        if not isinstance(guess, str) or len(guess) > 40:
            return ""
        if self.is_number:
            try:
                number = float(guess.replace(",", ".").replace("−", "-"))
            except ValueError:
                return ""
            if not (abs(number) <= 1e9 and self.least <= number <= self.greatest):
                return ""
            return f"{number:.6g}"
        return guess if guess in map(str, range(len(self.choices))) else ""

    @property
    def number_wanted(self) -> str:
        """A sentence on what can be guessed where a number is asked for."""
        least, greatest = (minus_signed(f"{end:g}") for end in (self.least, self.greatest))
        if math.isfinite(self.least) and math.isfinite(self.greatest):
            return f"Type a number from {least} to {greatest}."
        if math.isfinite(self.least):
            return f"Type a number, {least} or more."
        if math.isfinite(self.greatest):
            return f"Type a number, {greatest} or less."
        return "Type a number, such as 24 or 0.5."


@dataclass(frozen=True)
class LessonStep:
    """One step of a lesson.

    Attributes:
        title: Its heading.
        text: Markdown.
        sets: What is chosen on the page when the step begins.
        highlight: Names of `PAGE_PARTS` that get a ring.
        hidden: Names of `PAGE_PARTS` that are out of sight until the answer is out, or as long as the
            step lasts where nothing is asked.
        question: What is asked, or None.
        reveal: Markdown that is shown after the guess; empty for none.
        goal: What is to be reached, or None.
    """

    title: str
    text: str = ""
    sets: PageSettings = field(default_factory=PageSettings)
    highlight: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    question: LessonQuestion | None = None
    reveal: str = ""
    goal: LessonGoal | None = None


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        name: As addresses name it, for example ``on-off``.
        title: As people read it.
        minutes: How long it takes.
        about: A sentence that says what it is about; may be empty.
        fixed: What cannot be changed on the page meanwhile.
        hidden: Names of `PAGE_PARTS` that are out of sight meanwhile.
        steps: At least one.
        hidden_until: Places of steps, from 0, by the names of `PAGE_PARTS` that are out of sight before
            those, and in them until the answer is out.
    """

    name: str
    title: str
    minutes: int
    about: str
    fixed: PageSettings
    hidden: tuple[str, ...]
    steps: tuple[LessonStep, ...]
    hidden_until: Mapping[str, int] = field(default_factory=dict)
