"""A person steers a generated run in Chromium: sliders act on it, and so do the buttons below."""

from __future__ import annotations

import json
import re

import pytest
from page_waits import messages, until, until_quiet
from playwright.sync_api import Page, expect
from serving import Served

import maxstim_core as ms
from maxstim_core.runs.request import request_of

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("steer"))
    yield served
    served.stop()


@pytest.fixture
def page(browser, served):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(served.url + "?cell=T4c&method=generated")
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
    yield page
    context.close()


def enter(page: Page, label: str, value: object) -> None:
    entry = page.get_by_role("textbox", name=label).filter(visible=True).first
    entry.fill(str(value))
    entry.press("Enter")


def press(page: Page, name: str) -> None:
    page.get_by_test_id(f"steer-{name}").click()


def begin(page: Page, seed: int, iterations: int = 4000) -> None:
    """Run something that nobody has run, and pause it."""
    enter(page, "Stimulus duration", 0.1)
    enter(page, "Iterations", iterations)
    enter(page, "Seed", seed)
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "true")
    press(page, "pause")
    expect(page.get_by_test_id("steer-pause")).to_have_text("Go on")


def status(page: Page):
    return page.get_by_test_id("run-status")


def iteration(page: Page) -> int:
    text = status(page).text_content()
    return int(re.search(r"(\d+) of \d+", text)[1])


def test_pause_step_slow_back_and_go(page):
    begin(page, seed=11)
    expect(status(page)).to_contain_text("paused")
    expect(page.get_by_test_id("steer")).to_contain_text("10 minutes")
    there = iteration(page)
    press(page, "step")
    expect(status(page)).to_contain_text(f"{there + 1} of 4000")
    press(page, "slow")
    expect(page.get_by_test_id("steer-slow")).to_have_attribute("aria-pressed", "true")
    expect(status(page)).to_contain_text(f"{there + 3} of 4000")
    press(page, "pause")
    page.get_by_test_id("steer-iteration").fill("1")
    press(page, "back")
    expect(status(page)).to_contain_text(", 1 of 4000")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled")


def test_a_slider_acts_on_the_run_that_goes_and_the_answer_keeps_the_schedule(page, served):
    begin(page, seed=12)
    there = iteration(page)
    enter(page, "Pull to grey", 500)
    enter(page, "Iterations", there + 20)
    press(page, "pause")
    expect(status(page)).to_contain_text("is done")
    words = f"after {there}: pull to grey 500 and iterations {there + 20}"
    expect(page.locator(".run").first).to_contain_text(words)
    expect(page.get_by_test_id("steer-more")).to_have_text(f"{there + 20} more")
    expect(page).to_have_url(re.compile("run=[0-9a-f]{64}"))
    key = re.search(r"run=([0-9a-f]+)", page.url)[1]
    found = [path for path in (served.data / "results").glob("*.nc") if path.stem.startswith(key)]
    answer = ms.load(found[0])
    config = request_of(answer).config
    assert config.schedule == f"{there}: weight_mei=500.0 n_iters={there + 20}"
    assert json.loads(answer.attrs["config"])["schedule"] == config.schedule
    assert config.content_hash
    press(page, "more")
    expect(page.locator(".run").first).to_contain_text(f"{2 * (there + 20)} iterations")
    expect(status(page)).to_contain_text("is done")
    expect(page.get_by_test_id("steer-more")).to_have_text(f"{there + 20} more")


def test_scrubbing_through_iterations_sends_nothing(page):
    page.sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda m: page.sent.append(m)))
    page.reload()
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
    begin(page, seed=13)
    for _ in range(3):
        there = iteration(page)
        press(page, "step")
        expect(status(page)).to_contain_text(f"{there + 1} of 4000")
    slider = page.get_by_test_id("iteration")
    expect(slider).to_be_visible()
    newest = page.get_by_test_id("player").get_attribute("data-iteration")
    before = until_quiet(page)
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    earlier = page.get_by_test_id("player").get_attribute("data-iteration")
    assert int(earlier) < int(newest)
    expect(page.get_by_test_id("steer-iteration")).to_have_value(earlier)
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)
    assert messages(page) == before
    press(page, "back")
    expect(status(page)).to_contain_text(f", {earlier} of 4000")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled")


