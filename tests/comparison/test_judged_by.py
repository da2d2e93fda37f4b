"""By what controls judge an answer: what it was made for last, against what, if it does anything."""

import json

import numpy as np
import pytest

import maxstim_core as ms
from maxstim_core.comparison.equal_energy import Found
from maxstim_core.comparison.headline import EQUAL, FULL, ControlRow, in_one_line
from maxstim_core.comparison.report import lines_of, report_of
from maxstim_core.comparison.shares import NEXT_TO_NOTHING, is_next_to_nothing, share_of
from maxstim_core.comparison.textbook import FAMILIES
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.objectives.chosen import Objective
from maxstim_core.runs.comparisons import curve_config


def generated(network, cell_type, **settings):
    config = ms.GenerateConfig(**{"t_stim": 0.1, "n_iters": 12, **settings})
    return ms.finish(ms.generate(network, cell_type, config))


def controlled(answer, network, clips, **given):
    return ms.finish(ms.controls(answer, network, clips=clips, **given))


def responses_to(network, movies, cell_type):
    """Responses of the central cell, shape (sample, frame), in RMS above grey."""
    kind, units = network.cell_type(cell_type), ms.response_units(network)
    cells = network.layout.central_cells[[kind]]
    voltage = ms.simulate(network, movies, 0.01, cells=cells).values[..., 0]
    return (voltage - units.grey[kind]) / units.rms[kind]


def test_what_became_of_drive_is_compared_by_how_it_suppresses(network, clips):
    schedule = "6: objective=suppress"
    answer = generated(
        network, "Mi1", objective="drive", energy=10.0, schedule=schedule, n_iters=40
    )
    other = ms.open_network("maxstim/002")
    found = controlled(answer, network, clips, others=[other])
    assert (
        found.attrs["objective"] == "suppress" and found.attrs["config"] == answer.attrs["config"]
    )
    edges = found.isel(control=(found.family.values == "edge") & (found.shown.values == FULL))
    assert float(edges.control_response[0]) < 0, "the edge that suppresses most"
    assert "the other way" not in found.attrs["headline"]
    last = float(responses_to(other, answer.stimulus.values[None], "Mi1")[0, -1])
    assert float(found.transfer_response[1]) == pytest.approx(last, abs=1e-4)


def test_what_was_made_by_drive_at_last_is_about_no_contrast(network, clips):
    schedule = "6: objective=drive"
    answer = generated(network, "T4c", objective="contrast:T4a,T4b", energy=20.0, schedule=schedule)
    found = controlled(answer, network, clips)
    last = float(responses_to(network, answer.stimulus.values[None], "T4c")[0, -1])
    assert found.attrs["response"] == pytest.approx(last, abs=1e-4)
    assert "contrast" not in found.attrs and "the contrast fails" not in found.attrs["headline"]
    assert found.named.values.tolist() == ["T4c"]


def test_what_became_a_contrast_is_compared_by_it(network, clips):
    schedule = "6: objective=contrast:R2,R3"
    answer = generated(network, "R1", objective="drive", energy=10.0, schedule=schedule)
    found = controlled(answer, network, clips)
    assert found.named.values.tolist() == ["R1", "R2", "R3"]
    assert found.attrs["contrast"] == answer.attrs["contrast"]
    assert "the contrast fails: R" in found.attrs["headline"]


def test_what_became_a_level_is_told_as_one(network, clips):
    schedule = "6: objective=level:0.5"
    found = controlled(
        generated(network, "Mi1", objective="drive", schedule=schedule), network, clips
    )
    assert "for the level 0.5" in found.attrs["headline"]
    assert report_of(found)["stretch"] is None


def test_a_window_that_was_moved_counts_as_it_was_last(network, clips):
    schedule = "6: window=0.04:0.07"
    answer = generated(network, "Mi1", objective="drive", energy=10.0, schedule=schedule)
    found = controlled(answer, network, clips)
    seen = responses_to(network, found.control_stimulus.values, "Mi1")[:, 4:7].mean(1)
    np.testing.assert_allclose(found.control_response, seen, atol=2e-3)


def test_what_was_stopped_before_a_change_is_judged_by_what_came_before(network, clips):
    config = ms.GenerateConfig(
        t_stim=0.1, n_iters=12, objective="drive", energy=10.0, schedule="6: objective=suppress"
    )
    for n_done, objective in ((6, "drive"), (7, "suppress")):
        run = ms.generate(network, "Mi1", config)
        for report in run:
            if report.step == n_done:
                break
        answer = run.result()
        assert controlled(answer, network, clips).attrs["objective"] == objective
        assert curve_config(answer).objective == objective and not curve_config(answer).schedule


