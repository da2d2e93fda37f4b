"""The job of a task: a function that the worker calls."""

from __future__ import annotations

from dataclasses import replace

from maxstim_core.runs.job import Ending, Job, Run
from maxstim_core.runs.messages import FunctionTask, Progress, StageReport
from maxstim_core.runs.snapshot import TaskSnapshot
from maxstim_core.runs.task import TaskRequest


class TaskJob(Job[TaskRequest, TaskSnapshot]):
    """Work that is no run: a function that the worker calls."""

    advice = "try again"
    advice_when_silent = "try again"
    plural = "tasks"

    def __init__(self, job_id: str, key: str, request: TaskRequest) -> None:
        super().__init__(job_id, key, request)
        self._stage = self._message = ""

    @property
    def what(self) -> str:
        """What it is, one word or two, for those who wait behind it."""
        return self.request.what

    @property
    def message(self) -> FunctionTask:
        """What its worker is sent."""
        request = self.request
        return FunctionTask(self.job_id, self.turn, request.function, dict(request.arguments))

    @property
    def gives_way(self) -> bool:
        """Whether it makes room for others, as `maxstim_core.runs.task.TaskRequest` says."""
        return self.request.gives_way

    def set_message(self, message: str) -> None:
        """Change what is said of what it is doing, one sentence."""
        self._message = message

    def take(self, report: Progress | StageReport, now: float) -> None:
        """Take in a report of the worker: a stage, or what the worker does for it, as a message."""
        if self.cancelled_at is not None:
            return
        if isinstance(report, StageReport):
            self._stage, self._message = report.stage, ""
        else:
            self._message = report.message

    def _picture(self, run: Run[TaskRequest], now: float) -> TaskSnapshot:
        return TaskSnapshot(
            task_id=run.run_id,
            request=run.request,
            session=run.session,
            state=self.state,
            stage=self._stage,
            message=self._message if self._ended is None else "",
            elapsed=self._elapsed(now),
        )

    def _last_picture(
        self, last: TaskSnapshot, run: Run[TaskRequest], ending: Ending
    ) -> TaskSnapshot:
        return replace(last, message=ending.reason[:1].upper() + ending.reason[1:])
