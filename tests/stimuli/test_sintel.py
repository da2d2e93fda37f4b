"""A made-up film in Sintel's layout, as flyvis 1.2.0 renders it and as maxstim does."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sintel_tree import SCENES, make_tree, reduced

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.resample import interpolated, resampled
from maxstim_core.stimuli.stored import clip_store, sintel

BY_FLYVIS = np.load(Path(__file__).parents[1] / "data" / "sintel.npz")
"""Made by ``scripts/make_sintel_fixture.py``."""

DT = 0.01

# Flyvis sums 169 numbers in single precision: over all values of this film its luminance lies up to
# 1.9e-6 from maxstim's, which itself lies 2e-7 from the exact mean. Flow is a sum, and larger.
ROUND_OFF = 2e-6
FLOW_ROUND_OFF = {"rtol": 1e-6, "atol": ROUND_OFF}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def rendered(film, tmp_path_factory):
    """The data directory in which the film was rendered, and what was said of each scene."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAXSTIM_DATA_DIR", str(folder))
        said = {scene.name: done for scene, done in sintel.render(film)}
    return folder, said


@pytest.fixture
def clips(rendered, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(rendered[0]))
    return open_clips("sintel")


def by_flyvis(table):
    """The rows of a table of flyvis's, each as a dictionary."""
    stored = json.loads(str(BY_FLYVIS[table]))
    return [dict(zip(stored["columns"], row, strict=True)) for row in stored["data"]]


def as_flyvis_lists_it(clips, k):
    """What a clip is, in the columns of flyvis's ``arg_df``."""
    index, flip, sixths = clips.origin(k)
    window = clips.clips.windows[index]
    sequence = clips.clips.sequences[window.sequence]
    return {
        "name": sequence.name,
        "original_index": sequence.about["original_index"],
        "vertical_split_index": window.sequence,
        "temporal_split_index": index,
        "frames": window.stop - window.start,
        "flip_ax": flip,
        "n_rot": sixths,
    }


def test_the_same_sequences(rendered, clips):
    expected = by_flyvis("sequences")
    sequences = clips.clips.sequences
    assert [sequence.name for sequence in sequences] == [row["name"] for row in expected]
    found = [sequence.about["original_index"] for sequence in sequences]
    assert found == [row["original_index"] for row in expected]
    short = {name for name, done in rendered[1].items() if done == "too short"}
    assert short == {"bay", "crag"}


def test_the_same_clips_in_the_same_order(clips):
    expected = by_flyvis("clips")
    assert len(clips) == len(expected) == 468
    assert [as_flyvis_lists_it(clips, k) for k in range(len(clips))] == expected
    assert len(set(clips.names)) == len(clips)
    assert clips.names[13] == "arch, window 1, frames 16 to 34, turned 60°"


def test_sequences_as_flyvis_renders_them(clips):
    stored = clips.clips
    windows = {window.sequence: window for window in stored.windows}
    stored_arrays = [stored._read(windows[k]) for k in range(len(stored.sequences))]
    lum = reduced([lum[:, None] for lum, _ in stored_arrays])
    np.testing.assert_allclose(lum, BY_FLYVIS["rendered_lum"], rtol=0, atol=ROUND_OFF)
    flow = reduced([flow for _, flow in stored_arrays])
    np.testing.assert_allclose(flow, BY_FLYVIS["rendered_flow"], **FLOW_ROUND_OFF)


def test_clips_as_flyvis_shows_them(clips):
    shown = reduced([resampled(clips[k], clips.dt, DT)[:, None] for k in range(len(clips))])
    assert set(shown[:, 0]) == {80, 92}
    np.testing.assert_allclose(shown, BY_FLYVIS["shown_lum"], rtol=0, atol=ROUND_OFF)


