"""Paintings: what a stroke covers, what they begin from, and how they are kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maxstim_core as ms
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import DEGREES_PER_COLUMN, Lattice, ring_distance
from maxstim_core.stimuli.catalog import clip_set_names
from maxstim_core.stimuli.painted_start import START_KINDS, TextbookStart
from maxstim_core.stimuli.painting import GREY_LEVEL, MOST_PAINTED, BrushStroke, Painting
from maxstim_core.stimuli.stored.paintings import (
    PAINTED,
    painting_key,
    store_painting,
    stored_painting,
)
from maxstim_core.stimuli.synthetic.probes import moving_edge

EYE = Lattice(4)


def blank(n_frames=6, dt=0.01):
    return Painting.grey(EYE, n_frames=n_frames, dt=dt)


def test_grey_is_grey_exactly():
    painting = blank()
    assert (painting.luminance == 0.5).all()
    assert painting.energy == 0


@given(st.data())
def test_a_stroke_paints_a_disc_in_its_frames_and_nothing_else(data):
    column = data.draw(st.integers(0, EYE.n_columns - 1))
    radius = data.draw(st.integers(0, 3))
    first = data.draw(st.integers(0, 5))
    stop = data.draw(st.integers(first + 1, 6))
    painting = blank().painted(BrushStroke([column], 254, first, stop, radius))
    near = ring_distance(EYE.u - EYE.u[column], EYE.v - EYE.v[column]) <= radius
    white = np.zeros((6, EYE.n_columns), bool)
    white[first:stop] = near
    assert np.array_equal(painting.luminance == 1, white)
    assert (painting.levels[~white] == GREY_LEVEL).all()
    assert painting.energy == pytest.approx(0.25 * white.sum())


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_mirrored_stroke_paints_its_mirror_image_too(axis):
    column = int(EYE.index(-1, 3))
    alone = BrushStroke([column], 0, 0, 1, radius=1).covered(EYE)
    both = BrushStroke([column], 0, 0, 1, radius=1, mirror=axis).covered(EYE)
    assert np.array_equal(both, alone | EYE.mirrored(alone, axis))
    assert both.sum() > alone.sum()


def test_what_is_done_gives_another_painting():
    before = blank()
    after = before.painted(BrushStroke([0, 1], 0, 2, 3))
    assert (before.levels == GREY_LEVEL).all() and before.content_hash != after.content_hash
    with pytest.raises(ValueError):
        after.levels[0, 0] = 3


def test_a_frame_is_copied_forward():
    painting = blank().painted(BrushStroke([5], 200, 1, 2)).copied_forward(1, 4)
    assert painting.levels[:, 5].tolist() == [127, 200, 200, 200, 127, 127]


def test_a_painting_becomes_longer_by_grey_and_shorter():
    painting = blank().painted(BrushStroke([5], 200, 0, 6))
    assert painting.of_length(8).levels[:, 5].tolist() == [200] * 6 + [127] * 2
    assert painting.of_length(2).n_frames == 2
    assert painting.with_frames(4, blank(2).levels).levels[:, 5].tolist() == [200] * 4 + [127] * 2


def test_luminance_becomes_the_nearest_level():
    values = np.random.default_rng(0).random((3, EYE.n_columns), np.float32)
    painting = Painting.of_luminance(EYE, values, dt=0.01)
    assert np.abs(painting.luminance - values).max() <= 0.5 / 254 + 1e-6


@pytest.mark.parametrize(
    "do",
    [
        lambda p: p.painted(BrushStroke([-1], 0, 0, 1)),
        lambda p: p.painted(BrushStroke([EYE.n_columns], 0, 0, 1)),
        lambda p: p.painted(BrushStroke([0.5], 0, 0, 1)),
        lambda p: p.painted(BrushStroke(["0"], 0, 0, 1)),
        lambda p: p.painted(BrushStroke([0], 255, 0, 1)),
        lambda p: p.painted(BrushStroke([0], 0, 3, 3)),
        lambda p: p.painted(BrushStroke([0], 0, 0, 7)),
        lambda p: p.painted(BrushStroke([0], 0, 0, 1, radius=99)),
        lambda p: p.painted(BrushStroke([0], 0, 0, 1, mirror=4)),
        lambda p: p.copied_forward(6, 7),
        lambda p: p.of_length(0),
        lambda p: p.of_length(MOST_PAINTED + 1),
        lambda p: p.with_frames(5, p.levels[:2]),
        lambda p: p.with_frames(0, p.levels[:, :3]),
        lambda p: p.with_frames(0, p.levels.astype(float)),
        lambda p: Painting(EYE, 0.01, np.full((2, EYE.n_columns), 255, np.uint8)),
        lambda p: Painting(EYE, 9.0, p.levels),
        lambda p: Painting(Lattice(3), 0.01, p.levels),
        lambda p: Painting.of_luminance(EYE, p.luminance * np.nan, dt=0.01),
        lambda p: TextbookStart("circle"),
        lambda p: TextbookStart("edge", degrees_per_second=0),
        lambda p: TextbookStart("bar", degrees="wide"),
        lambda p: TextbookStart("disc", luminance=2),
    ],
)
def test_what_makes_no_sense_is_one_sentence(do):
    painting = blank()
    before = painting.levels.copy()
    with pytest.raises(MaxstimError) as refused:
        do(painting)
    assert str(refused.value).rstrip().endswith(".")
    assert np.array_equal(painting.levels, before)


@pytest.mark.parametrize("kind", START_KINDS)
@pytest.mark.parametrize("n_frames", [1, 29, 80])
def test_a_textbook_stimulus_has_the_frames_that_are_asked_for(kind, n_frames):
    painting = TextbookStart(kind).painting(EYE, n_frames=n_frames, dt=0.01)
    assert painting.n_frames == n_frames
    assert n_frames < 29 or painting.energy > 0


def test_an_edge_moves_by_degrees_and_is_at_the_center_in_the_middle():
    start = TextbookStart("edge", direction=90, degrees_per_second=58, luminance=0)
    painting = start.painting(EYE, n_frames=80, dt=0.01)
    speed = 58 / DEGREES_PER_COLUMN
    probe = moving_edge(
        EYE,
        dt=0.01,
        seconds=0.805,
        angle=90,
        speed=speed,
        before=0.5,
        after=0.0,
        start=-0.4 * speed,
    )
    assert np.abs(painting.luminance - probe).max() <= 0.5 / 254 + 1e-6
    center = painting.levels[:, EYE.center]
    assert center[30] == GREY_LEVEL and center[50] == 0


@pytest.mark.parametrize(("degrees", "rings"), [(5.8, 0), (17.4, 1), (29.0, 2)])
def test_a_disc_is_as_wide_as_is_asked_for(degrees, rings):
    painting = TextbookStart("disc", degrees=degrees).painting(EYE, n_frames=20, dt=0.01)
    assert np.array_equal(painting.luminance[5] == 1, EYE.ring <= rings)
    assert (painting.levels[0] == GREY_LEVEL).all() and (painting.levels[-1] == GREY_LEVEL).all()


def test_a_painting_is_kept_by_its_hash_and_opened_as_a_clip(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    painting = TextbookStart("bar").painting(EYE, n_frames=12, dt=0.005)
    key = store_painting(painting)
    assert key == painting_key(painting) == store_painting(painting)
    found = stored_painting(key)
    assert found.content_hash == painting.content_hash
    clips = ms.open_clips(f"{PAINTED}{key}", extent=4)
    assert len(clips) == 1 and clips.dt == 0.005
    assert np.array_equal(clips[0], painting.luminance)
    assert f"{PAINTED}{key}" not in clip_set_names()
    with pytest.raises(MaxstimError, match="15"):
        ms.open_clips(f"{PAINTED}{key}")


@pytest.mark.parametrize("key", ["", "0" * 24, "../../etc/passwd", "0" * 23, 24 * "G"])
def test_a_painting_that_is_not_there_is_said_to_be(tmp_path, monkeypatch, key):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    with pytest.raises(MaxstimError):
        ms.open_clips(f"{PAINTED}{key}", extent=4)


def test_a_painting_whose_file_holds_another_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    one, two = (store_painting(blank(n)) for n in (2, 3))
    folder = tmp_path / "paintings"
    (folder / f"{one}.nc").write_bytes((folder / f"{two}.nc").read_bytes())
    with pytest.raises(MaxstimError, match="damaged"):
        stored_painting(one)
    (folder / f"{two}.nc").write_bytes(b"no file of ours")
    with pytest.raises(MaxstimError):
        stored_painting(two)
