"""Headline, player, sidebar, exports and address of the page agree, whatever a person does.

MAXSTIM_PAGE_SEQUENCES is how many random sequences are gone through; by default two.
"""

from __future__ import annotations

import os
import random
import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from serving import Served

SEQUENCES = int(os.environ.get("MAXSTIM_PAGE_SEQUENCES", "2"))
STEPS = 8
CELLS = ("T4c", "T5a", "Mi1", "Tm3")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("agreement"))
    yield served
    served.stop()


@pytest.fixture
def page(browser, served):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)  # as for what is expected: two busy cores
    page.goto(served.url)
    ready(page)
    yield page
    context.close()


def ready(page: Page) -> None:
    expect(page.locator("h1").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Run "))).to_be_enabled()


def read(page: Page) -> dict:
    """Return what the parts of the page say at one moment: all of it is read in one go."""
    return page.evaluate(
        """() => {
          const deep = (root, selector) => {
            const found = root.querySelector(selector)
            if (found) return found
            for (const node of root.querySelectorAll("*")) {
              const inner = node.shadowRoot && deep(node.shadowRoot, selector)
              if (inner) return inner
            }
            return null
          }
          const text = (selector) => deep(document, selector)?.innerText ?? ""
          const player = deep(document, "[data-testid=player]")
          const exported = [...deep(document, "[aria-label='Take home']").querySelectorAll(".button")]
          return {
            heading: text("h1"), note: text("p.note"), response: player.innerText,
            live: player.dataset.live, run: text("[data-testid=run]"),
            cell: text("[data-testid=cell]"), exports: exported.map((one) => one.disabled),
            address: location.search,
          }
        }"""
    )


def disagreements(said: dict) -> list[str]:
    """Return what parts of the page say that others do not."""
    cell_type, method = said["heading"].split()[:2]
    forming = "Forming" in said["heading"]
    chosen = said["run"].split()[1:3]
    told = {
        "the player's cell type": (f"Response of {cell_type}" in said["response"], True),
        "whether the player is live": (said["live"] == "true", forming),
        "whether there is something to take home": (set(said["exports"]), {forming}),
        "the sidebar's cell type": (said["cell"].split()[2], chosen[0]),
        "the cell type in the address": (
            parse_qs(urlparse(said["address"]).query).get("cell", [""])[0],
            chosen[0],
        ),
    }
    if [cell_type, method] != chosen:
        told["that something else is chosen"] = (chosen[0] in said["note"], True)
    return [f"{what}: {a!r}, not {b!r}" for what, (a, b) in told.items() if a != b]


def check(page: Page, done: list[str]) -> None:
    """Make sure that the parts agree, as soon as the page has heard what the server says."""
    for _ in range(900):
        said = read(page)
        if not disagreements(said):
            return
        page.wait_for_timeout(100)  # a click and its echo
    raise AssertionError((disagreements(said), said, done))


def cancel(page: Page) -> None:
    """Press Cancel if there is a run: one that ends just now leaves a button that does nothing."""
    page.get_by_role("button", name="Cancel", exact=True).evaluate("(button) => button.click()")


def do(page: Page, chance: random.Random) -> str:
    """Do something that a person may do, and return what."""
    act = chance.choice(("choose", "choose", "method", "run", "run", "cancel", "follow", "reload"))
    match act:
        case "choose":
            cell_type = chance.choice(CELLS)
            page.get_by_test_id("cell").click()
            page.locator(f".chip[data-name='{cell_type}']").first.click()
            return f"choose {cell_type}"
        case "method":
            page.get_by_role("tab", name=chance.choice(("Natural", "Generated"))).click()
        case "run":
            page.get_by_role("tab", name="Generated").click()
            entry = page.get_by_role("textbox", name="Iterations").filter(visible=True)
            entry.fill(chance.choice(("2", "20000")))
            entry.press("Control+Enter")
        case "cancel":
            cancel(page)
        case "follow":
            rows = page.locator("button.run")
            if rows.count():
                rows.nth(chance.randrange(min(rows.count(), 4))).click()
        case "reload":
            page.reload()
            ready(page)
    return act


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_what_is_read_on_the_page_agrees(page, seed):
    chance, done = random.Random(seed), []
    for _ in range(STEPS):
        done.append(do(page, chance))
        check(page, done)
        page.wait_for_timeout(chance.choice((0, 300, 1500)))
        check(page, done)
    cancel(page)
