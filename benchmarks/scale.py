"""How far an atlas scales: simulated answers through Dask's scheduler, and answers through the store.

    python -m benchmarks.scale [--tasks 100000] [--threads 64] [--sleep 0.01] [--answers 650]

Tasks sleep and return what an answer takes in bytes. They go through
`maxstim_core.atlas.cluster.spread`, the very loop of an atlas, on two workers with many threads each,
which stand for many cores: so the rate is what scheduler and client bear. Then answers of true size are
written to a store. `--seconds`, the time that one true answer takes on one core, turns both into hours
on 2, 64 and 1,000 cores and names what limits them.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

import distributed
import numpy as np

import maxstim_core as ms
from benchmarks.markdown import head, row
from benchmarks.measured import machine, resident_megabytes
from maxstim_core.atlas.cluster import spread
from maxstim_core.atlas.plan import AtlasQuestion, atlas_question
from maxstim_core.storage.grid_store import GridCell, GridStore

PLANNED = 65 * 60 * 8 * 3
"""Answers of the atlas on paper: cell types, networks, seeds, objectives."""

CORES = (2, 64, 1000)


def sleep_and_answer(place: int, *, seconds: float, n_bytes: int) -> np.ndarray:
    """Take the time and the bytes of an answer."""
    time.sleep(seconds)
    return np.full(n_bytes, place % 256, np.uint8)


@contextmanager
def many_cores(n_threads: int) -> Iterator[distributed.Client]:
    """Give a client of two workers that have so many threads together."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=n_threads // 2,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def messages(client: distributed.Client) -> int:
    """Return how many messages went between client, scheduler and workers, without the data."""
    scheduler = client.cluster.scheduler
    sent = [*scheduler.stream_comms.values(), *scheduler.client_comms.values()]
    of_workers = client.run(lambda dask_worker: dask_worker.batched_stream.message_count)
    counts = [each.message_count for each in (*sent, client.scheduler_comm)]
    return sum(counts) + sum(of_workers.values())


def simulated(n_tasks: int, n_threads: int, seconds: float, n_bytes: int) -> dict[str, float]:
    """Return what tasks that sleep tell of scheduler, client and workers."""
    with many_cores(n_threads) as client:
        task = partial(sleep_and_answer, seconds=seconds, n_bytes=n_bytes)
        before, used, begun = messages(client), time.process_time(), time.perf_counter()
        n_done = sum(len(found) for found in spread(client, task, range(n_tasks)))
        taken = time.perf_counter() - begun
        assert n_done == n_tasks
        return {
            "tasks per second": n_tasks / taken,
            "messages per task": (messages(client) - before) / n_tasks,
            "share of a core that scheduler and client take": (time.process_time() - used) / taken,
            "MB of scheduler and client": resident_megabytes(),
            "MB of a worker": max(client.run(resident_megabytes).values()),
        }


def written(n_answers: int, at_once: int) -> dict[str, float]:
    """Return what answers of true size, some written together, tell of the store."""
    question = _question(n_answers)
    places = [*product(*(range(size) for size in question.shape))][:n_answers]
    rng, lattice = np.random.default_rng(0), question.networks[0].lattice
    movie = rng.random((question.config.n_frames, lattice.n_columns), np.float32)
    values = {
        "stimulus": movie,
        "central_response": movie[:, 0],
        **dict.fromkeys(("counted_response", "contrast_energy", "natural_response"), 1.0),
        "transfer_response": np.ones(len(question.networks)),
        **dict.fromkeys(("control_response", "control_energy"), np.ones((5, 2))),
    }
    with tempfile.TemporaryDirectory() as folder:
        store, path = GridStore(Path(folder) / "a.zarr", question.plan()), Path(folder)
        with store.writing():
            begun = time.perf_counter()
            for first in range(0, len(places), at_once):
                some = places[first : first + at_once]
                store.write([GridCell(place, values) for place in some])
            taken = time.perf_counter() - begun
        files = [each for each in path.rglob("*") if each.is_file()]
        n_bytes = sum(each.stat().st_size for each in files)
    return {
        "answers per second": len(places) / taken,
        "bytes per answer": n_bytes / len(places),
        "files per answer": len(files) / len(places),
    }


def _question(n_answers: int) -> AtlasQuestion:
    networks = [ms.open_network(f"maxstim/{k:03d}") for k in range(10)]
    config = ms.GenerateConfig(t_stim=0.4, objective="drive", energy=100.0)
    return atlas_question(None, networks, config, seeds=-(-n_answers // 650))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=64, help="threads that stand for cores")
    parser.add_argument("--sleep", type=float, default=0.01, help="seconds of a task")
    parser.add_argument("--bytes", type=int, default=120_000, help="that a task returns")
    parser.add_argument("--answers", type=int, default=650, help="answers to write")
    parser.add_argument("--seconds", type=float, default=15.0, help="of a true answer on one core")
    options = parser.parse_args()
    print(machine(), f"load {os.getloadavg()[0]:.1f}", sep=", ", end="\n\n")
    tasks = simulated(options.tasks, options.threads, options.sleep, options.bytes)
    stores = {n: written(options.answers, n) for n in (1, 16)}
    print(*head("what", "measured"), sep="\n")
    print(*(row(name, f"{value:.4g}") for name, value in tasks.items()), sep="\n")
    for n, found in stores.items():
        together = f"{n} written at once"
        print(*(row(f"{what}, {together}", f"{v:.4g}") for what, v in found.items()), sep="\n")
    best = max(stores.values(), key=lambda found: found["answers per second"])
    print(f"\n{PLANNED:,} answers: {PLANNED * best['bytes per answer'] / 1e9:.1f} GB, ", end="")
    print(f"{PLANNED * best['files per answer']:,.0f} files\n")
    print(*head("cores", "hours", "answers/s", "messages/s", "limited by"), sep="\n")
    for cores in CORES:
        limits = {
            "cores": cores / options.seconds,
            "scheduler and client": tasks["tasks per second"],
            "writer": best["answers per second"],
        }
        which = min(limits, key=limits.get)
        rate = limits[which]
        hours, spoken = PLANNED / rate / 3600, rate * tasks["messages per task"]
        print(row(str(cores), f"{hours:.1f}", f"{rate:.2f}", f"{spoken:.0f}", which))


if __name__ == "__main__":
    main()
