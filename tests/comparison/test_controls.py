"""Controls beside an answer: recomputed through the front door, and known where a network is simple."""

import dataclasses
import json
from itertools import islice

import numpy as np
import pytest
from solvable_networks import EYE, T_STIM, kernel, linear_network

import maxstim_core as ms
from maxstim_core.comparison.attribution import attribution, smallest_parts
from maxstim_core.comparison.equal_energy import Trial
from maxstim_core.comparison.headline import EQUAL, FULL
from maxstim_core.comparison.natural_clips import (
    SMALL,
    best_cut,
    clip_parts,
    clip_responses,
    forget_clips,
    shown_cut,
    small_eye,
)
from maxstim_core.comparison.report import lines_of, report_of
from maxstim_core.comparison.textbook import (
    FAMILIES,
    bank_parts,
    forget_banks,
    textbook_bank,
    textbook_stimuli,
)
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.measured_response import Measured, central_voltages
from maxstim_core.optimal.named_response import contrast_words
from maxstim_core.optimal.result import at_best
from maxstim_core.runs.comparisons import comparison_key
from maxstim_core.runs.responses import with_best_response
from maxstim_core.settings import minus_signed
from maxstim_core.simulation.choose_engine import make_engine


def controlled(answer, network, clips, **given):
    return ms.finish(ms.controls(answer, network, clips=clips, **given))


@pytest.fixture(scope="module")
def answer(network):
    config = ms.GenerateConfig(objective="drive", energy=50.0, n_iters=30)
    return ms.finish(ms.generate(network, "T4c", config))


@pytest.fixture(scope="module")
def of_t4c(network, answer, clips):
    others = [ms.open_network(f"maxstim/00{k}") for k in (1, 2, 3)]
    return controlled(answer, network, clips, others=others)


def in_units(network, voltage, cell_type="T4c"):
    units, kind = ms.response_units(network), network.cell_type(cell_type)
    return (voltage - units.grey[kind]) / units.rms[kind]


def last_voltages(network, movies, cell_type="T4c"):
    cell = network.layout.central_cells[[network.cell_type(cell_type)]]
    return ms.simulate(network, movies, 0.01, cells=cell).values[:, -1, 0]


def test_every_number_is_that_of_its_movie(network, of_t4c):
    seen = in_units(network, last_voltages(network, of_t4c.control_stimulus.values))
    assert np.allclose(of_t4c.control_response, seen, atol=1e-4)
    deviation = (of_t4c.control_stimulus.values.astype(float) - 0.5) ** 2
    assert np.allclose(of_t4c.control_energy, deviation.sum((1, 2)), rtol=1e-4)
    assert of_t4c.attrs["response"] == pytest.approx(float(of_t4c.control_response[0]), rel=1e-6)


def test_at_equal_energy_no_control_has_more_than_the_answer(of_t4c):
    equal = of_t4c.isel(control=of_t4c.shown.values == EQUAL)
    assert (equal.control_energy <= of_t4c.attrs["contrast_energy"] * (1 + 1e-3)).all()
    for family in (*FAMILIES, "natural"):
        rows = of_t4c.isel(control=of_t4c.family.values == family)
        assert rows.shown.values.tolist() == [FULL, EQUAL]


def test_t4c_prefers_what_moves_up(of_t4c):
    edge = of_t4c.isel(control=of_t4c.family.values == "edge")
    assert all("ON edge, 90°" in name for name in edge.control.values)
    turned = of_t4c.isel(control=of_t4c.control.values == "turned by 180°")
    assert float(turned.control_response[0]) < 0.3 * of_t4c.attrs["response"]


def test_other_networks_are_asked_in_their_own_units(of_t4c, answer):
    assert of_t4c.network.values.tolist() == ["default", "maxstim/002", "maxstim/003"], (
        "maxstim/001 is the default network itself"
    )
    for name in ("maxstim/002", "maxstim/003"):
        other = ms.open_network(name)
        voltage = last_voltages(other, answer.stimulus.values[None])
        seen = float(of_t4c.transfer_response.sel(network=name))
        assert seen == pytest.approx(float(in_units(other, voltage)[0]), rel=1e-4)


def test_contrast_and_place(network, of_t4c):
    assert float(of_t4c.contrast_response.sel(contrast=0)) == pytest.approx(0, abs=0.05)
    assert float(of_t4c.contrast_response.sel(contrast=1)) == pytest.approx(
        of_t4c.attrs["response"], rel=1e-5
    )
    shifts = of_t4c.shift_response.values
    assert shifts[0] == pytest.approx(of_t4c.attrs["response"], rel=1e-5)
    assert shifts[5] < 0.3 * shifts[0], "the cell looks at a few columns"


