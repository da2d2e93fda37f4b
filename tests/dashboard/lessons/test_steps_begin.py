"""What a step asks for is still to be done on the page as the step begins it."""

import time

import pytest
from toy_runs import toy_queue

from dashboard.app import App
from dashboard.lessons.lesson_catalog import SHIPPED, read_lessons
from maxstim_core.runs.library import ResultLibrary

LESSONS = {lesson.name: lesson for lesson in read_lessons().lessons}


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    toys = toy_queue(tmp_path_factory.mktemp("begins"))
    yield toys
    toys.close()


def settle(app: App, place: int) -> None:
    """Wait until a page shows what a step begins with."""
    give_up = time.monotonic() + 120

    def is_there() -> bool:
        visit, session = app.lessons.visit, app.session
        is_open = visit is not None and visit.place == place and app.networks.found is not None
        return is_open and session.shown.finished is not None and not session.looking

    while not is_there():
        assert time.monotonic() < give_up
        app.session.poll()
        app.networks.poll()
        app.lessons.poll()
        time.sleep(0.01)


def opened(queue, lesson: str, step: int) -> App:
    """Open a page as the link to a step does."""
    app = App(queue, ResultLibrary(queue.folder))
    app.session.follow_meanwhile(app.session.library.example().key)
    app.lessons.begin(lesson, step, "")
    settle(app, step - 1)
    return app


def checked(app: App) -> tuple[bool, str]:
    app.lessons._hear("check")
    report = app.lessons.visit.reports[app.lessons.visit.place]
    return report.reached, report.said


@pytest.mark.parametrize("name", SHIPPED)
def test_no_check_is_passed_by_what_a_step_begins_with(queue, name):
    """By whoever comes from the step before, and by whoever opens the link to it."""
    walking = opened(queue, name, 1)
    for place, step in enumerate(LESSONS[name].steps):
        walking.lessons._hear({"go": place})
        settle(walking, place)
        if step.goal is not None:
            for app in (walking, opened(queue, name, place + 1)):
                reached, said = checked(app)
                assert not reached, (step.title, said)
                assert "no movie on show" not in said and "A run is going" not in said
