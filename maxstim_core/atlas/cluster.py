"""Work that is spread over Dask's workers, a few tasks ahead of them, whoever of them is killed.

The store of an atlas has one writer, the client: results come back to it. Only a few tasks for each
worker are under way at a time, so that neither scheduler nor workers fill up with what is not written.
Dask starts a worker anew that is lost, but gives it up if it happens to be starting again 15 s later:
those of a local cluster are kept at strength here.
Dask is an extra, imported where it is needed.
"""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from maxstim_core.devices import usable_cores
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.settings import checked_whole

CONNECT_SECONDS = 5.0
"""For how long a scheduler is sought that does not answer."""

_AHEAD = 3
"""Tasks for each thread of the workers that are under way or wait at a worker."""

_COUNT_SECONDS = 2.0
"""How often the threads are counted again: workers come and go."""

_STRENGTH_SECONDS = 1.0
"""How often workers of a local cluster that Dask has given up are looked for."""

_MOST_KILLS = 100
"""Workers that may be killed over a task before it is given up."""

_Place = TypeVar("_Place")


def distributed() -> Any:
    """Return Dask's `distributed`.

    Raises:
        MaxstimError: if it is not installed.
    """
    try:
        import distributed
    except ImportError as error:
        raise MaxstimError(
            "An atlas needs Dask, which is not installed here; install it: pip install "
            "'maxstim[cluster]'."
        ) from error
    return distributed


def checked_workers(workers: int | None, scheduler: str | None) -> int:
    """Return how many workers a local cluster shall have: one for each core if None.

    Raises:
        MaxstimError: if that is no such number, or a scheduler is named too.
    """
    if workers is None:
        return usable_cores()
    if scheduler is not None:
        raise MaxstimError("A scheduler has workers of its own; leave the number of workers out.")
    return checked_whole(workers, "The number of workers (workers)", (1, 1000))


_APART: dict[str, Any] = {"set_as_default": False}
"""Else xarray would hand the writing of files to the cluster, also once that is gone."""


@contextmanager
def connected(scheduler: str | None, n_workers: int) -> Iterator[Any]:
    """Give a client of a scheduler, or of a local cluster of one-thread workers.

    Args:
        scheduler: Its address, such as ``tcp://host:8786``; a local cluster if None.
        n_workers: Of the local cluster.

    Raises:
        MaxstimError: if there is no scheduler at that address, or a worker cannot be started.
    """
    dask_distributed = distributed()
    with ExitStack() as opened:
        if scheduler is None:
            with _interrupts_afterwards():
                cluster = opened.enter_context(_local_cluster(n_workers))
                client = opened.enter_context(dask_distributed.Client(cluster, **_APART))
                opened.enter_context(_at_strength(cluster, n_workers))
                opened.enter_context(on_all_workers(client, _ignore_interrupts))
            yield client
            return
        try:
            client = _client_of(scheduler)
        except (OSError, ValueError, TypeError, MemoryError) as error:
            # Of what something else answers there, Dask takes the first bytes for a size.
            raise MaxstimError(
                f"There is no scheduler at {shown(scheduler)}; start one ('dask scheduler' prints its "
                "address), or leave the scheduler out for workers on this computer."
            ) from error
        yield opened.enter_context(client)


def _client_of(scheduler: str) -> Any:
    """Return a client of a scheduler, which is closed at once if it cannot connect.

    Dask closes it when it is collected as garbage; if that happens while another client starts, in the
    thread of its loop, both wait for each other.
    """
    client: Any = distributed().Client

    class Closing(client):
        """Closes itself if it cannot connect."""

        def __init__(self) -> None:
            try:
                super().__init__(scheduler, timeout=CONNECT_SECONDS, **_APART)
            except BaseException:
                self.close()
                raise

    return Closing()


@contextmanager
def _local_cluster(n_workers: int) -> Iterator[Any]:
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": _MOST_KILLS,
        "distributed.worker.use-file-locking": False,
    }
    with dask.config.set(settings), ExitStack() as opened:
        try:
            cluster = distributed().LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # a second atlas would say that Dask's own is taken
                scheduler_kwargs={"dashboard": False},  # a page of Dask's, which nobody asked for
                memory_limit=None,
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            raise MaxstimError(
                "A worker was lost as it started, perhaps for lack of memory; start fewer workers, or "
                "run the same command again."
            ) from error
        yield opened.enter_context(cluster)


@contextmanager
def _at_strength(cluster: Any, n_workers: int) -> Iterator[None]:
    """Start workers of a local cluster anew that Dask has given up."""
    from tornado.ioloop import PeriodicCallback

    given_up = {distributed().Status.closed, distributed().Status.failed}

    def strengthen() -> None:
        for name, nanny in list(cluster.workers.items()):
            if nanny.status in given_up:
                del cluster.workers[name]
        cluster.scale(n_workers)

    regularly = PeriodicCallback(strengthen, 1000 * _STRENGTH_SECONDS)
    cluster.loop.add_callback(regularly.start)
    try:
        yield
    finally:
        cluster.loop.add_callback(regularly.stop)


