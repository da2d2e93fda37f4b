"""The line that says how far a run is."""

import io

import numpy as np
import pytest

from maxstim_core.cli import progress
from maxstim_core.optimal.run import StepReport


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def report(step, n_steps):
    return StepReport(step, n_steps, np.empty((0, 0)))


def test_a_share_tells_the_time_left_before_a_step_is_done(clock):
    stream = io.StringIO()
    with progress.ProgressLine("answers", (), stream) as line:
        for clock[0], share in ((1.0, 0.0), (2.0, 0.1), (3.0, 0.15), (4.0, 0.3)):
            line.show(report(0, 4), share)
        clock[0] = 11.0
        line.show(report(4, 4), 1.0)
    assert stream.getvalue().splitlines() == [
        "answers: 0/4 · time left unknown",
        "answers: 0/4 · 9 s left",
        "answers: 0/4 · 7 s left",
        "answers: 4/4 · 11.0 s",
    ]


def test_without_a_share_steps_do(clock):
    stream = io.StringIO()
    with progress.ProgressLine("steps", (), stream) as line:
        for clock[0], step in ((1.0, 1), (2.0, 2), (4.0, 4)):
            line.show(report(step, 4))
    assert stream.getvalue().splitlines() == [
        "steps: 1/4 · time left unknown",
        "steps: 2/4 · 2 s left",
        "steps: 4/4 · 4.0 s",
    ]
