"""Paintings as answers, and as what a generated stimulus is grown from."""

import numpy as np
import pytest

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.export.command import command_line
from maxstim_core.export.files import figure, film, netcdf
from maxstim_core.export.python_code import painted_snippet, python_snippet
from maxstim_core.optimal.painted import (
    cell_unit,
    painted_answer,
    painted_answer_key,
    watch_painting,
)
from maxstim_core.optimal.possible import check_possible, seconds_of
from maxstim_core.optimal.result import silence_of
from maxstim_core.runs.request import RunRequest
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.stimuli.painted_start import TextbookStart
from maxstim_core.stimuli.painting import BrushStroke, Painting
from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name, store_painting


@pytest.fixture(scope="module")
def engine():
    return make_engine(ms.open_network("prior", extent=5))


@pytest.fixture
def painting(engine):
    start = TextbookStart("edge", degrees_per_second=110)
    painting = start.painting(engine.layout.lattice, n_frames=12, dt=0.01)
    return painting.painted(BrushStroke([40, 41], 30, 2, 9, radius=1))


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_response_is_that_of_the_network_to_what_was_painted(engine, painting):
    watched = watch_painting(engine, "T4c", painting)
    network = engine.network
    cells = network.layout.cells(network.cell_type("T4c"))
    voltage = ms.simulate(network, painting.luminance, 0.01, cells=cells).values
    center = network.layout.lattice.center
    assert np.allclose(watched.central, watched.response[:, center])
    assert np.allclose(watched.response[np.isfinite(watched.response)], voltage.ravel(), atol=1e-6)
    blank = Painting.grey(painting.lattice, n_frames=3, dt=0.01)
    grey = watch_painting(engine, "T4c", blank)
    assert np.abs(grey.unit.scaled(grey.central)).max() < 1e-3


def test_responses_are_in_units_of_rms_where_those_are_known():
    default = make_engine(ms.open_network("default"))
    units = ms.response_units(default.network)
    kind = default.network.cell_type("Mi1")
    unit = cell_unit(default, "Mi1", 0.01)
    assert unit == (units.grey[kind], units.rms[kind])
    assert unit.scaled(unit.grey + 2 * unit.rms) == pytest.approx(2)


def test_a_painted_answer_is_saved_drawn_and_shown_again(engine, painting, tmp_path):
    answer = painted_answer(engine, "T4c", painting)
    about = answer.attrs
    assert about["method"] == "painted" and about["status"] == "complete"
    assert about["contrast_energy"] == pytest.approx(painting.energy)
    assert figure(answer, [answer]).getvalue().startswith(b"\x89PNG")
    assert film(answer, [answer]).getvalue().startswith(b"GIF8")
    (tmp_path / "taken.nc").write_bytes(netcdf(answer).getvalue())
    again = ms.load(tmp_path / "taken.nc")
    assert np.array_equal(again["stimulus"].values, painting.luminance)
    code = painted_snippet("prior", "T4c", str(tmp_path / "taken.nc"))
    code = code.replace('open_network("prior")', 'open_network("prior", extent=5)')
    found: dict = {}
    exec(code, found)
    finite = np.isfinite(again["response"].values)
    assert np.allclose(found["voltage"].values.ravel(), again["response"].values[finite], atol=1e-5)


def test_what_is_silenced_belongs_to_the_answer_and_its_code(engine, painting, tmp_path):
    without = make_engine(ms.silenced(engine.network, "Mi1,Tm3"))
    answer = painted_answer(without, "T4c", painting, silenced="Mi1,Tm3")
    whole = painted_answer(engine, "T4c", painting)
    assert silence_of(answer) == "Mi1,Tm3" and "silence" not in whole.attrs["config"]
    assert painted_answer_key(answer) != painted_answer_key(whole)
    (tmp_path / "taken.nc").write_bytes(netcdf(answer).getvalue())
    code = painted_snippet("prior", "T4c", str(tmp_path / "taken.nc"), silenced="Mi1,Tm3")
    found: dict = {}
    exec(code.replace('open_network("prior")', 'open_network("prior", extent=5)'), found)
    response = answer["response"].values
    finite = np.isfinite(response)
    assert np.allclose(found["voltage"].values.ravel(), response[finite], atol=1e-5)
    assert not np.allclose(response[finite], whole["response"].values[finite], atol=1e-3)


def test_a_painted_answer_has_a_key_of_its_own(engine, painting):
    more = painting.painted(BrushStroke([3], 0, 0, 1))
    answers = [
        painted_answer(engine, cell_type, painted)
        for cell_type in ("T4c", "Mi1")
        for painted in (painting, more)
    ]
    assert len({painted_answer_key(one) for one in answers}) == 4
    again = painted_answer(engine, "T4c", painting)
    assert painted_answer_key(again) == painted_answer_key(answers[0])


