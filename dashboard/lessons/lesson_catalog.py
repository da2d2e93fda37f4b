"""The lessons that there are: those that come with maxstim, and a lecturer's own.

A lecturer's are the files ``NAME.md`` of the folder ``lessons`` in the data directory, or of the one
that ``maxstim serve --lessons`` names. One of the same name stands in place of ours.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dashboard.lessons.lesson import Lesson
from dashboard.lessons.lesson_file import LONGEST_LESSON, parse_lesson
from maxstim_core.errors import MaxstimError
from maxstim_core.storage.data_dir import data_directory

OWN_LESSONS = "MAXSTIM_LESSONS"
"""Variable that names a lecturer's folder, where it is not the one in the data directory."""

LESSON_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""Names that a lesson can have."""

SHIPPED = ("on-off", "direction", "optimal", "budget", "trust")
"""Names of the lessons that come with maxstim, in the order in which they build on each other."""

MOST_LESSONS = 100
"""Files of a lecturer's folder that are read."""

_HERE = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class LessonList:
    """What there is.

    Attributes:
        lessons: Those that can be opened: ours, then a lecturer's.
        problems: Why other files cannot, a sentence each.
    """

    lessons: tuple[Lesson, ...] = ()
    problems: tuple[str, ...] = ()

    def find(self, name: str) -> Lesson | None:
        """Return the lesson of a name, or None."""
        return next((lesson for lesson in self.lessons if lesson.name == name), None)


def read_lessons() -> LessonList:
    """Read all lessons that there are; from a network drive that takes seconds."""
    found: dict[str, Lesson] = {}
    problems: list[str] = []
    for path in (*(_HERE / f"{name}.md" for name in SHIPPED), *_own_files()):
        try:
            found[path.stem] = _read(path)
        except MaxstimError as error:
            problems.append(str(error))
    return LessonList(tuple(found.values()), tuple(problems))


def lessons_folder() -> Path:
    """Return the folder of a lecturer's lessons; it need not exist."""
    named = os.environ.get(OWN_LESSONS)
    return Path(os.path.expanduser(named)).absolute() if named else data_directory() / "lessons"


def _own_files() -> list[Path]:
    try:
        paths = sorted(lessons_folder().glob("*.md"))
    except OSError:
        return []
    return paths[:MOST_LESSONS]


def _read(path: Path) -> Lesson:
    """Return the lesson of a file.

    Raises:
        MaxstimError: if it is none.
    """
    if LESSON_NAME.fullmatch(path.stem) is None:
        raise MaxstimError(
            f"The lesson file {path.name!r} needs a name of small letters, digits and hyphens, such as "
            "my-lesson.md."
        )
    try:
        with open(path, "rb") as file:
            content = file.read(4 * LONGEST_LESSON + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise MaxstimError(
            f"The lesson {path.stem} cannot be read ({error.strerror or error})."
        ) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MaxstimError(
            f"The lesson {path.stem}, line {line}: this is not UTF-8; save the file as UTF-8."
        ) from None
    return parse_lesson(text, path.stem)
