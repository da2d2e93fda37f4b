"""Pinned answers on the page, as a person pins, plays, subtracts and sends them on."""

from __future__ import annotations

import re

import pytest
from page_waits import messages, until, until_quiet
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms
from maxstim_core.runs.comparisons import CONTROLS, comparison_key
from maxstim_core.runs.store import RunStore

FIRST, SECOND, OTHER_NETWORK = "1a" * 32, "2b" * 32, "3c" * 32

EXAMPLE = "T4c-generated"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("compare"))
    fill(RunStore(served.data))
    yield served
    served.stop()


def fill(store: RunStore) -> None:
    """Store three answers: two settings, then another cell type and network; and controls of one."""
    asked = {
        FIRST: ("default", "Mi1", {"random_seed": 1}),
        SECOND: ("default", "Mi1", {"random_seed": 2, "lr": 0.5}),
        OTHER_NETWORK: ("maxstim/002", "Tm3", {"random_seed": 1, "t_stim": 0.3}),
    }
    for key, (network, cell_type, settings) in asked.items():
        config = ms.GenerateConfig(**{"t_stim": 0.2, "n_iters": 4, **settings})
        store.save(key, ms.finish(ms.generate(ms.open_network(network), cell_type, config)))
    answer = store.find(FIRST)[1]
    found = ms.finish(
        ms.controls(answer, ms.open_network("default"), clips=ms.open_clips("probes"))
    )
    store.save_comparison(comparison_key(CONTROLS, answer), found)


def open_compare(page: Page) -> None:
    page.get_by_test_id("view-compare").click()
    page.get_by_test_id("compare-view").wait_for()


def pin(page: Page, key: str) -> None:
    page.get_by_role("combobox", name="Pin a stored answer…").select_option(key)
    entry = page.locator(f"[data-pin='{key}']")
    expect(entry).to_have_attribute("data-state", "there")
    expect(page.locator(f".one-player[data-film='{key}'][data-frame]")).to_be_visible()


def shown_frames(page: Page) -> list[str]:
    return [one.get_attribute("data-frame") for one in page.locator("[data-film]").all()]


def pixels(page: Page, name: str | re.Pattern) -> list[int]:
    """Return the pixels of a canvas, red, green, blue and alpha one after the other."""
    return page.get_by_role("img", name=name).evaluate(
        "node => [...node.getContext('2d').getImageData(0, 0, node.width, node.height).data]"
    )


def test_answers_are_pinned_played_in_step_and_opened_elsewhere(visit, open_page):
    page = visit()
    pinned = page.get_by_test_id("pin")
    expect(pinned).to_have_attribute("aria-pressed", "false")
    pinned.click()
    expect(pinned).to_have_attribute("aria-pressed", "true")
    open_compare(page)
    expect(page.locator("[data-pin]")).to_have_count(1)
    pin(page, FIRST)
    pin(page, OTHER_NETWORK)
    expect(page.locator("[data-film]")).to_have_count(3)

    # What differs is told, with the numbers.
    table = page.get_by_test_id("difference-table")
    line = table.get_by_role("row", name=re.compile("^Network"))
    expect(line.get_by_role("cell")).to_have_text(["default", "default", "maxstim/002"])
    line = table.get_by_role("row", name=re.compile("^Cell type"))
    expect(line.get_by_role("cell")).to_have_text(["T4c", "Mi1", "Tm3"])
    expect(table.get_by_role("row", name=re.compile("^Contrast energy"))).to_be_visible()

    # All films in step by time, then from the peak of each; nobody is told.
    before = until_quiet(page)
    page.get_by_role("button", name="Play in step").click()
    clock = page.locator(".clock")
    expect(clock).not_to_have_text("0 ms")
    page.get_by_role("button", name="Pause").click()
    slider = page.get_by_role("slider", name="Time of all films")
    slider.focus()
    slider.press("Home")
    assert shown_frames(page) == ["0", "0", "0"]
    slider.fill("150")
    frames = shown_frames(page)
    assert len(set(frames)) == 1 and int(frames[0]) > 3
    page.get_by_role("combobox", name="In step by").select_option("peak")
    expect(clock).to_contain_text("from the peak")
    page.get_by_role("combobox", name="Unit of the traces").select_option("rms")
    page.get_by_role("combobox", name="minus that of").select_option("2")
    assert messages(page) == before

    # The address is short, and opens the same for somebody else.
    named = f"pins={EXAMPLE},{FIRST[:8]},{OTHER_NETWORK[:8]}"
    page.wait_for_function("named => location.search.endsWith(named)", arg=named)
    assert len(page.url.partition("?")[2]) <= 300
    again = open_page(page.url)
    expect(again.locator("[data-film][data-frame]")).to_have_count(3)
    letters = again.locator("[data-pin] b").all_inner_texts()
    assert letters == ["A T4c generated", "B Mi1 generated", "C Tm3 generated"]

    # Pins are kept by the visitor, also without the address.
    page.goto(page.url.partition("?")[0])
    open_compare(page)
    expect(page.locator("[data-film][data-frame]")).to_have_count(3)
    page.get_by_role("button", name="Take out B Mi1 generated").click()
    expect(page.locator("[data-film]")).to_have_count(2)
    named = f"pins={EXAMPLE},{OTHER_NETWORK[:8]}"
    page.wait_for_function("named => location.search.endsWith(named)", arg=named)
    page.reload()
    expect(page.locator("[data-film][data-frame]")).to_have_count(2)
    page.get_by_role("group", name="B Tm3 generated").get_by_role("button", name="Open").click()
    expect(page.get_by_test_id("headline")).to_contain_text("Tm3")
    expect(page.get_by_test_id("compare-view")).to_be_hidden()


