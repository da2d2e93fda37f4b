"""Painting on the page, as a person does by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from page_waits import MAIN_SCROLL, until
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms

PATIENCE = 300_000
"""Milliseconds that a run may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("paint"))
    yield served
    served.stop()


def open_view(page: Page) -> None:
    page.get_by_test_id("view-paint").click()
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))


def score(page: Page, name: str = "energy") -> float:
    return float(page.get_by_test_id("paint-score").get_attribute(f"data-{name}"))


SCORE = """() => {
    const find = (root) => {
        const table = root.querySelector("[data-testid=paint-score]")
        if (table) return table
        for (const {shadowRoot} of root.querySelectorAll("*")) {
            const found = shadowRoot && find(shadowRoot)
            if (found) return found
        }
        return null
    }
    const table = find(document)
    if (!table || table.dataset.energy === "") return false
    if (table.closest("[data-testid=paint-view]").dataset.settled !== "true") return false
    const [energy, response] = [table.dataset.energy, table.dataset.response].map(Number)
    return CONDITION
}"""


def until_score(page: Page, is_so: str) -> None:
    """Wait until all is answered, and `energy` and `response` fulfil a condition in JavaScript."""
    page.wait_for_function(SCORE.replace("CONDITION", is_so))


def middle(page: Page) -> tuple[float, float, float]:
    """Return the middle of the canvas, and the width of a column."""
    canvas = page.get_by_test_id("paint-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 31


def test_a_person_paints_with_the_mouse_and_sees_the_response_change(visit):
    page = visit("?cell=Mi1")
    open_view(page)
    expect(page.get_by_test_id("paint-verdict")).to_have_text(re.compile("Nothing is painted yet"))
    x, y, column = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3 * column, y, steps=6)
    page.mouse.up()
    until_score(page, "energy > 1 && response > 0.05")
    one_stroke = score(page)
    expect(page.get_by_test_id("paint-verdict")).to_have_text(re.compile("optimizer"))

    # Erased with the right button where it was painted, there is nothing left.
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 3 * column, y, steps=6)
    page.mouse.up(button="right")
    until_score(page, "energy === 0")
    page.get_by_test_id("paint-undo").click()
    until_score(page, f"Math.abs(energy - {one_stroke}) < 1e-6")
    page.get_by_test_id("paint-redo").click()
    until_score(page, "energy === 0")
    page.get_by_test_id("paint-undo").click()
    page.get_by_test_id("paint-undo").click()
    until_score(page, "energy === 0")
    expect(page.get_by_test_id("paint-undo")).to_be_disabled()


def test_a_person_paints_by_keyboard(visit):
    page = visit("?cell=Mi1&view=paint")
    canvas = page.get_by_test_id("paint-canvas")
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))
    page.get_by_test_id("brush-frames").fill("3")
    page.get_by_test_id("brush-frames").press("Enter")
    canvas.focus()
    for key in ("[", "9", " "):
        canvas.press(key)
    until_score(page, "Math.abs(energy - 3 / 4) < 1e-6")  # one column, white, in three frames
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "1", " "):
        canvas.press(key)
    until_score(page, "Math.abs(energy - 6 / 4) < 1e-6")
    expect(page.get_by_test_id("paint-column")).to_have_text("Column (−2, 2): 0 % of white.")
    canvas.press("0")
    canvas.press(" ")
    until_score(page, "Math.abs(energy - 3 / 4) < 1e-6")
    canvas.press("Control+z")
    until_score(page, "Math.abs(energy - 6 / 4) < 1e-6")
    for key in (".", ".", "]", "9", " "):
        canvas.press(key)
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-frame", "2")
    until_score(page, "energy > 3")
    canvas.press("c")  # the third frame, over the two that follow: they are it already but for one
    before = score(page)
    assert before > 3


