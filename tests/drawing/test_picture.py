"""A result shows itself in a notebook, which asks it for HTML; a picture, which it asks for a PNG."""

import base64
import io
import pickle
import re
import signal
from importlib import resources

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import maxstim_core as ms

EXAMPLES = resources.files("maxstim_core") / "data" / "examples"


@pytest.fixture(scope="module")
def network():
    return ms.open_network("prior", extent=5)


@pytest.fixture(scope="module")
def answer(network):
    return ms.finish(ms.generate(network, "Mi1", ms.GenerateConfig(t_stim=0.05, n_iters=3)))


def picture_of(result) -> bytes:
    """Return the PNG that a notebook shows of a result; nothing if it shows none."""
    found = re.search(r'<img src="data:image/png;base64,([^"]+)"', result._repr_html_())
    return base64.b64decode(found[1]) if found else b""


@pytest.mark.parametrize("method", ["generated", "natural", "regularized"])
def test_a_stored_answer_shows_its_strip(method):
    stored = ms.load(EXAMPLES / f"T4c-{method}.nc")
    shown = picture_of(stored)
    assert shown == ms.strip(stored).png
    assert Image.open(io.BytesIO(shown)).format == "PNG"
    html = stored._repr_html_()
    assert f'alt="Strip of T4c {method}"' in html
    assert "central_response" in html, "and what else is in it"


def test_an_answer_stays_one(answer):
    others = [
        pickle.loads(pickle.dumps(answer)),
        answer.copy(deep=True),
        answer.assign_attrs(note="mine"),
        answer.isel(iteration=slice(2)),
        answer.sel(term=answer.term[:1]),
    ]
    shown = picture_of(answer)
    assert shown
    for other in others:
        assert isinstance(other, ms.Result)
        assert picture_of(other) == shown
    assert picture_of(answer.isel(frame=slice(2))) != shown


@pytest.mark.parametrize(
    "cut",
    [
        lambda answer: answer.isel(frame=0),
        lambda answer: answer.isel(column=0),
        lambda answer: answer.isel(frame=slice(0)),
        lambda answer: answer.isel(column=slice(0)),
        lambda answer: answer.drop_vars("response"),
        lambda answer: answer.drop_vars("u"),
        lambda answer: answer.drop_attrs(),
        lambda answer: answer.transpose(),
        lambda answer: answer[["loss"]],
    ],
)
def test_what_has_no_strip_is_shown_as_a_table(answer, cut):
    rest = cut(answer)
    assert not picture_of(rest)
    assert "xr-wrap" in rest._repr_html_()
    with pytest.raises(ms.MaxstimError, match="A strip needs"):
        ms.strip(rest)


def test_a_search_of_all_cell_types_is_a_table(network, tmp_path):
    clips = ms.ArrayClips("one", ("a",), [np.full((5, 91), 0.5, np.float32)], 0.01)
    ms.save(ms.finish(ms.search(network, clips)), tmp_path / "found.nc")
    found = ms.load(tmp_path / "found.nc")
    assert not picture_of(found) and "clip_peak" in found._repr_html_()


def test_attributes_of_a_file_are_text_not_html(answer):
    assert "<b>" not in answer.assign_attrs(cell_type='"><b>')._repr_html_().split("<div>")[0]


def test_a_picture_shows_itself_and_is_saved(answer, tmp_path):
    picture = ms.strip(answer, scale=1.5)
    png, size = picture._repr_png_()
    width, height = Image.open(io.BytesIO(png)).size
    assert size == {"width": round(width / 1.5), "height": round(height / 1.5)}
    picture.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == png
    assert len(repr(picture)) < 100
    with pytest.raises(ms.MaxstimError, match="could not be written"):
        picture.save(tmp_path / "none" / "a.png")


def test_two_answers_can_share_a_scale(answer):
    alone, again, dark = (
        ms.strip(answer, **look).png for look in ({}, {"limit": 5.0}, {"dark": True})
    )
    assert alone != again and alone != dark


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda run: ms.strip(run), "strip is drawn of an answer"),
        (lambda run: ms.strip(["t4c.nc"]), "load"),
        (lambda run: ms.save(run, "a.nc"), r"finish\(run\)"),
        (lambda run: ms.save(run.result, "a.nc"), "Only a result"),
        (lambda run: ms.finish(run.result()), "Only a run"),
    ],
)
def test_a_run_is_no_answer_yet(network, ask, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = ms.generate(network, "Mi1", ms.GenerateConfig(t_stim=0.05, n_iters=1))
    with pytest.raises(ms.MaxstimError, match=says):
        ask(run)
    assert not list(tmp_path.iterdir())


def test_voltages_are_saved_with_their_names(network, tmp_path):
    central = network.layout.central_cells
    activity = ms.simulate(network, np.full((4, 91), 0.5), 0.01, cells=central)
    ms.save(activity, tmp_path / "activity.nc")
    xr.testing.assert_identical(ms.load(tmp_path / "activity.nc")["voltage"], activity)


class Interrupted:
    """A run during which a person presses Ctrl-C."""

    def __init__(self, run, after):
        self.run, self.after, self.n_steps = run, after, run.n_steps

    def __iter__(self):
        reports = iter(self.run)
        for _ in range(self.after):
            yield next(reports)
        signal.raise_signal(signal.SIGINT)
        yield from reports

    def result(self):
        return self.run.result()


def test_ctrl_c_keeps_what_there_is(network):
    def run():
        return ms.generate(network, "Mi1", ms.GenerateConfig(t_stim=0.05, n_iters=5))

    found = ms.finish(Interrupted(run(), after=2))
    assert found.attrs["status"] == "cancelled"
    assert found.sizes["iteration"] == 2
    with pytest.raises(KeyboardInterrupt):
        ms.finish(Interrupted(run(), after=0))
