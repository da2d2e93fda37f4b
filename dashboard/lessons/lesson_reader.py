"""Reads the lessons that there are in a thread: on a network drive that takes seconds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from dashboard.lessons.lesson_catalog import LessonList, read_lessons


class LessonReader:
    """What was read last, for one page."""

    def __init__(self) -> None:
        self.found = LessonList()
        self._reading: Future[LessonList] | None = None

    @property
    def is_reading(self) -> bool:
        """Whether there may be news in a moment."""
        return self._reading is not None

    def read(self) -> None:
        """Have the files looked at; `take` tells when that is done."""
        if self._reading is None:
            self._reading = _thread().submit(read_lessons)

    def take(self) -> bool:
        """Take in what was read, and tell whether anything was."""
        if self._reading is None or not self._reading.done():
            return False
        reading, self._reading = self._reading, None
        self.found = reading.result()
        return True


@cache
def _thread() -> ThreadPoolExecutor:
    """The thread in which files are read, one for all pages."""
    return ThreadPoolExecutor(1, "lessons")
