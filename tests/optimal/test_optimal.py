"""The three answers against flyvis's own runs, and their behaviour as runs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.unfitted import flyvis_initial_network, prior_network
from maxstim_core.optimal.batch import generate_many
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    flyvis_preset,
)
from maxstim_core.optimal.generated import generate, noise
from maxstim_core.optimal.natural import replay, search
from maxstim_core.optimal.objectives.response import Excite, KeepResponse
from maxstim_core.optimal.objectives.stimulus import GreyPenalty
from maxstim_core.optimal.regularized import regularize
from maxstim_core.optimal.run import check_losses, finish
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.simulate import simulate
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.synthetic.probes import moving_edge


def finished(optimization):
    reports = list(optimization)
    return reports, optimization.result()


@pytest.fixture
def published(shared_data):
    return open_network(shared_data / "flyvis_pretrained" / "flow" / "0000" / "000")


@pytest.mark.parametrize(
    ("changes", "iteration", "expected"),
    [
        ({}, 0, (251.32957, -1.1762244, 252.50580)),
        ({}, 9, (139.45107, -1.1762135, 140.62727)),
        ({"last_only": False, "t_stim": 0.8}, 0, (246.43964, -1.176186, 247.61583)),
    ],
)
def test_generated_losses_as_worked_out_in_the_spec(changes, iteration, expected):
    config = flyvis_preset(GenerateConfig, n_iters=iteration + 1, **changes)
    run = generate(flyvis_initial_network(5), "T4c", config)
    _, dataset = finished(run)
    np.testing.assert_allclose(dataset.loss[iteration], expected, rtol=1e-6)


def test_noise_is_flyvis_s():
    (report, *_), _ = finished(
        generate(prior_network(1), "T4c", GenerateConfig(n_iters=1, lr=1e-6))
    )
    seeded = torch.Generator().manual_seed(0)
    np.testing.assert_allclose(report.stimulus, torch.rand(24, 7, generator=seeded), atol=2e-6)
    np.testing.assert_allclose(report.stimulus[0, :3], [0.4962566, 0.7682218, 0.0884774], atol=2e-6)


def test_generated_equals_flyvis(shared_reference, published):
    _compare_generated(
        published,
        "T4c",
        {"t_stim": 0.8, "n_iters": 20},
        shared_reference / "model000_generated_T4c.npz",
    )


def test_generated_over_all_frames_equals_flyvis(shared_reference, published):
    changes = {"t_stim": 0.3, "last_only": False, "weight_mei": 300, "n_iters": 10}
    stored = shared_reference / "model000_generated_Mi1_allframes.npz"
    _compare_generated(published, "Mi1", changes, stored)


def _compare_generated(network, cell_type, changes, file):
    stored = np.load(file)
    _, dataset = finished(generate(network, cell_type, flyvis_preset(GenerateConfig, **changes)))
    np.testing.assert_allclose(dataset.stimulus, stored["stimulus"], atol=1e-5)
    np.testing.assert_allclose(dataset.response, stored["response"], atol=1e-5)
    np.testing.assert_allclose(dataset.loss, stored["losses"], rtol=1e-5)


def test_regularized_equals_flyvis(shared_reference, published):
    stored = np.load(shared_reference / "model000_regularized_T4c.npz")
    config = flyvis_preset(RegularizeConfig, n_iters=10)
    _, dataset = finished(regularize(published, "T4c", stored["movie"], config))
    np.testing.assert_allclose(dataset.stimulus, stored["regularized"], atol=1e-5)
    np.testing.assert_allclose(dataset.response, stored["response_all"], atol=1e-5)
    np.testing.assert_allclose(dataset.target_response, stored["central_target"], atol=1e-5)
    np.testing.assert_allclose(
        dataset.loss.sel(iteration=slice(None))[:, 0], stored["losses"], rtol=1e-5
    )


def test_generated_t4c_is_direction_selective(published):
    """The dark disc, then the ON patch moving up: turned by 180° it drives less than half."""
    config = flyvis_preset(GenerateConfig, t_stim=0.8, n_iters=60)
    _, dataset = finished(generate(published, "T4c", config))
    turned = published.lattice.rotated(dataset.stimulus.values, 3)
    cell = published.layout.central_cells[published.cell_type("T4c")]
    other = simulate(published, turned, config.dt, cells=[cell])
    assert other.max() < 0.5 * dataset.central_response.values.max()


def test_first_regularized_loss_is_the_distance_from_grey():
    network = prior_network(2)
    clip = np.random.default_rng(0).random((12, 19)).astype(np.float32)
    (first, *_), _ = finished(regularize(network, "Mi1", clip, RegularizeConfig(n_iters=2)))
    assert first.losses[0, 0] == pytest.approx(((clip - 0.5) ** 2).sum(), rel=1e-5)
    assert first.losses[0, 1] == 0


@given(st.booleans())
def test_clamp_keeps_luminance_displayable(clamp):
    network = prior_network(1)
    clip = np.full((6, 7), 1.4, np.float32)
    config = RegularizeConfig(n_iters=1, clamp=clamp)
    _, dataset = finished(regularize(network, "Mi1", clip, config))
    assert (dataset.stimulus.max() <= 1) == clamp


def test_result_matches_its_own_stimulus():
    network = prior_network(3)
    _, dataset = finished(generate(network, "T4c", GenerateConfig(n_iters=5)))
    cells = network.layout.cells(network.cell_type("T4c"))
    response = simulate(network, dataset.stimulus.values, 0.01, cells=cells)
    np.testing.assert_allclose(dataset.response, response, atol=1e-6)
    np.testing.assert_array_equal(dataset.central_response, dataset.response[:, 18])


def test_best_is_the_iterate_of_lowest_loss():
    """A step far too long makes the loss rise: the best is then not the last."""
    network = prior_network(2)
    clip = np.random.default_rng(1).random((10, 19)).astype(np.float32)
    config = RegularizeConfig(n_iters=8, lr=1.0, l2_act=1000.0)
    reports, dataset = finished(regularize(network, "T4c", clip, config))
    totals = dataset.loss[:, 0].values
    before = [clip, *(report.stimulus for report in reports)]  # the loss is logged before its step
    assert np.argmin(totals) < 7
    np.testing.assert_array_equal(dataset.best_stimulus, before[int(np.argmin(totals))])


def test_cancelling_keeps_what_there_is():
    run = generate(prior_network(2), "T4c", GenerateConfig(n_iters=50))
    steps = iter(run)
    reports = [next(steps) for _ in range(3)]
    dataset = run.result()
    assert dataset.attrs["status"] == "cancelled"
    assert dataset.sizes["iteration"] == 3
    np.testing.assert_array_equal(dataset.stimulus, reports[-1].stimulus)


def test_a_result_before_the_first_step():
    dataset = generate(prior_network(1), "T4c", GenerateConfig(n_iters=5)).result()
    assert dataset.sizes["iteration"] == 0
    assert dataset.attrs["status"] == "cancelled"


def test_reports_come_as_often_as_asked():
    run = generate(prior_network(1), "T4c", GenerateConfig(n_iters=7), report_every=3)
    reports, dataset = finished(run)
    assert [report.step for report in reports] == [3, 6, 7]
    assert [len(report.losses) for report in reports] == [3, 3, 1]
    assert dataset.sizes["iteration"] == 7
    with pytest.raises(ValueError, match="read-only"):
        reports[0].stimulus[0, 0] = 1


def test_a_report_can_tell_the_response_to_its_stimulus():
    network, config = prior_network(2), GenerateConfig(n_iters=3, t_stim=0.1)
    reports, dataset = finished(generate(network, "Mi1", config))
    cells = network.layout.cells(network.cell_type("Mi1"))
    watched = simulate(network, reports[0].stimulus, config.dt, cells=cells)
    # Long after the step: it is the response to the movie of the report, not to the latest.
    np.testing.assert_allclose(reports[0].respond(), watched, atol=1e-6)
    np.testing.assert_array_equal(reports[-1].respond(), dataset["response"])


def test_same_seed_same_bits():
    runs = [finished(generate(prior_network(2), "T4c", GenerateConfig(n_iters=5)))[1] for _ in "ab"]
    np.testing.assert_array_equal(runs[0].stimulus, runs[1].stimulus)
    other = finished(generate(prior_network(2), "T4c", GenerateConfig(n_iters=5, random_seed=1)))[1]
    assert not np.array_equal(runs[0].stimulus, other.stimulus)


def test_results_say_how_to_make_them_again():
    config = GenerateConfig(n_iters=2, random_seed=4)
    _, dataset = finished(generate(prior_network(1), "T4c", config))
    assert GenerateConfig(**json.loads(dataset.attrs["config"])) == config
    assert dataset.attrs["network_hash"] == prior_network(1).content_hash
    assert dataset.attrs["objective"] == "1 * -exp(a_last) + 3000 * mean_th (x_th - 0.5)^2"


def test_types_with_a_stride_have_no_response_elsewhere():
    network = prior_network(3)
    _, dataset = finished(generate(network, "Lawf1", GenerateConfig(n_iters=1)))
    u, v = network.lattice.u, network.lattice.v
    has_cell = (u % 3 == 0) & (v % 2 == 0)
    np.testing.assert_array_equal(np.isfinite(dataset.response[0]), has_cell)


def test_a_loss_that_explodes_ends_in_one_sentence():
    with pytest.raises(MaxstimError, match="use another network, or another movie"):
        finished(
            regularize(
                prior_network(1),
                "Mi1",
                np.full((5, 7), 1e25, np.float32),
                RegularizeConfig(n_iters=3, clamp=False),
            )
        )


def test_terms_add_scale_and_describe_themselves():
    stimulus, response = np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[0.0, 1.0]])
    loss = 2 * Excite(last_only=True) + 8 * GreyPenalty("mean") + 3 * KeepResponse(np.zeros(2))
    expected = [-2 * np.e, 8 * 0.125, 3.0]
    np.testing.assert_allclose(loss(stimulus, response), [sum(expected), *expected], rtol=1e-6)
    assert loss.terms == ("total", "response", "grey", "response")
    assert str(loss).startswith("2 * -exp(a_last) + 8 * mean_th")


# --- natural ---


@pytest.fixture(scope="module")
def toy_clips():
    """Edges in twelve directions on a small eye, of two lengths."""
    network = prior_network(4)
    timing = {"dt": 0.01, "speed": 15.0, "before": 0.0, "after": 1.0, "start": -4.0}
    clips = [
        moving_edge(network.lattice, angle=angle, seconds=0.4 + 0.1 * (angle >= 180), **timing)
        for angle in range(0, 360, 30)
    ]
    return ArrayClips("edges", tuple(f"{30 * k}°" for k in range(12)), clips, 0.01)


@pytest.fixture(scope="module")
def toy_search(toy_clips):
    run = search(prior_network(4), toy_clips, SearchConfig(n_best=3))
    return finished(run)


def test_search_agrees_with_simulating_each_clip(toy_clips, toy_search):
    network, (_, found) = prior_network(4), toy_search
    engine = make_engine(network)
    cells = network.layout.central_cells
    peaks = np.stack([engine.simulate(clip, 0.01, cells=cells).max(0) for clip in toy_clips])
    np.testing.assert_array_equal(found.clip_index[:, 0], peaks.argmax(0))
    np.testing.assert_allclose(found.peak_value, -np.sort(-peaks, axis=0)[:3].T, atol=1e-6)


def test_search_covers_every_type_and_names_clips(toy_clips, toy_search):
    reports, found = toy_search
    assert found.sizes == {"cell_type": 65, "clip": 12, "rank": 3}
    assert reports[-1].step == reports[-1].n_steps == 12
    first = found.isel(cell_type=0, rank=0)
    assert first.clip_name.item() == toy_clips.names[int(first.clip_index)]
    assert found.attrs["status"] == "complete"


def test_replay_repeats_the_peak(toy_clips, toy_search):
    """Selection and replay follow one protocol, so the peak found is the peak seen."""
    _, found = toy_search
    dataset = replay(prior_network(4), "T4c", toy_clips, found)
    assert dataset.central_response.max().item() == pytest.approx(
        dataset.peak_value[0].item(), abs=1e-6
    )
    assert dataset.central_response.values.argmax() == dataset.peak_frame[0]
    np.testing.assert_array_equal(dataset.stimulus, toy_clips[int(dataset.clip_index[0])])


def test_flyvis_protocol_fades_in(toy_clips):
    network = prior_network(4)
    run = search(network, toy_clips, flyvis_preset(SearchConfig, n_best=12))
    _, found = finished(run)
    engine = make_engine(network)
    start = engine.fade_in(2.0, 0.01, toy_clips[5][:1])
    activity = engine.simulate(
        toy_clips[5], 0.01, initial_state=start, cells=network.layout.central_cells
    )
    of_clip = found.peak_value.where(found.clip_index == 5).max("rank")
    np.testing.assert_allclose(of_clip, activity.max(0), atol=1e-5)


def test_search_can_be_cancelled():
    clips = ArrayClips("grey", tuple("abcdefghijklmnopqrst"), [np.full((3, 7), 0.5)] * 20, 0.01)
    run = search(prior_network(1), clips, SearchConfig(n_best=5))
    assert run.result().sizes["rank"] == 0
    next(iter(run))
    found = run.result()
    assert found.attrs["status"] == "cancelled"
    assert (found.clip_index < 16).all()
    assert (found.clip_index[:, 0] == 0).all(), "of equal peaks the earlier clip wins"


GREY_CLIP = np.full((5, 7), 0.5)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda n: generate("default", "Mi1"), "opened first"),
        (lambda n: generate(n, ["Mi1"]), "mean Mi1"),
        (lambda n: generate(n, "Mi1", {"lr": 0.1}), "GenerateConfig.* not a dict"),
        (lambda n: generate(n, "Mi1", SearchConfig()), "not a SearchConfig"),
        (lambda n: generate(n, "Mi1", report_every=0), "report_every.* between 1 and"),
        (lambda n: generate(n, "Mi1", report_every=1.5), "report_every.* whole number"),
        (lambda n: generate(n, "Mi1", dtype="float16"), "'float32' or"),
        (lambda n: generate_many(n, ["Mi1"], config={}), "not a dict"),
        (lambda n: generate_many(n, ["Mi1"], report_every=0), "report_every.* between 1 and"),
        (lambda n: regularize(n, "Mi1", GREY_CLIP, GenerateConfig()), "not a GenerateConfig"),
        (lambda n: regularize(n, "Mi1", GREY_CLIP[None]), r"shape \(frame, 7\), not \(1, 5, 7\)"),
        (lambda n: regularize(n, "Mi1", "best.npy"), "holds .* values"),
        (lambda n: regularize(n, "Mi1", GREY_CLIP.astype(np.uint8)), "uint8 values"),
        (lambda n: regularize(n, "Mi1", GREY_CLIP[:, 1:]), r"\(frame, 7\)"),
        (lambda n: search(n, "probes"), "open_clips"),
        (lambda n: search("default", "probes"), "opened first"),
        (lambda n: search(n, ArrayClips("one", ("a",), [GREY_CLIP], 0.01), {}), "SearchConfig"),
        (lambda n: open_network(None), "must be text"),
        (lambda n: open_network(["default"]), "must be text"),
    ],
)
def test_a_plausible_mistake_ends_in_one_sentence(ask, says):
    with pytest.raises(MaxstimError, match=says) as refusal:
        ask(prior_network(1))
    assert "\n" not in str(refusal.value)


def test_a_clip_is_kept_as_it_was():
    clip = np.random.default_rng(0).random((4, 7), np.float32)
    before = clip.copy()
    _, dataset = finished(
        regularize(prior_network(1), "Mi1", clip[::-1], RegularizeConfig(n_iters=2))
    )
    np.testing.assert_array_equal(clip, before)
    np.testing.assert_array_equal(dataset.source_stimulus, clip[::-1])


def test_the_learning_rate_is_blamed_once_a_step_was_taken():
    losses = np.array([[1.0, 0.5], [np.nan, 0.5]], np.float32)
    check_losses(losses[:1], 1)
    for told, step in ((losses, 2), (losses[1:], 2)):
        with pytest.raises(MaxstimError, match="by step 2; lower the learning rate"):
            check_losses(told, step)


def exploding():
    calm = prior_network(2)
    strong = replace(calm.parameters, synapse_strength=1e30 * calm.parameters.synapse_strength)
    return Network("boom", calm.layout, strong)


def test_a_search_of_a_network_that_explodes_finds_nothing():
    bright = np.ones((40, 19), np.float32)
    clips = ArrayClips("bright", ("a", "b"), [bright, bright], 0.01)
    with pytest.raises(MaxstimError, match="boom do not stay finite in frames"):
        finished(search(exploding(), clips))


@pytest.mark.parametrize("many", [False, True])
def test_a_network_that_explodes_is_blamed_itself(many):
    network, config = exploding(), GenerateConfig(n_iters=3)
    run = (
        generate_many(network, ["Mi1"], config=config) if many else generate(network, "Mi1", config)
    )
    with pytest.raises(MaxstimError, match="use another network, or another movie"):
        finished(run)


def test_search_refuses_clips_of_another_eye():
    with pytest.raises(MaxstimError, match="eye of 721 columns"):
        search(prior_network(1), open_clips("made"))


def test_search_refuses_an_empty_set():
    with pytest.raises(MaxstimError, match="is empty"):
        search(prior_network(1), ArrayClips("none", (), [], 0.01))


def test_prior_network_prefers_edges_moving_the_known_way():
    """Even the connectome alone tells T4c's direction: up, from dark to bright."""
    made = open_clips("made", extent=8)
    clips = replace(made, recipes=made.recipes[:128] + made.recipes[128::8])
    _, found = finished(search(prior_network(8), clips, SearchConfig(n_best=1)))
    best = {name: found.clip_name.sel(cell_type=name).item() for name in ("T4c", "T5c")}
    assert best["T4c"].startswith("dark to bright edge, 90°")
    assert best["T5c"].startswith("bright to dark edge, 90°")


def test_a_run_is_iterated_once_and_a_replay_is_of_its_network():
    clips, config = (
        ArrayClips("noise", ("a",), [np.full((5, 7), 0.7, np.float32)], 0.01),
        SearchConfig(),
    )
    network, other = prior_network(1), flyvis_initial_network(1)
    runs = [
        generate(network, "Mi1", GenerateConfig(t_stim=0.05, n_iters=2)),
        search(network, clips, config),
    ]
    for run in runs:
        first = finish(run)
        with pytest.raises(MaxstimError, match="iterated once"):
            finish(run)
        xr.testing.assert_identical(run.result(), first)
    with pytest.raises(MaxstimError, match="search with the network"):
        replay(other, "Mi1", clips, runs[1].result(), config)


@given(st.integers(0, 2**31 - 1), st.integers(1, 30))
def test_noise_is_torch_s_to_the_bit(seed, n_frames):
    config = GenerateConfig(t_stim=n_frames * 0.01 + 0.005, random_seed=seed)
    found = noise(config, prior_network(1))
    seeded = torch.Generator().manual_seed(seed)
    np.testing.assert_array_equal(found, torch.rand(*found.shape, generator=seeded))
