"""Many visitors go through one lesson at once: whether all finish, and nothing is mixed up.

python -m benchmarks.lesson --visitors 20 --json

Needs Linux. A server is started on loopback with an empty data directory. One visitor opens the lesson
*Direction* and a class; the others come by its link, each with a browser of their own, go on by
themselves, guess each in their own way, choose the cell type that is asked for, and run a movie with
their own seed. Then what each was told, what the presenter's wall says of each, and the stored answers
are compared with what each did. Whatever happens, it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import maxstim_core as ms
from benchmarks.markdown import head, row
from benchmarks.measured import machine
from benchmarks.page_server import ROOT, PageServer, Visitor
from dashboard.lessons.lesson import Lesson, LessonQuestion
from dashboard.lessons.lesson_catalog import read_lessons
from maxstim_core.runs.request import request_of

LESSON = "direction"

_N_ITERS = 60
"""Iterations of each run: it is the lesson that is measured."""

_CHOSEN = {"Find the one that prefers right": "T4b"}
"""What is chosen in a step that asks for it."""


class Student(Visitor):
    """A visitor who goes through a lesson.

    Attributes:
        told: What the panel was told last.
        waits: Seconds until the panel has told what came of each thing that was done.
        mine: What was guessed, by the place of the step.
        seed: Of their own run.
        asked_again: How often nothing was heard for ten seconds.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.told: dict[str, Any] = {}
        self.waits: list[float] = []
        self.mine: dict[int, str] = {}
        self.seed = self.asked_again = 0

    @classmethod
    async def come(cls, url: str, search: str) -> Student:
        """Open a lesson; once more where the server, as this one does soon, has forgotten the page."""
        while True:
            student = await cls.arrive(url, search=search)
            if '"LessonPanel' in student.document:
                return student
            student.leave()

    async def _part(self) -> str:
        said = await super()._part()
        if '"told"' in said and said.startswith('{"events"'):
            for event in json.loads(said)["events"]:
                if event.get("attr") == "told":
                    self.told = json.loads(event["new"])
        return said

    async def until(self, is_so: Callable[[dict[str, Any]], object]) -> None:
        """Listen until the panel has been told something; after a while, ask as the panel does."""
        while not is_so(self.told):
            try:
                async with asyncio.timeout(10):
                    while not is_so(self.told):
                        await self._part()
            except TimeoutError:
                self.asked_again += 1
                await self.tell(self.model("LessonPanel"), "again")

    async def do(self, said: object, is_so: Callable[[dict[str, Any]], object]) -> None:
        """Do something in the panel, and wait until it has been told what came of it."""
        began = time.perf_counter()
        await self.tell(self.model("LessonPanel"), said)
        await self.until(is_so)
        self.waits.append(time.perf_counter() - began)

    async def go_through(self, lesson: Lesson, k: int) -> None:
        """Go through all steps, as the k-th visitor does."""
        self.seed = 1000 + k
        await self.until(lambda told: told.get("step") and told.get("class"))
        for place, step in enumerate(lesson.steps):
            await self.do(
                {"go": place}, lambda told, place=place: told["step"]["number"] == place + 1
            )
            if step.question is not None:
                self.mine[place] = guess = _guess(step.question, k + place)
                await self.do(
                    {"guess": guess},
                    lambda told, guess=guess: told["step"]["question"]["guess"] == guess,
                )
                await self.do("reveal", lambda told: told["step"]["reveal"])
            if step.goal is not None:
                await self._reach(_CHOSEN.get(step.title, ""))

    async def _reach(self, chosen: str) -> None:
        if chosen:
            await self.click({"cell": chosen})
        else:
            for name, value in (("random_seed", self.seed), ("n_iters", _N_ITERS)):
                await self.click({"method": "generated", "setting": name, "entry": str(value)})
            await self.click({"press": "run"})
        while not (self.told["step"]["goal"] or {}).get("reached"):
            await self.tell(self.model("LessonPanel"), "check")
            await self._hear("OK")
            await asyncio.sleep(1.0)
            await self.ping()  # what has come meanwhile is heard


