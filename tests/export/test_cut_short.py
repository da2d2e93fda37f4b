"""The code for an answer of a run that was cancelled makes this answer, or says that it makes more."""

import shlex

import numpy as np
import pytest
from toy_runs import ended, toy_queue, when

import maxstim_core as ms
from maxstim_core.cli import main
from maxstim_core.export.command import command_line
from maxstim_core.export.python_code import python_snippet
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.result import cancelled_after, load
from maxstim_core.runs.request import RunRequest, request_of

SHORT = {"t_stim": 0.05, "n_iters": 12}
STEERED = "2: lr=0.05; 3: n_iters=20; 8: weight_mei=1000"
CLIP = {"clips": "probes", "clip": "ON edge, 90°, 19 col/s"}
ALONE = {"network": "prior", "device": "cpu"}

AS_FAR = [
    RunRequest("T4c", GenerateConfig(**SHORT), **ALONE),
    RunRequest("T4c", GenerateConfig(**SHORT, schedule=STEERED), **ALONE),
    RunRequest("T4c", RegularizeConfig(n_iters=12, dt=0.02), **ALONE, **CLIP),
]
"""Runs whose first steps are the same however many follow."""

PLANNED = [
    RunRequest("T4c", GenerateConfig(**SHORT, objective="drive", energy=5.0), **ALONE),
    RunRequest("T4c", GenerateConfig(**SHORT, schedule="2: energy=5"), **ALONE),
    RunRequest("T4c", GenerateConfig(**SHORT), device="cpu", further_networks=("maxstim/002",)),
]
"""Runs whose first steps are planned by how many follow."""


def cancelled(request, after=5):
    """Return the answer of a run that is cancelled after some iterations, as the worker stores it."""
    networks = [ms.open_network(name) for name in request.networks]
    if isinstance(request.config, GenerateConfig):
        run = ms.generate(networks, request.cell_type, request.config)
    else:
        clips = ms.open_clips(request.clips)
        clip = ms.resampled(clips[ms.clip_named(clips, request.clip)], clips.dt, request.config.dt)
        run = ms.regularize(networks[0], request.cell_type, clip, request.config)
    for report in run:
        if report.step == after:
            return run.result()
    raise AssertionError("It ended before.")


def same(made, answer):
    assert cancelled_after(made) in (None, cancelled_after(answer))
    for name in ("stimulus", "best_stimulus"):
        np.testing.assert_array_equal(made[name], answer[name])


@pytest.mark.parametrize("request_", AS_FAR + PLANNED)
def test_the_python_lines_stop_where_the_run_was_cancelled(request_, tmp_path):
    answer, output = cancelled(request_), tmp_path / "answer.nc"
    code = python_snippet(request_, str(output), n_made=cancelled_after(answer))
    n_steps = 20 if "n_iters" in getattr(request_.config, "schedule", "") else 12
    assert f"# The run was cancelled after 5 of {n_steps} iterations; this stops there" in code
    exec(compile(code, "snippet", "exec"), {})
    made = load(output)
    same(made, answer)
    np.testing.assert_array_equal(made.loss, answer.loss)
    assert made.attrs["config"] == answer.attrs["config"]
    assert made.attrs["status"] == "cancelled"


def command(request, answer, output):
    """Return the comment above a command, and its words."""
    text = command_line(request, str(output), n_made=cancelled_after(answer))
    comment, _, line = text.partition("\n")
    return comment, shlex.split(line.replace("\\\n", " "))


@pytest.mark.parametrize("request_", AS_FAR)
def test_so_does_the_command_where_the_first_steps_are_those_of_a_shorter_run(request_, tmp_path):
    answer, output = cancelled(request_), tmp_path / "answer.nc"
    comment, words = command(request_, answer, output)
    assert comment.endswith("iterations; this makes those.")
    assert words[words.index("--iterations") + 1] == "5"
    assert main(words[1:]) == 0
    same(load(output), answer)


@pytest.mark.parametrize("request_", PLANNED)
def test_else_the_command_says_that_it_makes_all_of_it(request_, tmp_path):
    answer, output = cancelled(request_), tmp_path / "answer.nc"
    comment, words = command(request_, answer, output)
    assert comment.startswith("# The run was cancelled after 5 of 12 iterations; this makes the")
    assert main(words[1:]) == 0
    made = load(output)
    assert made.attrs["status"] == "complete" and made.sizes["iteration"] == 12
    shorter = GenerateConfig(**{**request_.config.to_dict(), "n_iters": 5, "schedule": ""})
    if not request_.config.schedule:  # else it would have been no run at all
        networks = [ms.open_network(name) for name in request_.networks]
        planned = ms.finish(ms.generate(networks, "T4c", shorter))
        assert (planned.stimulus.values != answer.stimulus.values).any()


def test_a_search_that_was_cancelled_is_made_whole_and_says_so():
    request = RunRequest("Mi1", SearchConfig(), **ALONE)
    for write in (python_snippet, command_line):
        cut, whole = write(request, "out.nc", n_made=0), write(request, "out.nc")
        (said,) = [line for line in cut.splitlines() if line.startswith("#")]
        assert said == (
            "# The search was cancelled before all clips were tried; this tries all of them."
        )
        assert cut.replace(f"{said}\n", "") == whole
    shown = RunRequest("Mi1", SearchConfig(), **ALONE, **CLIP)
    assert command_line(shown, "out.nc", n_made=0) == command_line(shown, "out.nc")


def test_a_whole_run_is_told_as_before():
    for request in AS_FAR + PLANNED:
        for write in (python_snippet, command_line):
            assert "cancelled" not in write(request, "out.nc")
            assert write(request, "out.nc", n_made=20) == write(request, "out.nc")


def test_a_run_that_a_worker_has_cancelled_is_made_again(tmp_path, monkeypatch):
    queue = toy_queue(tmp_path, most_live=1)
    asked = RunRequest("T4c", GenerateConfig(t_stim=0.03, n_iters=100_000), **ALONE)
    run_id = queue.submit(asked, "ada", live=True)
    when(queue, run_id, lambda run: run.step > 0)
    queue.cancel(run_id)
    answer = load(ended(queue, run_id).result)
    queue.close()
    n_made = cancelled_after(answer)
    assert 0 < n_made < 100_000
    monkeypatch.chdir(tmp_path)
    request = request_of(answer)
    exec(compile(python_snippet(request, "out.nc", n_made=n_made), "snippet", "exec"), {})
    same(load("out.nc"), answer)
    _, words = command(request, answer, "again.nc")
    assert main(words[1:]) == 0
    same(load("again.nc"), answer)