def test_what_restarts_do_is_no_share_of_nothing_and_the_lowest_is_best_of_suppress(network):
    config = ms.GenerateConfig(
        t_stim=0.05, n_iters=4, objective="drive", window="0:0.01", energy=5.0
    )
    found = ms.finish(ms.restarts(network, "T4c", config, seeds=1, different=1))
    assert np.isnan(found.attrs["spread"])
    config = ms.GenerateConfig(t_stim=0.1, n_iters=4, objective="suppress", energy=10.0)
    stopped = ms.restarts(network, "Mi1", config, seeds=1, different=2).result()
    assert float(stopped.different_response[0]) == float(stopped.counted_response.min())


def test_of_a_disagreement_it_is_told_what_both_do(network, clips):
    second, third = ms.open_network("maxstim/002"), ms.open_network("maxstim/003")
    asked = {"objective": "drive", "across": "disagreement", "n_iters": 20, "energy": 20.0}
    answer = generated([network, second], "T4c", **asked)
    found = controlled(answer, network, clips, others=[second, third])
    own, other = found.transfer_response.values[:2]
    line = found.attrs["headline"]
    assert own - other > 0.5, "a success"
    assert line.startswith(
        f"{own:.2f} RMS in default, {other:.2f} in maxstim/002, from which it was to differ"
    )
    assert "made for too" not in line and line.endswith("another network")
    assert found.relation.values.tolist() == ["fitted", "opposed", "predicted"]
    assert "; in default alone, " in line and "× the best clip" in line
    alone = controlled(answer, network, clips).attrs["headline"]
    assert alone.startswith(f"{own:.2f} RMS in default, which it was to tell from maxstim/002")


def in_all_words(found):
    report = json.loads(json.dumps(report_of(found), allow_nan=False))
    return report, "\n".join(lines_of(report))


@pytest.mark.parametrize(
    ("name", "cell_type", "settings"),
    [
        ("default", "T4c", {"stim_window": "0.06:0.1", "window": "0.02:0.04", "energy": 5.0}),
        ("default", "T4c", {"window": "0:0.02", "energy": 5.0}),
        ("default", "T4c", {"window": "0:0.02", "objective": "suppress"}),
        ("default", "T4c", {"window": "0:0.02", "objective": "contrast:T4a"}),
        ("default", "T4c", {}),
        # Its cells settle slowly: grey does 0.1 RMS and more.
        ("maxstim/007", "T5c", {"t_stim": 0.25}),
    ],
)
def test_of_what_does_nothing_no_quotient_is_told(clips, name, cell_type, settings):
    network = ms.open_network(name)
    answer = generated(network, cell_type, **{"objective": "drive", "n_iters": 2, **settings})
    if "window" not in settings:
        answer = answer.assign(stimulus=0 * answer.stimulus + np.float32(0.5))
    found = controlled(answer, network, clips, others=[ms.open_network("maxstim/002")])
    line, (report, text) = found.attrs["headline"], in_all_words(found)
    assert (
        "next to nothing" in line
        and "×" not in line
        and "of the response" not in line.split(",")[1]
    )
    assert "RMS in another network" in line and "-0.00" not in line.split(";")[0]
    assert report["next_to_nothing"] and report["stretch"] is None and report["smallest"] == {}
    assert all(row["share"] is None for row in [*report["controls"], *report["transfer"]])
    assert "alone keep" not in text and " nan " not in text
    for part in ("pixels", "columns", "frames"):
        about = found[f"smallest_{part}"]
        assert not about.any() and about.attrs["size"] == 0 and np.isnan(about.attrs["share"])
    grey = responses_to(network, np.full_like(answer.stimulus.values[None], 0.5), cell_type)
    if "window" not in settings:
        assert found.attrs["grey_response"] == pytest.approx(float(grey[0, -1]), abs=1e-4)
        assert found.attrs["response"] == pytest.approx(found.attrs["grey_response"], abs=1e-6)
        assert (name == "default") == (abs(float(grey[0, -1])) < NEXT_TO_NOTHING)


def test_nothing_is_divided_by_a_control_that_does_nothing():
    grey = np.full((2, 7), 0.5, np.float32)
    rows = [ControlRow("answer", EQUAL, Found("the answer", grey, 1.0, 1.0))]
    controls = {("edge", FULL): 2.0, ("edge", EQUAL): 0.01, ("natural", FULL): -0.02}
    rows += [ControlRow(*kind, Found("", grey, each, 1.0)) for kind, each in controls.items()]
    line = in_one_line(rows, Objective("drive"), 1, [])
    assert line == (
        "0.50 × the best edge at full contrast, next to nothing by the best edge at equal energy, next "
        "to nothing by the best clip at full contrast"
    )


