"""What a page costs its server and its visitors, beside that of another build of this repository.

python -m benchmarks.page --build 55ad32f --visits 10 --json

Needs Linux and a Chromium. Both builds are served at once on loopback, each with an empty data
directory, and visited in turn. A visit opens the page in a new browser context and waits until it has
drawn an answer and nothing has been sent or asked for in three seconds; what is counted is the CPU of
the server's whole process tree in that time, once it has nothing left to do from its start, the search
for all cell types included. One visit of each build goes first and does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tornado.httpclient import HTTPError

from benchmarks.markdown import head, row
from benchmarks.measured import machine
from benchmarks.page_server import ROOT, PageServer, Visitor, checked_out
from maxstim_core.cli.doctor import find_chromium

QUIET = 3.0
"""Seconds in which nothing is sent or asked for before a page counts as complete."""

expect.set_options(timeout=120_000)

CROWD = 20
"""Visitors who come at once."""


class Traffic:
    """What a page asks for and is sent."""

    def __init__(self, page: Page) -> None:
        self.requests, self.wire, self.socket, self.last = 0, 0, 0, time.monotonic()
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.responseReceived", self._asked)
        network.on("Network.loadingFinished", self._finished)
        for way in ("Received", "Sent"):
            network.on(f"Network.webSocketFrame{way}", self._framed)

    def _asked(self, event: dict) -> None:
        response = event["response"]
        if response["url"].startswith("http") and not response.get("fromDiskCache"):
            self.requests += 1
        self.last = time.monotonic()

    def _finished(self, event: dict) -> None:
        self.wire += event["encodedDataLength"]
        self.last = time.monotonic()

    def _framed(self, event: dict) -> None:
        self.socket += len(event["response"]["payloadData"])
        self.last = time.monotonic()


def visit(server: PageServer, context: BrowserContext) -> dict[str, float]:
    """Open a page, wait until it is complete, and return what it cost."""
    page = context.new_page()
    traffic = Traffic(page)
    server.settle()
    cpu, began = server.cpu_seconds(), time.monotonic()
    page.goto(server.url)
    drawn(page)
    shown = time.monotonic() - began
    while time.monotonic() - traffic.last < QUIET:
        page.wait_for_timeout(50)
    cost = {
        "CPU of the server (s)": server.cpu_seconds() - cpu,
        "until an answer is drawn (s)": shown,
        "requests": traffic.requests,
        "bytes on the wire (MB)": traffic.wire / 1e6,
        "bytes of the socket (MB)": traffic.socket / 1e6,
        "Bokeh models": page.evaluate(
            "Bokeh.documents.reduce((sum, shown) => sum + shown._all_models.size, 0)"
        ),
    }
    page.close()
    return cost


def drawn(page: Page) -> None:
    """Wait until an answer is on the page."""
    expect(page.locator("h1").filter(has_text=re.compile(r"\w+ \w+")).first).to_be_visible()
    expect(page.locator(".player[data-live=false] canvas").first).to_be_visible()


def visits(server: PageServer, browser: Browser) -> tuple[dict[str, float], dict[str, float]]:
    """Return what a first visit costs and what a second one does, whose files are in the cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    try:
        return visit(server, context), visit(server, context)
    finally:
        context.close()


def click_seconds(page: Page, seconds: float) -> list[float]:
    """Choose one method after another for a while, and return how long the address took to follow."""
    taken, give_up = [], time.monotonic() + seconds
    methods = ("Regularized", "Generated")
    while time.monotonic() < give_up:
        method = methods[len(taken) % 2]
        began = time.perf_counter()
        page.get_by_role("tab", name=method).click()
        page.wait_for_url(
            re.compile(f"method={method.lower()}"), timeout=60_000, wait_until="commit"
        )
        taken.append(time.perf_counter() - began)
        page.wait_for_timeout(100)
    return taken


async def _come_at_once(url: str) -> tuple[list[float], list[Visitor]]:
    async def arrive() -> tuple[float, Visitor | None]:
        began, visitor = time.perf_counter(), None
        with suppress(
            OSError, HTTPError, asyncio.TimeoutError
        ):  # the time it took to give up counts
            visitor = await Visitor.arrive(url)
        return time.perf_counter() - began, visitor

    arrived = await asyncio.gather(*(arrive() for _ in range(CROWD)))
    return [seconds for seconds, _ in arrived], [v for _, v in arrived if v is not None]


