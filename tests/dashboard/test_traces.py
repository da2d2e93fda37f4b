"""The overlay of the central traces, and the plots of the loss."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.document.events import ColumnsStreamedEvent
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text.words import equation, equation_html
from dashboard.views.losses import DECADES, Losses, above_lowest, log_powers
from dashboard.views.traces import Traces, aligned, deviation_sentence
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import METHODS, GenerateConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.objectives.terms import Term
from maxstim_core.optimal.result import clip_of
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The bundled examples by method."""
    library = ResultLibrary(tmp_path_factory.mktemp("empty"))
    return {entry.method: library.open(entry.key) for entry in library.entries()}


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
    drawn = {item.label.value for item in traces.figure.legend[0].items if item.visible}
    assert drawn == {"Natural"}
    assert "Run Regularized of this clip and Generated to compare." in traces.note.object
    traces.show(answers)
    drawn = {item.label.value for item in traces.figure.legend[0].items if item.visible}
    assert drawn == {"Natural", "Regularized", "Generated", "Target"}


def test_the_target_keeps_its_distance_from_the_prediction(answers):
    traces = Traces()
    traces.show(answers)
    regularized = answers["regularized"]
    wanted = regularized["target_response"].values - regularized["central_response"].values
    for from_baseline in (False, True):
        traces.baseline.value = from_baseline
        data = traces._target.data
        np.testing.assert_allclose(data["value"] - data["predicted"], wanted, atol=1e-6)


def test_the_deviation_is_said(answers):
    regularized = answers["regularized"]
    exact = regularized.assign(target_response=regularized["central_response"])
    assert "deviation 0," in deviation_sentence(exact)
    assert deviation_sentence(answers["generated"]) == ""


def test_losses_are_streamed_while_one_run_goes_on_and_start_afresh_for_another():
    losses, rows = Losses(), np.arange(12.0).reshape(4, 3) - 3
    losses.show("a", ("total", "response", "grey"), rows[:2])
    document, streamed = Document(), []
    document.add_root(losses.source)
    document.on_change(lambda event: streamed.append(event))
    losses.show("a", ("total", "response", "grey"), rows)
    np.testing.assert_array_equal(losses.source.data["term_0"], rows[:, 0])
    np.testing.assert_array_equal(losses.source.data["iteration"], range(4))
    assert [len(event.data["term_0"]) for event in streamed] == [2], "the new rows alone"
    assert isinstance(streamed[0], ColumnsStreamedEvent)
    losses.show("b", ("total", "response", "grey"), rows[:1])
    np.testing.assert_array_equal(losses.source.data["iteration"], [0])
    assert [plot.title.text for plot in losses.plots["linear"]] == [
        "Total loss",
        "Response term",
        "Grey term",
    ]


@dataclass(frozen=True)
class Smooth(Term):
    """A fourth term, of which the page has never heard."""

    name = "smooth_in_time"
    symbols: ClassVar = {"x": "luminance", "t": "frames", "h": "columns"}

    def __call__(self, stimulus, response):
        return stimulus.diff(dim=-2).square().mean((-2, -1))

    def __str__(self):
        return "mean_th (x_th - x_t)^2"


@pytest.fixture
def four_terms(monkeypatch):
    """The generated method with one more term, weighed by a setting that there is."""
    method = METHODS["generated"]
    own = method.terms

    def terms(config, target):
        return {**own(config, target), "lr": Smooth()}

    monkeypatch.setitem(METHODS, "generated", dataclasses.replace(method, terms=terms))


def test_one_more_term_of_a_loss_is_drawn_with_its_own_words(four_terms):
    run = generate(prior_network(1), "T4c", GenerateConfig(t_stim=0.05, n_iters=3))
    losses = Losses()
    losses.show("before", ("total", "response", "grey"), np.ones((2, 3)))
    rows = np.concatenate([report.losses for report in run])
    losses.show("run", run.terms, rows)
    losses.scale.value = "log"
    for scale, source in (("linear", losses.source), ("log", losses.log_source)):
        plots = losses.plots[scale]
        drawn = [plot.renderers[0] for plot in plots]
        assert [line.glyph.y for line in drawn] == [f"term_{k}" for k in range(4)]
        assert all(line.data_source is source for line in drawn)
        assert [plot.title.text.split(",")[0] for plot in plots] == [
            "Total loss", "Response term", "Grey term", "Smooth in time term",
        ]  # fmt: skip
        assert [pane.object for pane in losses._boxes[scale].objects] == plots
    np.testing.assert_array_equal(losses.source.data["term_3"], rows[:, 3])
    assert rows[:, 3].min() > 0
    losses.show("after", ("total", "grey"), np.ones((1, 2)))
    assert len(losses.plots["linear"]) == len(losses.plots["log"]) == 2