@contextmanager
def _interrupts_afterwards() -> Iterator[None]:
    """Heed Ctrl-C once workers have started: of a cluster that is half there Dask can end nothing.

    Processes that start within do not heed it, from their first moment on.
    """
    heed = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or not callable(heed):  # it reaches others, or nobody
        yield
        return
    pressed: list[Any] = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append(_))
    try:
        with _blocked_for_children():
            yield
    finally:
        signal.signal(signal.SIGINT, heed)
    if pressed:
        heed(*pressed[0])


@contextmanager
def _blocked_for_children() -> Iterator[None]:
    """Block SIGINT in this thread, and in what it starts: threads and processes."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It unblocks what it blocks as it starts: that must not be later.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # what was pressed comes now


def _ignore_interrupts(key: str) -> None:
    """Leave Ctrl-C, which a terminal sends to all, to the client, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _nothing(key: str) -> None:
    """There is nothing to let go of."""


@contextmanager
def on_all_workers(
    client: Any, begin: Callable[[str], None], end: Callable[[str], None] = _nothing
) -> Iterator[str]:
    """Prepare all workers, those that join later too, and give the key of what was prepared.

    Args:
        client: Of the scheduler.
        begin: Prepares a worker, given the key.
        end: Lets go of what was prepared, given the key.

    Raises:
        MaxstimError: if the scheduler is lost.
    """
    key = f"maxstim-{uuid.uuid4().hex}"

    plugin: Any = distributed().WorkerPlugin

    class Prepared(plugin):
        """Dask's way to run something on every worker; sent by value."""

        name = key

        def setup(self, worker: object) -> None:
            begin(key)

        def teardown(self, worker: object) -> None:
            end(key)

    with _loss_told():
        client.register_plugin(Prepared())
    try:
        yield key
    finally:
        if client.status == "running":
            with suppress(CancelledError, OSError):  # lost with its workers
                client.unregister_worker_plugin(key)


def spread(
    client: Any, task: Callable[[_Place], Any], places: Iterable[_Place]
) -> Iterator[list[tuple[_Place, Any]]]:
    """Compute a task for each of many places, and yield what is there, in any order, some at a time.

    Args:
        client: Of the scheduler.
        task: Computes on a worker.
        places: What it is given.

    Yields:
        Places with what was computed for them; nothing, now and then, while no worker is there.

    Raises:
        MaxstimError: if the scheduler is lost, or a task kills every worker that tries it.
    """
    waiting, under_way = deque(places), dict[str, _Place]()
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    counted_at, n_threads = -_COUNT_SECONDS, 0
    while waiting or under_way:
        with _loss_told():
            if time.monotonic() - counted_at > _COUNT_SECONDS:
                n_threads = sum(client.nthreads().values())
                counted_at = time.monotonic()
            while waiting and len(under_way) < max(1, _AHEAD * n_threads):
                place = waiting.popleft()
                future = client.submit(task, place, pure=False)
                under_way[future.key] = place
                future.add_done_callback(done.put)
        futures = _taken(done)
        if futures:
            results = _results_of(client, futures)
            yield [
                (under_way.pop(f.key), result) for f, result in zip(futures, results, strict=True)
            ]
        elif not n_threads:
            yield []


def _taken(done: queue.SimpleQueue[Any]) -> list[Any]:
    """Return what is in a queue, waiting for a first for as long as threads need no counting."""
    with suppress(queue.Empty):
        taken = [done.get(timeout=max(_COUNT_SECONDS, 0.1))]
        while not done.empty():
            taken.append(done.get())
        return taken
    return []


@contextmanager
def _loss_told() -> Iterator[None]:
    """Say what to do once the scheduler is lost: whichever question to it meets that first.

    Raises:
        MaxstimError: if it is lost.
    """
    try:
        yield
    except (CancelledError, OSError) as error:  # a closed connection of Dask's is an OSError
        raise MaxstimError(
            "The scheduler was lost; what is finished is kept: start it, and run the same command again."
        ) from error


def _results_of(client: Any, futures: list[Any]) -> list[Any]:
    """Return what tasks have computed.

    Raises:
        MaxstimError: if the scheduler is lost, or a task kills every worker.
    """
    for problem in [each.exception() for each in futures if each.status == "error"]:
        if isinstance(problem, distributed().KilledWorker):
            raise MaxstimError(
                "Every worker that tried one of the answers was killed, perhaps for lack of memory; "
                "start fewer workers on a computer, and run the same command again."
            )
        raise problem
    with _loss_told():
        return client.gather(futures)