def test_attribution_adds_up_and_the_smallest_part_is_enough(network, of_t4c):
    assert float(of_t4c.attribution.sum()) == pytest.approx(of_t4c.attrs["response"], rel=0.05)
    deviation = of_t4c.stimulus.values - np.float32(0.5)
    for part in ("pixels", "columns", "frames"):
        kept = of_t4c[f"smallest_{part}"]
        movie = np.float32(0.5) + kept.values * deviation
        seen = float(in_units(network, last_voltages(network, movie[None]))[0])
        share = seen / of_t4c.attrs["response"]
        assert share == pytest.approx(kept.attrs["share"], rel=1e-3) and share >= 0.85
    assert of_t4c.smallest_frames.values.any(1).sum() == of_t4c.smallest_frames.attrs["size"]
    assert of_t4c.smallest_columns.values.any(0).sum() == of_t4c.smallest_columns.attrs["size"]


def test_of_a_linear_cell_the_attribution_is_its_kernel_times_the_movie():
    net = linear_network()
    engine = make_engine(net, device="cpu")
    config = ms.GenerateConfig(t_stim=T_STIM, objective="drive")
    measured = Measured.of(net, "L2", config)
    movie = np.random.default_rng(0).uniform(0.3, 0.7, (12, EYE.n_columns)).astype(np.float32)
    attributed = attribution(engine, measured, movie, 0.01)
    rms = measured.term.watched.rms[0]
    known = (movie - 0.5) * kernel(net, "L2") / rms
    assert np.allclose(attributed, known, atol=1e-4 * np.abs(known).max())
    # Of a linear cell, the fewest pixels are the largest of these.
    parts = dict(smallest_parts(engine, measured, movie, 0.01, attributed))
    largest = np.sort(known, axis=None)[::-1].cumsum()
    whole = float(measured.responses(engine, movie[None], 0.01)[0])
    if whole > 0:
        fewest = int(np.argmax(largest >= 0.85 * whole)) + 1
        assert abs(parts["pixels"].size - fewest) <= max(1, 0.1 * fewest)


def test_what_is_negative_on_the_way_from_grey_can_be_needed(network, clips):
    """Pixels by attribution alone are not enough for a long movie: by its magnitude few are."""
    answer = ms.finish(ms.generate(network, "T4c", ms.GenerateConfig(t_stim=0.8, n_iters=60)))
    engine = make_engine(network, device="cpu")
    measured = Measured.of(network, "T4c", ms.GenerateConfig())
    movie = answer.stimulus.values
    attributed = attribution(engine, measured, movie, 0.01)
    parts = dict(smallest_parts(engine, measured, movie, 0.01, attributed))
    assert parts["pixels"].share >= 0.85 and parts["pixels"].size < 0.1 * movie.size
    positive = np.float32(0.5) + (attributed > 0) * (movie - np.float32(0.5))
    whole, alone = measured.responses(engine, np.stack([movie, positive]), 0.01)
    assert alone < 0.85 * whole


def test_a_textbook_stimulus_begins_when_it_does_most(network):
    """The response at a later beginning is that to the movie after grey, which settles a bit longer."""
    from maxstim_core.comparison.textbook import after_grey, best_beginning

    engine = make_engine(network, device="cpu")
    bank = textbook_bank(engine, 20, 0.01)
    assert textbook_bank(engine, 20, 0.01) is bank
    measured = Measured.of(network, "Mi1", ms.GenerateConfig(objective="drive"))
    kinds = list(measured.kinds)
    for k in range(0, len(bank.stimuli), 60):
        counts, beginning, _ = best_beginning(measured, bank.voltage[k][:, kinds])
        movie = after_grey(bank.stimuli[k].movie, beginning)
        assert float(measured.responses(engine, movie[None], 0.01)[0]) == pytest.approx(
            counts, abs=2e-2
        )


def test_what_was_begun_of_a_bank_is_gone_on_with():
    engine = make_engine(ms.open_network("prior", extent=3), device="cpu")
    forget_banks()
    n_parts = len(list(bank_parts(engine, 8, 0.01)))
    whole = textbook_bank(engine, 8, 0.01)
    assert n_parts > 3 and list(bank_parts(engine, 8, 0.01)) == []
    forget_banks()
    first, second = bank_parts(engine, 8, 0.01), bank_parts(engine, 8, 0.01)
    next(first)
    next(second)
    first.close()
    assert len(list(second)) == n_parts - 2
    again = textbook_bank(engine, 8, 0.01)
    np.testing.assert_array_equal(again.voltage, whole.voltage)
    assert [each.name for each in again.stimuli] == [each.name for each in whole.stimuli]


