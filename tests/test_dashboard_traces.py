"""The overlay of the central traces, and the plots of the loss."""

import numpy as np
import pytest

from dashboard.losses import Losses
from dashboard.shelf import Shelf
from dashboard.traces import Traces, aligned, deviation_sentence


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The bundled examples by method."""
    shelf = Shelf(tmp_path_factory.mktemp("empty"))
    return {entry.method: shelf.open(entry.key) for entry in shelf.entries()}


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
    assert "Regularized and Generated" in traces.note.object
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
    before = losses.source.data["linear_0"]
    losses.show("a", ("total", "response", "grey"), rows)
    np.testing.assert_array_equal(losses.source.data["linear_0"], rows[:, 0])
    np.testing.assert_array_equal(losses.source.data["iteration"], range(4))
    assert len(before) in (2, 4)
    losses.show("b", ("total", "response", "grey"), rows[:1])
    np.testing.assert_array_equal(losses.source.data["iteration"], [0])
    assert [plot.title.text for plot in losses.plots["linear"]] == [
        "Total loss",
        "Response term",
        "Grey term",
    ]


def test_the_log_axis_shows_magnitudes():
    losses = Losses()
    losses.show("a", ("total", "response", "grey"), np.array([[-2.0, 0.0, 3.0]]))
    drawn = [losses.source.data[f"log_{term}"][0] for term in range(3)]
    np.testing.assert_array_equal(drawn, [2.0, np.nan, 3.0])


def test_a_search_shows_its_ranking(answers):
    losses = Losses()
    losses.show_ranking(answers["natural"])
    assert losses.ranking.visible and not losses.scale.visible
    assert str(answers["natural"]["clip_name"].values[0]) in losses.ranking.object
