"""Objective and constraints on the page, as a person uses them."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from serving import Served

from maxstim_core.optimal.result import load
from maxstim_core.runs.request import request_of

PATIENCE = 300_000
"""Milliseconds that a run may take on a slow machine before a test gives up."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("aims"))
    yield served
    served.stop()


def field(page: Page, label: str):
    return page.get_by_role("textbox", name=label).filter(visible=True)


def enter(page: Page, label: str, value: object) -> None:
    field(page, label).fill(str(value))
    field(page, label).press("Enter")


def objective(page: Page):
    return page.get_by_role("combobox", name="Objective", exact=True)


def section(page: Page, title: str):
    return page.locator("details.section").filter(has=page.get_by_text(title, exact=True))


def open_section(page: Page, title: str) -> None:
    section(page, title).locator("summary").click()


def choose_example(page: Page, title: str) -> None:
    page.get_by_role("button", name=re.compile("^Question")).click()
    page.get_by_role("dialog", name="Examples").get_by_role("button", name=title).click()


def run(page: Page) -> None:
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run-status")).to_contain_text("is done", timeout=PATIENCE)


def facts(page: Page):
    return page.locator("h1 + p").first


def test_a_contrast_is_chosen_run_told_everywhere_and_opened_again(visit, tmp_path):
    page = visit()
    expect(page.get_by_text("Drives the cell: the exponential of its voltage")).to_be_visible()
    objective(page).select_option(label="Drive it, and not others")
    expect(page.get_by_text("Drives the cell and none of the other cell types")).to_be_visible()
    expect(field(page, "Cell types")).to_have_value("T4a,T4b,T4d")
    expect(section(page, "Constraints")).not_to_have_attribute("open", "")
    open_section(page, "Constraints")
    enter(page, "Contrast energy", 100)
    expect(section(page, "Constraints").locator("summary")).to_contain_text("1 changed")
    expect(field(page, "Pull to grey")).to_be_disabled()
    expect(page.get_by_text("The contrast energy says how far from grey")).to_be_visible()
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", 12)
    run(page)
    expect(facts(page)).to_contain_text(
        "made with objective “Drive it, and not others (T4a, T4b, T4d)”"
    )
    expect(facts(page)).to_contain_text("RMS above grey")
    expect(facts(page)).to_contain_text("contrast energy 100")
    expect(page.get_by_role("heading", name=re.compile("^T4c"))).to_be_visible()
    expect(page.locator(".run", has_text="not others (T4a, T4b, T4d)").first).to_contain_text(
        "contrast energy 100"
    )
    for term in ("Total loss", "Other cell types less this one"):
        expect(page.get_by_role("img", name=f"{term} over the iterations")).to_be_attached()

    page.get_by_role("button", name="Code").click()
    code = page.get_by_role("dialog")
    expect(code).to_contain_text('objective="contrast:T4a,T4b,T4d"')
    expect(code).to_contain_text("energy=100.0")
    code.get_by_role("tab", name="Command line").click()
    expect(code).to_contain_text("--objective contrast:T4a,T4b,T4d")
    expect(code).to_contain_text("--energy 100")
    page.keyboard.press("Escape")

    with page.expect_download() as download:
        page.get_by_role("button", name="NetCDF").click()
    download.value.save_as(tmp_path / "answer.nc")
    answer = load(tmp_path / "answer.nc")
    asked = request_of(answer).config
    assert (asked.objective, asked.energy) == ("contrast:T4a,T4b,T4d", 100.0)
    assert answer.attrs["contrast_energy"] == pytest.approx(100, rel=5e-3)

    expect(page).to_have_url(re.compile("run=[0-9a-f]{64}"))
    said = {name: value for name, [value] in parse_qs(urlparse(page.url).query).items()}
    assert (said["objective"], said["energy"]) == ("contrast:T4a,T4b,T4d", "100")
    again = visit("?" + urlparse(page.url).query)
    expect(facts(again)).to_have_text(facts(page).inner_text())
    expect(objective(again)).to_have_value("contrast")
    expect(field(again, "Cell types")).to_have_value("T4a,T4b,T4d")
    expect(field(again, "Contrast energy")).to_have_value("100")  # in a section that has opened
    expect(field(again, "Iterations")).to_have_value("12")
    expect(again.locator("p.note")).to_be_hidden()


def test_settings_of_an_address_are_those_of_the_page_before_anything_ran(visit):
    page = visit("?cell=T4c&method=generated&objective=suppress&energy=40&highest_hz=8")
    expect(objective(page)).to_have_value("suppress")
    expect(section(page, "Constraints").locator("summary")).to_contain_text("2 changed")
    expect(field(page, "Fastest flicker")).to_have_value("8")
    expect(page.locator("p.note")).to_contain_text("no budget of contrast energy")
    expect(page).to_have_url(re.compile("objective=suppress&energy=40&highest_hz=8"))
    page = visit("?cell=T4c&method=generated&objective=shout")
    expect(page.get_by_role("alert").first).to_contain_text("“Objective” of this link")


