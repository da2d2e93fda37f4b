"""Reads a lesson from its file: Markdown with lines that set, highlight, ask, reveal and check.

`docs/lessons.md` tells how to write one. Nothing of a file is executed. What is wrong with it is said in
one sentence that names the line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from dashboard.lessons.lesson import Lesson, LessonQuestion, LessonStep
from dashboard.lessons.lesson_goal import LessonGoal
from dashboard.lessons.page_parts import PAGE_PARTS
from dashboard.lessons.page_settings import PageSettings, check_can_ask
from dashboard.state.link_keys import is_network_here
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.settings import did_you_mean

LONGEST_LESSON = 100_000
"""Characters of a file."""

MOST_STEPS = 40
"""Steps of a lesson."""

_MOST_CHOICES, _LONGEST_LINE, _MOST_NUMBER = 8, 300, 1e9
_FRONT = ("title", "minutes", "about", "fix", "hide")
_WORDS = ("set", "highlight", "hide", "guess", "number", "reveal", "check")
_NO_END = (
    "The second line of three dashes is missing; write --- {where} this line, after the title, the "
    "minutes and all that belongs to them."
)
_HEADING = re.compile(r"##[ \t]+(?P<title>.*\S)[ \t]*")
_WORD = re.compile(r"(?P<word>[a-z]+):(?:[ \t]+(?P<rest>.*))?")
_CHOICE = re.compile(r"[-*][ \t]+\[(?P<mark>[ xX])\][ \t]+(?P<text>.*\S)[ \t]*")
_NUMBER = re.compile(
    r"(?P<number>\S+)(?:\s+within\s+(?P<within>\S+))?"
    r"(?:\s+from\s+(?P<least>\S+))?(?:\s+to\s+(?P<greatest>\S+))?"
)
_UNTIL = re.compile(r"(?P<part>.*\S)\s+until\s+(?P<step>[0-9]{1,3})")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")

_Made = TypeVar("_Made")


def parse_lesson(text: str, name: str) -> Lesson:
    """Return the lesson that a file holds.

    Args:
        text: What is in it.
        name: What addresses call it.

    Raises:
        MaxstimError: if it is none; the sentence names the first line that is wrong.
    """
    if len(text) > LONGEST_LESSON:
        raise MaxstimError(
            f"The lesson {name} has more than {LONGEST_LESSON:,} characters; make two of it."
        )
    lines = text.removeprefix("\ufeff").splitlines()
    reader = _Reader(name)
    begin = reader.front(lines)
    for number, line in enumerate(lines[begin:], begin + 1):
        reader.line(number, line)
    return reader.lesson(len(lines))


@dataclass
class _Draft:
    """A step while it is being read; where `words` were seen."""

    title: str
    line: int
    text: list[str] = field(default_factory=list)
    reveal: list[str] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)
    sets: PageSettings = field(default_factory=PageSettings)
    highlight: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    question: str = ""
    choices: list[str] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    number: LessonQuestion | None = None
    goal: LessonGoal | None = None
    takes_choices: bool = False
    in_paragraph: bool = False


class _Reader:
    """Takes the lines of one file, one after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._cell_types = tuple(bundled_connectome().names)
        self._front: dict[str, tuple[int, str]] = {}
        self._drafts: list[_Draft] = []
        self._is_code = False

    # -- front matter

    def front(self, lines: list[str]) -> int:
        """Take the lines between the two ``---``, and return how many lines that were."""
        if not lines or lines[0].strip() != "---":
            raise self._wrong(1, "A lesson begins with a line of three dashes, ---, and its title.")
        has_end = any(line.strip() == "---" for line in lines[1:])
        for number, line in enumerate(lines[1:], 2):
            if line.strip() == "---":
                return number
            if _HEADING.fullmatch(line):
                raise self._wrong(number, _NO_END.format(where="above"))
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, colon, value = (one.strip() for one in line.partition(":"))
            if key not in _FRONT and not has_end:
                raise self._wrong(number, _NO_END.format(where="above"))
            if not colon or not value:
                raise self._wrong(
                    number, "Here stands a word, a colon and its value, as in title: ON and OFF."
                )
            if key not in _FRONT:
                raise self._wrong(
                    number, f"There is no {shown(key)} here; {did_you_mean(key, _FRONT)}"
                )
            if key in self._front:
                raise self._wrong(number, f"{shown(key)} stands here twice.")
            if len(value) > _LONGEST_LINE:
                raise self._wrong(number, f"This is longer than {_LONGEST_LINE} characters.")
            self._front[key] = number, value
        raise self._wrong(len(lines), _NO_END.format(where="below"))

    def _told(self, key: str) -> tuple[int, str]:
        return self._front.get(key, (1, ""))

    # -- steps

    def line(self, number: int, line: str) -> None:
        """Take a line of the steps."""
        if _FENCE.match(line):
            self._is_code = not self._is_code
        heading = None if self._is_code else _HEADING.fullmatch(line)
        if heading is not None:
            self._begin(number, heading["title"])
        elif not self._drafts:
            if line.strip():
                raise self._wrong(number, "Text stands in a step; begin one with ## and its title.")
        else:
            self._in_step(number, line, self._drafts[-1])

    def _begin(self, number: int, title: str) -> None:
        if len(self._drafts) == MOST_STEPS:
            raise self._wrong(number, f"A lesson has at most {MOST_STEPS} steps.")
        if len(title) > 100:
            raise self._wrong(number, "The title of a step has at most 100 characters.")
        self._drafts.append(_Draft(title, number))

    def _in_step(self, number: int, line: str, draft: _Draft) -> None:
        word = None if self._is_code else _WORD.fullmatch(line.rstrip())
        # Within a paragraph, a line may begin with any other word and a colon.
        if word is not None and (word["word"] in _WORDS or not draft.in_paragraph):
            self._take(number, draft, word["word"], (word["rest"] or "").strip())
            return
        choice = _CHOICE.fullmatch(line) if draft.takes_choices else None
        if choice is not None:
            self._choose(number, draft, choice["mark"], choice["text"])
            return
        draft.in_paragraph = bool(line.strip())
        if line.strip():
            draft.takes_choices = False
        (draft.reveal if "reveal" in draft.words else draft.text).append(line)

    def _choose(self, number: int, draft: _Draft, mark: str, text: str) -> None:
        if len(draft.choices) == _MOST_CHOICES:
            raise self._wrong(number, f"A question has at most {_MOST_CHOICES} choices.")
        if len(text) > 120:
            raise self._wrong(number, "A choice has at most 120 characters.")
        if mark in "xX":
            draft.right.append(len(draft.choices))
        draft.choices.append(text)

    def _take(self, number: int, draft: _Draft, word: str, rest: str) -> None:
        """Take a line that does something."""
        if word not in _WORDS:
            raise self._wrong(
                number,
                f"There is no line {shown(word + ':')}; {did_you_mean(word, _WORDS)} Begin text with "
                "a capital letter.",
            )
        if word in draft.words:
            raise self._wrong(
                number, f"This step has a line {word}: already; begin another step with ##."
            )
        draft.words[word] = number
        draft.takes_choices = word == "guess"
        draft.in_paragraph = False
        if word == "reveal":
            draft.in_paragraph = bool(rest)
            draft.reveal.append(rest)
            return
        if not rest:
            raise self._wrong(number, f"After {word}: something is missing.")
        if word == "set":
            draft.sets = self._at(number, lambda: PageSettings.parse(rest))
        elif word == "highlight":
            draft.highlight = self._parts(number, rest)
        elif word == "hide":
            draft.hidden = self._parts(number, rest)
        elif word == "check":
            draft.goal = self._at(number, lambda: LessonGoal.parse(rest, self._cell_types))
        elif word == "number":
            draft.number = self._number(number, rest)
        else:
            if len(rest) > _LONGEST_LINE:
                raise self._wrong(number, f"A question has at most {_LONGEST_LINE} characters.")
            draft.question = rest

    def _parts(self, number: int, text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(filter(None, (one.strip() for one in text.split(",")))))
        for name in names:
            if name not in PAGE_PARTS:
                raise self._wrong(
                    number,
                    f"The page has no part called {shown(name)}; {did_you_mean(name, PAGE_PARTS)}",
                )
        return names

    def _number(self, number: int, text: str) -> LessonQuestion:
        """Return a question for a number, its text not yet."""
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise self._wrong(
                number,
                f"{shown(text)} is no number, nor one and how far off is close; write number: 24, or "
                "number: 24 within 5, or number: 24 within 5 from 0 to 100.",
            )
        right = self._at(number, lambda: _finite(found["number"], "number: 24 within 5"))
        within = self._at(number, lambda: abs(_finite(found["within"] or "0", "within 5")))
        least, greatest = -math.inf, math.inf
        if found["least"]:
            least = self._at(number, lambda: _finite(found["least"], "from 0"))
        if found["greatest"]:
            greatest = self._at(number, lambda: _finite(found["greatest"], "to 100"))
        if not least <= right <= greatest:
            raise self._wrong(
                number,
                f"The right number, {right:g}, could not be guessed; let from and to stand below and "
                "above it.",
            )
        return LessonQuestion("", number=right, within=within, least=least, greatest=greatest)

    # -- the whole

    def lesson(self, n_lines: int) -> Lesson:
        """Return what was read.

        Raises:
            MaxstimError: if something is missing.
        """
        if "title" not in self._front:
            raise self._wrong(1, "The title is missing; add a line such as title: ON and OFF.")
        if not self._drafts:
            raise self._wrong(n_lines, "There is no step; begin one with ## and its title.")
        number, minutes = self._told("minutes")
        if not minutes:
            raise self._wrong(number, "The minutes are missing; add a line such as minutes: 15.")
        if not re.fullmatch("[0-9]{1,3}", minutes) or not 1 <= int(minutes) <= 240:
            raise self._wrong(
                number,
                f"{shown(minutes)} is no number of minutes; write a whole one from 1 to 240, as in "
                "minutes: 15.",
            )
        fixed = self._fixed()
        self._check_settings(fixed)
        hidden, hidden_until = self._hidden()
        return Lesson(
            name=self._name,
            title=self._front["title"][1],
            minutes=int(minutes),
            about=self._told("about")[1],
            fixed=fixed,
            hidden=hidden,
            steps=tuple(map(self._step, self._drafts)),
            hidden_until=hidden_until,
        )

    def _hidden(self) -> tuple[tuple[str, ...], dict[str, int]]:
        """Return what is out of sight in all steps, and what only until an answer: of which place."""
        at, text = self._told("hide")
        always, until = [], {}
        for piece in text.split(","):
            found = _UNTIL.fullmatch(piece.strip())
            if found is None:
                always.append(piece)
                continue
            [part], step = self._parts(at, found["part"]), int(found["step"])
            if not 1 <= step <= len(self._drafts) or not self._drafts[step - 1].question:
                raise self._wrong(
                    at,
                    f"Step {step} asks nothing, so {part} cannot be hidden until its answer is out; "
                    "name a step that has a guess.",
                )
            until[part] = step - 1
        return self._parts(at, ",".join(always)), until

    def _fixed(self) -> PageSettings:
        """Return what the lesson fixes; a network of its is one that pages can have."""
        number, text = self._told("fix")
        if not text:
            return PageSettings()
        fixed = self._at(number, lambda: PageSettings.parse(text))
        if fixed.network and not is_network_here(fixed.network):
            raise self._wrong(
                number,
                f"The network {shown(fixed.network)} is not on this server, so it cannot be kept; "
                "store it here, or write one that is, as in fix: network=maxstim/003.",
            )
        return fixed

    def _check_settings(self, fixed: PageSettings) -> None:
        """Make sure that what steps set one after the other can be asked for."""
        cell_type, values = "", {}
        self._at(self._told("fix")[0], lambda: check_can_ask(fixed.values, fixed.cell_type))
        for draft in self._drafts:
            cell_type = fixed.cell_type or draft.sets.cell_type or cell_type
            values = {**(draft.sets.values if draft.sets.method else values), **fixed.values}
            if "set" in draft.words:
                self._at(draft.words["set"], partial(check_can_ask, values, cell_type))

    def _step(self, draft: _Draft) -> LessonStep:
        return LessonStep(
            title=draft.title,
            text="\n".join(draft.text).strip(),
            sets=draft.sets,
            highlight=draft.highlight,
            hidden=draft.hidden,
            question=self._question(draft),
            reveal="\n".join(draft.reveal).strip(),
            goal=draft.goal,
        )

    def _question(self, draft: _Draft) -> LessonQuestion | None:
        if not draft.question:
            if draft.number is not None:
                raise self._wrong(
                    draft.words["number"], "A number belongs to a question; add guess: above it."
                )
            return None
        at = draft.words["guess"]
        if draft.number is not None and draft.choices:
            raise self._wrong(
                draft.words["number"], "A question has choices or a number, not both."
            )
        if draft.number is not None:
            return replace(draft.number, text=draft.question)
        if len(draft.choices) < 2:
            raise self._wrong(
                at,
                "A question has two or more choices, lines such as - [x] bright, or a line number: 24.",
            )
        return LessonQuestion(draft.question, tuple(draft.choices), frozenset(draft.right))

    def _at(self, number: int, make: Callable[[], _Made]) -> _Made:
        """Return what is made, and name the line where it cannot be."""
        try:
            return make()
        except MaxstimError as error:
            raise self._wrong(number, str(error)) from None

    def _wrong(self, number: int, sentence: str) -> MaxstimError:
        return MaxstimError(f"The lesson {self._name}, line {number}: {sentence}")


def _finite(text: str, example: str) -> float:
    """Return the number that a text is.

    Args:
        text: It.
        example: What could stand there.

    Raises:
        MaxstimError: if it is none, or too far from 0.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _MOST_NUMBER:
        raise MaxstimError(
            f"{shown(text)} is no number between −1e9 and 1e9; write digits, as in {example}."
        )
    return value