def test_a_textbook_stimulus_in_degrees_starts_a_painting_and_another_cell_watches(visit):
    page = visit("?cell=T4c")
    open_view(page)
    page.get_by_label("Textbook stimulus").select_option("edge")
    page.get_by_label("Speed in degrees per second").fill("110")
    page.get_by_label("Direction in degrees").fill("90")
    page.get_by_test_id("start-textbook").click()
    until_score(page, "energy > 1000 && response > 0.3")
    up = score(page, "response")
    page.get_by_label("Direction in degrees").fill("270")
    page.get_by_label("Direction in degrees").press("Enter")
    page.get_by_test_id("start-textbook").click()
    until_score(page, f"response < 0.7 * {up}")  # T4c prefers upward
    page.get_by_test_id("paint-cell").select_option("T4d")
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-cell", "T4d")
    page.get_by_test_id("start-grey").click()
    until_score(page, "energy === 0")


def test_a_number_that_cannot_be_is_told_at_its_field(visit):
    page = visit("?cell=T4c")
    open_view(page)
    page.get_by_label("Textbook stimulus").select_option("edge")
    speed = page.get_by_label("Speed in degrees per second")
    beside = page.locator(".instead").filter(visible=True)
    for entry, taken, told in (
        ("-5", "1", "not −5"),
        ("100000", "1000", "not 100000"),
        ("", "1000", ""),
    ):
        speed.fill(entry)
        speed.press("Enter")
        expect(speed).to_have_value(taken)
        more = f", {told}" if told else ""
        expect(beside).to_have_text(f"From 1 to 1000: {taken} is taken{more}.")
    speed.fill("90")
    speed.press("Enter")
    expect(beside).to_have_count(0)
    expect(speed).to_have_value("90")


def test_a_painting_outlives_loading_the_page_again(visit):
    page = visit("?cell=Mi1&view=paint")
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))
    canvas = page.get_by_test_id("paint-canvas")
    canvas.focus()
    canvas.press(" ")
    until_score(page, "energy > 1")
    before = score(page)
    page.wait_for_function("sessionStorage.getItem('maxstim-painting') !== null")
    page.reload()
    until_score(page, f"Math.abs(energy - {before}) < 1e-6")


def test_a_painting_plays_and_its_length_changes(visit):
    page = visit("?cell=Mi1&view=paint")
    view = page.get_by_test_id("paint-view")
    expect(view).to_have_attribute("data-serial", re.compile(r"\d+"))
    page.get_by_test_id("paint-play").click()
    expect(view).not_to_have_attribute("data-frame", "0")
    page.get_by_test_id("paint-play").click()
    page.get_by_test_id("paint-length").fill("20")
    page.get_by_test_id("paint-length").press("Enter")
    expect(page.get_by_test_id("paint-frame")).to_have_attribute("max", "19")
    page.get_by_test_id("paint-undo").click()
    expect(page.get_by_test_id("paint-frame")).to_have_attribute("max", "79")


def test_a_painting_is_stored_improved_and_regularized(visit, served, tmp_path):
    page = visit("?cell=Mi1")
    open_view(page)
    canvas = page.get_by_test_id("paint-canvas")
    canvas.focus()
    canvas.press(" ")
    until_score(page, "energy > 1")
    page.get_by_test_id("paint-store").click()
    expect(page.get_by_test_id("paint-said")).to_have_text(re.compile("^Stored as painting"))
    [kept] = (served.data / "paintings").glob("*.nc")
    [answer] = (served.data / "results").glob("*.nc")
    assert ms.load(answer).attrs["method"] == "painted"
    expect(page).to_have_url(re.compile(f"run={answer.stem}"))

    with page.expect_download() as taking:
        page.get_by_test_id("paint-data").click()
    taking.value.save_as(tmp_path / "taken.nc")
    assert ms.load(tmp_path / "taken.nc").attrs["painting"] == kept.stem
    page.get_by_test_id("paint-code").click()
    expect(page.get_by_test_id("paint-code-lines")).to_contain_text("ms.simulate")
    page.keyboard.press("Escape")

    page.get_by_role("textbox", name="Iterations").filter(visible=True).fill("4")
    page.get_by_role("textbox", name="Iterations").filter(visible=True).press("Enter")
    page.get_by_test_id("view-answer").click()
    page.locator(".runs").scroll_into_view_if_needed()
    scrolled = page.evaluate(MAIN_SCROLL)
    open_view(page)
    page.get_by_test_id("view-answer").click()
    assert page.evaluate(MAIN_SCROLL) == scrolled > 100, "one comes back to where one was"
    open_view(page)
    page.get_by_test_id("paint-generated").click()
    expect(page.get_by_test_id("player")).to_be_visible()
    expect(page.get_by_test_id("player")).to_be_in_viewport(ratio=0.5)
    page.wait_for_function(f"({MAIN_SCROLL})() < 5")
    expect(page.locator("h1 + p").first).to_contain_text(re.compile("peak"), timeout=PATIENCE)
    page.wait_for_function("location.search.includes('start=')", timeout=PATIENCE)

    open_view(page)
    page.get_by_test_id("paint-regularized").click()
    expect(page.locator("h1").filter(visible=True).first).to_contain_text(
        "regularized", timeout=PATIENCE
    )
    said = page.locator("h1 + p").first
    expect(said).to_contain_text(f"clip “painting {kept.stem[:6]}”", timeout=PATIENCE)
    expect(said).not_to_contain_text("painted/")
    expect(page.get_by_text(f"painting {kept.stem[:6]}").filter(visible=True).first).to_be_visible()
    # What is chosen is what was made: pressing Run again would make the same.
    expect(page).to_have_url(re.compile(f"clips=painted(/|%2F){kept.stem}"))
    expect(page.get_by_text("searched.").filter(visible=True)).to_have_count(0)


