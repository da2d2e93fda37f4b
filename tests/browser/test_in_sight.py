"""What a person asks for is in sight where they are, in a window of a usual size."""

from __future__ import annotations

import re

import pytest
from page_waits import until
from playwright.sync_api import Page, expect
from serving import Served

PATIENCE = 300_000
"""Milliseconds that a run may take on a slow machine before a test gives up."""

SIZE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("sight"))
    yield served
    served.stop()


def status(page: Page):
    return page.get_by_test_id("run-status")


def enter(page: Page, label: str, value: object) -> None:
    entry = page.get_by_role("textbox", name=label).filter(visible=True).first
    entry.fill(str(value))
    entry.press("Enter")


def scroll_down(page: Page) -> None:
    """Scroll the answer to its end by the wheel."""
    page.mouse.move(800, 600)
    page.mouse.wheel(0, 9000)
    left = "node => node.scrollHeight - node.clientHeight - node.scrollTop"
    until(page, lambda: page.locator("main").evaluate(left), lambda rest: rest < 1)
    page.wait_for_timeout(400)
    assert scrolled(page) > 200


def scrolled(page: Page) -> float:
    return page.locator("main").evaluate("node => node.scrollTop")


def expect_at_top(page: Page) -> None:
    until(page, lambda: scrolled(page), lambda top: top == 0)
    page.wait_for_timeout(500)  # nothing moves it afterwards
    assert scrolled(page) == 0
    expect_play_in_sight(page)


def expect_play_in_sight(page: Page, height: int = SIZE["height"]) -> None:
    play = page.get_by_test_id("player").get_by_role("button", name=re.compile("Play|Pause")).first
    until(
        page, play.bounding_box, lambda box: box is not None and box["y"] + box["height"] <= height
    )


def paint_a_little(page: Page) -> None:
    page.get_by_test_id("view-paint").click()
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))
    page.get_by_test_id("paint-canvas").focus()
    page.keyboard.press(" ")
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-settled", "true")


def test_a_row_of_the_runs_clicked_by_mouse_brings_its_answer_into_sight(visit):
    page = visit("?cell=Mi1", **SIZE)
    enter(page, "Stimulus duration", 0.1)
    for seed in (1, 2):
        enter(page, "Iterations", 2)
        enter(page, "Seed", seed)
        page.get_by_test_id("run").click()
        expect(page.locator(".run .chip.done")).to_have_count(seed, timeout=PATIENCE)
    for row in (0, 1):
        scroll_down(page)
        box = page.locator(".run[data-state=done]").nth(row).bounding_box()
        page.mouse.click(box["x"] + 40, box["y"] + 12)
        expect_at_top(page)


def test_what_begins_or_opens_in_another_view_is_in_sight(visit):
    page = visit("?cell=Mi1", **SIZE)
    enter(page, "Iterations", 2)
    page.get_by_test_id("pin").click()
    scroll_down(page)
    paint_a_little(page)
    page.get_by_test_id("paint-generated").click()
    expect(page.get_by_test_id("player")).to_be_visible(timeout=PATIENCE)
    expect_at_top(page)
    expect(status(page)).to_contain_text("is done", timeout=PATIENCE)

    scroll_down(page)
    where = scrolled(page)
    page.get_by_test_id("view-compare").click()
    page.get_by_test_id("view-answer").click()
    assert scrolled(page) == where, "who only looked elsewhere comes back to where they were"
    page.get_by_test_id("view-compare").click()
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_test_id("player")).to_be_visible()
    expect_at_top(page)


def test_play_stays_in_sight_below_a_headline_of_some_lines_and_a_note(visit):
    page = visit("?cell=Mi1", **SIZE)
    for label, value in (("Stimulus duration", 0.2), ("Iterations", 2000), ("Seed", 9)):
        enter(page, label, value)
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "true")
    pause = page.get_by_test_id("steer-pause")
    pause.click()
    expect(pause).to_have_text("Go on")
    there = int(re.search(r"(\d+) of 2000", status(page).text_content())[1])
    enter(page, "Pull to grey", 500)
    enter(page, "Weight of the response", 2)
    enter(page, "Iterations", there + 40)
    expect(status(page)).to_contain_text(f"of {there + 40}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("h1").first).to_contain_text("Cancelled early")
    # What it was made by is chosen, its changes on the way among it: there is nothing to note.
    expect(page.locator("p.note").filter(visible=True)).to_have_count(0)
    said = f"{there} of {there + 40} iterations"
    changes = (
        f"after {there}: weight of the response 2, pull to grey 500 and iterations {there + 40}"
    )
    expect(page.locator(".run").first).to_contain_text(said)
    expect(page.locator(".run").first).to_contain_text(changes)
    note = f"Changes on the way make it {there + 40} in all."
    expect(page.get_by_text(note).filter(visible=True)).to_be_visible()
    expect_play_in_sight(page)
    enter(page, "Learning rate", 0.03)
    enter(page, "Stimulus duration", 0.3)
    enter(page, "Seed", 10)
    expect(page.locator("p.note").filter(visible=True)).to_contain_text("This answer was made with")
    page.wait_for_timeout(500)
    expect_play_in_sight(page)


COMPARED = (
    "1.32 × the best grating at full contrast, 2.05 × the best flash at equal energy, 1.94 × the best "
    "clip at full contrast, 2.71 × at equal energy; a median of 0.55 of the response in the 9 other "
    "networks"
)
"""What controls say of an answer, about as long as it can be."""


@pytest.mark.parametrize("method", ["natural", "regularized", "generated"])
def test_what_controls_say_is_read_whole_and_play_stays_in_sight(visit, method):
    page = visit(f"?cell=T4c&method={method}", **SIZE)
    expect(page.locator("h1").first).to_contain_text(method)
    line = page.locator("p.verdict")
    line.evaluate(
        "(node, text) => Object.assign(node, {textContent: text, hidden: false})", COMPARED
    )
    for width, height in ((1280, 800), (1920, 1080), (1024, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        cut = line.evaluate(
            "node => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight + 1"
        )
        assert not cut, (width, height)
        if width >= 1280:
            expect_play_in_sight(page, height)


def test_keys_are_told_to_who_has_them(visit):
    hint = "Ctrl + Enter runs"
    expect(visit("?cell=Mi1", **SIZE).get_by_text(hint)).to_be_visible()
    page = visit("?cell=Mi1", width=390, height=844)
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.get_by_test_id("run")).to_be_visible()
    expect(page.get_by_text(hint)).to_be_hidden()
