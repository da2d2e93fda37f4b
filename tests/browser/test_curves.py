"""The overlay of the traces and the plots of the loss, as a browser draws them."""

import time

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.components.widgets.numberfield import NumberField
from dashboard.state.choice import Choice
from dashboard.views.losses import Losses
from dashboard.views.traces import Traces
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture
def answers(tmp_path):
    """The bundled examples by method."""
    library = ResultLibrary(tmp_path)
    return {entry.method: library.open(entry.key) for entry in library.entries()}


def test_the_axes_have_the_range_of_what_is_shown(serve, open_page, answers):
    served = serve(Traces)
    open_page(served.url, wait="canvas")

    def range_of(shown):
        served.change(lambda traces: traces.show(shown))
        ends = []

        def read(traces):
            ends.append((traces.figure.x_range.end, traces.figure.y_range.start))

        for _ in range(100):  # the browser says what it made of the data
            served.change(read)
            if len(ends) > 5 and ends[-1] == ends[-5] and None not in ends[-1]:
                return ends[-1]
            time.sleep(0.1)
        raise AssertionError(f"The browser came to no range: {ends[-1]}.")

    right, low = range_of(answers)
    assert right > 500 and low < -1
    # A generated answer peaks at its end and hardly falls below grey.
    right, low = range_of({"generated": answers["generated"]})
    assert right < 100 and low > -1


def test_log_plots_are_made_when_asked_for_and_nothing_is_said_to_the_console(
    serve, open_page, answers
):
    said, loss = [], answers["generated"]["loss"].values
    terms, titles = ("total", "response", "grey"), ("Total loss", "Response term", "Grey term")

    def app():
        losses = Losses()
        losses.show("a", terms, loss[:1])  # nothing above its lowest yet
        return losses

    served = serve(app)
    page = open_page("about:blank")
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.goto(served.url)
    page.locator("canvas").first.wait_for()
    page.wait_for_timeout(1000)
    assert "log" not in served.sessions[-1][1].plots
    page.get_by_role("button", name="Log").click()
    made = []
    for _ in range(100):
        served.change(lambda losses: made.append("log" in losses.plots))
        if made[-1]:
            break
        time.sleep(0.1)
    plots = page.locator(".bk-Figure:visible")
    expect(plots).to_have_count(3)
    served.change(lambda losses: losses.show("a", terms, loss))
    served.change(lambda losses: said.append([plot.title.text for plot in losses.plots["log"]]))
    page.wait_for_timeout(1500)
    assert said.pop() == [f"{title}, above its lowest" for title in titles]
    assert [text for kind, text in said if kind in ("warning", "error")] == []
    page.get_by_role("button", name="Linear").click()
    expect(plots).to_have_count(3)


def test_a_run_with_more_terms_has_more_plots_and_nothing_is_said_to_the_console(serve, open_page):
    said, rows = [], np.arange(20.0).reshape(5, 4)

    def app():
        losses = Losses()
        losses.show("a", ("total", "response", "grey"), rows[:, :3])
        return losses

    served = serve(app)
    page = open_page("about:blank")
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.goto(served.url)
    plots = page.locator(".bk-Figure:visible")
    expect(plots).to_have_count(3)
    page.wait_for_timeout(1000)  # until the page is ready, Panel tells it of no new plots
    four = ("total", "response", "grey", "slow_in_time")
    served.change(lambda losses: losses.show("b", four, rows[:3]))
    expect(plots).to_have_count(4)
    served.change(lambda losses: losses.show("b", four, rows))
    page.get_by_role("button", name="Log").click()
    expect(plots).to_have_count(4)
    served.change(lambda losses: losses.show("c", four[:2], rows[:, :2]))
    expect(plots).to_have_count(2)
    page.wait_for_timeout(1000)
    assert [text for kind, text in said if kind in ("warning", "error")] == []


def test_a_number_is_labelled_with_its_unit(serve, open_page):
    served = serve(lambda: NumberField(Choice().settings["generated"], "t_stim"))
    page = open_page(served.url, wait="input")
    expect(page.get_by_label("Stimulus duration (s):")).to_have_value("0.8")
    expect(page.get_by_role("slider", name="Stimulus duration (s), slider")).to_be_visible()
