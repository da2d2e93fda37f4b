"""What a person takes home makes the same answer again."""

import dataclasses
import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import figure_notes, file_name
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.film import MOST_FILM_FRAMES, SLOWER, film_frames
from maxstim_core.export.python_code import python_snippet
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.result import load
from maxstim_core.runs.request import RunRequest, request_of

REQUESTS = [
    RunRequest("T4c", GenerateConfig(t_stim=0.05, n_iters=2, random_seed=3), device="cpu"),
    RunRequest(
        "T4c",
        GenerateConfig(
            t_stim=0.05, n_iters=2, objective="contrast:T4a,T4b", energy=5.0, window="0.02:0.05"
        ),
        device="cpu",
    ),
    RunRequest("Mi1", RegularizeConfig(n_iters=2, dt=0.02), device="cpu"),
    RunRequest("T4c", GenerateConfig(t_stim=0.05, n_iters=2, silence="CT1(M10),Mi9"), device="cpu"),
    RunRequest("Mi1", RegularizeConfig(n_iters=2, dt=0.02, silence="Mi9,C3"), device="cpu"),
    RunRequest("CT1(M10)", SearchConfig(n_best=2, dt=0.02), network="prior", device="cpu"),
]

CLIP = {"clips": "probes", "clip": "ON edge, 90°, 19 col/s", "network": "prior", "device": "cpu"}
CHOSEN = [
    RunRequest("T4c", SearchConfig(score="rms", dt=0.02), **CLIP),
    RunRequest("T4c", RegularizeConfig(n_iters=2, dt=0.02), **CLIP),
    RunRequest("T4c", SearchConfig(dt=0.02, silence="Mi9"), **CLIP),
    RunRequest("T4c", RegularizeConfig(n_iters=2, dt=0.02, silence="Mi9"), **CLIP),
]
"""Runs of a clip that was chosen from a search."""


@pytest.fixture(scope="module")
def answer() -> xr.Dataset:
    run = generate(open_network("default"), "CT1(M10)", GenerateConfig(t_stim=0.05, n_iters=3))
    list(run)
    return run.result()


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.method)
def test_the_python_lines_run_and_make_the_answer(request_, tmp_path):
    output = tmp_path / "answer.nc"
    lines = python_snippet(request_, str(output))
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = load(output)
    assert request_of(made).config == request_.config
    assert made.attrs["cell_type"] == request_.cell_type
    assert made.attrs["network"] == request_.network


def test_the_python_lines_make_the_very_same_stimulus(answer, tmp_path):
    output = tmp_path / "again.nc"
    lines = python_snippet(request_of(answer), str(output))
    subprocess.run([sys.executable, "-c", lines], capture_output=True, check=True)
    np.testing.assert_array_equal(load(output)["stimulus"], answer["stimulus"])


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.method)
def test_the_command_line_makes_the_same_answer(request_, tmp_path):
    output, other = tmp_path / "answer.nc", tmp_path / "python.nc"
    for words in commands(request_, str(output)):
        assert words[0] == "maxstim"
        assert main(words[1:]) == 0
    made = load(output)
    config = type(request_.config)(**json.loads(made.attrs["config"]))
    assert config == request_.config
    if request_.method != "natural":
        assert made.attrs["cell_type"] == request_.cell_type
        lines = python_snippet(request_, str(other))
        subprocess.run([sys.executable, "-c", lines], capture_output=True, check=True)
        np.testing.assert_array_equal(made["stimulus"], load(other)["stimulus"])


@pytest.mark.parametrize("request_", CHOSEN, ids=lambda request: request.method)
def test_both_make_the_answer_of_a_chosen_clip(request_, tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    output, other = tmp_path / "answer.nc", tmp_path / "python.nc"
    exec(python_snippet(request_, str(other)), {})
    ((*words,),) = commands(request_, str(output))
    assert main(words[1:]) == 0
    made, of_python = load(output), load(other)
    if request_.method == "natural":  # the command records that clip, whose record this is
        central = made.central.sel(cell_type="T4c")
        np.testing.assert_allclose(central, of_python.central_response, atol=1e-6)
        assert made.attrs["movie"] == f"probes: {of_python.attrs['source']}"
        assert request_of(of_python) == dataclasses.replace(request_, device="auto")
    else:
        np.testing.assert_array_equal(made.stimulus, of_python.stimulus)
        assert made.attrs["source"] == of_python.attrs["source"] == f"probes: {request_.clip}"
        assert made.attrs["shown_clip"] == of_python.attrs["shown_clip"] == request_.clip


def commands(request: RunRequest, output: str) -> list[list[str]]:
    """Return the words of each command, as a shell reads them."""
    text = command_line(request, output).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines()]


