"""What the benchmarks share: a child process that measures when told, and the machine's description."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path


class Child:
    """A program that prints a line of JSON when it is ready, and one more for every line it is sent."""

    def __init__(
        self,
        python: str,
        script: str,
        *arguments: str,
        threads: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        environment = {**(environment or os.environ), "PYTHONUNBUFFERED": "1"}
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        self.process = subprocess.Popen(
            [python, str(Path(__file__).parent / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.ready = self._answer()

    def measure(self) -> dict:
        """Let the child measure once."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the child."""
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):  # others may print progress of their own
                return json.loads(line)
        raise SystemExit(f"The benchmark child ended early: {' '.join(self.process.args)}")


def serve(ready: dict, measure) -> None:
    """In a child: say that all is ready, then measure once for every line that comes in."""
    print(json.dumps(ready), flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


def peak_megabytes() -> float:
    """Largest resident memory of this process so far; not on Windows."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (
        peak / 2**20 if sys.platform == "darwin" else peak / 2**10
    )  # bytes there, kilobytes elsewhere


def resident_megabytes() -> float:
    """Resident memory of this process now; its peak so far where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak_megabytes()
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> str:
    """One line on the processor, cores and system."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass  # not Linux: the architecture must do
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
