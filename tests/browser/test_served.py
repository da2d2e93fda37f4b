"""``maxstim serve`` as visitors meet it: behind a password, with the names of their choosing."""

from __future__ import annotations

import re
from contextlib import closing

from playwright.sync_api import Browser, Page, expect
from serving import Served

PASSWORD = "a long enough one"
MARK = "<b class=evil>Bo & Co</b>"
"""A name that would be bold, were it taken for HTML."""


def run_another(page: Page) -> None:
    """Start a run without an answer yet: that to the settings of a new page comes with maxstim."""
    seed = page.get_by_role("textbox", name="Seed:").filter(visible=True)
    seed.fill("7")
    seed.press("Enter")
    page.get_by_role("button", name=re.compile("^Run ")).click()


def entered(browser: Browser, served: Served, name: str) -> Page:
    """Return the page of somebody who has logged in."""
    page = browser.new_context().new_page()
    page.set_default_timeout(90_000)
    page.goto(served.url)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name=re.compile("^Run "))).to_be_visible()
    return page


def test_names_stand_beside_runs_and_a_logout_ends_all_pages(browser: Browser, tmp_path):
    served = Served(tmp_path, password=PASSWORD)
    anna, other = entered(browser, served, "anna"), entered(browser, served, MARK)
    with closing(anna.context), closing(other.context):
        expect(anna.locator("header .person .name")).to_have_text("anna")
        expect(other.locator("header .person .name")).to_have_text(MARK)
        run_another(other)
        hers = anna.get_by_role("region", name="Runs").locator(".run .person")
        expect(hers.first).to_have_text(f"by {MARK}")
        own = other.get_by_role("region", name="Runs").locator(".run .person")
        expect(own.first).to_have_text(f"by {MARK}")
        assert anna.locator(".evil").count() == other.locator(".evil").count() == 0

        second = anna.context.new_page()
        second.goto(served.url)
        expect(second.get_by_role("button", name=re.compile("^Run "))).to_be_visible()
        second.get_by_role("button", name="Log out").click()
        expect(second.get_by_label("Password")).to_be_visible()
        expect(anna.get_by_label("Password")).to_be_visible()
        expect(other.get_by_role("button", name="Log out")).to_be_visible()  # of another login
    said = served.stop()
    assert "Traceback" not in said
    assert "Closed the connection" not in said  # all that the page sends is let through


def test_where_nobody_logs_in_a_name_is_chosen_on_the_page(browser: Browser, tmp_path):
    served = Served(tmp_path)
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.goto(served.url)
        page.get_by_role("button", name="Your name").click()
        page.get_by_role("dialog", name="Your name").get_by_role("textbox").fill(f"  {MARK}  ")
        page.get_by_role("button", name="Take this name").click()
        expect(page.locator("header .person .name")).to_have_text(MARK)
        run_another(page)
        runs = page.get_by_role("region", name="Runs")
        expect(runs.locator(".run .person").first).to_have_text(f"by {MARK}")
        page.reload()
        expect(page.locator("header .person .name")).to_have_text(MARK)
        expect(runs.locator(".run .person").first).to_have_text(f"by {MARK}")
        assert page.get_by_role("button", name="Log out").count() == 0
        assert page.locator(".evil").count() == 0
    said = served.stop()
    assert "Traceback" not in said
    assert "Closed the connection" not in said