def test_flow_as_flyvis_shows_it(clips):
    shown = reduced([interpolated(clips.flow(k), clips.dt, DT) for k in range(len(clips))])
    np.testing.assert_allclose(shown, BY_FLYVIS["shown_flow"], **FLOW_ROUND_OFF)


def test_the_numbers_that_are_kept_tell_one_clip_from_all_others():
    """What is compared would not be the same for clips out of order, or turned the wrong way."""
    for name in ("shown_lum", "shown_flow"):
        means = BY_FLYVIS[name][:, -4:]
        apart = np.abs(means[:, None] - means[None]).max(-1)
        np.fill_diagonal(apart, np.inf)
        assert apart.min() > 10 * ROUND_OFF


def test_rendering_again_keeps_what_is_there(film, rendered, clips):
    before = {path: path.stat().st_mtime_ns for path in clips.clips.folder.glob("*.nc")}
    said = {scene.name: done for scene, done in sintel.render(film)}
    assert set(said.values()) == {"kept", "too short"}
    assert before == {path: path.stat().st_mtime_ns for path in clips.clips.folder.glob("*.nc")}
    assert open_clips("sintel").content_hash == clips.content_hash


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("small"), {"arch": 20, "bay": 19})


@pytest.fixture
def small(two_scenes, tmp_path, monkeypatch):
    """A film of two scenes, of which one is long enough, and a data directory of its own."""
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    return shutil.copytree(two_scenes, tmp_path / "film", copy_function=os.link)


def test_an_interrupted_rendering_leaves_no_set_and_goes_on(small):
    for kind in ("final", "flow"):
        folder = small / "training" / kind
        shutil.copytree(folder / "arch", folder / "coast", copy_function=os.link)
    run = sintel.render(small)
    assert next(run)[1] == "rendered"
    run.close()
    assert clip_store.stored_names() == ()
    said = {scene.name: done for scene, done in sintel.render(small)}
    assert said == {"arch": "kept", "bay": "too short", "coast": "rendered"}
    assert len(open_clips("sintel")) == 2 * 3 * 12


def test_a_film_without_flow_is_rendered_without(small):
    shutil.rmtree(small / "training" / "flow")
    list(sintel.render(small / "training"))
    clips = open_clips("sintel")
    assert clips[0].shape == (19, 721)
    with pytest.raises(MaxstimError, match="without optic flow"):
        clips.flow(0)


def test_litter_of_other_systems_is_no_part_of_the_film(small):
    for kind, suffix in (("final", "png"), ("flow", "flo")):
        folder = small / "training" / kind
        (folder / ".Trashes").mkdir()
        (folder / "__MACOSX").mkdir()
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", f"._frame_0001.{suffix}"):
            (folder / "arch" / name).write_bytes(b"litter")
    assert [scene.name for scene in sintel.find_scenes(small)] == ["arch", "bay"]