def test_cell_types_are_chosen_by_keyboard_and_what_is_none_is_one_sentence(visit):
    page = visit()
    objective(page).focus()
    page.keyboard.type("Drive it, and")
    expect(field(page, "Cell types")).to_have_value("T4a,T4b,T4d")
    enter(page, "Cell types", "")
    expect(page.get_by_text("Name the cell types that are not to respond")).to_be_visible()
    for entry, said in (
        ("T4a, T4x", "There is no cell type 'T4x'; did you mean"),
        ("T4a, T4c", "T4c is the cell type that the movie is for"),
    ):
        enter(page, "Cell types", entry)
        expect(page.get_by_text(said)).to_be_visible()
        expect(field(page, "Cell types")).to_have_attribute("aria-invalid", "true")
        page.get_by_test_id("run").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    enter(page, "Cell types", "T4a")
    expect(field(page, "Cell types")).to_have_attribute("aria-invalid", "false")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Choose cell types")).to_be_focused()
    page.keyboard.press("Enter")
    chooser = page.get_by_role("dialog", name="Other cell types")
    expect(chooser).to_be_visible()
    page.keyboard.type("mi1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(chooser).to_be_visible()
    expect(field(page, "Cell types")).to_have_value("T4a,Mi1")
    expect(chooser.get_by_role("button", name="T4c", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(chooser).to_be_hidden()
    expect(page).to_have_url(re.compile("objective=contrast:T4a,Mi1"))


def test_every_example_sets_what_it_says_and_keeps_the_rest(visit):
    page = visit()
    enter(page, "Iterations", 9)
    choose_example(page, "T4c and not its siblings")
    expect(objective(page)).to_have_value("contrast")
    expect(section(page, "Constraints")).to_have_attribute("open", "")
    expect(field(page, "Contrast energy")).to_have_value("100")
    expect(page.get_by_role("button", name="Question T4c and not its siblings")).to_be_visible()
    choose_example(page, "Slow movies: below 8 Hz")
    expect(objective(page)).to_have_value("drive")
    expect(field(page, "Fastest flicker")).to_have_value("8")
    expect(section(page, "Constraints").locator("summary")).to_contain_text("2 changed")
    choose_example(page, "Two levels: a binary display")
    expect(field(page, "Levels")).to_have_value("2")
    expect(field(page, "Contrast energy")).to_have_value("0")
    expect(field(page, "Iterations")).to_have_value("9")
    enter(page, "Stimulus duration", 0.1)
    run(page)
    expect(facts(page)).to_contain_text("made with objective “Drive the cell”, levels 2")
    choose_example(page, "As flyvis asks it")
    expect(section(page, "Constraints")).not_to_have_attribute("open", "")
    # The run that the link names was asked for otherwise.
    expect(page).to_have_url(re.compile("run=.*objective=flyvis.*levels=0"))
    # The examples are those of the chosen cell type.
    page.get_by_test_id("cell").click()
    page.get_by_role("searchbox", name="Search cell types").fill("Mi1 medulla")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Question")).click()
    expect(page.get_by_role("dialog", name="Examples")).not_to_contain_text("siblings")


def test_a_level_a_window_and_an_impossible_energy(visit):
    page = visit()
    objective(page).select_option(label="Reach a level")
    enter(page, "Level (RMS)", "0,5")
    expect(field(page, "Level (RMS)")).to_have_value("0.5")
    enter(page, "Level (RMS)", "high")
    expect(page.get_by_text("must be a number between -100 and 100 RMS")).to_be_visible()
    field(page, "Level (RMS)").press("Escape")
    expect(field(page, "Level (RMS)")).to_have_value("0.5")
    open_section(page, "Objective in detail")
    open_section(page, "Constraints")
    expect(field(page, "Contrast energy")).to_be_disabled()
    expect(page.get_by_text("A level takes the contrast energy that it needs.")).to_be_visible()
    enter(page, "Window of the response", "0.02:0.1")
    expect(section(page, "Objective in detail").locator("summary")).to_contain_text("1 changed")
    enter(page, "Window of the response", "soon")
    expect(page.get_by_text("A window is two times in seconds")).to_be_visible()
    field(page, "Window of the response").press("Escape")
    expect(field(page, "Window of the response")).to_have_value("0.02:0.1")
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", 6)
    run(page)
    expect(facts(page)).to_contain_text(
        "made with objective “Reach a level (0.5 RMS)”, window of the response 0.02:0.1"
    )
    objective(page).select_option(label="Drive the cell")
    enter(page, "Contrast energy", 99_999)
    page.get_by_test_id("run").click()
    expect(page.get_by_role("alert")).to_contain_text("The contrast energy must lie between")
    objective(page).select_option(label="As flyvis does")
    expect(section(page, "Objective in detail")).not_to_have_attribute("open", "")
    open_section(page, "Objective in detail")
    expect(field(page, "Window of the response")).to_be_disabled()
    expect(page.get_by_text("a window needs another objective")).to_be_visible()
