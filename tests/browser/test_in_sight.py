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
    until(page, lambda: (page.mouse.wheel(0, 3000), scrolled(page))[1], lambda top: top > 200)
    page.wait_for_timeout(400)


def scrolled(page: Page) -> float:
    return page.locator("main").evaluate("node => node.scrollTop")


def expect_at_top(page: Page) -> None:
    until(page, lambda: scrolled(page), lambda top: top == 0)
    page.wait_for_timeout(500)  # nothing moves it afterwards
    assert scrolled(page) == 0
    expect_play_in_sight(page)


def expect_play_in_sight(page: Page) -> None:
    play = page.get_by_test_id("player").get_by_role("button", name=re.compile("Play|Pause")).first
    until(page, play.bounding_box, lambda box: box is not None and box["y"] + box["height"] <= 800)


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
        expect(status(page)).to_contain_text("is done", timeout=PATIENCE)
        expect(page.locator(".run .chip.done")).to_have_count(seed)
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
