"""A real Chromium, a Panel server to point it at, and pages that may not complain.

Chromium is the one that the environment variable CHROMIUM names, else one found on the search path;
nothing is downloaded. Without any, these tests are skipped, or fail if MAXSTIM_STRICT=1.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import panel as pn
import pytest
import serving
from bokeh.document import Document
from playwright.sync_api import Browser, Page, expect, sync_playwright

from maxstim_core.cli.doctor import find_chromium

expect.set_options(timeout=90_000)  # a page on two busy cores

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, one for all tests."""
    path = find_chromium()
    if path is None:
        named = os.environ.get("CHROMIUM")
        found = f"CHROMIUM={named} is no program" if named else "No Chromium was found"
        reason = f"{found}; install one or set CHROMIUM to its path to run the browser tests."
        if os.environ.get("MAXSTIM_STRICT", "") not in ("", "0"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Chromium refuses its sandbox to root, as which containers run.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if is_root else []
        )
        yield browser
        browser.close()


@dataclass
class Served:
    """A running app: where it is, and what its sessions hold."""

    url: str
    sessions: list[tuple[Document, object]] = field(default_factory=list)

    def change(self, do: Callable[[object], None]) -> None:
        """Call `do` with what the app function of the newest session returned, under its lock."""
        document, shown = self.sessions[-1]
        done, errors = threading.Event(), []

        def within() -> None:
            try:
                do(shown)
            except Exception as error:
                errors.append(error)
            finally:
                done.set()

        document.add_next_tick_callback(within)
        assert done.wait(90), "The session did not come to it."
        if errors:
            raise errors[0]


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[], object]], Served]]:
    """Serve a function that returns a Panel object, on a free port, until the test is over."""
    servers = []

    def start(app: Callable[[], object]) -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        served = Served(f"http://localhost:{port}/")

        def session() -> object:
            shown = app()
            served.sessions.append((pn.state.curdoc, shown))
            return shown

        servers.append(
            pn.serve(
                {"/": session}, port=port, address="localhost", threaded=True, show=False,
                verbose=False,
            )
        )  # fmt: skip
        return served

    yield start
    for server in servers:
        server.stop()
        server.join(10)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a browser context of its own; at the end, no page may have complained."""
    contexts, complaints = [], []

    def visit(
        url: str, *, width: int = 1280, height: int = 900, density: float = 1, wait: str = ""
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=density
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda m: page.sent.append(m)))
        page.goto(url)
        if wait:
            page.locator(wait).first.wait_for()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(open_page: Callable[..., Page], served: serving.Served) -> Callable[..., Page]:
    """Open the page of the server of this module, `served`, and wait for its answer."""

    def go(search: str = "", **size: int) -> Page:
        page = open_page(served.url + search, **size)
        expect(page.locator("h1").filter(visible=True).first).to_be_visible()
        expect(page.get_by_test_id("player")).to_have_attribute("data-live", "false")
        return page

    return go
