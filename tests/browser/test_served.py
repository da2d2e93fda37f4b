"""``maxstim serve`` as a visitor meets it: behind a password, with threads."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect
from serving import Served


def test_a_visitor_logs_in_and_sees_the_page(browser: Browser, tmp_path):
    served = Served(tmp_path, password="a long enough one")
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(served.url)
        page.locator("[name=username]").fill("anna")
        page.locator("[name=password]").fill("a long enough one")
        page.locator("[type=submit]").click()
        expect(page).to_have_url(re.compile("/dashboard$"))
        expect(page.get_by_role("button", name=re.compile("Run "))).to_be_visible(timeout=30_000)
    finally:
        context.close()
        said = served.stop()
    assert "Traceback" not in said
