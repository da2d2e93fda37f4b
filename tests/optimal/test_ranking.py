"""Which clips are best, by which score, and which only repeat another."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.drawing.notebook import Result
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import SCORES, SearchConfig
from maxstim_core.optimal.natural import SHOWN, replay, search
from maxstim_core.optimal.ranking import scored, with_ranks
from maxstim_core.runs.store import RunStore
from maxstim_core.runs.stored_search import StoredSearch
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.stimuli.augment import Augmented
from maxstim_core.stimuli.catalog import clip_named, open_clips
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.stored.clip_store import Sequence, StoredClips, Window
from maxstim_core.stimuli.stored.repeats import Excerpt, excerpts

EYE = Lattice(1)
FIRST = SearchConfig(n_best=100)


def noise(n_clips, n_frames=10, seed=0):
    clips = np.random.default_rng(seed).random((n_clips, n_frames, EYE.n_columns), np.float32)
    return ArrayClips("noise", tuple(f"clip {k}" for k in range(n_clips)), list(clips), 0.01)


def film(windows, ways=((0,), (0,))):
    """A stored film of an eye of seven columns; nothing here reads its frames."""
    sequences = (Sequence("a", "a.nc", 40, "aa"), Sequence("b", "b.nc", 40, "bb"))
    names = [Window(f"{s}:{start}", s, start, stop) for s, start, stop in windows]
    clips = StoredClips("film", None, 100.0, 1, sequences, tuple(names), *ways, {})
    return Augmented(clips, *ways)


def measured(clips, peaks, frames):
    """What a search could have measured, of two cell types."""
    peaks, dims = np.array(peaks, np.float32), ("cell_type", "clip")
    return xr.Dataset(
        {
            "clip_peak": (dims, peaks),
            "clip_peak_frame": (dims, np.array(frames)),
            "grey_voltage": ("cell_type", np.array([0.5, -1.0], np.float32)),
            "rms_voltage": ("cell_type", np.array([2.0, 0.0], np.float32)),
        },
        coords={"cell_type": ["A", "B"]},
        attrs={"clips_hash": clips.content_hash},
    )


@pytest.fixture(scope="module")
def searched():
    """A real network on a small eye, and clips that differ in length."""
    clips = noise(5)
    clips = dataclasses.replace(clips, clips=[*clips.clips[:3], *(c[:7] for c in clips.clips[3:])])
    run = search(prior_network(1), clips, FIRST)
    list(run)
    return clips, run.measured()


# --- scores ---


def test_scores_of_known_voltages():
    clips = noise(3)
    table = measured(clips, [[1.0, 3.0, 2.0], [0.0, 0.0, 0.0]], [[4, 5, 6]] * 2)
    expected = {"peak": [3, 2, 1], "above_grey": [2.5, 1.5, 0.5], "rms": [1.5, 1, 0.5]}
    for score, values in expected.items():
        found = with_ranks(table, clips, SearchConfig(score=score))
        np.testing.assert_array_equal(found.score.sel(cell_type="A"), values)
        np.testing.assert_array_equal(found.clip_index[0], [1, 2, 0])
        np.testing.assert_array_equal(found.peak_frame[0], [5, 6, 4])
        np.testing.assert_array_equal(found.peak_value[0], [3, 2, 1])
    assert found.clip_name[0].values.tolist() == ["clip 1", "clip 2", "clip 0"]
    # Silence has no root mean square to be measured by; of equal clips the earlier comes first.
    np.testing.assert_array_equal(found.score.sel(cell_type="B"), 0)
    np.testing.assert_array_equal(found.clip_index[1], [0, 1, 2])


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=9),
    st.floats(-1e3, 1e3, width=32),
    st.floats(0.125, 1e3, width=32),
)
def test_no_score_changes_the_order(peaks, grey, rms):
    peaks = np.sort(np.array(peaks, np.float32))
    for score in SCORES:
        assert (np.diff(scored(peaks, np.float32(grey), np.float32(rms), score)) >= 0).all()


def test_grey_rms_and_extremes_are_what_simulating_each_clip_gives(searched):
    clips, table = searched
    engine = make_engine(prior_network(1))
    cells = engine.layout.central_cells
    alone = [engine.simulate(clip, 0.01, cells=cells) for clip in clips]
    rms = np.sqrt(np.square(np.concatenate(alone), dtype=float).mean(0))
    np.testing.assert_allclose(table.rms_voltage, rms, rtol=1e-6)
    grey = engine.simulate(np.full((1, 7), 0.5, np.float32), 0.01, cells=cells)[0]
    np.testing.assert_allclose(table.grey_voltage, grey, atol=1e-4)
    np.testing.assert_allclose(table.clip_peak.T, [one.max(0) for one in alone], atol=1e-6)
    np.testing.assert_allclose(table.lowest_voltage, np.concatenate(alone).min(0), atol=1e-6)
    np.testing.assert_array_equal(table.clip_peak_frame.T, [one.argmax(0) for one in alone])


def test_a_search_without_the_lowest_voltage_is_shown_without(searched):
    clips, table = searched
    with_it = replay(prior_network(1), "Mi1", clips, table, FIRST).attrs
    assert with_it["lowest_voltage"] == table.lowest_voltage.sel(cell_type="Mi1").item()
    earlier = replay(prior_network(1), "Mi1", clips, table.drop_vars("lowest_voltage"), FIRST).attrs
    assert earlier == {k: v for k, v in with_it.items() if k != "lowest_voltage"}


def test_peak_and_rms_of_flyvis_s_own_responses():
    flyvis = np.load(Path(__file__).parents[1] / "data" / "default_init_random_movie.npz")
    clips = ArrayClips("random", ("movie",), [flyvis["movie"]], float(flyvis["dt"]))
    run = search(open_network("flyvis-init"), clips, SearchConfig(score="rms", n_best=1))
    list(run)
    found, central = run.result(), flyvis["central"].astype(float)
    rms = np.sqrt(np.mean(central**2, axis=0))
    np.testing.assert_allclose(found.rms_voltage, rms, rtol=1e-5)
    np.testing.assert_allclose(found.score[:, 0], central.max(0) / rms, rtol=1e-5)
    grey = [0.954138, 0.516858, 0.411336, 0.508644, 0.173779]  # docs/numerics.md#grey-and-fades
    shown = found.grey_voltage.sel(cell_type=["R1", "L1", "L2", "Mi1", "T4c"])
    np.testing.assert_allclose(shown, grey, atol=2e-6)


# --- what repeats what ---


def test_a_turned_or_mirrored_clip_repeats_the_clip():
    clips = Augmented(noise(3))
    random = np.random.default_rng(1)
    table = measured(clips, random.random((2, 36)), random.integers(0, 10, (2, 36)))
    every = with_ranks(table, clips, dataclasses.replace(FIRST, distinct=False))
    found = with_ranks(table, clips, FIRST)
    assert (every.sizes["rank"], found.sizes["rank"]) == (36, 3)
    for cell_type in (0, 1):
        origins = [clips.origin(k)[0] for k in every.clip_index[cell_type].values]
        first_of_each = [origins.index(origin) for origin in dict.fromkeys(origins)]
        np.testing.assert_array_equal(
            found.clip_index[cell_type], every.clip_index[cell_type][first_of_each]
        )


def test_a_later_cut_repeats_a_moment_that_is_on_show_in_a_better_one():
    clips = film([(0, 0, 20), (0, 10, 30), (0, 20, 40), (1, 0, 20)])
    # Peaks at frames 5 of the first, 5 (so 15 of the film), 3 (23 of it) and 5 (of another film).
    table = measured(clips, [[4, 3, 2, 1], [1, 2, 3, 4]], [[5, 5, 3, 5]] * 2)
    found = with_ranks(table, clips, FIRST)
    # Of the second cell type: 3, 2; then 1, whose frame 15 is not in 2, and 0, whose 5 is not in 1.
    assert found.clip_index.values.tolist() == [[0, 2, 3, -1], [3, 2, 1, 0]]
    assert found.clip_name[0].values.tolist() == ["0:0", "0:20", "1:0", ""]
    assert np.isnan(found.score[0, 3]) and found.peak_frame[0].values.tolist() == [5, 3, 5, -1]
    alone = with_ranks(table.isel(cell_type=[0]), clips, FIRST)
    assert alone.clip_index[0].values.tolist() == [0, 2, 3]


def test_turned_pieces_of_one_film_repeat_it_too():
    clips = film([(0, 0, 20), (0, 10, 30)], ((0, 1), (0, 3)))
    table = measured(clips, [np.arange(8)] * 2, [[5] * 8] * 2)
    assert with_ranks(table, clips, FIRST).clip_index[0].values.tolist() == [7, 3]


def test_moments_are_frames_of_the_source_at_any_frame_duration():
    piece = Excerpt("a", 10, 20)
    assert [piece.moment(frame, 0.04, 0.01) for frame in (0, 3, 4, 39)] == [10, 10, 11, 19]
    assert [piece.moment(frame, 0.01, 0.02) for frame in (0, 4)] == [11, 19]
    assert len(set(excerpts(noise(4)))) == 4


# --- the whole list, and the same peaks everywhere ---


def test_one_search_serves_all_scores_and_lists(tmp_path, searched):
    clips, table = searched
    network, store = prior_network(1), RunStore(tmp_path)
    run = StoredSearch(network, clips, FIRST, "cpu", store)
    list(run)
    for change in ({"score": "rms"}, {"score": "above_grey", "n_best": 2}, {"distinct": False}):
        config = SearchConfig(**change)
        again = StoredSearch(network, clips, config, "cpu", store)
        assert again.stored and list(again) == []
        expected = Result.of(with_ranks(table, clips, config))
        xr.testing.assert_allclose(again.result(), expected, atol=1e-6)
        assert again.result().attrs["config"] == config.to_json()
    changed = [np.array(clip) for clip in clips]
    changed[4][0, 0] += 0.1
    others = (
        (network, dataclasses.replace(clips, clips=changed), FIRST),
        (open_network("flyvis-init", 1), clips, FIRST),
        (network, clips, SearchConfig(protocol="flyvis")),
        (network, clips, SearchConfig(dt=0.02)),
    )
    assert not any(StoredSearch(*other, "cpu", store).stored for other in others)


def test_a_search_of_another_set_or_of_an_earlier_maxstim_is_refused(searched):
    clips, table = searched
    with pytest.raises(MaxstimError, match="another set"):
        with_ranks(table, noise(5, seed=1), FIRST)
    with pytest.raises(MaxstimError, match="earlier maxstim"):
        with_ranks(table.drop_vars("clip_peak"), clips, FIRST)


def peaks_alone(network, cell_type, clips, found, config):
    """What the clips of a list lead to when each is shown alone, and what was said of them."""
    names = found.sel(cell_type=cell_type).clip_name.values
    answers = [replay(network, cell_type, clips, found, config, clip=name) for name in names]
    for one, name in zip(answers, names, strict=True):
        assert (one.attrs["source"], one.attrs["clip"]) == (name, name)
        np.testing.assert_array_equal(one.stimulus, clips[clip_named(clips, name)])
    alone = [one.central_response.max().item() for one in answers]
    return alone, answers[0]


@pytest.mark.parametrize("cell_type", ["T4c", "L1"])
def test_every_clip_of_the_list_peaks_alone_as_it_was_said_to(searched, cell_type):
    clips, table = searched
    found = with_ranks(table, clips, FIRST)
    alone, answer = peaks_alone(prior_network(1), cell_type, clips, found, FIRST)
    np.testing.assert_allclose(alone, answer.peak_value, atol=1e-5)
    np.testing.assert_allclose(answer.shown_response.max("clip_frame"), alone, atol=1e-5)
    for k, index in enumerate(answer.clip_index.values):
        clip = clips[index]
        np.testing.assert_allclose(answer.shown_stimulus[k, : len(clip)] / 255, clip, atol=0.002)
        assert np.isfinite(answer.shown_response[k]).sum() == len(clip)


def test_the_bundled_network_peaks_alone_as_it_was_said_to():
    probes = open_clips("probes")
    clips = dataclasses.replace(probes, recipes=probes.recipes[1:100:33])
    run = search(open_network("default"), clips, SearchConfig(score="rms"))
    list(run)
    found = run.result()
    alone, answer = peaks_alone(open_network("default"), "T4c", clips, found, SearchConfig())
    np.testing.assert_allclose(alone, found.peak_value.sel(cell_type="T4c"), atol=1e-5)
    rms = answer.attrs["rms_voltage"]
    np.testing.assert_allclose(
        found.score.sel(cell_type="T4c"), np.array(alone) / rms, atol=1e-5 / rms
    )


def test_an_answer_shows_no_more_than_can_be_looked_at():
    clips = noise(SHOWN + 3, n_frames=2)
    run = search(prior_network(1), clips, FIRST)
    list(run)
    answer = replay(prior_network(1), "Mi1", clips, run.result(), FIRST)
    assert (answer.sizes["rank"], answer.sizes["shown"]) == (SHOWN + 3, SHOWN)
    with pytest.raises(MaxstimError, match="did you mean 'clip 1'"):
        replay(prior_network(1), "Mi1", clips, run.result(), FIRST, clip="Clip 1")
