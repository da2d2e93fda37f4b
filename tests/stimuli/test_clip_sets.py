"""Clip sets on disk, augmented clip sets, and what opens them by name."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from toy_runs import ended

from maxstim_core.cli import main
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import SearchConfig
from maxstim_core.optimal.natural import search
from maxstim_core.optimal.result import load
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest, content_key, opened
from maxstim_core.runs.store import RunStore
from maxstim_core.stimuli.augment import Augmented
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.resample import interpolated, resampled
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.stimuli.stored.import_movie import import_movie

EYE = Lattice(1)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def store(name="mine", seed=0, n_frames=12, flow=True, **augmented):
    """Store a sequence of an eye of seven columns as two clips, and return the luminance."""
    random = np.random.default_rng(seed)
    lum = random.random((n_frames, EYE.n_columns), np.float32)
    field = random.normal(size=(n_frames, 2, EYE.n_columns)).astype(np.float32) if flow else None
    folder = clip_store.clips_folder(name)
    clip_store.check_room(folder)
    sequence = clip_store.save_sequence(folder, "000", lum, lattice=EYE, fps=24, flow=field)
    windows = [clip_store.Window("first", 0, 0, 5), clip_store.Window("second", 0, 4, n_frames)]
    clip_store.save_index(
        folder, fps=24, extent=1, sequences=[sequence], windows=windows, **augmented
    )
    return lum, field


def test_a_stored_set_comes_back(data):
    lum, flow = store()
    clips = open_clips("mine", 1)
    assert (clips.name, clips.dt, clips.lattice, len(clips)) == ("mine", 1 / 24, EYE, 2)
    assert clips.names == ("first", "second")
    np.testing.assert_array_equal(clips[0], lum[:5])
    np.testing.assert_array_equal(clips[1], lum[4:])
    np.testing.assert_array_equal(clips.flow(1), flow[4:])
    assert clips[0].dtype == np.float32
    assert clip_store.stored_names() == ("mine",)
    with xr.open_dataset(data / "clips" / "mine" / clips.sequences[0].file) as file:
        assert file.lum.dims == ("frame", "column")
        np.testing.assert_array_equal(file.u, EYE.u)


def test_a_clip_that_is_changed_comes_back_as_it_was():
    lum, flow = store()
    clips = open_clips("mine", 1)
    clips[0][:], clips.flow(0)[:] = 7, 7
    np.testing.assert_array_equal(clips[0], lum[:5])
    np.testing.assert_array_equal(clips.flow(0), flow[:5])


def test_the_hash_follows_the_luminance_not_the_name():
    store("mine")
    store("same", flow=False)
    store("other", seed=1)
    hashes = {name: open_clips(name, 1).content_hash for name in ("mine", "same", "other")}
    assert hashes["mine"] == hashes["same"] != hashes["other"]


def test_a_set_that_is_replaced_leaves_nothing_behind(data):
    store("mine", seed=0)
    before = open_clips("mine", 1).content_hash
    lum, _ = store("mine", seed=1)
    after = open_clips("mine", 1)
    assert after.content_hash != before
    np.testing.assert_array_equal(after[0], lum[:5])
    assert len(list((data / "clips" / "mine").iterdir())) == 2  # the index and one sequence


def test_a_set_without_an_index_is_not_there():
    folder = clip_store.clips_folder("mine")
    clip_store.check_room(folder)
    clip_store.save_sequence(folder, "000", np.zeros((3, 7)), lattice=EYE, fps=24, origin="abc")
    assert clip_store.stored_names() == ()
    assert clip_store.find_sequence(folder, "000", "abc").frames == 3
    assert clip_store.find_sequence(folder, "000", "other") is None
    with pytest.raises(MaxstimError, match="no clip set 'mine'"):
        open_clips("mine", 1)


def test_sintel_that_is_not_there_says_how_to_get_it():
    with pytest.raises(MaxstimError, match="no clip set 'sintel'; maxstim movies sintel PATH"):
        open_clips("sintel")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 65, "nul\0"])
def test_refuses_names_that_lead_elsewhere(name):
    with pytest.raises(MaxstimError, match="cannot be called"):
        clip_store.clips_folder(name)


def test_refuses_another_eye():
    store()
    with pytest.raises(MaxstimError, match="eye of 1 rings, not of 15"):
        open_clips("mine")


@pytest.mark.parametrize("damage", ["cut", "removed", "changed"])
def test_damage_is_told(data, damage):
    store(seed=7)
    clips = open_clips("mine", 1)
    path = data / "clips" / "mine" / clips.sequences[0].file
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:400])
    elif damage == "removed":
        path.unlink()
    else:
        with xr.open_dataset(path) as file:
            changed = file.load()
        (changed * 0.5).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(MaxstimError, match=r"The clip set mine is damaged .*make the set again"):
        clips[0]


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1}', "[1]"])
def test_a_damaged_index_is_told(data, text):
    store()
    (data / "clips" / "mine" / "set.json").write_text(text)
    with pytest.raises(MaxstimError, match="damaged"):
        open_clips("mine", 1)


def test_an_index_of_another_version_is_told(data):
    store()
    path = data / "clips" / "mine" / "set.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(MaxstimError, match="another version"):
        open_clips("mine", 1)


def test_augmented_order_is_clips_then_mirror_axes_then_rotations():
    lum, flow = store(flips=(0, 1), rotations=(0, 2, 5))
    clips = open_clips("mine", 1)
    assert len(clips) == len(clips.names) == len(set(clips.names)) == 12
    assert [clips.origin(k) for k in (0, 1, 3, 11)] == [(0, 0, 0), (0, 0, 2), (0, 1, 0), (1, 1, 5)]
    assert clips.names[4] == "first, mirrored, turned 120°"
    np.testing.assert_array_equal(clips[11], EYE.rotated(EYE.mirrored(lum[4:], 1), 5))
    turned = EYE.rotated_vectors(EYE.mirrored_vectors(flow[4:], 1), 5)
    np.testing.assert_array_equal(clips.flow(11), turned)
    with pytest.raises(IndexError):
        clips[12]


def test_any_set_can_be_augmented():
    plain = ArrayClips("a", ("x",), [np.arange(7.0)[None]], 0.01)
    both, turned = Augmented(plain), Augmented(plain, flips=(0,))
    assert len({plain.content_hash, both.content_hash, turned.content_hash}) == 3
    np.testing.assert_array_equal(both[0], plain[0])
    np.testing.assert_array_equal(both[3][0], plain[0][0, ::-1])  # half a turn
    made = open_clips("made", 1)
    assert len(Augmented(made)) == 12 * len(made)


@pytest.mark.parametrize(
    "ways", [{"flips": ()}, {"flips": (4,)}, {"rotations": (0, 0)}, {"rotations": (-1,)}]
)
def test_refuses_ways_that_there_are_not(ways):
    with pytest.raises(MaxstimError, match="different numbers"):
        Augmented(ArrayClips("a", ("x",), [np.zeros((1, 7))], 0.01), **ways)


def test_a_set_without_flow_says_so():
    store(flow=False)
    for clips in (open_clips("mine", 1), Augmented(open_clips("made", 1))):
        with pytest.raises(MaxstimError, match="without optic flow"):
            clips.flow(0)


def test_a_search_takes_a_stored_set():
    store(flips=(0, 1), rotations=(0, 3))
    clips = open_clips("mine", 1)
    run = search(prior_network(1), clips, SearchConfig(n_best=3))
    assert [report.step for report in run][-1] == 8
    found = run.result()
    assert found.attrs["clips_hash"] == clips.content_hash
    assert str(found.clip_name[0, 0].item()) in clips.names


def test_a_run_notices_that_a_set_was_replaced():
    network = prior_network(1)
    request = RunRequest("T4c", SearchConfig(), clips="mine")
    keys = []
    for seed in (0, 1):
        store(seed=seed)
        keys.append(content_key(request, network, open_clips("mine", 1)))
    assert keys[0] != keys[1]
    with pytest.raises(MaxstimError, match="eye of 1 rings"):  # the bundled network's has 15
        opened(request)


@pytest.mark.parametrize("new_dt", [1 / 24, 1 / 48, 1 / 72, 1 / 120, 0.01])
def test_round_off_adds_no_frame(new_dt):
    assert len(resampled(np.arange(24), 1 / 24, new_dt)) == round(1 / new_dt)


@given(st.integers(2, 40), st.floats(0.002, 0.05))
def test_interpolation_keeps_the_ends_and_straight_lines(n_frames, new_dt):
    shown = interpolated(np.arange(n_frames, dtype=float)[:, None, None], 1 / 24, new_dt)[:, 0, 0]
    if len(shown) > 1:
        np.testing.assert_allclose(shown, np.linspace(0, n_frames - 1, len(shown)), atol=1e-4)


def test_a_run_searches_a_stored_set_in_a_worker_of_its_own(tmp_path):
    """As the dashboard does it: by name, in another process, with the data directory it inherits."""
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((6, 721), np.float32))
    import_movie(tmp_path / "a.npy", "mine", fps=50, seconds=0.06)
    queue = RunQueue(store=RunStore())
    request = RunRequest("Mi1", SearchConfig(dt=0.02), network="prior", clips="mine", device="cpu")
    run = ended(queue, queue.submit(request, "anna"))
    queue.close()
    assert run.state == "done", run.message
    answer = load(run.result)
    assert answer.attrs["clips"] == "mine"
    best = open_clips("mine")[int(answer.clip_index[0])]
    np.testing.assert_allclose(answer.stimulus, best)


def test_the_command_stores_a_movie_and_lists_it(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((6, 80, 120), np.float32))
    movie = ["movies", "import", str(tmp_path / "a.npy"), "--name", "mine", "--fps", "50"]
    viewing = ["--crop", "10", "0", "80", "70", "--pixels", "1", "--seconds", "0.08", "--augment"]
    assert main([*movie, *viewing]) == 0
    shown = capsys.readouterr().out
    assert "6 frames at 50 frames/s became 2 clips, each in 12 ways" in shown
    assert len(open_clips("mine")) == 24
    assert main(["movies", "list"]) == 0
    assert "mine      24 clips, 50 frames/s, in " in capsys.readouterr().out
    for options, says in (
        ([], "add --replace"),
        (["--replace", "--pixels", "2"], "odd"),
        (["--replace", "--fps", "fast"], "must be a number"),
        (["--replace", "--fps", ""], "must be a number"),
        (["--replace", "--pixels", ""], "must be a whole number"),
        (["--replace", "--contrast", "99"], "contrast must lie"),
        (["--replace", "--crop", "0", "0", "1.5", "9"], "whole number"),
    ):
        assert main([*movie, *options]) == 2
        assert says in capsys.readouterr().err
    assert main([*movie, "--replace", "--contrast", "2"]) == 0
    assert open_clips("mine").about["contrast"] == 2


def test_a_damaged_set_does_not_hide_the_others(capsys):
    store()
    store(name="sound")
    damaged = clip_store.clips_folder("mine") / "set.json"
    damaged.write_text(json.dumps(json.loads(damaged.read_text()) | {"rotations": [0, 7]}))
    assert main(["movies", "list"]) == 0
    mine, sound = capsys.readouterr().out.splitlines()[-2:]
    assert mine.startswith("mine") and "clips, " not in mine
    assert sound.startswith("sound") and "clips, " in sound


def test_the_command_removes_a_set_of_one_s_own_alone(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.ones((2, 721), np.float32))
    assert main(["movies", "import", str(tmp_path / "a.npy"), "--name", "mine", "--fps", "9"]) == 0
    assert main(["movies", "remove", "mine"]) == 0
    assert "is removed" in capsys.readouterr().out
    for name, says in (("mine", "maxstim movies list"), ("made", "cannot be removed")):
        assert main(["movies", "remove", name]) == 2
        said = capsys.readouterr().err
        assert says in said
        assert said.count("\n") == 1
    assert clip_store.stored_names() == ()


@pytest.mark.parametrize(
    ("name", "content_hash"),
    [
        ("scenes", "c0a1d8ef55de39bcbf4a806800f64e9901cd022b66d8ab8e19754bf45996136c"),
        ("made", "60d2800558f4d334bcbd7b9668b91b23a36dd07549a3eb53937125c5e76faffc"),
        ("probes", "4cfb3aa0f2c84861e68c5245adf396eaff55a5280c9fe66ef96f913281e5d2f0"),
    ],
)
def test_answers_stored_for_the_bundled_sets_are_still_found(name, content_hash):
    """With another hash, no stored answer would be: a renderer or a setting was renamed.

    Where a set renders otherwise, and only then, its version is raised and the hash here changes.
    """
    assert open_clips(name, 15).content_hash == content_hash
