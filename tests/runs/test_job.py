"""What a job shows of its progress, at times that the test chooses."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from toy_runs import toy_request

from maxstim_core.lattice import Lattice
from maxstim_core.optimal.run import StepReport
from maxstim_core.runs.job import NEXT_STATES, Run
from maxstim_core.runs.messages import LiveReport, Progress
from maxstim_core.runs.run_job import LiveJob, RunJob
from maxstim_core.runs.snapshot import Preview
from maxstim_core.runs.worker import _ProgressReporter


def running(at=100.0):
    job = RunJob("id", "key", toy_request())
    job.begin(None, "cpu", at)
    return job, Run("id", "anna", job.request, job)


def report(step, n_steps=20, n_losses=1, terms=("total",), message=""):
    losses = np.full((n_losses, len(terms)), step, np.float32)
    return Progress(step, n_steps, terms, losses, None, message)


def test_time_left_is_a_moving_average_over_the_last_steps():
    job, run = running()
    job.take(report(1), 110.0)  # the first step is slow: it counts for nothing
    assert job.snapshot(run, 110.0).eta is None
    job.take(report(6), 115.0)
    seen = job.snapshot(run, 115.0)
    assert (seen.eta, seen.elapsed) == (14.0, 15.0)
    assert job.snapshot(run, 117.0).eta == 12.0
    assert job.snapshot(run, 999.0).eta == 0.0
    for step in range(7, 47):
        job.take(report(step, n_steps=100), 115.0 + 3 * (step - 6))
    assert job.snapshot(run, 115.0 + 3 * 40).eta == pytest.approx(3 * (100 - 46))


def test_losses_add_up_and_start_anew_with_another_stage():
    job, run = running()
    search = report(16, 188, 0, (), "Searching.")
    job.take(search, 101.0)
    job.take(search, 102.0)
    first = job.snapshot(run, 102.0)
    assert (first.message, first.n_steps, first.losses.shape) == ("Searching.", 188, (0, 0))
    job.take(report(1), 103.0)
    assert job.snapshot(run, 103.0).eta is None
    job.take(report(4, n_losses=3), 104.0)
    second = job.snapshot(run, 104.0)
    assert second.losses[:, 0].tolist() == [1, 4, 4, 4]
    assert (second.message, second.n_steps) == ("", 20)
    assert len(first.losses) == 0


def test_a_preview_stays_until_there_is_another():
    job, run = running()
    first, second = (Preview(np.full((2, 7), level, np.uint8), Lattice(1)) for level in (0, 9))
    for step, preview, shown in ((1, first, first), (2, None, first), (3, second, second)):
        job.take(replace(report(step), preview=preview), 100.0 + step)
        assert job.snapshot(run, 100.0 + step).preview is shown


def test_previews_take_no_more_of_a_run_than_their_share():
    sent, movie = [], np.zeros((2, 7), np.float32)

    def respond():
        time.sleep(0.05)
        return movie

    reporter = _ProgressReporter(
        SimpleNamespace(terms=("total",)), SimpleNamespace(send=sent.append)
    )
    losses, give_up = np.zeros((1, 1), np.float32), time.monotonic() + 60
    while len(previews := [at for at, report in enumerate(sent) if report.preview]) < 2:
        reporter.take(StepReport(len(sent) + 1, 10_000, losses, movie, respond, Lattice(1)))
        reporter.flush()
        time.sleep(0.001)
        assert time.monotonic() < give_up
    # The losses went on in between, for as long as the share demands.
    assert previews[0] == 0 and previews[1] > 10
    assert all(len(report.losses) == 1 for report in sent)


def test_an_ended_job_keeps_its_duration():
    job, run = running()
    job.take(report(20), 130.0)
    job.end("done", 131.0)
    late = job.snapshot(run, 500.0)
    assert (late.state, late.elapsed, late.eta, late.message) == ("done", 31.0, None, "")


def live_job(n_iters=20, **more):
    job = LiveJob("id", "key", toy_request(n_iters=n_iters), "cpu", **more)
    job.begin(None, "cpu", 100.0)
    return job


def live_report(job, step, paused=False, per_second=0.0):
    return LiveReport(report(step), step - 1, job.config, paused, per_second, "")


def test_a_live_run_that_nobody_touched_tells_how_long_others_take():
    job = live_job()
    job.take_live(live_report(job, 1), 110.0)  # the first step is slow: it counts for nothing
    job.take_live(live_report(job, 11), 115.0)
    assert job.usual is None
    job.end("done", 119.0)
    assert job.usual == pytest.approx(9.0 * 20 / 19)


@pytest.mark.parametrize("how", [{"paused": True}, {"per_second": 2.0}, {"step": 3}])
def test_a_live_run_that_was_steered_tells_nothing_of_others(how):
    job = live_job()
    job.take_live(live_report(job, 5), 110.0)
    job.take_live(live_report(job, **{"step": 6, **how}), 111.0)
    job.take_live(live_report(job, 15), 115.0)
    job.end("done", 119.0)
    assert job.usual is None
    stepped = live_job(pause_at=4)
    stepped.end("done", 119.0)
    assert stepped.usual is None


def test_pauses_are_no_time_that_a_live_run_takes():
    job = live_job()
    run = Run("id", "anna", job.request, job)
    for now, is_paused in ((104.0, True), (110.0, True), (134.0, False), (136.0, False)):
        job.take_live(live_report(job, int(now) - 100, is_paused), now)
    assert job.snapshot(run, 137.0).elapsed == pytest.approx(7.0)
    job.take_live(live_report(job, 40, paused=True), 138.0)
    assert job.snapshot(run, 500.0).elapsed == pytest.approx(8.0)
    job.end("cancelled", 600.0)  # still paused
    assert job.snapshot(run, 900.0).elapsed == job.elapsed == pytest.approx(8.0)


@pytest.mark.parametrize("state", [state for state, later in NEXT_STATES.items() if not later])
def test_what_has_ended_does_not_change(state):
    job, _ = running()
    job.end(state, 101.0)
    with pytest.raises(AssertionError):
        job.end("done", 102.0)