def test_textbook_stimuli_are_displayable_and_named_once():
    stimuli = list(textbook_stimuli(ms.open_network("prior", extent=5).lattice, 10, 0.01))
    assert {each.family for each in stimuli} == set(FAMILIES)
    assert len({each.name for each in stimuli}) == len(stimuli)
    assert all(each.movie.shape == (10, 91) for each in stimuli)
    assert all(each.movie.min() >= 0 and each.movie.max() <= 1 for each in stimuli)


@pytest.fixture(scope="module")
def whole_clips(network, clips):
    """Responses of the central cells to all clips, whole, shape (clip, frame, cell_type), in RMS."""
    movies = np.stack([ms.resampled(clips[k], clips.dt, 0.01) for k in range(len(clips))])
    cells, units = network.layout.central_cells, ms.response_units(network)
    seen = [ms.simulate(network, part, 0.01, cells=cells).values for part in np.split(movies, 8)]
    return movies, (np.concatenate(seen) - np.array(units.grey)) / np.array(units.rms)


OBJECTIVES = [
    {"objective": "drive"},
    {"objective": "drive", "last_only": False},
    {"objective": "drive", "window": "0.04:0.07"},
    {"objective": "suppress"},
    {"objective": "group:Mi4"},
    {"objective": "contrast:Mi4,Mi9"},
    {"objective": "level:1"},
    {"objective": "level:-0.3"},
]


@pytest.mark.parametrize("settings", OBJECTIVES, ids=lambda each: "-".join(map(str, each.values())))
def test_other_objectives_are_compared_by_what_they_are_about(
    network, clips, whole_clips, settings
):
    config = ms.GenerateConfig(t_stim=0.1, n_iters=10, **settings)
    answer = ms.finish(ms.generate(network, "Mi1", config))
    found = controlled(answer, network, clips)
    objective = settings["objective"]
    names = [
        "Mi1",
        *(["Mi4"] if "Mi4" in objective else []),
        *(["Mi9"] if "Mi9" in objective else []),
    ]
    kinds = [network.cell_type(name) for name in names]
    first, end = (4, 7) if "window" in settings else (0 if "last_only" in settings else 9, 10)

    def counted(z):
        """What counts, (sample,), of responses (sample, frame, named cell type)."""
        each = z[:, first:end].mean(1)
        rivals = 0.3 * np.log(np.exp(each[:, 1:] / 0.3).mean(1)) if len(names) > 1 else 0
        return each[:, 0] - rivals if objective.startswith("contrast") else each.mean(1)

    def of_movies(movies):
        cells, units = network.layout.central_cells[kinds], ms.response_units(network)
        voltage = ms.simulate(network, movies, 0.01, cells=cells).values
        return counted((voltage - np.array(units.grey)[kinds]) / np.array(units.rms)[kinds])

    assert np.allclose(found.control_response, of_movies(found.control_stimulus.values), atol=2e-3)
    sign = -1 if objective in ("suppress", "level:-0.3") else 1
    discs = (found.family.values == "disc") & (found.shown.values == FULL)
    assert sign * float(found.control_response[discs][0]) >= 0

    # Of every clip, the part that does most: found here among all parts of all clips, one by one.
    movies, z = whole_clips
    padded = np.concatenate([np.zeros_like(z[:, :end]), z], 1)[..., kinds]
    n_stops = z.shape[1]
    by_stop = [counted(padded[:, stop : stop + end]) for stop in range(1, n_stops + 1)]
    stops = 1 + np.argmax(sign * np.array(by_stop), 0)
    cuts = np.full((len(movies), 10, movies.shape[2]), 0.5, np.float32)
    for cut, movie, stop in zip(cuts, movies, stops, strict=True):
        length = min(stop, end)
        cut[end - length : end] = movie[stop - length : stop]
    best = sign * (sign * of_movies(cuts)).max()
    natural = found.isel(control=found.family.values == "natural")
    assert natural.shown.values.tolist() == [FULL, EQUAL]
    full = float(natural.control_response[0])
    assert full == pytest.approx(best, abs=5e-3)
    assert found.attrs["natural_response"] == pytest.approx(full, rel=1e-6)
    report = report_of(found)
    if objective.startswith("level"):
        assert report["stretch"] is None and "×" not in report["headline"]
    elif report["response"] * full > 0:
        assert report["stretch"] == pytest.approx(report["response"] / full, rel=1e-4)
        assert f"{report['stretch']:.2f} × the best clip at full contrast" in report["headline"]