def test_a_stored_painting_is_opened_by_its_address(visit, served):
    [key] = [
        path.stem
        for path in (served.data / "results").glob("*.nc")
        if ms.load(path).attrs["method"] == "painted"
    ]
    page = visit(f"?run={key}")
    until_score(page, "energy > 1")
    assert score(page) == pytest.approx(
        ms.load(served.data / "results" / f"{key}.nc").attrs["contrast_energy"]
    )


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_view_fits_its_page(visit, width):
    page = visit("?view=paint", width=width, height=900)
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    until(
        page,
        page.get_by_test_id("paint-canvas").bounding_box,
        lambda box: box["width"] > 250 and box["x"] >= 0 and box["x"] + box["width"] <= width,
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_what_one_paints_with_and_the_response_are_in_sight_at_once(visit, width, height):
    page = visit("?view=paint", width=width, height=height)
    expect(page.get_by_test_id("paint-view")).to_have_attribute("data-serial", re.compile(r"\d+"))
    for name in (
        *("paint-canvas", "paint-play", "paint-response", "paint-trace", "start-textbook"),
        *("paint-store", "paint-generated", "paint-verdict"),
    ):
        box = until(page, page.get_by_test_id(name).bounding_box, lambda box: box["width"] > 20)
        assert box["y"] > 0 and box["y"] + box["height"] <= height, name
    rows = page.get_by_test_id("paint-score").locator("tbody tr")
    assert rows.nth(1).bounding_box()["height"] < 34, "“The optimizer’s” is one line"


def test_the_verdict_never_says_that_there_is_no_answer_where_there_is_one(visit):
    page = visit("?cell=T4c")
    open_view(page)
    verdict = page.get_by_test_id("paint-verdict")
    expect(verdict).to_have_text(re.compile("Nothing is painted yet"))
    verdict.evaluate("""(node) => {
        node.seen = []
        new MutationObserver(() => node.seen.push(node.textContent)).observe(node, {childList: true})
    }""")
    for cell in ("Mi4", "Tm3", "T5b"):
        page.get_by_test_id("paint-cell").select_option(cell)
        expect(page.get_by_test_id("paint-view")).to_have_attribute("data-cell", cell)
        expect(verdict).to_have_text(re.compile("Nothing is painted yet"))
    assert not [text for text in verdict.evaluate("node => node.seen") if "No generated" in text]
    page.get_by_text("Silenced cell types", exact=True).filter(visible=True).click()
    field = page.get_by_role("textbox", name="Silenced").filter(visible=True).first
    field.fill("Mi1")
    field.press("Enter")
    expect(verdict).to_have_text(re.compile("No generated answer of T5b with Mi1 silenced"))
    field.fill("Bogus")
    field.press("Enter")
    note = page.get_by_test_id("paint-note")
    expect(note).to_contain_text("Until then the response is with Mi1 silenced as before.")