def test_a_name_with_quotes_or_spaces_stays_one_word():
    request = RunRequest("T4c", GenerateConfig(), network="models/my \"best\"; rm -rf 'x'")
    (words,) = commands(request, "out file.nc")
    assert words[words.index("--network") + 1] == request.network
    assert words[words.index("--output") + 1] == "out file.nc"
    compile(python_snippet(request, "out file.nc"), "snippet", "exec")


def test_the_netcdf_is_the_answer(answer, tmp_path):
    path = tmp_path / file_name(answer, "nc")
    path.write_bytes(netcdf(answer).getvalue())
    xr.testing.assert_identical(load(path), answer)
    assert re.fullmatch(r"CT1_M10_generated_seed-0_[0-9a-f]{6}\.nc", path.name)


def test_files_of_different_answers_have_different_names(answer):
    about = {"method": "regularized", "source": "my film: part 3/4", "clips": "my film"}
    others = [
        answer,
        answer.isel(iteration=slice(2)),
        answer.assign_attrs(network_hash="0"),
        answer.assign_attrs(config="{}"),
        answer.assign_attrs(about),
    ]
    names = [file_name(other, "png") for other in others]
    assert len(set(names)) == len(names)
    assert names[-1].startswith("CT1_M10_regularized_part-3-4_")


def test_the_figure_and_the_film_say_what_they_show(answer):
    assert answer.attrs["network_hash"][:8] in figure_notes(answer)[1]
    first = figure_notes(answer)[0]
    peak = float(answer["central_response"].max())
    assert first.startswith("3 iterations · seed 0 · ") and first.endswith(f"peak {peak:.3g} a.u.")
    stronger = answer.assign(response=answer["response"] * 3)
    for draw in (figure, film):
        alone, again, beside = (
            draw(answer, compared).getvalue()
            for compared in ([answer], [answer], [answer, stronger])
        )
        assert alone == again != beside


def test_the_film_plays_every_frame_and_lasts_as_long_as_it_should(answer):
    played = Image.open(film(answer, [answer]))
    assert played.n_frames == answer.sizes["frame"]
    assert played.info["loop"] == 0
    assert played.info["duration"] == 1e3 * float(answer.attrs["dt"]) * SLOWER
    colors = np.asarray(played.convert("RGB")).reshape(-1, 3)
    assert (colors[0] == 255).all() and len(np.unique(colors, axis=0)) > 20


@given(
    n_frames=st.integers(1, 1000),
    share=st.floats(0, 1),
    dt=st.sampled_from([0.0005, 0.002, 0.005, 0.01, 0.05]),
)
def test_the_peak_is_in_the_film_however_long(n_frames, share, dt):
    peak = round(share * (n_frames - 1))
    frames = film_frames(n_frames, peak, dt)
    assert peak in frames and frames[0] >= 0 and frames[-1] < n_frames
    assert len(frames) <= MOST_FILM_FRAMES + 1
    assert len(set(np.diff(frames))) <= 1


def test_a_result_without_its_history_is_refused_with_a_sentence(answer):
    with pytest.raises(MaxstimError, match="run it again"):
        request_of(answer.assign_attrs(config="{}}"))
    with pytest.raises(MaxstimError, match="run it again"):
        request_of(answer.drop_attrs())


def test_an_answer_that_used_no_clips_asks_for_the_usual_ones(answer):
    """Else following a generated answer would change which movies are searched next."""
    assert "clips" not in answer.attrs
    assert request_of(answer).clips == RunRequest("T4c", SearchConfig()).clips
