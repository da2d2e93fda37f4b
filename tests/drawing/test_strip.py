"""The strip figure: which frames it shows, what it paints where, and its colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maxstim_core.drawing.colors import blue_red, diverging, grey, response_limit, symmetric_limit
from maxstim_core.drawing.strip import shown_frames, strip
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import answer

EYE = Lattice(8)


def result(n_frames=24, peak=23, dt=0.01, **attributes):
    stimulus = np.full((n_frames, EYE.n_columns), 0.5)
    response = np.zeros((n_frames, EYE.n_columns))
    response[peak, EYE.center] = 1.0
    attributes = {"cell_type": "T4c", "method": "generated", **attributes}
    return answer(lattice=EYE, dt=dt, stimulus=stimulus, response=response, attributes=attributes)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def middle_of(image: np.ndarray, color) -> np.ndarray:
    rows, columns = np.nonzero((np.abs(image - color) <= 2).all(axis=-1))
    assert len(rows), f"nothing is painted in {color}"
    return np.array([columns.mean(), rows.mean()])


@given(
    n_frames=st.integers(1, 200),
    share=st.floats(0, 1),
    dt=st.sampled_from([0.0005, 0.002, 0.005, 0.01, 0.02, 0.05]),
)
def test_the_peak_is_always_among_evenly_spaced_frames(n_frames, share, dt):
    peak = round(share * (n_frames - 1))
    frames = shown_frames(n_frames, peak, dt)
    assert peak in frames and len(frames) == min(10, n_frames)
    assert frames[0] >= 0 and frames[-1] < n_frames
    assert len(set(np.diff(frames))) <= 1


@pytest.mark.parametrize(
    ("n_frames", "peak", "dt", "frames"),
    [
        (24, 23, 0.01, range(5, 24, 2)),
        (80, 31, 0.01, range(13, 32, 2)),
        (80, 5, 0.01, range(1, 20, 2)),
        (160, 150, 0.005, range(114, 151, 4)),
        (6, 3, 0.01, range(6)),
        (1, 0, 0.01, [0]),
    ],
)
def test_frames_end_at_the_peak_where_they_can(n_frames, peak, dt, frames):
    assert list(shown_frames(n_frames, peak, dt)) == list(frames)


def test_both_rows_show_the_same_frames_and_the_peak_is_last():
    dataset = result()
    dataset["stimulus"][23, EYE.center] = 0.0
    dataset["response"][21, EYE.center] = -1.0
    image = pixels(strip(dataset).png)
    # The colour bars at the right hold the same colours: look to their left.
    inner = image[:, : int(0.93 * image.shape[1])]
    black, red, blue = (middle_of(inner, c) for c in ((0,) * 3, (180, 4, 38), (59, 76, 192)))
    assert black[0] == pytest.approx(red[0], abs=1.5) and black[1] < red[1]
    pitch = red[0] - blue[0]
    assert blue[1] == pytest.approx(red[1], abs=1.5)
    assert pitch * 9 < inner.shape[1] < pitch * 11.5


def test_up_on_the_eye_is_up_in_the_figure():
    dataset = result()
    dataset["response"][23, int(EYE.index(-4, 0))] = -1.0
    inner = pixels(strip(dataset).png)
    inner = inner[:, : int(0.93 * inner.shape[1])]
    red, blue = middle_of(inner, (180, 4, 38)), middle_of(inner, (59, 76, 192))
    assert blue[0] == pytest.approx(red[0], abs=1.5)
    # Four columns of sqrt(3) sides each, 4.6 points to a side, 2 pixels to a point.
    assert red[1] - blue[1] == pytest.approx(4 * np.sqrt(3) * 4.6 * 2, abs=2)


def test_columns_beyond_the_extent_are_left_out():
    dataset = result()
    dataset["response"][:, int(EYE.index(-7, 0))] = -1.0
    inner = pixels(strip(dataset).png)
    inner = inner[:, : int(0.93 * inner.shape[1])]
    with pytest.raises(AssertionError, match="nothing is painted"):
        middle_of(inner, (59, 76, 192))
    assert (59, 76, 192) in {
        tuple(c) for c in pixels(strip(dataset, extent=8).png)[:, :1500].reshape(-1, 3)
    }


def test_the_same_result_gives_the_same_bytes_and_another_theme_others():
    first, again = strip(result()).png, strip(result()).png
    assert first == again and first.startswith(b"\x89PNG")
    assert strip(result(), dark=True).png != first


def test_notes_stand_beneath_and_change_nothing_above_but_the_length_on_the_eye():
    plain = pixels(strip(result()).png)
    noted = pixels(strip(result(), notes=("one line", "another")).png)
    assert noted.shape[1] == plain.shape[1] and noted.shape[0] > plain.shape[0] + 40
    changed = (noted[: len(plain)] != plain).any(axis=-1)
    rows, columns = np.nonzero(changed)
    assert 0 < np.ptp(rows) < 60 and 0 < np.ptp(columns) < 60
    assert (noted[len(plain) :] < 200).any()


def test_a_limit_of_its_own_makes_figures_comparable():
    half = pixels(strip(result(), limit=2.0).png)
    inner = half[:, : int(0.93 * half.shape[1])]
    middle_of(inner, blue_red(np.array([1.0]), 2.0)[0])
    with pytest.raises(AssertionError, match="nothing is painted"):
        middle_of(inner, (180, 4, 38))


def test_the_scale_sets_the_size():
    small, large = (pixels(strip(result(), scale=scale).png) for scale in (1, 3))
    assert large.shape[1] == pytest.approx(3 * small.shape[1], abs=3)


@pytest.mark.parametrize("n_frames", [1, 4, 80])
def test_short_movies_and_missing_cells_are_drawn(n_frames):
    dataset = result(n_frames, peak=n_frames - 1)
    dataset["response"][:, ::2] = np.nan
    assert strip(dataset).png
    dataset["response"][:] = np.nan
    assert strip(dataset).png


def test_a_dataset_without_a_response_is_refused():
    with pytest.raises(MaxstimError, match="needs the 'response'"):
        strip(result().drop_vars("response"))


def test_colors_are_morelands_and_symmetric_about_zero():
    table = diverging()
    assert table.shape == (257, 3) and table.dtype == np.uint8
    assert [tuple(table[i]) for i in (0, 128, 256)] == [
        (59, 76, 192), (221, 221, 221), (180, 4, 38)
    ]  # fmt: skip
    # Quarter points of the published table.
    assert np.abs(table[[64, 192]].astype(int) - [(141, 176, 254), (244, 154, 123)]).max() <= 1
    assert np.abs(np.diff(table.astype(int), axis=0)).max() <= 8
    values = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert (blue_red(values, 1.0) == table[[0, 0, 128, 256, 256]]).all()


def test_grey_is_fixed_and_clipped():
    levels = grey(np.array([-0.5, 0.0, 0.5, 1.0, 1.5]))
    assert levels[:, 0].tolist() == [0, 0, 128, 255, 255] and (levels == levels[:, :1]).all()


def test_the_limit_is_finite_and_never_zero():
    assert symmetric_limit(np.array([0.5, -2.0, np.nan, np.inf])) == 2.0
    assert symmetric_limit(np.zeros(3)) == symmetric_limit(np.full(3, np.nan)) == 1.0


def test_the_colors_of_a_response_go_by_the_cells_inside_the_border():
    eye = Lattice(15)
    voltage = np.where(eye.ring > 12, 9.0, -1.0)[None].repeat(2, 0)
    assert response_limit(voltage, eye) == 1.0
    small = Lattice(3)
    assert response_limit(np.where(small.ring > 0, 2.0, 1.0)[None], small) == 2.0
