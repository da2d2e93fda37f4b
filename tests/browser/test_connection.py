"""What a page does when the server is out of reach, and when it is back."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from urllib.parse import parse_qs, urlparse
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect
from serving import ROOT, Served, free_port, start

from maxstim_core.optimal.result import load


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
    page.set_default_timeout(90_000)
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
    expect(bar(page)).to_have_text("Connection lost, trying again …")
    page.wait_for_timeout(3000)
    page.context.set_offline(False)
    expect(bar(page)).to_be_hidden()
    expect(iterations(page)).to_have_value("41")
    page.get_by_role("tab", name="Natural").click()
    expect(page.locator("h1").first).to_contain_text("natural")


def test_a_page_comes_back_after_the_server_was_started_again(page, served, tmp_path):
    seed = page.get_by_role("textbox", name="Seed").filter(visible=True)
    seed.fill("7")  # not even sent yet
    served.process.send_signal(signal.SIGINT)
    expect(bar(page)).to_be_visible()
    served.process.communicate()
    served.process = start(served.port, folder=tmp_path)
    served.process.stdout.readline()
    expect(bar(page)).to_be_hidden()
    expect(iterations(page)).to_have_value("41")
    expect(seed).to_have_value("7")
    expect(page).to_have_url(re.compile("cell=T4c&method=generated.*run=T4c-generated"))


def test_nothing_is_sent_while_the_server_is_gone(page, served, tmp_path):
    complaints = []
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    seed = page.get_by_role("textbox", name="Seed").filter(visible=True)
    seed.fill("8")  # it would be sent as the field loses the focus
    served.process.send_signal(signal.SIGINT)
    expect(bar(page)).to_be_visible()
    page.keyboard.press("Control+Enter")
    served.process.communicate()
    served.process = start(served.port, folder=tmp_path)
    served.process.stdout.readline()
    expect(bar(page)).to_be_hidden()
    expect(seed).to_have_value("8")
    assert not [said for said in complaints if "cannot send" in said]


def test_a_visitor_knows_their_runs_again_and_may_cancel_them(page):
    iterations(page).fill("20000")
    iterations(page).press("Enter")
    page.get_by_role("button", name="Run T4c").click()
    status = page.get_by_test_id("run-status")
    expect(status).to_contain_text("iteration")
    page.reload()
    expect(page.locator("h1").first).to_contain_text("Forming")
    expect(page.locator(".heading").first).to_have_text("Yours")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(status).to_contain_text("was cancelled")


def begin_long_run(page):
    """Start a run that would take long, of steps that do not, and return the key of its address.

    A short one comes first: a worker that stores its first answer loads what that takes, and on a busy
    machine that is longer than a server that is stopped waits.
    """
    length = page.get_by_role("textbox", name="Stimulus duration").filter(visible=True)
    length.fill("0.1")
    length.press("Enter")
    iterations(page).fill("2")
    iterations(page).press("Enter")
    page.get_by_role("button", name="Run T4c").click()
    expect(page.locator("h1 + p").first).to_contain_text("10 frames")
    expect(page.locator("h1").first).not_to_contain_text("Forming")
    iterations(page).fill("20000")
    iterations(page).press("Enter")
    page.get_by_role("button", name="Run T4c").click()
    expect(page.get_by_test_id("run-status")).to_contain_text("iteration")
    expect(page).to_have_url(re.compile("run=[0-9a-f]{16}(&|$)"))
    return parse_qs(urlparse(page.url).query)["run"][0]


def restart(page, served, folder, stop):
    """Stop the server by a signal, and start it again until the page is back.

    Returns:
        Seconds that it took to end.
    """
    page.evaluate("window.wasHere = true")
    began = time.monotonic()
    served.process.send_signal(stop)
    served.process.communicate()
    took = time.monotonic() - began
    served.process = start(served.port, folder=folder)
    served.process.stdout.readline()
    page.wait_for_function("() => !window.wasHere")  # it has opened itself again
    return took


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_was_going_is_kept_when_the_server_is_stopped(page, served, tmp_path, stop):
    run = begin_long_run(page)
    page.get_by_role("textbox", name="Seed").filter(visible=True).fill("7")  # not even sent yet
    assert restart(page, served, tmp_path, stop) < 5
    kept = load(served.data / "results" / f"{run}.nc")
    assert kept.attrs["status"] == "cancelled" and kept.attrs["cancelled_by"] == "server"
    expect(page.locator("h1").first).to_have_text(re.compile("^T4c generated.*Cancelled early$"))
    note = page.get_by_text(
        "This answer was made with seed 0. "
        "The server was restarted during this run; the best until then was kept."
    )
    expect(note).to_be_visible()
    seed = page.get_by_role("textbox", name="Seed").filter(visible=True)
    expect(seed).to_have_value("7")
    seed.fill("0")
    seed.press("Enter")
    expect(
        page.get_by_text("best until then was kept. Press Run to make the whole run.")
    ).to_be_visible()
    expect(iterations(page)).to_have_value("20000")
    expect(page).to_have_url(re.compile(f"run={run}"))


def test_a_run_of_a_server_that_was_killed_is_told_to_be_gone(page, served, tmp_path):
    run = begin_long_run(page)
    page.get_by_role("textbox", name="Seed").filter(visible=True).fill("7")
    restart(page, served, tmp_path, signal.SIGKILL)
    assert not (served.data / "results" / f"{run}.nc").exists()
    expect(page.get_by_role("alert")).to_have_text(re.compile("^The run of this link is not on"))
    expect(iterations(page)).to_have_value("20000")
    expect(page.get_by_role("textbox", name="Seed").filter(visible=True)).to_have_value("7")
    expect(page.get_by_role("alert")).to_contain_text("press Run to make it")
    expect(page.get_by_role("button", name="Run T4c generated")).to_be_enabled()


class Wire:
    """Stands between browser and server, and can be cut: what is open breaks, nothing new gets through.

    Attributes:
        port: Where the browser finds the server.
    """

    def __init__(self, port: int) -> None:
        self._to, self._is_cut = port, False
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listening.accept()
                try:
                    if self._is_cut:
                        raise OSError
                    server = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    browser.close()
                    continue
                self._open += [browser, server]
                for ends in ((browser, server), (server, browser)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


UNUSED, TOKEN = 2, 10
"""Seconds after which a lost session is dropped, and a page's token counts no more; else minutes."""


