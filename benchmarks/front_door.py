"""What it costs to come in: the CPU time of importing the front door beside that of starting Python.

python -m benchmarks.front_door
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.measured import machine

RUNS = 21
DOOR = "import maxstim_core as ms; print(sorted(ms.__all__))"


def main() -> None:
    """Print one line."""
    programs = ("pass", DOOR)
    for code in programs:
        cpu_seconds(code)  # so that all is compiled and in the memory of the system
    seconds = np.array([[cpu_seconds(code) for code in programs] for _ in range(RUNS)])
    nothing, door = np.median(seconds, axis=0)
    print(
        f"importing the front door: median {1e3 * door:.1f} ms of CPU, python -c pass "
        f"{1e3 * nothing:.1f} ms: {door / nothing:.2f} times, {RUNS} interleaved runs ({machine()})"
    )


def cpu_seconds(code: str) -> float:
    """Return the user and system time of a new Python that runs `code`, seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