def test_of_a_level_it_is_told_how_near_it_is_and_what_others_reach(network, clips):
    config = ms.GenerateConfig(objective="level:-0.3", t_stim=0.1, n_iters=30)
    answer = ms.finish(ms.generate(network, "Mi1", config))
    found = controlled(answer, network, clips, others=[ms.open_network("maxstim/002")])
    response, energy = found.attrs["response"], found.attrs["contrast_energy"]
    headline = found.attrs["headline"]
    assert headline.startswith(
        minus_signed(
            f"{response:.2f} RMS above grey for the level -0.3, with contrast energy {energy:.3g}; "
            "with no more energy, "
        )
    )
    equal = found.isel(control=found.shown.values == EQUAL)
    clip = float(equal.control_response[equal.family.values == "natural"][0])
    textbook = equal.control_response[np.isin(equal.family.values, FAMILIES)].min().item()
    assert minus_signed(f"{textbook:.2f} by a") in headline, (
        "the lowest, as the level is below grey"
    )
    assert minus_signed(f"{clip:.2f} by a clip at best") in headline
    other = float(found.transfer_response[1])
    assert headline.endswith(minus_signed(f"; {other:.2f} in another network"))


def test_at_equal_energy_the_best_clip_is_sought_among_all(network, clips):
    """None of them does more, shown whole or behind an aperture and late, at the answer's energy."""
    config = ms.GenerateConfig(objective="drive", energy=20.0, t_stim=0.1, n_iters=10)
    found = controlled(ms.finish(ms.generate(network, "T4c", config)), network, clips)
    engine, measured = make_engine(network, device="cpu"), Measured.of(network, "T4c", config)
    seen = clip_responses(engine, clips, 0.01)
    cuts = [best_cut(measured, k, voltage, 10) for k, voltage in enumerate(seen.voltage)]
    tried = []
    for ways in ({}, {"rings": 3}, {"rings": 2, "seconds": 0.06}):
        movies = []
        for cut in cuts:
            clip = ms.resampled(clips[cut.clip], clips.dt, 0.01)
            trial = Trial("", shown_cut(clip, cut.stop, 10, 10), 10, **ways)
            movies.append(trial.luminance(network.lattice, 0.01, found.attrs["contrast_energy"]))
        tried.append(measured.responses(engine, np.stack(movies), 0.01).max())
    rows = (found.family.values == "natural") & (found.shown.values == EQUAL)
    assert float(found.control_response[rows][0]) >= max(tried) - 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "maxstim/007"])
def test_the_best_clip_of_the_whole_eye_is_among_the_best_of_a_small_one(name):
    """Of all cell types, up and down: none that is handed on would be lost."""
    engine, clips = make_engine(ms.open_network(name)), ms.open_clips("scenes")
    cells = engine.layout.central_cells
    movies = (ms.resampled(clips[k], clips.dt, 0.01).astype(np.float32) for k in range(len(clips)))
    whole = []
    while part := list(islice(movies, 48)):
        whole += list(central_voltages(engine, np.stack(part), 0.01, cells))
    voltages = np.stack(whole), np.stack(clip_responses(engine, clips, 0.01).voltage)
    for most in ([each.max(1) for each in voltages], [-each.min(1) for each in voltages]):
        handed_on = np.argsort(-most[1], axis=0)[:12]
        found = np.take_along_axis(most[0], handed_on, axis=0).max(0)
        np.testing.assert_array_equal(found, most[0].max(0))


def test_on_an_eye_as_small_nothing_else_is_simulated():
    engine = make_engine(ms.open_network("prior", extent=SMALL), device="cpu")
    assert small_eye(engine) is engine
    larger = make_engine(ms.open_network("prior", extent=SMALL + 1), device="cpu", threads=1)
    small = small_eye(larger)
    assert small.network.content_hash == engine.network.content_hash and small.threads == 1