def test_what_an_answer_is_compared_with_twice_is_named_once():
    grey = np.full((2, 7), 0.5, np.float32)
    rows = [ControlRow("answer", EQUAL, Found("the answer", grey, 1.0, 1.0))]
    controls = {("edge", FULL): 2.0, ("edge", EQUAL): 0.5, ("natural", FULL): 0.8}
    controls |= {("bar", FULL): 0.1, ("bar", EQUAL): 0.4, ("natural", EQUAL): 0.4}
    rows += [ControlRow(*kind, Found("", grey, each, 1.0)) for kind, each in controls.items()]
    assert in_one_line(rows, Objective("drive"), 1, []) == (
        "0.50 × the best edge at full contrast, 2.00 × at equal energy, 1.25 × the best clip at full "
        "contrast, 2.50 × at equal energy"
    )
    rows.append(ControlRow("flash", EQUAL, Found("", grey, 1.6, 1.0)))
    assert in_one_line(rows, Objective("drive"), 1, []).startswith(
        "0.50 × the best edge at full contrast, 0.62 × the best flash at equal energy, 1.25 ×"
    )


def test_quotients_are_there_where_they_mean_something():
    assert share_of(1.0, 2.0) == 0.5 and share_of(-1.0, 2.0) == -0.5
    assert np.isnan(share_of(1.0, 0.0)) and np.isnan(share_of(1.0, -0.049))
    assert share_of(1.0, 0.25, grey=0.1) == 4.0 and np.isnan(share_of(1.0, 0.12, grey=0.1))
    assert is_next_to_nothing(np.float64(0)) is True, "as JSON has it"
    assert is_next_to_nothing(-0.01, grey=0.2) and not is_next_to_nothing(-0.2, grey=0.2)


def test_one_of_them_alone_keeps_it(network, clips):
    found = controlled(
        generated(network, "R1", objective="drive", energy=0.5, rings=0), network, clips
    )
    report, text = in_all_words(found)
    assert report["smallest"]["columns"]["size"] == 1
    assert "\n1 column alone keeps 1.00 of the response." in text
    assert f"\n{report['smallest']['pixels']['size']} pixels alone keep " in text


def test_the_best_clip_is_told_both_ways(network, clips):
    found = controlled(generated(network, "T4c", objective="drive", energy=20.0), network, clips)
    report, text = in_all_words(found)
    rows = {(row["family"], row["shown"]): row["response"] for row in report["controls"]}
    own, said = report["response"], []
    for shown in (FULL, EQUAL):
        best = max(rows[family, shown] for family in FAMILIES)
        assert f"{own / best:.2f} × " in report["headline"]
        what = "the best clip " if shown == FULL else ""
        said.append(f"{own / rows['natural', shown]:.2f} × {what}at {shown}")
    assert report["headline"].endswith(", ".join(said))
    full, equal = rows["natural", FULL], rows["natural", EQUAL]
    assert f"the best clip reaches {full:.2f} at full contrast, {equal:.2f} at equal energy" in text
    assert report["stretch"] == pytest.approx(own / full, rel=1e-4), "that at full contrast"


def test_an_answer_without_the_frames_that_count_is_refused_before_the_work(network, clips):
    answer = generated(network, "Mi1", objective="drive", window="0.04:0.07", n_iters=2)
    whole = ms.controls(answer.isel(frame=slice(0, 7)), network, clips=clips)
    assert whole.result().attrs["response"] == pytest.approx(
        ms.controls(answer, network, clips=clips).result().attrs["response"], rel=1e-5
    )
    moved = generated(network, "Mi1", objective="drive", n_iters=2, schedule="1: window=0.04:0.07")
    for cut in (slice(0, 6), slice(0, 3), slice(2, 10), slice(0, 10, 2), slice(0, 0)):
        for one in (answer, moved):
            with pytest.raises(MaxstimError, match="give the whole answer"):
                ms.controls(one.isel(frame=cut), network, clips=clips)
    last = generated(network, "Mi1", objective="drive", n_iters=2)
    shorter = ms.controls(last.isel(frame=slice(4, 10)), network, clips=clips).result()
    assert shorter.sizes["frame"] == 6
    for cut in (slice(0, 10, 2), slice(0, 0)):
        with pytest.raises(MaxstimError, match="give the whole answer"):
            ms.controls(last.isel(frame=cut), network, clips=clips)
    unshowable = last.assign(stimulus=last.stimulus * np.nan)
    with pytest.raises(MaxstimError, match="not finite"):
        ms.controls(unshowable, network, clips=clips)
