"""The overlay of the central traces, and the plots of the loss."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packed import unpacked

from dashboard.text.words import equation, equation_html
from dashboard.views.losses import (
    DECADES,
    MOST_POINTS,
    Losses,
    above_lowest,
    log_powers,
    packed_losses,
)
from dashboard.views.traces import Traces, aligned, deviation_sentence, overlaid
from maxstim_core.export.captions import with_degrees
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import METHODS, GenerateConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.objectives.terms import Gradient, Term
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The bundled examples by method."""
    library = ResultLibrary(tmp_path_factory.mktemp("empty"))
    whole = (entry for entry in library.entries() if entry.has_response)
    return {entry.method: library.open(entry.key) for entry in whole}


@pytest.mark.parametrize("method", ["natural", "regularized", "generated"])
def test_time_is_zero_at_the_peak(answers, method):
    time, values = aligned(answers[method])
    peaked = answers[method].get("target_response", answers[method]["central_response"])
    assert time[np.argmax(peaked.values)] == 0
    np.testing.assert_allclose(np.diff(time), 1e3 * answers[method].attrs["dt"])
    _, raised = aligned(answers[method], from_baseline=True)
    assert raised[0] == 0
    np.testing.assert_allclose(raised + values[0], values, rtol=1e-6)


def test_only_what_there_is_is_drawn(answers):
    traces = Traces()
    traces.show({"natural": answers["natural"]})
    assert [line["name"] for line in traces.plot.lines] == ["Natural"]
    assert "Run Regularized of this clip and Generated to compare." in traces.plot.note
    traces.show(answers)
    drawn = [line["name"] for line in traces.plot.lines]
    assert drawn == ["Natural", "Regularized", "Generated", "Target"]


def test_the_target_keeps_its_distance_from_the_prediction(answers):
    target = overlaid(answers)[-1]
    regularized = answers["regularized"]
    wanted = regularized["target_response"].values - regularized["central_response"].values
    np.testing.assert_allclose(np.subtract(target["y"], target["band"]), wanted, atol=1e-6)
    # From its baseline, it moves with the answer, by the answer's own first value.
    assert target["base"] == pytest.approx(float(regularized["central_response"][0]))


def test_the_deviation_is_said(answers):
    regularized = answers["regularized"]
    exact = regularized.assign(target_response=regularized["central_response"])
    assert "deviation 0," in deviation_sentence(exact)
    assert deviation_sentence(answers["generated"]) == ""


def test_losses_are_those_of_the_run_and_of_another_start_afresh():
    losses, rows = Losses(), np.arange(12.0).reshape(4, 3) - 3
    for run, shown in (("a", rows[:2]), ("a", rows), ("b", rows[:1])):
        losses.show(run, ("total", "response", "grey"), shown)
        drawn = unpacked(losses.plot.losses)
        assert drawn["run"] == run
        np.testing.assert_array_equal(drawn["iterations"], range(len(shown)))
        np.testing.assert_array_equal(drawn["values"], shown.T)
        titles = [term["title"] for term in drawn["terms"]]
        assert titles == ["Total loss", "Response term", "Grey term"]