def test_what_was_begun_of_the_clips_is_gone_on_with():
    engine = make_engine(ms.open_network("prior", extent=3), device="cpu")
    clips = ms.open_clips("probes", 3)
    forget_clips()
    parts = clip_parts(engine, clips, 0.01)
    next(parts)
    parts.close()
    n_left = len(list(clip_parts(engine, clips, 0.01)))
    assert n_left > 0 and list(clip_parts(engine, clips, 0.01)) == []
    voltage = clip_responses(engine, clips, 0.01).voltage
    cells = engine.layout.central_cells
    for k in (0, len(clips) - 1):
        movie = ms.resampled(clips[k], clips.dt, 0.01)
        np.testing.assert_allclose(voltage[k], engine.simulate(movie, 0.01, cells=cells), atol=1e-5)


def test_an_answer_of_several_networks_names_them_and_they_are_fitted(network, clips):
    second, third = ms.open_network("maxstim/002"), ms.open_network("maxstim/003")
    config = ms.GenerateConfig(
        objective="drive", energy=20.0, t_stim=0.1, n_iters=6, across="least"
    )
    answer = ms.finish(ms.generate([network, second], "T4c", config))
    assert json.loads(answer.attrs["networks"]) == ["default", "maxstim/002"]
    hashes = [network.content_hash, second.content_hash]
    assert json.loads(answer.attrs["network_hashes"]) == hashes
    assert answer.attrs["network_hash"] == hashes[0]
    found = controlled(answer, network, clips, others=[second, third])
    assert found.relation.values.tolist() == ["fitted", "fitted", "predicted"]
    assert [
        each["relation"] for each in report_of(found)["transfer"]
    ] == found.relation.values.tolist()
    shares = found.transfer_response.values / found.attrs["response"]
    assert found.attrs["headline"].endswith(
        f"; {shares[1]:.2f} of the response in maxstim/002 that it was made for too; {shares[2]:.2f} of "
        "the response in another network"
    )
    alone = ms.finish(ms.generate(network, "T4c", config))
    assert not {"networks", "network_hashes"} & alone.attrs.keys()
    of_one = answer.copy()
    del of_one.attrs["network_hashes"]
    assert comparison_key("controls", of_one) != comparison_key("controls", answer)


def test_it_is_told_where_a_contrast_fails(network, clips):
    """Photoreceptors of one column see the same: what drives one drives all."""
    config = ms.GenerateConfig(objective="contrast:R2,R3", energy=20.0, t_stim=0.1, n_iters=6)
    answer = ms.finish(ms.generate(network, "R1", config))
    assert answer.named.values.tolist() == ["R1", "R2", "R3"]
    for which in ("", "best_"):
        movie = answer[f"{which}stimulus"].values[None]
        for name in ("R1", "R2", "R3"):
            seen = in_units(network, last_voltages(network, movie, name), name)
            told = float(answer[f"{which}named_response"].sel(named=name))
            assert told == pytest.approx(float(seen[0]), abs=1e-4)
    assert answer.attrs["contrast"].startswith("The contrast fails: R")
    found = controlled(answer, network, clips)
    report = report_of(found)
    assert report["contrast"] == answer.attrs["contrast"]
    assert [each["cell_type"] for each in report["named"]] == ["R1", "R2", "R3"]
    assert "the contrast fails: R" in found.attrs["headline"]
    assert report["contrast"] in "\n".join(lines_of(report))
    best = at_best(with_best_response(answer))
    np.testing.assert_array_equal(best.named_response, answer.best_named_response)
    words = contrast_words(["R1", "R2", "R3"], answer.best_named_response.values.tolist())
    assert best.attrs["contrast"] == words


def test_one_fewer_of_the_smallest_part_keeps_less():
    """Of a network that is known, where the order of pixels is that of what they add."""
    net = linear_network()
    engine = make_engine(net, device="cpu")
    measured = Measured.of(net, "L2", ms.GenerateConfig(t_stim=T_STIM, objective="drive"))
    weights = kernel(net, "L2") / measured.term.watched.rms[0]
    movie = (0.5 + 0.4 * np.sign(weights) * np.abs(np.sin(np.arange(weights.size)))
             .reshape(weights.shape)).astype(np.float32)  # fmt: skip
    parts = dict(smallest_parts(engine, measured, movie, 0.01, weights * (movie - 0.5)))
    largest = np.sort((weights * (movie - 0.5)).ravel())[::-1].cumsum()
    whole = float(measured.responses(engine, movie[None], 0.01)[0])
    grey = float(measured.responses(engine, np.full_like(movie, 0.5)[None], 0.01)[0])
    fewest = int(np.argmax(grey + largest >= 0.85 * whole)) + 1
    assert whole > 0 and parts["pixels"].size == fewest


