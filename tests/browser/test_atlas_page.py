"""The atlas on the page, as a person looks through it, plays, compares and takes a question."""

from __future__ import annotations

import pytest
from page_waits import messages, until_quiet
from playwright.sync_api import Page, expect
from serving import Served
from small_atlas import packed_atlas, three_networks

from maxstim_core.atlas.bundle import shipped_bundle

pytest.importorskip("zarr")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("atlas"))
    served.data.mkdir(exist_ok=True)
    packed_atlas(served.data, three_networks(), missing={(3, 0)})
    yield served
    served.stop()


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """A server that has no atlas of its own."""
    served = Served(tmp_path_factory.mktemp("no-atlas"))
    yield served
    served.stop()


def open_atlas(page: Page) -> None:
    page.get_by_test_id("view-atlas").click()
    expect(tiles(page).locator("[data-drawn]")).to_have_count(65)


def tiles(page: Page):
    return page.get_by_test_id("atlas-tiles")


def tile(page: Page, name: str):
    return tiles(page).locator(f"[data-tile='{name}']")


def order(page: Page) -> list[str]:
    return [one.get_attribute("data-tile") for one in tiles(page).locator("[data-tile]").all()]


def test_all_cell_types_are_shown_ordered_and_opened(visit):
    page = visit()
    open_atlas(page)
    page.wait_for_function("location.search.includes('view=atlas')")
    expect(tiles(page).get_by_role("heading", name="T4 and T5")).to_be_visible()
    by_family = order(page)
    page.get_by_test_id("atlas-order").select_option("likeness")
    expect(tiles(page).get_by_role("heading")).to_have_count(0)
    assert sorted(order(page)) == sorted(by_family) and order(page) != by_family
    page.get_by_test_id("atlas-network").select_option(label="maxstim/000")
    expect(page.get_by_role("heading", name="All cell types in maxstim/000")).to_be_visible()
    expect(tiles(page).locator("[data-state=missing]")).to_have_count(1)
    expect(tiles(page).locator("[data-state=missing]")).to_be_disabled()

    tile(page, "R6").click()
    expect(page.get_by_test_id("atlas-opened")).to_have_text("R6")
    expect(tile(page, "R6")).to_have_attribute("aria-pressed", "true")
    player = page.locator(".one-player")
    expect(player).to_have_count(1)
    expect(player).to_have_attribute("aria-label", "R6 in maxstim/000")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()  # it plays by itself
    page.wait_for_function(
        "decodeURIComponent(location.search).includes('maxstim/000,likeness,R6')"
    )


def test_playing_sends_nothing(visit):
    page = visit()
    open_atlas(page)
    tile(page, "T4c").click()
    player = page.locator(".one-player[data-frame]")
    expect(player).to_have_count(1)
    before = until_quiet(page)
    expect(player).not_to_have_attribute("data-frame", player.get_attribute("data-frame"))
    page.wait_for_timeout(1_500)
    page.get_by_role("button", name="Pause").click()
    assert messages(page) == before


def test_one_cell_type_is_compared_across_networks(visit):
    page = visit()
    open_atlas(page)
    two = "R6"  # the sixth: every fifth has two answers
    tile(page, two).click()
    matrix = page.get_by_test_id("atlas-matrix")
    expect(matrix.locator("td.alike")).to_have_count(9)
    expect(matrix.locator("td.alike").first).to_have_text("1.00")
    across = page.get_by_role("group", name="This cell type in all networks")
    expect(across.locator("[data-drawn]")).to_have_count(3)
    expect(across.get_by_role("button", name=f"{two} in maxstim/002: answer B")).to_be_visible()
    for name in ("maxstim/000", "maxstim/002"):
        across.get_by_role("button", name=f"{two} in {name}").click()
    expect(page.locator(".one-player[data-frame]")).to_have_count(3)
    across.get_by_role("button", name=f"{two} in maxstim/001").click()
    expect(page.locator(".one-player[data-frame]")).to_have_count(2)
    # Which play is in the address, and opens with it.
    played = f"maxstim/001,,{two},maxstim/000,maxstim/002"
    page.wait_for_function(f"decodeURIComponent(location.search).endsWith('atlas={played}')")
    again = visit(f"?view=atlas&atlas={played}")
    expect(again.locator(".one-player[data-frame]")).to_have_count(2)
    labels = [one.get_attribute("aria-label") for one in again.locator(".one-player").all()]
    assert labels == [f"{two} in maxstim/000", f"{two} in maxstim/002"]
    page.get_by_test_id("atlas-order").select_option("likeness")
    page.wait_for_function("location.search.includes('likeness')")
    page.wait_for_function("location.search.includes('maxstim/002')")
    page.get_by_test_id("atlas-network").select_option(label="maxstim/000")
    page.wait_for_function(f"location.search.endsWith('maxstim/000,likeness,{two}')")