@given(st.integers(0, 5 * MOST_POINTS))
def test_of_a_long_run_as_many_iterations_are_drawn_as_can_be_seen(steps):
    values = np.cos(np.arange(steps, dtype=float))[:, None]
    drawn = unpacked(packed_losses("a", ("total",), values))
    kept = drawn["iterations"].astype(int)
    assert len(kept) == min(steps, MOST_POINTS) and (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(drawn["values"][0], values[kept, 0].astype("f4"))
    if steps:
        assert (kept[0], kept[-1]) == (0, steps - 1)
        assert drawn["terms"][0]["lowest"] == values.min()


@dataclass(frozen=True)
class Smooth(Term):
    """A fourth term, of which the page has never heard."""

    name = "smooth_in_time"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns"}

    def __call__(self, stimulus, response):
        return (np.diff(stimulus, axis=-2) ** 2).mean((-2, -1))

    def gradient(self, stimulus, response):
        change = np.diff(stimulus, axis=-2)
        edge = np.zeros_like(stimulus[..., :1, :])
        slope = np.diff(np.concatenate([edge, change, edge], axis=-2), axis=-2)
        return Gradient(stimulus=(-2 / np.prod(change.shape[-2:]) * slope).astype(stimulus.dtype))

    def __str__(self):
        return "mean_th (x_th - x_t)^2"


@pytest.fixture
def four_terms(monkeypatch):
    """The generated method with one more term, weighed by a setting that there is."""
    method = METHODS["generated"]
    own = method.terms

    def terms(config, target, watched):
        return {**own(config, target, watched), "lr": Smooth()}

    monkeypatch.setitem(METHODS, "generated", dataclasses.replace(method, terms=terms))


def test_one_more_term_of_a_loss_is_drawn_with_its_own_words(four_terms):
    run = generate(prior_network(1), "T4c", GenerateConfig(t_stim=0.05, n_iters=3))
    losses = Losses()
    losses.show("before", ("total", "response", "grey"), np.ones((2, 3)))
    rows = np.concatenate([report.losses for report in run])
    losses.show("run", run.terms, rows)
    drawn = unpacked(losses.plot.losses)
    assert [term["title"] for term in drawn["terms"]] == [
        "Total loss", "Response term", "Grey term", "Smooth in time term",
    ]  # fmt: skip
    np.testing.assert_array_equal(drawn["values"], rows.T.astype("f4"))
    assert rows[:, 3].min() > 0
    losses.show("after", ("total", "grey"), np.ones((1, 2)))
    assert len(unpacked(losses.plot.losses)["terms"]) == 2


def test_one_more_term_of_a_loss_is_in_the_formula(four_terms):
    assert equation(GenerateConfig()).endswith(" + lr * mean_th (x_th - x_t)^2")
    assert "+ <b>Learning rate</b> · mean<sub>t,h</sub> (x" in equation_html(GenerateConfig())


def test_nothing_is_left_of_an_answer_that_is_no_longer_shown(answers):
    traces = Traces()
    traces.show(answers)
    traces.show({"generated": answers["generated"]})
    assert [line["name"] for line in traces.plot.lines] == ["Generated"]


def test_the_note_says_where_each_line_comes_from(answers):
    traces = Traces()
    traces.show(answers)
    clip = f"{with_degrees(clip_of(answers['natural']))} of Made scenes"
    assert "22 col/s (128°/s)" in clip
    for said in (f"from {clip} · 100 iterations", "200 iterations · seed 0", "Natural</b> scene"):
        assert said in traces.plot.note


def test_lines_that_lie_upon_each_other_are_told_apart(answers):
    natural, regularized, _, target = overlaid(answers)
    assert natural["width"] > regularized["width"] + 2 and natural["alpha"] < 1
    assert target["dash"] and target["color"] != regularized["color"]


def test_log_plots_show_how_far_a_term_is_above_its_lowest():
    rows = np.array([[2.0, 0.0, 3.0], [-1.0, -9.0, 3.5], [-2.0, -10.0, 3.0]])
    np.testing.assert_array_equal(
        above_lowest(rows), [[4, 10, np.nan], [1, 1, 0.5], [np.nan, np.nan, np.nan]]
    )
    assert above_lowest(rows[:0]).shape == (0, 3)
    terms = unpacked(packed_losses("a", ("total", "response", "grey"), rows))["terms"]
    assert [(term["lowest"], term["powers"]) for term in terms] == [
        (-2, [0, 1]),
        (-10, [0, 1]),
        (3, [-1, 0]),
    ]


@given(st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=20))
def test_a_log_axis_spans_whole_powers_of_ten_and_not_too_many(values):
    low, top = log_powers(np.array(values))
    assert 1 <= top - low <= DECADES
    assert 10.0**top * (1 + 1e-6) >= max(values)


def test_a_search_shows_its_ranking(answers):
    losses = Losses()
    losses.show_ranking(answers["natural"])
    rows = losses.plot.rows
    names = answers["natural"]["clip_name"].values
    assert [row["name"] for row in rows] == [with_degrees(name) for name in names]
    assert rows[0]["score"] == max(row["score"] for row in rows) > 0
    assert losses.plot.chosen == 0


def test_only_a_place_that_there_is_can_be_chosen(answers):
    chosen = []
    losses = Losses(chosen.append)
    losses.show_ranking(answers["natural"])
    for message in (2, -1, 99, "1", None):
        losses.plot._handle_msg(message)
    assert chosen == [2]


def test_curves_of_the_answer_before_say_so_until_there_are_others(answers):
    traces, losses = Traces(), Losses()
    traces.show(answers)
    losses.show_ranking(answers["natural"])
    for plot in (traces, losses):
        plot.say_before(answers["natural"])
        assert plot.plot.whose == "of the answer before: T4c natural"
    traces.show(answers)
    losses.show("run", ("total",), np.ones((2, 1), np.float32))
    assert traces.plot.whose == losses.plot.whose == ""
    losses.say_before(None)
    assert losses.plot.whose == ""
