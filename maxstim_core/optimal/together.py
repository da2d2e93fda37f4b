"""Several descents at once on a CPU: each by itself, on as many threads as there are cores.

What a descent computes has no part in another, so that its answer is, to the bit, the same whatever runs
beside it and on however many threads. Runs go round by round, or one after the other as there is room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

_Report = TypeVar("_Report")


def relayed(
    runs: Iterable[Iterator[_Report]], stop: Callable[[], None], *, threads: int
) -> Iterator[_Report]:
    """Yield reports as they come, a few runs at a time: who has ended makes room for the next.

    Whoever stops iterating, or is interrupted, finds all runs at rest.

    Args:
        runs: To advance, each asked for once there is room; each is in one thread at a time.
        stop: Tells the runs to end soon, from another thread.
        threads: How many advance at the same time.

    Yields:
        Reports, those of each run in their order.
    """
    if threads == 1:
        for run in runs:
            yield from run
        return
    waiting = iter(runs)
    under_way: dict[Future[_Report | None], Iterator[_Report]] = {}
    pool = ThreadPoolExecutor(threads, thread_name_prefix="maxstim-descent")
    try:
        while True:
            for run in islice(waiting, threads - len(under_way)):
                under_way[pool.submit(next, run, None)] = run
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                run, report = under_way.pop(future), future.result()
                if report is not None:
                    under_way[pool.submit(next, run, None)] = run
                    yield report
    finally:
        stop()
        pool.shutdown(cancel_futures=True)


def together(
    runs: Sequence[Iterator[_Report]], stop: Callable[[], None], *, threads: int
) -> Iterator[list[_Report | None]]:
    """Yield the next reports of all runs, round after round, until all have ended.

    Whoever stops iterating, or is interrupted, finds all runs at rest.

    Args:
        runs: To advance; each is in one thread at a time.
        stop: Tells the runs to end soon, from another thread.
        threads: How many advance at the same time.

    Yields:
        A report of each run, in their order; None of one that has ended.
    """
    if threads == 1 or len(runs) == 1:
        pending = list(runs)
        while any(round_ := [next(run, None) for run in pending]):
            yield round_
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="maxstim-descent")
    try:
        while True:
            running = [pool.submit(next, run, None) for run in runs]
            reports = [each.result() for each in running]
            if all(report is None for report in reports):
                return
            yield reports
    finally:
        stop()
        pool.shutdown(cancel_futures=True)
