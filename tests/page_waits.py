"""Waiting for what a page shows or sends a moment later, where no `expect` can say what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Page

PATIENCE = 90
"""Seconds after which a test gives up, as `expect` does."""

Seen = TypeVar("Seen")


def until(page: Page, read: Callable[[], Seen], is_so: Callable[[Seen], bool]) -> Seen:
    """Read something until it is as it should be, and return it."""
    give_up = time.monotonic() + PATIENCE
    while not is_so(seen := read()):
        assert time.monotonic() < give_up, str(seen)[:1000]
        page.wait_for_timeout(50)
    return seen


def messages(page: Page) -> list[str | bytes]:
    """Return what a page has sent; an empty message only says that it is there."""
    return [message for message in page.sent if message]


def until_quiet(page: Page, seconds: float = 2.0) -> list[str | bytes]:
    """Wait until a page has sent nothing for a while, and return what it has by then.

    What a browser lays out late, it may tell of late.
    """
    give_up = time.monotonic() + PATIENCE
    already, since = messages(page), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < give_up, "The page does not stop sending."
        page.wait_for_timeout(100)
        if messages(page) != already:
            already, since = messages(page), time.monotonic()
    return already


MAIN_SCROLL = """() => {
  const roots = [document]
  for (const root of roots) {
    const main = root.querySelector("main")
    if (main) return main.scrollTop
    for (const one of root.querySelectorAll("*")) if (one.shadowRoot) roots.push(one.shadowRoot)
  }
}"""
"""How far the answer is scrolled."""
