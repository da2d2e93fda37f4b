"""Workers and commands of an atlas that are killed while they work.

    python -m benchmarks.atlas_kills [--workers 20] [--clients 10]

``maxstim atlas run`` makes a small atlas undisturbed; then again, with one of its workers killed
(SIGKILL) now and then; then again, itself killed and called anew. What the disturbed ones hold in the
end must be, to the bit, what the undisturbed one holds, and no answer that was finished before a kill
may be written again.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import xarray as xr

ATLAS = ("--networks", "maxstim/000,maxstim/001", "--t-stim", "0.1", "--iterations", "60")
TYPES = "T4a,T4b,T4c,T4d,T5a,Mi1,Tm3,Mi9,L1,L2"


def start(store: Path) -> subprocess.Popen:
    """Start the command that makes the atlas."""
    words = ["atlas", "run", str(store), "--cell-types", TYPES, *ATLAS, "--workers", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "maxstim_core.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    """Return the workers of a command that runs."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def finished(store: Path) -> dict[Path, int]:
    """Return the files of the movies of finished answers, and when they were written."""
    if not store.exists():
        return {}
    status = xr.open_zarr(store, chunks=None)["status"].values
    places = ["/".join(map(str, place)) for place in np.argwhere(status == 1)]
    files = [store / "stimulus" / "c" / place / "0" / "0" for place in places]
    return {file: file.stat().st_mtime_ns for file in files}


def whole(store: Path) -> xr.Dataset:
    """Return all that a store holds."""
    return xr.open_zarr(store, chunks=None).load()


def kill_workers(store: Path, n_kills: int, chance: random.Random) -> int:
    """Make the atlas while its workers are killed; return how many were."""
    kills, process = 0, start(store)
    while process.poll() is None:
        time.sleep(chance.uniform(0.5, 3))
        found = workers_of(process)
        if found and kills < n_kills and finished(store):
            chance.choice(found).kill()
            kills += 1
    return kills


def kill_clients(store: Path, n_kills: int, chance: random.Random) -> tuple[int, int]:
    """Kill the command and call it again; return how often, and how many answers were written twice."""
    kills = again = 0
    before: dict[Path, int] = {}
    while True:
        process = start(store)
        while process.poll() is None and len(finished(store)) <= len(before):
            time.sleep(0.5)
        if process.poll() is None and kills < n_kills:
            time.sleep(chance.uniform(0, 1))
            process.kill()
            kills += 1
        process.wait()
        now = finished(store)
        again += sum(now.get(path) != when for path, when in before.items())
        before = now
        if process.returncode == 0:
            return kills, again


def same(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Tell whether two stores hold the same arrays, to the bit."""
    return set(one.variables) == set(other.variables) and all(
        one[name].values.tobytes() == other[name].values.tobytes()
        if one[name].dtype.kind in "fiub"
        else np.array_equal(one[name].values, other[name].values)
        for name in one.variables
    )


def main() -> None:
    """Kill, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=20, help="workers to kill")
    parser.add_argument("--clients", type=int, default=10, help="commands to kill")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, wrong = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start(folder / "undisturbed.zarr").wait()
        expected = whole(folder / "undisturbed.zarr")
        assert (expected.status == 1).all(), "the undisturbed atlas is not whole"
        kills = k = 0
        while kills < options.workers:
            store = folder / f"workers-{k}.zarr"
            kills += kill_workers(store, options.workers - kills, chance)
            equal, k = same(whole(store), expected), k + 1
            wrong += not equal
            print(f"{kills} workers killed; the same bits: {equal}", flush=True)
        kills = k = 0
        while kills < options.clients:
            store = folder / f"clients-{k}.zarr"
            some, again = kill_clients(store, options.clients - kills, chance)
            kills, k, equal = kills + some, k + 1, same(whole(store), expected)
            wrong += not equal or again > 0
            print(f"{kills} commands killed; the same bits: {equal}; written twice: {again}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