def test_a_row_of_the_list_is_pinned_by_its_pin(visit):
    page = visit("?run=" + FIRST)
    row = page.locator(f"button.run[data-key='{FIRST}']").locator("..")
    row.hover()
    row.get_by_role("button", name=re.compile("^Pin")).click()
    expect(row.get_by_role("button", name=re.compile("^Pin"))).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_test_id("pin")).to_have_attribute("aria-pressed", "true")


def test_the_difference_of_stimuli_is_what_was_stored_on_an_honest_scale(visit, served):
    page = visit(f"?pins={FIRST[:8]},{SECOND[:8]}")
    expect(page.locator("[data-film][data-frame]")).to_have_count(2)
    store = RunStore(served.data)
    one, other = (store.find(key)[1]["stimulus"].values for key in (FIRST, SECOND))
    largest = abs(one - other).max()
    said = page.get_by_test_id("difference")
    expect(said).to_contain_text(re.compile(r"^Largest \d"))
    told = float(re.search(r"Largest ([\d.]+)", said.inner_text()).group(1))
    assert told == pytest.approx(largest, abs=0.01)
    rms = float(re.search(r"square ([\d.]+)", said.inner_text()).group(1))
    assert rms == pytest.approx(((one - other) ** 2).mean() ** 0.5, abs=0.003)
    page.get_by_role("combobox", name="minus that of").select_option("0")
    expect(said).to_have_text("No difference: the stimuli are the same.")
    data = pixels(page, "Difference of two stimuli")
    colors = {tuple(data[k : k + 4]) for k in range(0, len(data), 4)}
    assert colors == {(0, 0, 0, 0), (221, 221, 221, 255)}, "nothing but the middle of the scale"


def test_stored_controls_stand_beside_each_other(visit):
    page = visit(f"?pins={FIRST[:8]},{SECOND[:8]}")
    section = page.get_by_test_id("compared-controls")
    missing = page.get_by_test_id("missing-controls").get_by_role("listitem")
    expect(missing).to_have_text("B No controls have been computed yet.")
    line = section.get_by_role("row", name=re.compile("^edge equal energy"))
    expect(line.get_by_role("cell").nth(1)).to_contain_text(re.compile(r"\d\.\d\d"))
    expect(line.get_by_role("cell").nth(2)).to_have_text("–")
    expect(section.get_by_role("img", name=re.compile("contrast changed"))).to_be_visible()