def test_one_more_term_of_a_loss_is_in_the_formula(four_terms):
    assert equation(GenerateConfig()).endswith(" + lr * mean_th (x_th - x_t)^2")
    assert "+ <b>Learning rate</b> · mean<sub>t,h</sub> (x" in equation_html(GenerateConfig())


def test_log_plots_can_be_asked_for_before_there_is_a_run():
    losses = Losses()
    losses.scale.value = "log"
    losses.show("a", ("total", "grey"), np.array([[2.0, 1.0], [1.0, 1.0]]))
    assert len(losses.plots["log"]) == 2
    np.testing.assert_array_equal(losses.log_source.data["term_0"], [1, np.nan])


def test_nothing_is_left_of_an_answer_that_is_no_longer_shown(answers):
    traces = Traces()
    traces.show(answers)
    traces.show({"generated": answers["generated"]})
    empty = [traces._target, traces._sources["natural"], traces._sources["regularized"]]
    assert all(len(values) == 0 for source in empty for values in source.data.values())


def test_the_note_says_where_each_line_comes_from(answers):
    traces = Traces()
    traces.show(answers)
    clip = clip_of(answers["natural"])
    for said in (f"from {clip} · 100 iterations", "200 iterations · seed 0", "Natural</b> scene"):
        assert said in traces.note.object


def test_lines_that_lie_upon_each_other_are_told_apart(answers):
    traces = Traces()
    traces.show(answers)
    natural, regularized = (traces._lines[m].glyph for m in ("natural", "regularized"))
    assert natural.line_width > regularized.line_width + 2
    dashes = traces._dashes.glyph
    assert dashes.line_dash and dashes.line_color != regularized.line_color
    assert traces.figure.renderers[-1] is traces._dashes


def test_log_plots_show_how_far_a_term_is_above_its_lowest():
    rows = np.array([[2.0, 0.0, 3.0], [-1.0, -9.0, 3.5], [-2.0, -10.0, 3.0]])
    np.testing.assert_array_equal(
        above_lowest(rows), [[4, 10, np.nan], [1, 1, 0.5], [np.nan, np.nan, np.nan]]
    )
    assert above_lowest(rows[:0]).shape == (0, 3)
    losses = Losses()
    losses.show("a", ("total", "response", "grey"), rows)
    assert "log" not in losses.plots
    losses.scale.value = "log"
    plots = losses.plots["log"]
    assert [plot.title.text for plot in plots] == [
        "Total loss, above its lowest",
        "Response term, above its lowest",
        "Grey term, above its lowest",
    ]
    np.testing.assert_array_equal(losses.log_source.data["term_0"], [4, 1, np.nan])
    assert [plot.yaxis.ticker.ticks for plot in plots] == [[10, 1], [10, 1], [1, 0.1]]
    assert [(plot.y_range.start, plot.y_range.end) for plot in plots] == [
        (1, 10),
        (1, 10),
        (0.1, 1),
    ]
    losses.show("a", ("total", "response", "grey"), np.vstack([rows, [[-12.0, -10.0, 0.0]]]))
    np.testing.assert_array_equal(losses.log_source.data["term_0"], [14, 11, 10, np.nan])


@given(st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=20))
def test_a_log_axis_spans_whole_powers_of_ten_and_not_too_many(values):
    low, top = log_powers(np.array(values))
    assert 1 <= top - low <= DECADES
    assert 10.0**top * (1 + 1e-6) >= max(values)


def test_a_search_shows_its_ranking(answers):
    losses = Losses()
    losses.show_ranking(answers["natural"])
    assert losses.ranking.visible and not losses.scale.visible
    rows = losses.ranking.rows
    assert [row["name"] for row in rows] == list(answers["natural"]["clip_name"].values)
    assert rows[0]["score"] == max(row["score"] for row in rows) > 0
    assert losses.ranking.chosen == 0


def test_only_a_place_that_there_is_can_be_chosen(answers):
    chosen = []
    losses = Losses(chosen.append)
    losses.show_ranking(answers["natural"])
    for message in (2, -1, 99, "1", None):
        losses.ranking._handle_msg(message)
    assert chosen == [2]