def test_the_command_says_what_it_did(small, capsys):
    assert main(["movies", "sintel", str(small)]) == 0
    shown = capsys.readouterr()
    assert "36 clips of 3 sequences" in shown.out
    assert "not the published film: none of its scenes is here." in shown.err
    assert "1/2 arch: rendered\n2/2 bay: too short" in shown.err
    assert main(["movies", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == ["scenes", "made", "probes", "sintel"]
    assert "36 clips, 24 frames/s, with optic flow" in listed[-1]


def test_the_published_film_has_nothing_to_be_noted():
    """Its lengths give the 63 windows and 2268 clips of docs/numerics.md#natural-clips."""
    images = {name: tuple(map(Path, map(str, range(n)))) for name, n in sintel._PUBLISHED.items()}
    scenes = tuple(
        sintel.FilmScene(k, name, images[name], ()) for k, name in enumerate(sorted(images))
    )
    assert sintel.differences(scenes) == []
    assert all(scene.is_long_enough for scene in scenes)
    sequences = [
        clip_store.Sequence(s.name, "", len(s.images) - 1, "", about={"scene": s.name, "split": 0})
        for s in scenes
    ]
    windows = sintel._windows(sequences)
    assert (len(scenes), len(windows), 12 * 3 * len(windows)) == (23, 63, 2268)
    starts = {n: [w.start for w in windows if sequences[w.sequence].frames == n] for n in (19, 20)}
    assert starts == {19: [0], 20: [0]}
    by_length = {s.frames: k for k, s in enumerate(sequences)}
    for n_frames, expected in ((49, [0, 15, 30]), (39, [0, 20]), (32, [0, 13])):
        found = [w.start for w in windows if w.sequence == by_length[n_frames]]
        assert found == expected
    assert sintel.differences(scenes[1:])[0] == "alley_1 missing"


def test_flow_points_up_in_image_heights(tmp_path):
    """20 pixels downward are -7.7523 summed over 13 x 13 pixels: docs/numerics.md#sintel."""
    path = tmp_path / "a.flo"
    with path.open("wb") as file:
        np.float32(202021.25).tofile(file)
        np.array([3, 436], np.int32).tofile(file)
        np.tile(np.float32([1, 20]), (436, 3, 1)).tofile(file)
    right, up = sintel.read_flow(path)
    assert right.shape == (436, 3)
    np.testing.assert_allclose(right, 1 / 436, rtol=1e-6)
    np.testing.assert_allclose(169 * up, -7.7523, atol=1e-4)


def _remove(pattern):
    return lambda film: next(film.rglob(pattern)).unlink()


def _cut(pattern):
    def cut(film):
        path = next(film.rglob(pattern))
        content = path.read_bytes()
        path.unlink()  # others are the same file
        path.write_bytes(content[: len(content) // 2])

    return cut


def _resize(film):
    path = film / "training" / "final" / "arch" / "frame_0007.png"
    path.unlink()
    from PIL import Image

    Image.new("RGB", (512, 436)).save(path)


def _magic(film):
    path = film / "training" / "flow" / "arch" / "frame_0002.flo"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(b"PIEG" + content[4:])


DAMAGED = {
    "no film": (lambda film: shutil.rmtree(film / "training"), "no training/final"),
    "no scene": (lambda film: shutil.rmtree(film / "training/final/arch"), "more than 19 images"),
    "an image missing": (_remove("arch/frame_0005.png"), "frame_0005.png is missing"),
    "the last image missing": (_remove("arch/frame_0020.png"), "19 images and 19 flow fields"),
    "a flow field missing": (_remove("arch/frame_0005.flo"), "frame_0005.flo is missing"),
    "half an image": (_cut("arch/frame_0007.png"), "damaged"),
    "half a flow field": (_cut("arch/frame_0002.flo"), "damaged or incomplete"),
    "no flow field": (_magic, "damaged or incomplete"),
    "another size": (_resize, "512 x 436 pixels"),
    "another file": (
        lambda film: (film / "training/final/arch/copy.png").write_bytes(b""),
        "does not belong",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_film_is_refused_in_one_sentence(small, capsys, case):
    damage, says = DAMAGED[case]
    damage(small)
    assert main(["movies", "sintel", str(small)]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("maxstim: ")
    assert last.endswith(".")
    assert says in last
    assert clip_store.stored_names() == ()


def test_the_film_that_flyvis_rendered_is_the_one_that_is_made():
    names = json.loads(str(BY_FLYVIS["sequences"]))["data"]
    assert {row[2].split("_")[2] for row in names} == {n for n, k in SCENES.items() if k > 19}


def test_two_do_not_render_at_once(small):
    going_on = sintel.render(small)
    next(going_on)
    with pytest.raises(MaxstimError, match="made by another process; wait"):
        list(sintel.render(small))
    list(going_on)
    assert clip_store.stored_names() == ("sintel",)


def test_a_data_directory_that_cannot_be_written_is_told(small, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(MaxstimError, match="MAXSTIM_DATA_DIR"):
        list(sintel.render(small))
