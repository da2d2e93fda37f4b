"""Steps a second of many visitors who steer movies at once, and how long others wait for their clicks.

python -m benchmarks.steer --visitors 20 --seconds 60

Needs Linux. A server is started on loopback with an empty data directory. Each visitor has a page and a
browser of their own, presses Run with their own seed, and changes the pull to grey every few seconds;
one more visitor steers nothing, asks for a sign of life (ping) and chooses another method (click) by
turns. At the end all runs are steered to an early end, and each stored answer is computed again from its
configuration, alone, and compared bit by bit. Whatever happens, it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

import maxstim_core as ms
from benchmarks.flood import waited
from benchmarks.markdown import head, row
from benchmarks.measured import machine
from benchmarks.page_server import ROOT, PageServer, Visitor
from maxstim_core.runs.request import request_of

_FOREVER = 100_000
"""Iterations of a run that is to go on for as long as is measured."""

_MORE = 20
"""Iterations that every run still takes at the end."""

_SECONDS_BETWEEN_CHANGES = 5.0

_STANDS = re.compile(r"(\d+) of (\d+)")
"""Where a run stands, in what the page says."""

_ARRAYS = ("stimulus", "best_stimulus", "response", "loss")


class Steerer(Visitor):
    """A visitor who notes at which iteration the page says that the run is, and when."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.stands: list[tuple[float, int]] = []

    async def _part(self) -> str:
        said = await super()._part()
        found = _STANDS.findall(said)
        if found and '"PATCH-DOC"' not in said:
            self.stands.append((time.monotonic(), int(found[-1][0])))
        return said

    async def set(self, name: str, value: object) -> None:
        """Type a number for a setting of the generated answer."""
        await self.click({"method": "generated", "setting": name, "entry": str(value)})

    async def begin(self, seed: int, t_stim: float) -> None:
        """Run a movie that nobody has run."""
        await self.click({"choose": "generated"})
        for name, value in (("t_stim", t_stim), ("n_iters", _FOREVER), ("random_seed", seed)):
            await self.set(name, value)
        await self.click({"press": "run"})

    async def steer_on(self, until: float) -> list[float]:
        """Change the pull to grey again and again; return the seconds that each change took."""
        taken, k = [], 0
        while time.monotonic() < until:
            k += 1
            began = time.perf_counter()
            await self.set("weight_mei", 1000 + 100 * (k % 7))
            taken.append(time.perf_counter() - began)
            rest = min(_SECONDS_BETWEEN_CHANGES, until - time.monotonic())
            with suppress(TimeoutError):  # listening meanwhile, to note where the run stands
                async with asyncio.timeout(max(0.0, rest)):
                    await self._listen()
        return taken

    async def _listen(self) -> None:
        while True:
            await self._part()

    async def end(self) -> None:
        """Let the run end soon."""
        last = self.stands[-1][1] if self.stands else 0
        await self.set("n_iters", last + _MORE + 100)

    def rate(self, first: float) -> float:
        """Return the steps a second since a moment."""
        stands = [one for one in self.stands if one[0] >= first]
        if len(stands) < 2:
            return 0.0
        (began, step), (ended, last) = stands[0], stands[-1]
        return (last - step) / (ended - began)


async def _visit(url: str, n_visitors: int, seconds: float, t_stim: float) -> dict[str, np.ndarray]:
    visitors = [await Steerer.arrive(url) for _ in range(n_visitors)]
    await asyncio.gather(*(one.begin(1000 + k, t_stim) for k, one in enumerate(visitors)))
    begun = time.monotonic()
    while not all(one.stands for one in visitors) and time.monotonic() < begun + 120:
        for one in visitors:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await one._part()
    first = time.monotonic()
    until = first + seconds
    changes, beside = await asyncio.gather(
        asyncio.gather(*(one.steer_on(until) for one in visitors)),
        waited(url, lambda: time.monotonic() >= until),
    )
    await asyncio.gather(*(one.end() for one in visitors))
    for one in visitors:
        one.leave()
    return {
        "rate": np.array([one.rate(first) for one in visitors]),
        "change": np.concatenate([np.array(each) for each in changes]),
        **{name: np.array(each) for name, each in beside.items()},
    }


def _again(folder: Path, n_answers: int, patience: float) -> tuple[int, int]:
    """Wait for the stored answers; return how many there are, and of how many the bits are the same."""
    give_up = time.monotonic() + patience
    while len(answers := _generated(folder)) < n_answers and time.monotonic() < give_up:
        time.sleep(1)
    return len(answers), sum(_is_same(answer) for answer in answers)


def _generated(folder: Path) -> list[ms.Result]:
    """Return the answers of the visitors: the server searches clips besides, for all."""
    answers = [ms.load(path) for path in folder.glob("*.nc")]
    return [answer for answer in answers if answer.attrs["method"] == "generated"]


def _is_same(answer: ms.Result) -> bool:
    request = request_of(answer)
    again = ms.finish(
        ms.generate(ms.open_network(request.network), request.cell_type, request.config)
    )
    return all(np.array_equal(answer[x].values, again[x].values, equal_nan=True) for x in _ARRAYS)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--t-stim", type=float, default=0.8)
    options = parser.parse_args()
    server = PageServer("this build", ROOT)
    try:
        work = _visit(server.url, options.visitors, options.seconds, options.t_stim)
        found = asyncio.run(asyncio.wait_for(work, options.seconds + 600))
        n_answers, n_same = _again(server.data / "results", options.visitors, 300)
    finally:
        server.end()
    rates = found["rate"]
    print(f"{machine()}: {options.visitors} visitors, movies of {options.t_stim:g} s.\n")
    print("\n".join(head("steps a second of each", "least", "median", "most")))
    print(row("", *(f"{x:.2f}" for x in (rates.min(), np.median(rates), rates.max()))) + "\n")
    print("\n".join(head("seconds for", "50th", "95th percentile", "number")))
    for name in ("change", "ping", "click"):
        shares = (f"{np.percentile(found[name], share):.3f}" for share in (50, 95))
        print(row(name, *shares, str(len(found[name]))))
    print(f"\n{n_same} of {n_answers} stored answers are the same to the bit when computed again.")


if __name__ == "__main__":
    main()