def test_missing_controls_are_computed_where_they_are_missed(visit):
    page = visit(f"?pins={FIRST[:8]},{SECOND[:8]}")
    section = page.get_by_test_id("compared-controls")
    missing = page.get_by_test_id("missing-controls").get_by_role("listitem")
    compute = section.get_by_role("button", name="Compute what is missing")
    compute.click()
    expect(missing).to_have_attribute("data-state", "going")
    expect(compute).to_be_hidden()
    expect(section.get_by_role("button", name="Cancel")).to_be_visible()
    expect(missing).to_have_count(0, timeout=300_000)
    expect(section.get_by_role("button")).to_have_count(0)
    line = section.get_by_role("row", name=re.compile("^edge equal energy"))
    for k in (1, 2):
        expect(line.get_by_role("cell").nth(k)).to_contain_text(re.compile(r"\d\.\d\d"))


def test_a_pin_of_an_answer_that_is_gone_says_so_in_one_sentence(visit):
    page = visit(f"?pins={FIRST[:8]},deadbeef")
    gone = page.locator("[data-pin='deadbeef']")
    expect(gone).to_have_attribute("data-state", "gone")
    expect(gone.get_by_role("alert")).to_contain_text("not on this server")
    expect(page.locator("[data-film][data-frame]")).to_have_count(1)
    gone.get_by_role("button", name=re.compile("^Take out")).click()
    expect(page.locator("[data-pin]")).to_have_count(1)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("many", [2, 4])
def test_play_and_all_that_plays_are_in_sight(visit, width, height, many):
    keys = [FIRST, SECOND, OTHER_NETWORK, EXAMPLE][:many]
    page = visit("?pins=" + ",".join(keys), width=width, height=height)
    expect(page.locator("[data-film][data-frame]")).to_have_count(many)
    play = page.get_by_role("button", name="Play in step")
    shown = [play]
    for film in page.locator("[data-film]").all():
        shown += [film.locator("canvas").nth(k) for k in range(3)]

    def is_in_sight(box) -> bool:
        is_beside = box["x"] + box["width"] <= width
        return box["y"] > 0 and box["y"] + box["height"] <= height and is_beside

    until(
        page,
        lambda: [one.bounding_box() for one in shown],
        lambda boxes: all(map(is_in_sight, boxes)),
    )
    # However far down one reads, play stays.
    page.get_by_test_id("compared-controls").scroll_into_view_if_needed()
    page.get_by_test_id("difference-table").scroll_into_view_if_needed()
    until(page, play.bounding_box, lambda box: 68 <= box["y"] < height - box["height"])


def test_it_is_played_by_keyboard_and_the_hidden_player_stays(visit):
    page = visit(f"?pins={FIRST[:8]},{SECOND[:8]}")
    expect(page.locator("[data-film][data-frame]")).to_have_count(2)
    hidden = page.get_by_test_id("player").get_attribute("data-frame")
    page.get_by_role("heading", name="Compare").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert shown_frames(page) == ["2", "2"]
    page.keyboard.press("End")
    assert shown_frames(page) == ["19", "19"]
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play in step")).to_be_visible()
    assert page.get_by_test_id("player").get_attribute("data-frame") == hidden


def test_six_answers_play_in_one_row_and_the_seventh_is_refused(visit):
    keys = [FIRST, SECOND, OTHER_NETWORK, EXAMPLE, "Mi1-generated", "T4c-natural"]
    page = visit("?pins=" + ",".join(keys), width=1280, height=800)
    expect(page.locator("[data-film][data-frame]")).to_have_count(6)
    films = page.locator("[data-film]").all()
    until(
        page,
        lambda: {round(film.bounding_box()["y"]) for film in films},
        lambda tops: len(tops) == 1,
    )
    page.get_by_role("combobox", name="Pin a stored answer…").select_option("Tm3-generated")
    expect(page.get_by_role("alert").filter(has_text="take one out")).to_be_visible()
    expect(page.locator("[data-pin]")).to_have_count(6)


def test_a_page_that_compares_nothing_has_no_model_of_it(visit):
    page = visit()
    count = "Bokeh.documents.reduce((sum, shown) => sum + shown._all_models.size, 0)"
    before = page.evaluate(count)
    open_compare(page)
    assert page.evaluate(count) > before
    expect(page.get_by_test_id("compare-view")).to_contain_text("Pin two to six answers")
