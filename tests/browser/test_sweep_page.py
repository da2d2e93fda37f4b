"""A sweep on the page, as a person starts, watches, compares and sends it on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from page_waits import messages, until_quiet
from playwright.sync_api import Page, expect
from serving import Served, start

import maxstim_core as ms
from dashboard import components
from maxstim_core.runs.sweeps import SweepRequest, compute_sweep, sweep_key

pytest.importorskip("zarr")

PATIENCE = 300_000
"""Milliseconds that a sweep may take on a slow machine before a test gives up."""

MANY = SweepRequest(
    "Mi1",
    ms.GenerateConfig(t_stim=0.05, n_iters=1),
    (("lr", "log:0.001:0.1:10"), ("weight_mei", "log:1:100:10")),
    seeds=5,
)

LONG_TASK = 200
"""Milliseconds for which a page may be busy at a time."""

NOTE_LONG_TASKS = """window.long = []; new PerformanceObserver((list) =>
    list.getEntries().forEach(({duration}) => long.push(duration))).observe({type: "longtask"})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("sweep"))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def many(served):
    """The key of a sweep of 500 runs that the server has."""
    key = sweep_key(MANY, ms.open_network("default"))
    folder = served.data / "sweeps"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{key}.json").write_text(MANY.to_json())
    compute_sweep(key, str(served.data), device="cpu")
    return key


