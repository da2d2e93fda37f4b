"""The overlay of the traces and the plots of the loss, as a browser draws them."""

import numpy as np
import pytest
from page_waits import until
from playwright.sync_api import expect

from dashboard.components.widgets.numberfield import NumberField
from dashboard.state.choice import Choice
from dashboard.views.losses import Losses
from dashboard.views.traces import Traces, aligned, overlaid
from maxstim_core.optimal.configs import METHODS
from maxstim_core.runs.library import ResultLibrary


@pytest.fixture
def answers(tmp_path):
    """The bundled examples by method."""
    library = ResultLibrary(tmp_path)
    whole = (entry for entry in library.entries() if entry.has_response)
    return {entry.method: library.open(entry.key) for entry in whole}


COLOURED = """(canvas) => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  const found = new Set()
  for (let k = 0; k < data.length; k += 4) {
    if (data[k + 3] > 250) found.add([data[k], data[k + 1], data[k + 2]].map(
      (part) => part.toString(16).padStart(2, "0")).join(""))
  }
  return [...found]
}"""
"""The opaque colors of a canvas."""

PICTURE = "(canvas) => canvas.toDataURL()"


def test_what_is_shown_is_drawn_and_can_be_hidden_and_zoomed(serve, open_page, answers):
    def drawn_lines():
        plot = Traces().plot
        plot.lines = overlaid(answers)
        return plot

    page = open_page(serve(drawn_lines).url, wait="canvas")
    canvas, legend = page.locator("canvas"), page.get_by_role("group", name="Lines shown")
    expect(legend.get_by_role("button")).to_have_text(
        ["Natural", "Regularized", "Generated", "Target"]
    )
    drawn = METHODS["generated"].color.lower().removeprefix("#")
    until(page, lambda: canvas.evaluate(COLOURED), lambda colors: drawn in colors)
    legend.get_by_role("button", name="Generated").click()
    assert drawn not in canvas.evaluate(COLOURED)
    legend.get_by_role("button", name="Generated").click()

    # Pointing tells the value of every line at that time.
    box = canvas.bounding_box()
    wide = box["width"]
    page.mouse.move(box["x"] + 0.6 * wide, box["y"] + 60)
    tip = page.locator(".plot-tip")
    expect(tip).to_contain_text("Natural")
    _, value = tip.locator("span").first.inner_text().rsplit(" ", 1)
    time, values = aligned(answers["natural"])
    shown_at = float(tip.locator("em").inner_text().split()[0].replace("−", "-"))
    at = np.argmin(abs(time - shown_at))
    assert float(value.replace("−", "-")) == pytest.approx(values[at], abs=1e-3)

    # Dragging zooms, and a double click takes it back.
    page.mouse.move(5, 5)
    before = canvas.evaluate(PICTURE)
    page.mouse.move(box["x"] + 0.5 * wide, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * wide, box["y"] + 80, steps=3)
    page.mouse.up()
    page.mouse.move(5, 5)
    assert canvas.evaluate(PICTURE) != before
    canvas.dblclick(position={"x": 0.5 * wide, "y": 60})
    page.mouse.move(5, 5)
    until(page, lambda: canvas.evaluate(PICTURE), lambda picture: picture == before)


def test_there_are_as_many_plots_as_terms_and_a_log_scale_for_each(serve, open_page, answers):
    loss, shown = answers["generated"]["loss"].values, Losses()
    terms = ("total", "response", "grey")
    shown.show("a", terms, loss[:1])  # nothing above its lowest yet
    served = serve(lambda: shown.plot)
    page = open_page(served.url, wait="canvas")
    plots = page.locator("canvas:visible")
    expect(plots).to_have_count(3)
    page.get_by_role("button", name="Log").click()
    short = plots.first.evaluate(PICTURE)
    served.change(lambda plot: shown.show("a", terms, loss))
    log = until(page, lambda: plots.first.evaluate(PICTURE), lambda picture: picture != short)
    expect(plots).to_have_count(3)
    page.get_by_role("button", name="Linear").click()
    assert plots.first.evaluate(PICTURE) != log
    rows = np.arange(20.0).reshape(5, 4)
    four = ("total", "response", "grey", "slow_in_time")
    served.change(lambda plot: shown.show("b", four, rows))
    expect(plots).to_have_count(4)
    expect(plots.nth(3)).to_have_attribute("aria-label", "Slow in time over the iterations")
    served.change(lambda plot: shown.show("c", four[:2], rows[:, :2]))
    expect(plots).to_have_count(2)
    served.change(lambda plot: shown.show_ranking(answers["natural"]))
    expect(page.get_by_role("heading", name="Best clips")).to_be_visible()
    expect(plots).to_have_count(0)


def test_a_number_is_labelled_with_its_unit(serve, open_page):
    served = serve(lambda: NumberField(Choice().settings["generated"], "t_stim"))
    page = open_page(served.url, wait="input")
    expect(page.get_by_label("Stimulus duration (s):")).to_have_value("0.8")
    expect(page.get_by_role("slider", name="Stimulus duration (s), slider")).to_be_visible()
