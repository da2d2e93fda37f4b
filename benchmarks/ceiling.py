"""What this machine could do at most: multiply-adds per second, in a plain loop and a matrix product."""

from __future__ import annotations

import threading
import time

import numba
import numpy as np
import torch

_N, _ROUNDS, _REPEATS = 1152, 20_000, 5


def multiply_adds_per_second(threads: int) -> dict[str, float]:
    """Measure both, the best of a few repeats.

    Args:
        threads: Threads that work at once, each on data of its own in the nearest cache.

    Returns:
        ``loop``: a plain loop that adds a multiple of one array to another; ``matrix``: the product of
        two matrices by torch, which keeps its sums in registers.
    """
    return {"loop": _loop(threads), "matrix": _matrix(threads)}


def _loop(threads: int) -> float:
    arrays = [np.ones((2, _N), np.float32) for _ in range(threads)]
    _add_multiples(*arrays[0], np.float32(0), 1)  # compiles
    return max(_timed(arrays) for _ in range(_REPEATS))


def _timed(arrays: list[np.ndarray]) -> float:
    workers = [
        threading.Thread(target=_add_multiples, args=(*pair, np.float32(1e-9), _ROUNDS))
        for pair in arrays
    ]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(arrays) * _N * _ROUNDS / (time.perf_counter() - begun)


def _matrix(threads: int) -> float:
    size, before = 768, torch.get_num_threads()
    torch.set_num_threads(threads)
    a, b = torch.rand(2, size, size)
    best = 0.0
    for _ in range(4 * _REPEATS):
        begun = time.perf_counter()
        torch.mm(a, b)
        best = max(best, size**3 / (time.perf_counter() - begun))
    torch.set_num_threads(before)
    return best


@numba.njit(nogil=True, fastmath=True)
def _add_multiples(total, added, factor, rounds):
    for _ in range(rounds):
        for i in range(len(total)):
            total[i] += factor * added[i]