def _guess(question: LessonQuestion, k: int) -> str:
    return f"0.{k % 9 + 1}" if question.is_number else str(k % len(question.choices))


async def _class(url: str, n_visitors: int, lesson: Lesson) -> tuple[Student, list[Student], float]:
    presenter = await Student.come(url, f"?lesson={lesson.name}")
    await presenter.until(lambda told: told.get("step"))
    await presenter.do({"class": "open"}, lambda told: told["class"])
    link = f"?lesson={lesson.name}&class={presenter.told['class']['code']}"
    students = [await Student.come(url, link) for _ in range(n_visitors)]
    began = time.monotonic()
    await asyncio.gather(*(one.go_through(lesson, k) for k, one in enumerate(students)))
    return presenter, students, time.monotonic() - began


async def _walls(presenter: Student, lesson: Lesson) -> dict[int, list[dict[str, Any]]]:
    """Return what the presenter sees of each step."""
    walls = {}
    for place in range(len(lesson.steps)):
        for there in (place + 1, place):  # to and fro, so that the step is another in any case
            there %= len(lesson.steps)
            await presenter.do(
                {"go": there}, lambda told, there=there: told["step"]["number"] == there + 1
            )
        walls[place] = presenter.told["class"]["wall"]
    return walls


async def _visit(url: str, n_visitors: int, lesson: Lesson) -> dict[str, Any]:
    presenter, students, seconds = await _class(url, n_visitors, lesson)
    walls = await _walls(presenter, lesson)
    waits = np.concatenate([np.array(one.waits) for one in students])
    finished = sum(one.told["step"]["number"] == len(lesson.steps) for one in students)
    mixed = sum(_wrong_guesses(lesson, place, walls[place], students) for place in walls)
    keys = [one["key"] for wall in walls.values() for one in wall if one.get("key")]
    for one in (presenter, *students):
        one.leave()
    return {
        "visitors": n_visitors,
        "finished": finished,
        "seconds": seconds,
        "wait_50": float(np.percentile(waits, 50)),
        "wait_95": float(np.percentile(waits, 95)),
        "wait_longest": float(waits.max()),
        "guesses": sum(len(one.mine) for one in students),
        "wrong_guesses": mixed,
        "asked_again": sum(one.asked_again for one in students),
        "keys": keys,
        "seeds": [one.seed for one in students],
    }


def _wrong_guesses(
    lesson: Lesson, place: int, wall: list[dict[str, Any]], students: list[Student]
) -> int:
    """Return how many guesses on the wall, which has them in the order of coming, are not one's own."""
    question = lesson.steps[place].question
    if question is None:
        return 0
    own = [one.mine[place] for one in students]
    words = own if question.is_number else [question.choices[int(guess)] for guess in own]
    seen = [one.get("guess") for one in wall]
    return sum(a != b for a, b in zip(words, seen, strict=False)) + abs(len(words) - len(seen))


def _wrong_answers(folder: Path, found: dict[str, Any]) -> int:
    """Return how many visitors have no answer of their own seed on the wall, one behind the other."""
    made = [key for key in found["keys"] if (folder / f"{key}.nc").is_file()]
    seeds = [request_of(ms.load(folder / f"{key}.nc")).config.random_seed for key in made]
    return sum(a != b for a, b in zip(found["seeds"], seeds, strict=False)) + abs(
        len(found["seeds"]) - len(seeds)
    )


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lesson = read_lessons().find(LESSON)
    server = PageServer("this build", ROOT)
    try:
        work = _visit(server.url, options.visitors, lesson)
        found = asyncio.run(asyncio.wait_for(work, 1500))
        found["wrong_answers"] = _wrong_answers(server.data / "results", found)
    finally:
        server.end()
    told = {name: value for name, value in found.items() if name not in ("keys", "seeds")}
    if options.json:
        print(json.dumps({"machine": machine(), **told}, indent=1))
        return
    print(f"{machine()}: the lesson {lesson.title}, {len(lesson.steps)} steps.\n")
    print("\n".join(head(*told)))
    print(row(*(f"{value:.3g}" for value in told.values())))


if __name__ == "__main__":
    main()
