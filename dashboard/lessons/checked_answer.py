"""Holds what is on show against what a step asks for."""

from __future__ import annotations

from dashboard.lessons.classroom import AnswerNote
from dashboard.lessons.lesson_goal import GoalReport, LessonGoal
from dashboard.lessons.quantities import MeasuredAnswer
from dashboard.state.session import Session
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.runs.library import KEY

_GOING = "A run is going; wait until it is done, then check again."
_NOTHING = "There is no movie on show; press Run."


def check_answer_shown(goal: LessonGoal, session: Session) -> tuple[GoalReport, AnswerNote | None]:
    """Return how the answer on show stands to a goal, and what a class is told of it, if it is one."""
    shown = session.shown
    if session.submitting or session.live or shown.run is not None:
        return GoalReport(False, _GOING), None
    if shown.finished is None:
        return GoalReport(False, _NOTHING), None
    report = goal.report(MeasuredAnswer.of(shown.finished, tuple(bundled_connectome().names)))
    key = session.lasting_key
    note = AnswerNote(report.reached, report.said, key if KEY.fullmatch(key) else "")
    return report, note
