"""How long one visitor waits while another floods the server, with one thing after the other.

python -m benchmarks.flood --seconds 10

Needs Linux. For each flood a server is started on loopback; they share a data directory, so that the
search for all cell types is made once, before the first. The one who floods is one browser, with one
cookie and ten pages, in a process of its own that ends by itself. The one who waits has another page; it
asks for a sign of life (ping) and chooses another method (click) by turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from tornado.httpclient import HTTPError
from tornado.websocket import WebSocketClosedError

from benchmarks.markdown import head, row
from benchmarks.measured import machine
from benchmarks.page_server import ROOT, PageServer, Visitor

_GONE = (OSError, HTTPError, WebSocketClosedError, asyncio.TimeoutError)
"""What one who floods is told, in the end: no more."""

_PAGES = 10
"""Pages that the one who floods has open at first."""

Flood = Callable[[str, list[Visitor], float], Awaitable[int]]
"""Takes the address, some open pages and when to end; returns how much it has asked for."""


async def nothing(url: str, open_pages: list[Visitor], until: float) -> int:
    """Look at the page, as others do."""
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    return 0


async def pages(url: str, open_pages: list[Visitor], until: float) -> int:
    """Open page after page, ten at a time, and close none."""
    asked, opened = 0, []

    async def open_on() -> None:
        nonlocal asked
        while time.monotonic() < until:
            asked += 1
            try:
                opened.append(await Visitor.arrive(url, open_pages[0].cookie))
            except _GONE:
                await asyncio.sleep(0.02)

    await asyncio.gather(*(open_on() for _ in range(10)))
    return asked


async def _many(open_pages: list[Visitor], until: float, say: Callable[[int], object]) -> int:
    """Send the sidebars of all pages messages, as fast as they are taken."""
    asked = 0

    async def send_on(visitor: Visitor) -> None:
        nonlocal asked
        with suppress(*_GONE):
            while time.monotonic() < until:
                asked += 1
                await asyncio.wait_for(visitor.click(say(asked)), until - time.monotonic() + 1)

    await asyncio.gather(*map(send_on, open_pages))
    return asked


async def messages(url: str, open_pages: list[Visitor], until: float) -> int:
    """Choose one cell type after another: each is looked for, read and drawn."""
    cell_types = ("T4a", "T5b", "Mi1", "Tm3", "L1", "Mi9", "Tm1", "T4c")
    return await _many(open_pages, until, lambda k: {"cell": cell_types[k % 8]})


async def runs(url: str, open_pages: list[Visitor], until: float) -> int:
    """Press Run again and again, each time with another seed."""

    def say(k: int) -> dict[str, str]:
        seed = {"method": "generated", "setting": "seed", "entry": str(k)}
        return seed if k % 2 else {"press": "run"}

    return await _many(open_pages, until, say)


async def networks(url: str, open_pages: list[Visitor], until: float) -> int:
    """Send files of 2 MB that are no networks."""
    text = '{"a": [' + "1, " * 600_000 + "1]}"
    return await _many(open_pages, until, lambda k: {"file": f"n{k}.json", "content": text})


async def movies(url: str, open_pages: list[Visitor], until: float) -> int:
    """Send movies of 200 MB, again and again, on as many pages as there may be."""
    asked = 0
    chunk = b"\x93NUMPY\x01\x00v\x00" + bytes(10**6)

    async def send_on(visitor: Visitor) -> None:
        nonlocal asked
        with suppress(*_GONE):
            await visitor.tell(visitor.model("SidebarPanel"), {"press": "movie"})
            while '"name":"DropZone"' not in visitor.document:
                visitor.document = await visitor._hear("PATCH-DOC")
            zone = visitor.model("DropZone")
            while time.monotonic() < until:
                offer = {"offer": asked}
                await visitor.tell(zone, {"name": "a.npy", "size": 200 * 10**6, **offer})
                for _ in range(200):
                    asked += 1
                    await visitor.tell(zone, {"chunk": chunk, **offer})
                    await asyncio.wait_for(visitor._hear("OK"), until - time.monotonic() + 1)

    await asyncio.gather(*map(send_on, open_pages))
    return asked


async def films(url: str, open_pages: list[Visitor], until: float) -> int:
    """Ask for the film of an answer again and again."""
    asked, page = 0, open_pages[0]
    panel = page.model("HeadlinePanel")
    with suppress(*_GONE):
        while time.monotonic() < until:
            asked += 1
            await page.tell(panel, "Film")
            await asyncio.sleep(0.01)
    return asked


async def pictures(url: str, open_pages: list[Visitor], until: float) -> int:
    """Send what cannot be read, on connection after connection."""
    asked = 0
    while time.monotonic() < until:
        with suppress(*_GONE):
            visitor = await Visitor.arrive(url, open_pages[0].cookie)
            while True:
                asked += 1
                await visitor._socket.write_message(b"\xff" * 1000)
                await visitor._ask("PATCH-DOC", {"events": [{"kind": "nonsense"}]})
        await asyncio.sleep(0.02)
    return asked


FLOODS: dict[str, Flood] = {
    "nothing": nothing,
    "pages": pages,
    "messages": messages,
    "runs": runs,
    "networks": networks,
    "movies": movies,
    "films": films,
    "what cannot be read": pictures,
}


def _flood(name: str, url: str, seconds: float, told: multiprocessing.Queue) -> None:
    async def go() -> int:
        open_pages = [await Visitor.arrive(url)]
        while len(open_pages) < _PAGES:
            open_pages.append(await Visitor.arrive(url, open_pages[0].cookie))
        # Whatever happens, it ends.
        with suppress(asyncio.TimeoutError):
            until = time.monotonic() + seconds
            return await asyncio.wait_for(FLOODS[name](url, open_pages, until), seconds + 20)
        return -1

    told.put(asyncio.run(go()))


async def waited(url: str, is_over: Callable[[], bool]) -> dict[str, list[float]]:
    """Return the seconds that another visitor waits for each ping and each click."""
    visitor = await Visitor.arrive(url)
    taken: dict[str, list[float]] = {"ping": [], "click": []}
    while not is_over():
        taken["ping"].append(await visitor.ping())
        method = ("regularized", "generated")[len(taken["click"]) % 2]
        taken["click"].append(await visitor.click({"choose": method}))
        await asyncio.sleep(0.1)
    visitor.leave()
    return taken


def beside(name: str, server: PageServer, seconds: float) -> dict[str, float]:
    """Let one visitor flood, and return what another one meets."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=_flood, args=(name, server.url, seconds, told), daemon=True)
    cpu = server.cpu_seconds()
    process.start()
    taken = asyncio.run(waited(server.url, lambda: not process.is_alive() or not told.empty()))
    asked = told.get()
    process.join(30)
    return {
        "asked for": asked,
        **{
            f"{what} {words} (s)": float(np.percentile(taken[what], share))
            for what in taken
            for words, share in (("median", 50), ("95 %", 95), ("longest", 100))
        },
        "server (CPU s)": server.cpu_seconds() - cpu,
        "server (MB)": server.megabytes(),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each flood")
    parser.add_argument(
        "--only", action="append", choices=FLOODS, help="one of them; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    os.chdir(ROOT)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="maxstim-flood-") as data:
        for name in args.only or FLOODS:
            server = PageServer("this build", ROOT, Path(data))
            try:
                server.settle()
                rows[name] = beside(name, server, args.seconds)
            finally:
                server.end()
            print(name, rows[name], file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps({"floods": rows, "machine": machine()}, indent=2))
        return
    print("\n".join(head("a flood of", *next(iter(rows.values())))))
    for name, told in rows.items():
        print(row(name, *(f"{value:.3g}" for value in told.values())))
    print(f"\n{args.seconds:g} s each; {machine()}.")


if __name__ == "__main__":
    main()