@pytest.fixture(scope="module")
def sweep_of_many(browser, served, many):
    """A page that shows that sweep."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{served.url}?sweep={many}")
    expect(page.get_by_test_id("sweep-state")).to_have_text("500 answers.")
    yield page
    context.close()


def enter(page: Page, label: str | re.Pattern, value: object) -> None:
    field = page.get_by_role("textbox", name=label).filter(visible=True).first
    field.fill(str(value))
    field.press("Enter")


def open_view(page: Page) -> None:
    page.get_by_test_id("sweep").click()
    page.get_by_test_id("sweep-view").wait_for()


def start_sweep(page: Page, seed: int) -> None:
    """Start a sweep of 12: four learning rates, three seeds."""
    for label, value in (("Stimulus duration", 0.2), ("Iterations", 8), ("Seed", seed)):
        enter(page, label, value)
    open_view(page)
    page.get_by_role("button", name=re.compile("^Learning rate")).click()
    for label, value in (("from", 0.01), ("to", 0.08), ("how many values", 4)):
        enter(page, f"Learning rate: {label}", value)
    enter(page, "Seeds of each", 3)
    expect(page.get_by_test_id("start-sweep")).to_have_text("Start 12 runs")
    page.get_by_test_id("start-sweep").click()
    expect(page.get_by_test_id("sweep-state")).to_have_text("12 answers.", timeout=PATIENCE)


def pressed(page: Page) -> list[str]:
    """Return which tiles are selected."""
    chosen = page.locator(".tile[aria-pressed=true]")
    return [tile.get_attribute("data-row") for tile in chosen.all()]


def frames(page: Page, what: str) -> list[str]:
    return [one.get_attribute("data-frame") for one in page.locator(what).all()]


def test_a_sweep_of_twelve_is_started_from_sliders_compared_and_reopened(
    visit, open_page, served, tmp_path
):
    page = visit()
    start_sweep(page, 21)
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(12)
    expect(page.locator(".tile[data-frame]")).to_have_count(12)

    # One selection in all views.
    for row in ("0:0", "2:1", "3:2"):
        page.locator(f".tile[data-row='{row}']").click()
    expect(page.get_by_test_id("selected")).to_have_text("3 selected")
    table = page.get_by_test_id("sweep-table")
    expect(table.locator("tr[data-selected=true]")).to_have_count(3)
    expect(page.locator(".one-player")).to_have_count(3)
    table.get_by_role("checkbox", name=re.compile("^Select Learning rate 0.08, seed 22")).check()
    assert pressed(page) == ["0:0", "2:1", "3:1", "3:2"]
    page.get_by_role("button", name="Select none").click()
    canvas = page.get_by_role("img", name=re.compile("^Parallel"))
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    # Along the first axis, learning rate, from the middle to the top: the two larger ones.
    page.mouse.move(box["x"] + 46, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 47, box["y"] + 25, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("selected")).to_contain_text("6 selected")
    assert pressed(page) == [f"{k}:{j}" for k in (2, 3) for j in range(3)]
    expect(table.locator("tr[data-selected=true]")).to_have_count(6)
    expect(page.locator(".one-player")).to_have_count(6)

    # All films in step, and nobody is told.
    before = until_quiet(page)
    page.get_by_role("button", name="Play in step").click()
    for _ in range(3):
        page.wait_for_timeout(700)
        shown = page.evaluate(
            """() => [...document.querySelectorAll("*")].flatMap(function find(node) {
              const inside = node.shadowRoot ? [...node.shadowRoot.querySelectorAll("*")] : []
              const own = node.matches(".one-player, .tile") ? [node.dataset.frame] : []
              return [...own, ...inside.flatMap(find)]})"""
        )
        assert len(shown) == 18 and len(set(shown)) == 1, shown
    page.get_by_role("button", name="Pause").click()
    assert messages(page) == before
    page.get_by_role("combobox", name="In step by").select_option("peak")
    expect(page.locator(".clock")).to_contain_text("from the peak")

    with page.expect_download() as download:
        page.get_by_role("button", name="Take home (NetCDF)").click()
    download.value.save_as(tmp_path / "sweep.nc")
    found = ms.load(tmp_path / "sweep.nc")
    assert found.stimulus.dims == ("setting", "seed", "frame", "column")
    config = ms.GenerateConfig(**json.loads(found.attrs["config"]))
    network = ms.open_network("default")
    alone = ms.finish(ms.sweep(network, "T4c", {"lr": "log:0.01:0.08:4"}, config, seeds=3))
    np.testing.assert_array_equal(found["best_stimulus"].values, alone["best_stimulus"].values)
    np.testing.assert_array_equal(found["pareto"].values, alone["pareto"].values)
    responses = alone["counted_response"].values.ravel()
    marks = [table.locator(f"tr[data-row='{k}:{j}']") for k in range(4) for j in range(3)]
    decimals = max(0, 3 - int(np.floor(np.log10(np.abs(responses).max()))))
    for line, value in zip(marks, responses, strict=True):
        expect(line).to_contain_text(f"{value:.{decimals}f}".replace("-", "−"))

    # The address opens it elsewhere; a click chooses the settings of one.
    again = open_page(page.url)
    expect(again.get_by_test_id("sweep-state")).to_have_text("12 answers.")
    expect(again.locator(".tile[data-frame]")).to_have_count(12)
    again.locator(".tile[data-row='3:2']").click()
    again.get_by_role("button", name="Use these settings").click()
    seed = again.get_by_role("textbox", name="Seed", exact=True).or_(
        again.get_by_role("textbox", name="Seed:", exact=True)
    )
    expect(seed.filter(visible=True).first).to_have_value("23")
    expect(again.get_by_test_id("settings-used")).to_contain_text("are chosen now")
    expect(again.get_by_test_id("settings-used")).to_be_in_viewport()
    enter(again, "Iterations", 9)
    expect(again.get_by_test_id("settings-used")).to_be_hidden()
    again.get_by_role("button", name="Back to the answer").click()
    expect(again.get_by_test_id("player")).to_be_visible()
    expect(again.get_by_test_id("sweep-view")).to_be_hidden()
    again.wait_for_function("!location.search.includes('sweep=')")


def test_what_makes_no_sense_is_said_before_anything_starts(visit):
    page = visit()
    open_view(page)
    expect(page.get_by_test_id("start-sweep")).to_be_disabled()
    page.get_by_role("button", name=re.compile("^Learning rate")).click()
    enter(page, "Learning rate: from", 0.5)
    alert = page.get_by_role("group", name="Sweep").get_by_role("alert")
    expect(alert).to_contain_text("upside down or empty; give the lower end first")
    expect(page.get_by_test_id("start-sweep")).to_be_disabled()
    enter(page, "Learning rate: from", 0.001)
    enter(page, "Learning rate: how many values", 900)
    expect(alert).to_contain_text("a page shows at most 500")
    page.get_by_role("button", name=re.compile("^Learning rate")).click()
    expect(page.get_by_test_id("sweep-cost")).to_contain_text("Click the name of a number")


def test_what_comes_into_sight_is_seen_and_errors_name_their_field(visit):
    page = visit(width=1280, height=800)
    open_view(page)
    for name in ("Learning rate", "Iterations", "Stimulus duration"):
        page.get_by_role("button", name=re.compile(f"^{name}")).click()
        row = page.get_by_role("group", name=re.compile(f"^How far {name}"))
        foot = page.locator(".runbar").bounding_box()
        page.wait_for_timeout(300)
        box = row.bounding_box()
        assert box["y"] + box["height"] <= foot["y"], name
    enter(page, "Learning rate: from", "abc")
    alert = page.get_by_role("group", name="Sweep").get_by_role("alert")
    expect(alert).to_have_text("From of Learning rate is not a number: “abc”.")
    enter(page, "Learning rate: from", 0.001)
    for count in ("1e6", "2.5"):
        enter(page, "Learning rate: how many values", count)
        expect(alert).to_contain_text("a whole number, at least 2 and at most 500")


@pytest.mark.parametrize(
    ("words", "left", "problem"),
    [
        ("Learning rate < 0.002", 100, ""),
        ("lr<,002", 100, ""),
        ("lr < 1e+3", 500, ""),
        ("seed == 1", 100, ""),
        ("seed = 1 Pull to grey <= 1 lr<=1e-3", 1, ""),
        ("response > 1000", 0, ""),
        ("#3", 1, ""),
        ("#3 seed = 1", 0, ""),
        (
            "foo < 3",
            500,
            "There is no number “foo” here; there are Learning rate (lr), Pull to grey (",
        ),
        ("lr < abc", 500, "“lr <” needs a number, and “abc” is none, as in lr < 0.01."),
        ("lr <", 500, "“lr <” needs a number, as in lr < 0.01."),
        ("lr < abc seed = 0", 100, "“lr <” needs a number"),
        ("zebra", 0, "No run has “zebra”."),
    ],
)
def test_a_filter_is_understood_or_says_what_it_does_not(sweep_of_many, words, left, problem):
    table = sweep_of_many.get_by_test_id("sweep-table")
    table.get_by_role("searchbox", name="Filter runs").fill(words)
    count = "500 runs" if left == 500 else f"{left} of 500 runs"
    expect(table.get_by_role("status")).to_have_text(count)
    said = table.get_by_test_id("filter-problem")
    expect(said).to_contain_text(problem) if problem else expect(said).to_be_hidden()


def test_a_filter_knows_the_front(sweep_of_many):
    table = sweep_of_many.get_by_test_id("sweep-table")
    table.get_by_role("searchbox", name="Filter runs").fill("")
    table.get_by_role("checkbox", name="Pareto front").check()
    front = table.get_by_role("status").inner_text()
    table.get_by_role("checkbox", name="Pareto front").uncheck()
    table.get_by_role("searchbox", name="Filter runs").fill("front")
    expect(table.get_by_role("status")).to_have_text(front)
    assert re.fullmatch(r"[1-9]\d* of 500 runs", front)


def test_numbers_of_a_goal_have_the_same_digits(sweep_of_many):
    table = sweep_of_many.get_by_test_id("sweep-table")
    table.get_by_role("searchbox", name="Filter runs").fill("")
    shown = table.locator("tbody tr[data-row] td:nth-child(6)").all_inner_texts()
    assert len({len(text.partition(".")[2]) for text in shown}) == 1 and len(shown) > 10
    heading = sweep_of_many.get_by_role("heading", level=1).filter(visible=True)
    expect(heading).to_have_text("Sweep of Mi1 in default: learning rate, pull to grey")
    listed = sweep_of_many.get_by_role("combobox", name="Open a sweep…").locator("option").nth(1)
    expect(listed).to_have_text(
        re.compile(
            "^Mi1 in default: learning rate 0.001 to 0.1, pull to grey 1 to 100, 500 runs, .*\\d:\\d\\d"
        )
    )


def test_a_sweep_is_cancelled_and_goes_on_after_the_page_was_opened_again(visit):
    page = visit()
    for label, value in (("Iterations", 150), ("Seed", 40)):
        enter(page, label, value)
    open_view(page)
    page.get_by_role("button", name=re.compile("^Learning rate")).click()
    enter(page, "Learning rate: how many values", 12)
    page.get_by_test_id("start-sweep").click()
    page.get_by_test_id("view-answer").click()  # where it is seen to go on, too
    going = page.get_by_test_id("view-sweep")
    expect(going).to_have_text(re.compile(r"^Sweep \d+/12$"), timeout=PATIENCE)
    going.click()
    expect(page.get_by_test_id("sweep-cost")).not_to_contain_text("waits already")
    state = page.get_by_test_id("sweep-state")
    expect(state).to_contain_text(re.compile(r"^[1-9]\d? of 12 answers"), timeout=PATIENCE)
    page.reload()
    expect(state).to_contain_text(re.compile("answers"), timeout=PATIENCE)
    expect(page.locator(".tile")).to_have_count(12)


def test_a_sweep_goes_on_by_one_click_after_the_server_was_started_again(browser, tmp_path):
    served, context = Served(tmp_path), browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.goto(served.url)
        expect(page.get_by_role("button", name="Run T4c")).to_be_enabled()
        enter(page, "Iterations", 150)
        open_view(page)
        page.get_by_role("button", name=re.compile("^Learning rate")).click()
        enter(page, "Learning rate: how many values", 12)
        page.get_by_test_id("start-sweep").click()
        state = page.get_by_test_id("sweep-state")
        expect(state).to_have_text(re.compile(r"^[1-9]\d? of 12 answers"), timeout=PATIENCE)
        served.process.kill()
        served.process.communicate()
        served.process = start(served.port, folder=tmp_path)
        served.process.stdout.readline()
        # The page comes back by itself, with the sweep of its address.
        there = re.compile(r"^Stopped\. \d+ of 12 answers (is|are) there; Go on makes the rest\.$")
        expect(state).to_have_text(there)
        expect(page.locator(".tile")).to_have_count(12)
        expect(page.locator(".tile[data-frame]").first).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        expect(state).to_have_text("12 answers.", timeout=PATIENCE)
        expect(page.get_by_role("button", name="Go on")).to_be_hidden()
    finally:
        context.close()
        served.stop()


def test_a_link_to_a_sweep_that_is_not_here_is_one_sentence(visit):
    page = visit("?sweep=" + "0" * 64)
    expect(page.get_by_role("alert").first).to_contain_text("not on this server")


def test_five_hundred_runs_are_sorted_filtered_and_selected(open_page, served, many):
    page = open_page(served.url)
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
    open_view(page)
    page.evaluate(NOTE_LONG_TASKS)
    page.get_by_role("combobox", name="Open a sweep…").select_option(many)
    expect(page.get_by_test_id("sweep-state")).to_have_text("500 answers.")
    expect(page.locator(".tile")).to_have_count(500)
    table = page.get_by_test_id("sweep-table")
    lines = table.locator("tbody tr[data-row]")
    assert lines.count() < 40, "only what is in sight is drawn"
    longest = []
    for _ in range(3):  # the least of three: others use this machine too
        page.evaluate("long.length = 0")
        page.get_by_role("button", name="Response (RMS)", exact=True).click()
        page.get_by_role("button", name="Select the Pareto front").click()
        page.get_by_role("button", name="Select none").click()
        page.wait_for_timeout(500)
        longest.append(page.evaluate("Math.max(0, ...long)"))
    assert min(longest) < LONG_TASK, longest
    header = table.get_by_role("columnheader", name="Response (RMS)")
    expect(header).to_have_attribute("aria-sort", "ascending")
    shown = [
        float(text.replace("−", "-"))
        for text in table.locator("tbody tr[data-row] td:nth-child(6)").all_inner_texts()
    ]
    assert shown == sorted(shown) and len(shown) > 10
    page.get_by_role("searchbox", name="Filter runs").fill("lr < 0.002 weight_mei > 50")
    expect(table.get_by_role("status")).to_have_text("20 of 500 runs")
    row = lines.first.get_attribute("data-row")
    lines.first.get_by_role("button", name=re.compile("^Star")).click()
    note = lines.first.get_by_role("textbox")
    note.fill("look again")
    note.press("Tab")
    page.get_by_role("checkbox", name="Starred").check()
    expect(table.get_by_role("status")).to_have_text("1 of 500 runs")
    page.get_by_role("searchbox", name="Filter runs").fill("again")
    expect(lines).to_have_count(1)
    assert lines.first.get_attribute("data-row") == row


@pytest.mark.parametrize("by_address", [True, False])
def test_the_browser_does_not_send_the_view_back(open_page, served, many, by_address):
    page = open_page(f"{served.url}?sweep={many}" if by_address else served.url)
    if not by_address:
        expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
        page.get_by_test_id("view-sweep").click()
        page.get_by_role("combobox", name="Open a sweep…").select_option(many)
    expect(page.get_by_test_id("sweep-state")).to_have_text("500 answers.")
    expect(page.locator(".tile[data-frame]").first).to_be_visible()
    page.get_by_role("button", name="Select the Pareto front").click()
    expect(page.locator(".one-player[data-frame]").first).to_be_visible()
    assert max(map(len, page.sent)) < 5_000


def test_a_stored_run_joins_the_table_and_the_players(visit, many):
    page = visit()
    open_view(page)
    chooser = page.get_by_role("combobox", name="Add a stored run…")
    label = chooser.locator("option", has_text="T4c generated").first
    chooser.select_option(label.get_attribute("value"))
    expect(page.locator(".tile")).to_have_count(1)
    page.locator(".tile").click()
    expect(page.locator(".one-player[data-frame]")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Take out T4c")).click()
    expect(page.locator(".tile")).to_have_count(0)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3.3512, 3.3489], ["3.351", "3.349"]),
        ([-3.35, 3.35], ["−3.35", "3.35"]),
        ([0.0012345678, 0.0012345679], ["0.0012345678", "0.0012345679"]),
        ([2.0, 2.0], ["2", "2"]),
        ([100.0, 1234.5], ["100", "1230"]),
    ],
)
def test_two_ends_of_an_axis_never_read_the_same(browser, numbers, words):
    folder = Path(components.__file__).parent
    files = ("hexplayer/drawing.js", "plots/plot.js", "sweep/linked.js")
    code = "\n".join((folder / name).read_text("utf-8") for name in files)
    page = browser.new_page()
    said = page.evaluate(
        f"(numbers) => {{ {code.replace('export ', '')}; return apart(numbers) }}", numbers
    )
    page.close()
    assert said == words


def test_a_page_without_sweeps_has_no_model_of_them(visit):
    page = visit()
    count = "Bokeh.documents.reduce((sum, shown) => sum + shown._all_models.size, 0)"
    before = page.evaluate(count)
    open_view(page)
    assert page.evaluate(count) > before
