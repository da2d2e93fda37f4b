"""What a full store of results costs: the CPU of the first page, and how long anybody waits.

    python -m benchmarks.library --results 1000

A server is started for each row, with a data directory of its own, and one page is opened over HTTP and
its websocket. CPU is what the server's own process has used once the page is there and the folder of
results has been read. Meanwhile requests come in, one after another, as clicks do: the longest says for
how long the server's only thread heard nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.markdown import head, row
from benchmarks.page_server import Visitor
from maxstim_core.optimal.result import load
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.result_index import Stamp, index_of, read_result
from maxstim_core.storage.netcdf import save

FRAMES = 20
"""Of each result: how many does not matter to who reads its attributes."""

CELL_TYPES = ("T4c", "T4a", "T5c", "Mi1", "Tm3", "L1", "L5", "T3", "Tm9", "Mi9")

WATCHED, PAUSE = 8.0, 0.1
"""Seconds for which every server is watched once its page is there, and between requests meanwhile."""

STORES = ("empty", "no index yet", "with its index")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = {store: folder / store.replace(" ", "-") for store in STORES}
        (data["empty"] / "results").mkdir(parents=True)
        fill(data["no index yet"] / "results", options.results)
        data["with its index"] = data["no index yet"]
        print("\n".join(calls(data["no index yet"] / "results")), flush=True)
        measured: dict[str, list[tuple[float, float, float]]] = {store: [] for store in STORES}
        for _ in range(options.rounds):
            for store in STORES:
                results = data[store] / "results"
                if store == "no index yet":
                    index_of(results).unlink(missing_ok=True)
                measured[store].append(first_page(data[store]))
        print("\n".join(pages(measured)))


def fill(folder: Path, n_results: int) -> None:
    """Store results of three methods and ten cell types, each a file of its own."""
    folder.mkdir(parents=True)
    examples = ResultLibrary(folder / "none")
    made = []
    for entry in (one for one in examples.entries() if one.has_response):
        short = examples.open(entry.key).isel(frame=slice(FRAMES))
        for cell_type in CELL_TYPES:
            made.append(folder.parent / f"{cell_type}-{entry.method}.nc")
            save(short.assign_attrs(cell_type=cell_type), made[-1])
    for number in range(n_results):
        path = folder / f"{number:064x}.nc"
        shutil.copyfile(made[number % len(made)], path)
        os.utime(path, (1_700_000_000 + number,) * 2)
    for path in made:
        path.unlink()


def calls(folder: Path) -> Iterator[str]:
    """Return the table of single calls: a library of all results, in this process."""
    files = sorted(folder.glob("*.nc"))
    index_of(folder).unlink(missing_ok=True)
    rows = {
        "attributes of one result, by xarray": _each(load, files[:50]),
        "what a result is found by, as the library reads it": _each(_found_by, files[:200]),
        "the same with its details": _each(_detailed, files[:200]),
    }
    library = ResultLibrary(folder)
    rows["first look with all details, no index"] = _once(lambda: library.refresh(wait=True))
    again = ResultLibrary(folder)
    rows["first look, with its index"] = _once(lambda: again.refresh(wait=True))
    rows["a look that finds nothing new"] = _once(lambda: again.refresh(wait=True))
    rows["the list"] = _once(again.entries)
    cold = ResultLibrary(folder)
    rows["the oldest result by its key, nothing looked at"] = _once(
        lambda: cold.open(files[0].stem)
    )
    answer = again.open(files[0].stem)
    rows["what it is compared with"] = _once(lambda: again.comparable_answers(answer))
    rows["the same again"] = _once(lambda: again.comparable_answers(answer))
    yield from head(f"{len(files)} results", "ms", "ms CPU")
    for name, (wall, cpu) in rows.items():
        yield row(name, f"{1e3 * wall:.2f}", f"{1e3 * cpu:.2f}")
    yield ""


def _found_by(path):
    read_result(path, Stamp.of(path.stat()), details=False)


def _detailed(path):
    read_result(path, Stamp.of(path.stat()), details=True)


def _each(function, files):
    wall, cpu = _once(lambda: [function(path) for path in files])
    return wall / len(files), cpu / len(files)


def _once(function):
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - cpu


def pages(measured: dict[str, list[tuple[float, float, float]]]) -> Iterator[str]:
    """Return the table of first pages, by medians; ratios are those of the same round."""
    yield from head(
        "store",
        "s CPU of the page",
        "times empty",
        "with the start",
        "times empty",
        "longest wait, s",
    )
    for store, rounds in measured.items():
        cells = [store]
        for part in range(2):
            ratios = [
                one[part] / empty[part]
                for one, empty in zip(rounds, measured["empty"], strict=True)
            ]
            cells += [
                f"{statistics.median(one[part] for one in rounds):.2f}",
                f"{statistics.median(ratios):.2f}",
            ]
        yield row(*cells, f"{max(one[2] for one in rounds):.2f}")


def first_page(data: Path) -> tuple[float, float, float]:
    """Open the first page of a new server.

    Returns:
        Seconds of CPU of the page with the reading of results, the same from the start of the
        process on, and the longest that a request waited after the page had come.
    """
    n_results = len(list((data / "results").glob("*.nc")))
    with _served(data) as (server, port):
        before = _cpu(server.pid)
        _open_page(port)
        longest = 0.0
        for _ in range(round(WATCHED / PAUSE)):
            longest = max(longest, _wait(port))
            time.sleep(PAUSE)
        while _lines(index_of(data / "results")) < n_results:
            time.sleep(PAUSE)
        after = _cpu(server.pid)
    return after - before, after, longest


@contextmanager
def _served(data: Path) -> Iterator[tuple[subprocess.Popen, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).resolve().parents[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", str(root / "dashboard"), "--port", str(port)],
        env={**os.environ, "MAXSTIM_DATA_DIR": str(data), "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while _wait(port) == float("inf"):
            time.sleep(0.1)
        yield server, port
    finally:
        server.terminate()
        server.wait()


def _open_page(port: int) -> None:
    """Do what a browser does, as far as the server has to do with it."""

    async def come() -> None:
        visitor = await Visitor.arrive(f"http://localhost:{port}/dashboard")
        visitor.leave()

    asyncio.run(come())


def _wait(port: int) -> float:
    """Return the seconds until a request for nothing is answered; infinity while nobody listens."""
    began = time.perf_counter()
    try:
        urllib.request.urlopen(f"http://localhost:{port}/nothing").close()
    except urllib.error.HTTPError:
        pass
    except OSError:
        return float("inf")
    return time.perf_counter() - began


def _lines(index: Path) -> int:
    """Return how many results an index knows, 0 where there is none."""
    lines = index.read_bytes().splitlines() if index.exists() else []
    return len({json.loads(line).get("file") for line in lines} - {None})


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used, all its threads, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