def test_a_painting_for_another_eye_is_refused(engine):
    other = Painting.grey(ms.open_network("prior", extent=4).lattice, n_frames=3, dt=0.01)
    with pytest.raises(MaxstimError, match="5"):
        watch_painting(engine, "T4c", other)


def config_for(painting, **changes):
    seconds = seconds_of(painting)
    return ms.GenerateConfig(
        t_stim=seconds, dt=painting.dt, start=store_painting(painting), **changes
    )


def test_a_generated_stimulus_is_grown_from_a_painting(engine, painting):
    config = config_for(painting, n_iters=1, lr=1e-6)
    answer = ms.finish(ms.generate(engine.network, "T4c", config))
    assert np.abs(answer["stimulus"].values - painting.luminance).max() < 1e-5
    more = ms.finish(
        ms.generate(engine.network, "T4c", config_for(painting, n_iters=30, weight_mei=0))
    )
    central = watch_painting(engine, "T4c", painting).central
    assert more["central_response"].values[-1] > central[-1]


def test_budgets_and_batches_begin_from_it_too(engine, painting):
    config = config_for(painting, n_iters=1, lr=1e-6)
    for constrained in (ms.GenerateConfig(**{**config.to_dict(), "brightest": 0.99}), config):
        [answer] = [
            ms.finish(ms.generate(engine.network, "T4c", constrained)),
        ]
        assert np.abs(answer["stimulus"].values - painting.luminance).max() < 0.02
    many = ms.finish(ms.generate_many(engine.network, ["T4c"], seeds=[0], config=config))
    assert np.abs(many["stimulus"].values.squeeze() - painting.luminance).max() < 1e-5


def test_without_a_painting_nothing_tells_of_it():
    plain = ms.GenerateConfig(t_stim=0.1)
    assert "start" not in plain.to_dict() and "start" not in plain.to_json()
    assert ms.GenerateConfig(t_stim=0.1, start="0f" * 12).content_hash != plain.content_hash


@pytest.mark.parametrize("n_frames", range(1, 201))
def test_a_duration_gives_as_many_frames_as_a_painting_has(n_frames):
    for dt in (0.005, 0.01, 0.02):
        painting = Painting.grey(
            ms.open_network("prior", extent=1).lattice, n_frames=n_frames, dt=dt
        )
        assert ms.GenerateConfig(t_stim=seconds_of(painting), dt=dt).n_frames == n_frames


def test_a_start_that_cannot_be_is_refused_before_anything_begins(engine, painting):
    network, key = engine.network, store_painting(painting)
    with pytest.raises(MaxstimError, match="not in the data directory"):
        check_possible(network, "T4c", ms.GenerateConfig(start="0" * 24))
    with pytest.raises(MaxstimError, match=r"0\.12 s"):
        ms.generate(network, "T4c", ms.GenerateConfig(t_stim=0.2, start=key))
    with pytest.raises(MaxstimError, match="5 rings"):
        small = ms.open_network("prior", extent=4)
        ms.generate(small, "T4c", ms.GenerateConfig(t_stim=0.12, start=key))
    with pytest.raises(MaxstimError, match="24 digits"):
        ms.GenerateConfig(start="../painting")
    with pytest.raises(MaxstimError, match="cannot change"):
        ms.GenerateConfig(schedule=f"3: start={key}")


def test_a_painting_is_regularized_as_a_clip(engine, painting):
    key = store_painting(painting)
    clips = ms.open_clips(f"{PAINTED}{key}", extent=5)
    clip = clips[ms.clip_named(clips, painting_name(key))]
    run = ms.regularize(engine.network, "Mi1", clip, ms.RegularizeConfig(n_iters=5))
    answer = ms.finish(run)
    assert answer.attrs["contrast_energy"] < painting.energy


def test_code_of_a_run_says_where_the_painting_is_that_it_begins_from(painting):
    key = store_painting(painting)
    improved = RunRequest("T4c", config_for(painting))
    regularized = RunRequest(
        "T4c", ms.RegularizeConfig(), clips=f"{PAINTED}{key}", clip=painting_name(key)
    )
    for request in (improved, regularized):
        code = python_snippet(request, "out.nc")
        compile(code, "code", "exec")
        assert code.count(f"paintings/{key}.nc") == 1
    assert "paintings" not in python_snippet(RunRequest("T4c", ms.GenerateConfig()), "out.nc")
    assert f"--start {key}" in command_line(improved, "out.nc")
