"""What carried a response, on the page, as a person asks and looks."""

from __future__ import annotations

import re

import pytest
from page_waits import messages, until_quiet
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms

PATIENCE = 300_000
"""Milliseconds that it may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("mechanism"))
    yield served
    served.stop()


def taken_apart(page: Page):
    """Open the section, and have it computed unless it is there."""
    section = page.get_by_test_id("mechanism")
    section.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(section).to_have_attribute("data-state", re.compile("none|there"))
    if section.get_attribute("data-state") == "none":
        section.get_by_role("button", name="Take it apart").click()
    expect(page.get_by_test_id("input-types")).to_be_visible(timeout=PATIENCE)
    return section


def pixels(page: Page, name: str) -> list[int]:
    return page.get_by_role("img", name=name).evaluate(
        "node => [...node.getContext('2d').getImageData(0, 0, node.width, node.height).data]"
    )


def test_a_response_is_taken_apart_shown_and_an_input_type_silenced(visit):
    page = visit()
    section = taken_apart(page)
    rows = page.get_by_test_id("input-types").locator("tbody tr")
    expect(rows).to_have_count(12)
    assert rows.first.get_attribute("data-row") == "T4c", "the table of docs/mechanism.md"
    mi1 = page.get_by_test_id("input-types").locator("tr[data-row='Mi1']")
    expect(mi1.get_by_role("cell")).to_contain_text(["excites", "0.338", "1.262", "0.923", "8 %"])
    mi9 = page.get_by_test_id("input-types").locator("tr[data-row='Mi9']")
    expect(mi9.get_by_role("cell")).to_contain_text(
        ["inhibits", "−0.201", "−0.039", "0.162", "76 %"]
    )

    # The cells of an input type, one click away, in step with the player.
    page.get_by_role("button", name="Show Mi9").click()
    words = page.get_by_test_id("input-cells")
    expect(words).to_contain_text("Mi9, frame")
    expect(page.get_by_role("img", name="Voltage of the central cell, and without")).to_be_visible()
    player = page.get_by_test_id("player")
    before = until_quiet(page)
    player.get_by_role("button", name="First frame").click()
    expect(words).to_contain_text("Mi9, frame 1:")
    first = pixels(page, "Activity of an input type")
    player.get_by_role("button", name="Last frame").click()
    last = int(player.get_attribute("data-frame")) + 1
    expect(words).to_contain_text(f"Mi9, frame {last}:")
    assert pixels(page, "Activity of an input type") != first
    plot = page.get_by_role("img", name="Contributions of input types over time")
    box = plot.bounding_box()
    plot.click(position={"x": 60 + (box["width"] - 70) / 2, "y": 40})
    frame = int(player.get_attribute("data-frame"))
    assert 0.35 * last < frame < 0.65 * last
    expect(words).to_contain_text(f"Mi9, frame {frame + 1}:")
    section.get_by_role("combobox", name="Contributions to what").select_option("current")
    assert messages(page) == before, "all of it in the browser"

    # A click turns the switch among the settings.
    silence = page.get_by_role("button", name="Silence Mi9 in the next run")
    silence.click()
    expect(silence).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("location.search.includes('silence=Mi9')")
    silence.click()
    expect(silence).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Silence T4c in the next run")).to_be_disabled()

    # It is kept: who opens the page again waits for nothing.
    again = visit()
    opened = taken_apart(again)
    expect(opened).to_have_attribute("data-state", "there")


def test_it_goes_home_as_a_file(visit, tmp_path):
    page = visit()
    section = taken_apart(page)
    with page.expect_download() as download:
        section.get_by_role("button", name="Take home (NetCDF)").click()
    download.value.save_as(tmp_path / "mechanism.nc")
    found = ms.load(tmp_path / "mechanism.nc")
    above = found.central_response - found.grey_voltage
    parts = (found.voltage_contribution - found.grey_voltage_contribution).sum("source_type")
    assert abs(above - parts).max() < 1e-5


def test_the_table_of_input_types_fits_beside_the_eye(visit, tmp_path):
    page = visit(width=1280, height=800)
    taken_apart(page)
    table = page.get_by_test_id("input-types")
    room = table.locator("xpath=..")
    page.locator("[data-silence=Tm3]").click()
    expect(page.locator("[data-silence=Tm3]")).to_have_text("Silenced")
    assert room.evaluate("node => node.scrollWidth <= node.clientWidth")
    heights = table.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.offsetHeight)")
    assert max(heights) - min(heights) <= 2, "no name falls below its dot"