def crowd(server: PageServer, browser: Browser) -> dict[str, float]:
    """Let many visitors come at once while a person clicks on an open page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(server.url)
    drawn(page)
    click_seconds(page, 2)
    outcome: dict[str, list[float]] = {}

    def come() -> None:
        async def stay() -> None:
            outcome["live"], visitors = await _come_at_once(server.url)
            for visitor in visitors:
                visitor.leave()

        asyncio.run(stay())

    thread = threading.Thread(target=come)
    thread.start()
    clicks = []
    while thread.is_alive():
        clicks += click_seconds(page, 0.1)
    thread.join()
    context.close()
    return {
        f"{CROWD} visitors: last page live (s)": max(outcome["live"]),
        f"{CROWD} visitors: click, 95th percentile (s)": float(np.percentile(clicks, 95)),
        f"{CROWD} visitors: clicks": len(clicks),
    }


def busy(server: PageServer, browser: Browser) -> dict[str, float]:
    """Let many pages run something each, and ping the server meanwhile."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    for cell_type in ("L1", "L2", "Mi1", "Mi4", "Mi9", "Tm1", "Tm2", "Tm3"):
        page = context.new_page()
        page.goto(f"{server.url}?cell={cell_type}&method=generated")
        drawn(page)
        page.get_by_role("button", name=f"Run {cell_type}").click()

    async def ping() -> list[float]:
        visitor = await Visitor.arrive(server.url)
        taken, give_up = [], time.monotonic() + 15
        while time.monotonic() < give_up:
            taken.append(await visitor.ping())
            await asyncio.sleep(0.05)
        visitor.leave()
        return taken

    pings: list[float] = []
    # Not in this thread, which has an event loop of its own already.
    thread = threading.Thread(target=lambda: pings.extend(asyncio.run(ping())))
    thread.start()
    while thread.is_alive():
        page.wait_for_timeout(50)
    context.close()
    return {
        "8 pages with runs: ping, 95th percentile (s)": float(np.percentile(pings, 95)),
        "8 pages with runs: longest ping (s)": max(pings),
    }


def ended(server: PageServer) -> dict[str, float]:
    """Ask the server to end while many pages are being built."""

    async def come() -> None:
        coming = [asyncio.create_task(Visitor.arrive(server.url)) for _ in range(CROWD)]
        await asyncio.wait(coming, timeout=1)

    asyncio.run(come())
    return {f"ended with {CROWD} pages being built (s)": server.end()}


def memory(server: PageServer, cycles: int) -> dict[str, float]:
    """Open and close pages one after another; return how far the server's memory has grown."""

    async def cycle() -> None:
        visitor = await Visitor.arrive(server.url)
        visitor.leave()

    grown, marks = {}, sorted({min(10, cycles), cycles})
    for number in range(1, cycles + 1):
        asyncio.run(cycle())
        if number in marks:
            time.sleep(5)  # until the last sessions have been dropped
            grown[f"memory after {number} open/close cycles (MB)"] = server.megabytes()
    return grown


def measured(server: PageServer, browser: Browser, cycles: int) -> dict[str, float]:
    """Return what is measured once of a build."""
    return {
        **_apart(lambda: memory(server, cycles)),
        **crowd(server, browser),
        **busy(server, browser),
        **_apart(lambda: ended(server)),
    }


def _apart(measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Measure in a thread of its own: playwright keeps this one's event loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(measure).result()


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="55ad32f", help="a commit to compare with")
    parser.add_argument(
        "--checkout", type=Path, help="a ready checkout of it; by default a new one"
    )
    parser.add_argument("--visits", type=int, default=10, help="of each build")
    parser.add_argument("--cycles", type=int, default=50, help="pages opened and closed for memory")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="maxstim-build-"))
        other = args.checkout or checked_out(args.build, Path(temporary))
        servers = [PageServer(args.build, other.resolve())]
        stack.callback(servers[0].end)
        servers.append(PageServer("this build", ROOT))
        stack.callback(servers[1].end)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        stack.callback(browser.close)
        costs: dict[str, list[tuple[dict, dict]]] = {server.name: [] for server in servers}
        for number in range(args.visits + 1):
            for server in servers:
                cost = visits(server, browser)
                if number:
                    costs[server.name].append(cost)
                said = f"visit {number} of {args.visits}, {server.name}: {cost[0]}"
                print(said, file=sys.stderr, flush=True)
        rows = {server.name: summary(costs[server.name]) for server in servers}
        for server in servers:
            rows[server.name] |= measured(server, browser, args.cycles)
    old, new = rows.values()
    ratio = old["CPU of the server (s)"] / new["CPU of the server (s)"]
    if args.json:
        each = {
            name: [first["CPU of the server (s)"] for first, _ in all_of]
            for name, all_of in costs.items()
        }
        print(json.dumps({"builds": rows, "CPU of each visit (s)": each, "CPU ratio": ratio,
                          "machine": machine()}, indent=2))  # fmt: skip
        return
    print("\n".join(head("", *rows)))
    for name in old:
        print(row(name, *(f"{build[name]:.3g}" for build in (old, new))))
    print(f"\nCPU: {ratio:.1f} times less. Medians of {args.visits} visits; {machine()}.")


def summary(costs: list[tuple[dict, dict]]) -> dict[str, float]:
    """Return the medians over the visits, of first pages and, marked so, of second ones."""
    medians = {name: median(first[name] for first, _ in costs) for name in costs[0][0]}
    again = {f"second page: {name}": median(s[name] for _, s in costs) for name in costs[0][1]}
    return medians | again


if __name__ == "__main__":
    main()
