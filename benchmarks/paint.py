"""How soon after a stroke of the brush the response is there, by length of movie and number of visitors.

python -m benchmarks.paint --strokes 100 --json paint.json

A server is started on loopback with an empty data directory. Each visitor has a page of their own with
the view to paint in, and paints stroke after stroke, the next as soon as the response to the last is
there but no more than sixty a second, as a browser does. What is measured is the time from sending a
stroke until the response to it has come whole. Whatever happens, it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, row
from benchmarks.measured import machine
from benchmarks.page_server import ROOT, PageServer, Visitor

LENGTHS = (20, 80, 200)
"""Frames of the movies."""

_BETWEEN = 1 / 60
"""Least seconds between strokes."""

_TOLD = ("visitors", "frames", "ms_50", "ms_95", "slowest_visitor_ms_50")

_PANEL = re.compile(r'"id":\s*"(p\d+)",\s*"attributes":\s*{"name":\s*"PaintPanel')


class Painter(Visitor):
    """A visitor who paints."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._panel, self._generation, self._serial = "", 0, 0

    async def begin(self, n_frames: int) -> None:
        """Wait for the view, and take a movie of a length."""
        while not self._panel:
            await self._part()
        await self.tell(self._panel, {"ready": True})
        self._generation = (await self._block("painting"))["generation"]
        await self._block("response")
        await self._edit(["length", n_frames])

    async def _part(self) -> str:
        said = await super()._part()
        if not self._panel and (found := _PANEL.search(said)):
            self._panel = found[1]
        return said

    async def stroke(self, column: int) -> float:
        """Paint one stroke; return the seconds until the response to it is there."""
        began = time.perf_counter()
        await self._edit(["brush", [column], 254 * (self._serial % 2), 0, 10, 2, 0])
        return time.perf_counter() - began

    async def _edit(self, edit: list) -> None:
        self._serial += 1
        told = {"edits": [edit], "serial": self._serial, "generation": self._generation}
        await self.tell(self._panel, told)
        while (await self._block("response")).get("serial") != self._serial:
            pass

    async def _block(self, kind: str) -> dict:
        """Return the header of the next block of a kind."""
        while True:
            said = await asyncio.wait_for(self._socket.read_message(), 300)
            if said is None:
                raise ConnectionError("The server closed the page.")
            if isinstance(said, bytes) and len(said) > 4:
                size = int.from_bytes(said[:4], "little")
                header = json.loads(said[4 : 4 + size])
                if header["kind"] == kind:
                    return header


async def _paint(painter: Painter, n_strokes: int, seed: int) -> list[float]:
    taken, columns = [], np.random.default_rng(seed).integers(0, 721, n_strokes)
    for column in columns.tolist():
        taken.append(await painter.stroke(column))
        await asyncio.sleep(max(0.0, _BETWEEN - taken[-1]))
    return taken


async def _visit(url: str, n_visitors: int, n_frames: int, n_strokes: int) -> np.ndarray:
    """Return the seconds of all strokes, shape (visitor, stroke)."""
    painters = [await Painter.arrive(url, search="?view=paint") for _ in range(n_visitors)]
    for painter in painters:
        await painter.begin(n_frames)
    taken = await asyncio.gather(
        *(_paint(painter, n_strokes, k) for k, painter in enumerate(painters))
    )
    for painter in painters:
        painter.leave()
    return np.array(taken)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=100, help="Of each visitor.")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--frames", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--json", type=Path, help="Where to write all figures.")
    options = parser.parse_args()
    found = []
    print(f"{machine()}.\n")
    titles = ("visitors", "frames", "50th (ms)", "95th (ms)", "50th of the slowest visitor (ms)")
    print("\n".join(head(*titles)), flush=True)
    os.environ["MAXSTIM_SEARCH_AHEAD"] = "0"  # nothing else is to be done
    server = PageServer("this build", ROOT)
    try:
        asyncio.run(asyncio.wait_for(_visit(server.url, 1, 80, 5), 600))  # compiles, opens
        server.settle()
        for n_visitors in options.visitors:
            for n_frames in options.frames:
                work = _visit(server.url, n_visitors, n_frames, options.strokes)
                taken = 1e3 * asyncio.run(asyncio.wait_for(work, 900))
                half, most = np.percentile(taken, (50, 95))
                slowest = np.percentile(taken, 50, axis=1)
                found.append(
                    {
                        "visitors": n_visitors,
                        "frames": n_frames,
                        "ms_50": round(float(half), 1),
                        "ms_95": round(float(most), 1),
                        "slowest_visitor_ms_50": round(float(slowest.max()), 1),
                        "strokes": int(taken.size),
                    }
                )
                print(row(*(f"{found[-1][name]}" for name in _TOLD)), flush=True)
    finally:
        server.end()
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine(), "found": found}, indent=1))


if __name__ == "__main__":
    main()
