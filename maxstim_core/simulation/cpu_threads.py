"""The threads of the CPU engine: teams that meet at barriers, each run whole."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np

from maxstim_core.simulation.cpu_vectors import VECTORS


class Conductor:
    """Runs one call after another on all threads, each whole, whatever happens to who asked for it.

    Teams meet at barriers, so a call must start whole, go on to its end, and be alone. That is left to a
    thread of its own, which Ctrl-C never interrupts. Who asks waits in a `SimpleQueue`: an interrupt can
    leave the lock of a future locked for good.

    Args:
        threads: How many threads there are to work.
    """

    def __init__(self, threads: int) -> None:
        self._calls: SimpleQueue = SimpleQueue()
        threading.Thread(
            target=_conduct, args=(self._calls, threads), name="maxstim-conductor", daemon=True
        ).start()
        weakref.finalize(self, self._calls.put, None)

    def run(
        self, work: Callable[[int, ThreadPlace], None], jobs: list[list[tuple[int, ThreadPlace]]]
    ) -> None:
        """Call ``work(sample, place)`` for all jobs, each list in a thread of its own."""
        ended: SimpleQueue = SimpleQueue()
        self._calls.put((work, jobs, ended))
        error = ended.get()
        if error is not None:
            raise error


def _conduct(calls: SimpleQueue, threads: int) -> None:
    sleepers: list[int] = []
    pool = ThreadPoolExecutor(
        threads,
        thread_name_prefix="maxstim-cpu",
        initializer=_note_thread,
        initargs=(sleepers,),
    )
    with pool:
        while (call := calls.get()) is not None:
            _perform(pool, sleepers, *call)
            del call  # it holds the engine, which may be waiting to be let go


def _perform(
    pool: ThreadPoolExecutor,
    sleepers: list[int],
    work: Callable[[int, ThreadPlace], None],
    jobs: list[list[tuple[int, ThreadPlace]]],
    ended: SimpleQueue,
) -> None:
    # Whatever goes wrong is told to who waits: when Python ends, its threads end before this one.
    try:
        _spread_over_cores(sleepers)
        # This thread sleeps meanwhile: were it to work too, the system would often start the others
        # on its core, behind its back.
        for running in [pool.submit(_work_through, work, job) for job in jobs]:
            running.result()
    except BaseException as error:
        ended.put(error)
    else:
        ended.put(None)


class ThreadPlace(NamedTuple):
    """A thread's place in a team: which positions of the eye it owns.

    Attributes:
        number: Which of the team it is.
        team_size: How many share one stimulus.
        counter: Where they count who has come to a meeting, shape (1,).
        first: First position that it owns.
        last: The position behind its last one.
        first_block: Number of the first block that it owns.
        offsets: Where the vectors of its blocks lie, in bytes from the first position, shape (vector,).
    """

    number: int
    team_size: int
    counter: np.ndarray
    first: int
    last: int
    first_block: int
    offsets: np.ndarray

    @property
    def span(self) -> tuple[int, np.ndarray, int, int, int, np.ndarray]:
        """What the kernels need of it."""
        return (
            self.team_size,
            self.counter,
            self.first,
            self.last,
            self.first_block,
            self.offsets,
        )


def thread_places(n_threads: int, vectors: np.ndarray, size: int) -> list[ThreadPlace]:
    """Share the vectors of an eye, in whole blocks, between threads that will meet.

    Args:
        n_threads: How many.
        vectors: Positions at which they begin, shape (vector,), a whole number of blocks; in ascending
            order if there are several threads.
        size: Positions in all.
    """
    bounds = np.linspace(0, len(vectors) // VECTORS, n_threads + 1).round().astype(int) * VECTORS
    ends = [0, *vectors[bounds[1:-1]].tolist(), size]
    counter = np.zeros(1, np.int64)
    return [
        ThreadPlace(
            k,
            n_threads,
            counter,
            ends[k],
            ends[k + 1],
            int(bounds[k]) // VECTORS,
            4 * vectors[bounds[k] : bounds[k + 1]],
        )
        for k in range(n_threads)
    ]


def _work_through(
    work: Callable[[int, ThreadPlace], None], jobs: list[tuple[int, ThreadPlace]]
) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, _allowed_cores())  # placed by now: free to move on
    for sample, place in jobs:
        work(sample, place)


def _note_thread(threads: list[int]) -> None:
    threads.append(threading.get_native_id())


def _spread_over_cores(sleepers: list[int]) -> None:
    """Give each sleeping thread a core of its own to wake up on, where Linux lets us.

    Threads woken one after another often start on the same core, and wait for each other there for as
    long as a rollout takes.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(_allowed_cores())
        for number, thread in enumerate(sleepers):
            os.sched_setaffinity(thread, {cores[number % len(cores)]})


def _allowed_cores() -> set[int]:
    """Cores that this process may use."""
    return os.sched_getaffinity(os.getpid())