def test_clips_and_regularized_answers_count_their_peak(network, clips):
    natural = ms.replay(network, "Mi1", clips, ms.finish(ms.search(network, clips)))
    compared = controlled(natural, network, clips)
    peak = in_units(network, natural.central_response.values.max(), "Mi1")
    assert compared.attrs["response"] == pytest.approx(float(peak), rel=1e-4)
    movie = natural.stimulus.values[:30]
    run = ms.regularize(network, "Mi1", movie, ms.RegularizeConfig(n_iters=3))
    compared = controlled(ms.finish(run), network, clips)
    assert compared.sizes["frame"] == 30 and compared.attrs["status"] == "complete"


def test_silenced_cell_types_stay_silenced_in_every_network(network, clips):
    config = ms.GenerateConfig(t_stim=0.1, n_iters=3, silence="Mi9")
    answer = ms.finish(ms.generate(network, "T4c", config))
    other, silent = ms.open_network("maxstim/003"), ms.silenced(network, "Mi9")
    run = ms.controls(answer, network, clips=clips, others=[network, other])
    controlled = ms.finish(run)
    assert controlled.attrs["network_hash"] == silent.content_hash
    assert controlled.network.values.tolist() == ["default", "maxstim/003"]
    for k, asked in enumerate((silent, ms.silenced(other, "Mi9"))):
        voltage = last_voltages(asked, answer.stimulus.values[None])
        expected = in_units(asked, voltage[0])
        assert float(controlled.transfer_response[k]) == pytest.approx(expected, abs=1e-4)


def test_report_and_lines_say_the_same(of_t4c):
    report = json.loads(json.dumps(report_of(of_t4c), allow_nan=False))
    assert report["transfer"][0]["relation"] == "fitted"
    assert {each["relation"] for each in report["transfer"][1:]} == {"predicted"}
    assert len(report["controls"]) == of_t4c.sizes["control"]
    best = max(
        (row for row in report["controls"] if row["family"] in FAMILIES and row["shown"] == FULL),
        key=lambda row: row["response"],
    )
    times = report["response"] / best["response"]
    assert report["headline"].startswith(
        f"{times:.2f} × the best {best['family']} at full contrast"
    )
    assert f"{report['stretch']:.2f} × the best clip" in report["headline"]
    assert f"{report['stretch']:.2f} × the best clip at full contrast" in report["headline"]
    middle = np.median(of_t4c.transfer_response.values[1:]) / report["response"]
    assert report["headline"].endswith(
        f"; a median of {middle:.2f} of the response in the 2 other networks"
    )
    rows = {(row["family"], row["shown"]): row for row in report["controls"]}
    assert rows["natural", FULL]["response"] == pytest.approx(report["natural_response"], rel=1e-6)
    assert report["controls"][0]["shown"] == EQUAL, "it has its own energy"
    text = "\n".join(lines_of(report))
    assert report["headline"] in text and "maxstim/003 (predicted)" in text


def test_what_was_stopped_says_so(network, answer, clips, tmp_path):
    run = ms.controls(answer, network, clips=clips)
    for report in run:
        if report.step == 3:
            break
    stopped = run.result()
    assert stopped.attrs["status"] == "cancelled"
    assert set(stopped.family.values) == {"answer", "edge", "bar", "grating"}
    assert lines_of(report_of(stopped))
    ms.save(stopped, tmp_path / "c.nc")
    assert ms.load(tmp_path / "c.nc").attrs["headline"] == stopped.attrs["headline"]


def test_what_is_no_answer_is_refused(network, answer, of_t4c):
    refused = [
        (of_t4c.drop_vars("stimulus"), network, "Controls are computed for one answer"),
        (ms.finish(ms.generate_many(network, ["Mi1"], config=ms.GenerateConfig(n_iters=1))),
         network, "Controls are computed for one answer"),
        (answer, ms.open_network("maxstim/002"), "This answer is of the network default"),
        (answer, ms.open_network("default", extent=5), "This answer is of the network default"),
        (answer.assign_attrs(config="{"), network, "does not say how it was made"),
    ]  # fmt: skip
    for given, of, words in refused:
        with pytest.raises(MaxstimError, match=words):
            ms.controls(given, of)


def test_a_changed_network_is_told(network, answer):
    changed = dataclasses.replace(network, name="other")
    assert changed.content_hash == network.content_hash, "a name changes no number"
    assert ms.controls(answer, changed).n_steps > 5