def test_the_page_says_what_holds_a_run_back_and_whether_settings_act_on_it(page):
    begin(page, seed=14, iterations=2000)
    there, steer = iteration(page), page.get_by_test_id("steer")
    expect(steer).to_contain_text("Settings act from here on.")
    enter(page, "Learning rate", -1)
    expect(steer).to_contain_text("No setting acts on it until this is mended: Learning rate must")
    enter(page, "Iterations", there + 500)
    expect(status(page)).to_contain_text(f"{there} of 2000")
    enter(page, "Learning rate", 0.02)
    expect(steer).to_contain_text("Settings act from here on.")
    expect(status(page)).to_contain_text(f"{there} of {there + 500}")
    page.get_by_role("tab", name="Regularized").click()
    expect(steer).to_contain_text("Settings do not act on T4c generated while something else")
    page.get_by_role("tab", name="Generated").click()
    expect(steer).to_contain_text("Settings act from here on.")

    back, said = page.get_by_test_id("steer-iteration"), page.get_by_role("alert")
    expect(back).to_have_attribute("placeholder", f"0–{there}")
    for nonsense in ("", "-3", "999999", "x"):
        back.fill(nonsense)
        press(page, "back")
        expect(said.first).to_contain_text(f"Go back to a whole number between 0 and {there} iter")
        expect(status(page)).to_contain_text(f"{there} of {there + 500}")
        page.get_by_role("button", name="Close", exact=True).filter(visible=True).first.click()
    back.fill("0")
    press(page, "back")
    expect(status(page)).to_contain_text("paused, 0 of ")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled")


def test_while_a_movie_forms_the_player_stands_at_a_telling_frame(page):
    begin(page, seed=15)
    player = page.get_by_test_id("player")
    press(page, "pause")
    until(page, lambda: iteration(page), lambda there: there > 200)
    press(page, "pause")
    expect(status(page)).to_contain_text("paused")
    assert int(player.get_attribute("data-frame")) < 9, "not the last one, which is nearly grey"
    player.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    there = iteration(page)
    press(page, "step")
    expect(status(page)).to_contain_text(f"{there + 1} of 4000")
    page.wait_for_timeout(600)
    expect(player).to_have_attribute("data-frame", "1")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled")


@pytest.mark.parametrize("search", ["?cell=T4c", "?cell=CT1(M10)&method=regularized"])
@pytest.mark.parametrize("lesson", ["", "&lesson=on-off&step=1"])
def test_the_name_of_what_is_run_stays_within_its_button(browser, served, search, lesson):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(served.url + search + lesson)
    expect(page.get_by_test_id("run")).to_have_text(re.compile("Run .+"))
    fits = """(button) => {
        const [box, text] = [button, button.lastChild].map((node) => node.getBoundingClientRect())
        return text.top >= box.top && text.bottom <= box.bottom
            && text.left >= box.left && text.right <= box.right
    }"""
    for shows_all in (False, True):
        assert page.get_by_test_id("run").evaluate(fits), search
        if lesson and not shows_all:
            page.get_by_role("button", name="Show all").first.click()
    context.close()


def test_what_the_player_shows_of_an_earlier_iteration_is_said_above(page):
    begin(page, seed=19)
    for _ in range(2):
        there = iteration(page)
        press(page, "step")
        expect(status(page)).to_contain_text(f"{there + 1} of 4000")
    slider, player = page.get_by_test_id("iteration"), page.get_by_test_id("player")
    apart = page.get_by_test_id("headline").get_by_test_id("apart")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    earlier = player.get_attribute("data-iteration")
    expect(apart).to_have_text(f"the player shows iteration {earlier}")
    page.get_by_role("button", name="Back to the newest").click()
    expect(apart).to_be_hidden()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status(page)).to_contain_text("was cancelled")
    expect(player).to_have_attribute("data-live", "false")
    slider.focus()
    page.keyboard.press("Home")
    first = player.get_attribute("data-iteration")
    expect(apart).to_have_text(f"the player shows iteration {first}; figures and files: the answer")
    page.get_by_role("button", name="Back to the answer").click()
    expect(apart).to_be_hidden()


def test_back_to_the_beginning_is_called_so_and_leaves_a_page_with_an_answer(page):
    begin(page, seed=20)
    page.get_by_test_id("steer-iteration").fill("0")
    press(page, "back")
    expect(status(page)).to_contain_text("paused, 0 of 4000")
    expect(page.get_by_test_id("player")).to_have_attribute("data-iteration", "0")
    row = page.locator(".run").first
    expect(row).to_contain_text("step 0 of 4000, paused")
    page.get_by_test_id("steer-iteration").fill("1")
    press(page, "back")
    expect(page.get_by_text("There is no earlier iteration to go back to")).to_be_visible()
    page.reload()
    expect(status(page)).to_contain_text("paused, 0 of 4000")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
    expect(page.get_by_test_id("headline")).to_contain_text("T4c")
    expect(page.get_by_role("button", name="NetCDF", exact=True)).to_be_enabled()
