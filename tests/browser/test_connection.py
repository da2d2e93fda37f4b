"""What a page does when the server is out of reach, and when it is back."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import expect
from serving import Served, start


@pytest.fixture
def served(tmp_path):
    """A server with an empty data directory, that can be started again at the same address."""
    served = Served(tmp_path)
    yield served
    served.stop()


def bar(page):
    return page.get_by_test_id("connection")


def iterations(page):
    return page.get_by_role("textbox", name="Iterations").filter(visible=True)


@pytest.fixture
def page(browser, served):
    """Its page, with 41 iterations chosen and something typed that is no number."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(served.url)
    expect(page.locator("h1").first).to_contain_text("T4c")
    expect(page.get_by_role("button", name="Run T4c")).to_be_enabled()
    expect(page).to_have_url(re.compile("run="))
    iterations(page).fill("41")
    iterations(page).press("Enter")
    expect(page.get_by_text("This answer was made with iterations 200.")).to_be_visible()
    yield page
    context.close()


def test_a_short_cut_is_told_and_the_page_goes_on(page):
    page.context.set_offline(True)
    expect(bar(page)).to_have_text("Connection lost, trying again …", timeout=2_000)
    page.wait_for_timeout(3000)
    page.context.set_offline(False)
    expect(bar(page)).to_be_hidden(timeout=15_000)
    expect(iterations(page)).to_have_value("41")
    page.get_by_role("tab", name="Natural").click()
    expect(page.locator("h1").first).to_contain_text("natural")


def test_a_page_comes_back_after_the_server_was_started_again(page, served, tmp_path):
    seed = page.get_by_role("textbox", name="Seed").filter(visible=True)
    seed.fill("7")  # not even sent yet
    served.process.send_signal(signal.SIGINT)
    expect(bar(page)).to_be_visible(timeout=5_000)
    served.process.communicate()
    served.process = start(served.port, folder=tmp_path)
    served.process.stdout.readline()
    expect(bar(page)).to_be_hidden()
    expect(iterations(page)).to_have_value("41")
    expect(seed).to_have_value("7")
    expect(page).to_have_url(re.compile("cell=T4c&method=generated.*run=T4c-generated"))


def test_a_visitor_knows_their_runs_again_and_may_cancel_them(page):
    iterations(page).fill("20000")
    iterations(page).press("Enter")
    page.get_by_role("button", name="Run T4c").click()
    status = page.locator("p[role=status]:not(.said)")
    expect(status).to_contain_text("iteration")
    page.reload()
    expect(page.locator("h1").first).to_contain_text("Forming")
    expect(page.locator(".heading").first).to_have_text("Yours")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status).to_contain_text("was cancelled")
