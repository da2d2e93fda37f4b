"""How far somebody is in a lesson: their step, what they have guessed, what has been revealed."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.lessons.lesson import Lesson, LessonStep
from dashboard.lessons.lesson_goal import GoalReport

GIVES_AWAY = ("tuning",)
"""Names of `PAGE_PARTS` that are out of sight in every step that asks something."""


@dataclass
class LessonVisit:
    """A lesson as one page goes through it.

    Attributes:
        lesson: The lesson.
        place: Place of the step, from 0.
        guesses: What was guessed, by the place of the step, as `LessonQuestion.checked_guess` has it.
        revealed: Places of the steps whose text after the guess is shown.
        reports: What came of the last check, by the place of the step.
    """

    lesson: Lesson
    place: int = 0
    guesses: dict[int, str] = field(default_factory=dict)
    revealed: set[int] = field(default_factory=set)
    reports: dict[int, GoalReport] = field(default_factory=dict)

    @property
    def step(self) -> LessonStep:
        """The step."""
        return self.lesson.steps[self.place]

    @property
    def guess(self) -> str:
        """What was guessed in this step, or nothing."""
        return self.guesses.get(self.place, "")

    @property
    def is_revealed(self) -> bool:
        """Whether what comes after the guess is shown."""
        return self.place in self.revealed

    @property
    def may_reveal(self) -> bool:
        """Whether it may be: a question is answered first."""
        asked = self.step.question is None or bool(self.guess)
        return asked and bool(self.step.reveal) and not self.is_revealed

    @property
    def is_out(self) -> bool:
        """Whether the answer to the question is out: revealed, or guessed where nothing is revealed."""
        return self._is_out_at(self.place)

    def _is_out_at(self, place: int) -> bool:
        revealed = place in self.revealed
        return revealed if self.lesson.steps[place].reveal else bool(self.guesses.get(place))

    @property
    def hidden_meanwhile(self) -> tuple[str, ...]:
        """Names of `PAGE_PARTS` that are out of sight in this step, whatever is done."""
        of_step = self.step.hidden if self.step.question is None else ()
        return tuple(dict.fromkeys((*self.lesson.hidden, *of_step)))

    @property
    def hidden_until_out(self) -> tuple[str, ...]:
        """Names of those that come into sight with an answer, of this step or of a later one."""
        later = [
            name
            for name, place in self.lesson.hidden_until.items()
            if self.place <= place and not self._is_out_at(place)
        ]
        of_step = (
            () if self.step.question is None or self.is_out else (*self.step.hidden, *GIVES_AWAY)
        )
        kept = dict.fromkeys((*of_step, *later))
        return tuple(name for name in kept if name not in self.hidden_meanwhile)

    def go(self, place: int) -> bool:
        """Go to a step, or the nearest that there is, and tell whether that is another."""
        before, self.place = self.place, max(0, min(place, len(self.lesson.steps) - 1))
        return self.place != before

    def take_guess(self, guess: object) -> bool:
        """Take a guess that is one, until the answer is out; tell whether it was taken."""
        question = self.step.question
        if question is None or self.is_revealed:
            return False
        kept = question.checked_guess(guess)
        if kept:
            self.guesses[self.place] = kept
        return bool(kept)

    def reveal(self) -> None:
        """Show what comes after the guess, once there is one."""
        if self.may_reveal:
            self.revealed.add(self.place)