REAL_CUTS = tuple(int(cut) for cut in os.environ.get("MAXSTIM_CUTS", "3").split(","))
"""Seconds of cuts with sessions and tokens that last as long as usual, such as "80,1200".

Of more than some minutes with ``-o faulthandler_timeout=0``, so that pytest waits for them.
"""

SHORT_LIVES = (
    *("--unused-session-lifetime", str(1000 * UNUSED), "--check-unused-sessions", "500"),
    *("--session-token-expiration", str(TOKEN)),
)


@pytest.fixture
def wire(request, tmp_path):
    """A wire to ``panel serve dashboard``, whose sessions and tokens last for seconds, or as usual."""
    port = free_port()
    wire = Wire(port)
    environment = {
        **os.environ,
        "MAXSTIM_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "panel", "serve", "dashboard", "--port", str(port),
             "--allow-websocket-origin", f"localhost:{wire.port}",
             *getattr(request, "param", SHORT_LIVES)],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for _ in range(1500):
            with suppress(OSError):
                urlopen(f"http://localhost:{port}/dashboard", timeout=30).close()
                break
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.2)
        yield wire
    finally:
        wire.close()
        server.terminate()
        server.wait(120)


@pytest.fixture
def wired(browser, wire):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"http://localhost:{wire.port}/dashboard")
    expect(page.locator("h1").first).to_contain_text("T4c")
    expect(page).to_have_url(re.compile("run="))
    yield page
    context.close()


def test_after_a_long_cut_what_finished_meanwhile_is_on_the_page(wired, wire):
    """As 80 s without network: the session is gone, and so is what the page could prove it by."""
    cut_while_a_run_goes_on(wired, wire, UNUSED + TOKEN + 4)


@pytest.mark.parametrize("wire", [()], indirect=True)
@pytest.mark.parametrize("seconds", REAL_CUTS)
def test_so_it_is_after_a_cut_in_real_time(wired, wire, seconds):
    cut_while_a_run_goes_on(wired, wire, seconds)


def cut_while_a_run_goes_on(page, wire, seconds):
    """Start a run, cut the wire until long after its end, and find its answer, and what was typed."""
    length = page.get_by_role("textbox", name="Stimulus duration").filter(visible=True)
    length.fill("0.1")
    length.press("Enter")
    iterations(page).fill("300")
    iterations(page).press("Enter")
    page.get_by_test_id("run").click()
    expect(page.locator("h1").first).to_contain_text("Forming")
    page.get_by_role("textbox", name="Seed").filter(visible=True).fill("7")  # not even sent yet
    wire.cut()
    expect(bar(page)).to_be_visible()
    page.wait_for_timeout(1000 * seconds)
    expect(bar(page)).to_be_visible()
    wire.mend()
    expect(bar(page)).to_be_hidden()
    expect(page.locator("h1 + p").first).to_contain_text("10 frames")
    expect(page.locator("h1").first).not_to_contain_text("Forming")
    expect(iterations(page)).to_have_value("300")
    expect(page.get_by_role("textbox", name="Seed").filter(visible=True)).to_have_value("7")
    page.get_by_role("tab", name="Natural").click()
    expect(page.locator("h1").first).to_contain_text("natural")


def test_a_page_older_than_its_token_survives_a_short_cut(wired, wire):
    page = wired
    page.wait_for_timeout(1000 * (TOKEN + 3))
    wire.cut()
    expect(bar(page)).to_be_visible()
    wire.mend()
    expect(bar(page)).to_be_hidden()
    page.get_by_role("tab", name="Natural").click()
    expect(page.locator("h1").first).to_contain_text("natural")


def test_a_tab_that_the_browser_restores_shows_the_page(wired):
    page = wired
    page.get_by_role("tab", name="Natural").click()
    expect(page).to_have_url(re.compile("method=natural.*run=T4c-natural"))
    page.goto("about:blank")
    page.wait_for_timeout(1000 * (TOKEN + UNUSED + 2))
    page.go_back()
    expect(page.locator("h1").first).to_contain_text("natural")
    page.get_by_role("tab", name="Generated").click()
    expect(page.locator("h1").first).to_contain_text("generated")