def test_which_cell_types_have_one_answer_and_which_several(visit):
    page = visit()
    open_atlas(page)
    said = page.get_by_test_id("atlas-agreement")
    expect(said).to_contain_text("Incomplete: 194 of 195 answers are there")
    expect(said.get_by_role("heading", name="One answer (52)")).to_be_visible()
    expect(said.get_by_role("heading", name="Several answers (13)")).to_be_visible()
    said.get_by_role("button", name="R6", exact=True).click()
    expect(page.get_by_test_id("atlas-opened")).to_have_text("R6")


def test_a_question_is_taken_to_the_main_part(visit):
    page = visit()
    open_atlas(page)
    tile(page, "Mi1").click()
    page.get_by_test_id("use-question").click()
    expect(page.get_by_test_id("player")).to_be_visible()
    expect(page.get_by_test_id("atlas-view")).to_be_hidden()
    expect(page.get_by_test_id("cell")).to_contain_text("Mi1")
    page.wait_for_function("location.search.includes('cell=Mi1')")
    page.wait_for_function("decodeURIComponent(location.search).includes('network=maxstim/001')")


def test_an_address_opens_what_it_says(open_page, served):
    page = open_page(f"{served.url}?view=atlas&atlas=maxstim/002,likeness,T4c")
    expect(page.get_by_test_id("atlas-opened")).to_have_text("T4c")
    expect(page.locator(".one-player")).to_have_attribute("aria-label", "T4c in maxstim/002")
    expect(page.get_by_test_id("atlas-order")).to_have_value("likeness")


def test_a_keyboard_opens_and_plays(visit):
    page = visit()
    open_atlas(page)
    tile(page, "L1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("atlas-opened")).to_have_text("L1")
    page.get_by_role("button", name="Pause").focus()  # it plays by itself
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Play in step")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_is_wider_than_the_page(visit, width):
    page = visit(width=width, height=844)
    open_atlas(page)
    tile(page, "T4c").click()
    expect(page.locator(".one-player[data-frame]")).to_be_in_viewport()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    inside = page.get_by_test_id("atlas-view").evaluate(
        "node => node.scrollWidth > node.clientWidth"
    )
    assert not inside


@pytest.mark.skipif(not shipped_bundle().is_file(), reason="no atlas ships")
def test_which_network_is_seen_beside_letters_and_the_matrix_fits(open_page, without):
    page = open_page(f"{without.url}?view=atlas&atlas=maxstim/000,,T2a", width=1280, height=800)
    matrix = page.get_by_test_id("atlas-matrix")
    expect(matrix.locator("td.alike")).to_have_count(100)
    cut = "node => node.scrollWidth > node.clientWidth"
    assert not matrix.locator("xpath=..").evaluate(cut)
    across = page.get_by_role("group", name="This cell type in all networks")
    names = across.locator(".tile-name")
    assert names.all_inner_texts() == [f"{k:03d}" for k in range(10)]
    assert not any(name.evaluate(cut) for name in names.all())
    assert across.locator(".badge:visible").count() == 10


def test_a_fresh_server_shows_the_atlas_that_ships_or_which_command_makes_one(open_page, without):
    page = open_page(f"{without.url}?view=atlas")
    if shipped_bundle().is_file():
        expect(tiles(page).locator("[data-drawn]")).to_have_count(65)
    else:
        expect(page.get_by_test_id("atlas-state")).to_contain_text("maxstim atlas make")
        expect(page.get_by_test_id("atlas-tiles")).to_be_hidden()
