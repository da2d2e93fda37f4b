"""This build beside an earlier one, pair by pair: cold start, steps, batches, search, memory.

    python -m benchmarks.against_build --build COMMIT [--pairs N] [--only KEY …] [--checkout DIR]

The earlier build is checked out and installed in an environment of its own, both in a folder that is
removed at the end, unless `--checkout` names one that has it with its ``.venv``. Ratios are those
within a pair, earlier over this, of which the median stands: above 1 is better. The machine's load
(processes that run or wait, mean of a minute) stands beside each pair. `--json` gives all of it as data.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measured import Child, machine

ROOT = Path(__file__).resolve().parents[1]

KEYS = {
    "cold": "CPU seconds of `generate T4c --t-stim 0.8 --iterations 1`",
    "run200": "seconds of `generate T4c --t-stim 0.8 --iterations 200`",
    "search_cold": "seconds of `search --clips scenes`, empty store",
    "worker_ready": "seconds from the start of a worker until it is warm",
    "peak_mb": "largest resident MB of a process of `generate T4c --t-stim 0.8 --iterations 200`",
    "step1": "ms of a step of T4c, 80 frames",
    "step8": "ms of it for each of eight at once",
    "many65": "ms of a step of each of 65 cell types at once, five steps",
    "search": "seconds of a search of 2,268 clips of 80 frames",
}
"""What is measured, by the name that is given to `--only`."""

_IN_MS = {"step1": 1e3, "step8": 1e3, "many65": 1e3 / 5}

_FORBIDS_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"
"""Where it is set, every start compiles a checkout's own modules anew; an installed one's never are."""


@dataclass(frozen=True)
class Build:
    """A checkout and the Python that runs it."""

    folder: Path
    python: str

    @property
    def environment(self) -> dict[str, str]:
        """In which this checkout is what is imported, and its byte code is kept, as by default."""
        own = {name: value for name, value in os.environ.items() if name != _FORBIDS_BYTE_CODE}
        return {**own, "PYTHONPATH": str(self.folder)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="commit of the earlier build")
    parser.add_argument("--pairs", type=int, default=7, help="times that each is measured")
    parser.add_argument("--only", nargs="+", choices=KEYS, default=list(KEYS), help="measure these")
    parser.add_argument("--checkout", type=Path, help="folder that has the build and its .venv")
    parser.add_argument("--threads", type=int, default=2, help="threads for each")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)

    with tempfile.TemporaryDirectory() as folder:
        earlier = options.checkout or checked_out(options.build, Path(folder) / "build")
        builds = (Build(earlier, str(earlier / ".venv/bin/python")), Build(ROOT, sys.executable))
        figures = {key: compared(key, builds, options.pairs) for key in options.only}
    about = {"machine": machine(), "build": options.build, "threads": options.threads}
    print(json.dumps({**about, "figures": figures}) if options.json else table(about, figures))


def checked_out(build: str, folder: Path) -> Path:
    """Check a commit out into a folder, and make its environment as its Makefile does."""
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", ROOT, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", build], cwd=folder, check=True)
    making = ["make", f"PYTHON={sys.executable}", ".venv/.ready"]
    subprocess.run(making, cwd=folder, check=True, stdout=sys.stderr)
    return folder


def compared(key: str, builds: tuple[Build, Build], pairs: int) -> dict:
    """Measure both builds by turns, each first in every other pair."""
    measures = [measure_of(key, build) for build in builds]
    rows = []
    for pair in range(pairs):
        order = (0, 1) if pair % 2 == 0 else (1, 0)
        values = {}
        load = os.getloadavg()[0]
        for which in order:
            values[which] = measures[which]() * _IN_MS.get(key, 1)
        rows.append({"earlier": values[0], "this": values[1], "load": load})
        print(key, rows[-1], file=sys.stderr, flush=True)
    for measure in measures:
        measure.close()
    return {
        "what": KEYS[key],
        "earlier": statistics.median(row["earlier"] for row in rows),
        "this": statistics.median(row["this"] for row in rows),
        "ratio": statistics.median(row["earlier"] / row["this"] for row in rows),
        "pairs": rows,
    }


class Command:
    """Measures a command of a build in a process and a data directory of its own."""

    def __init__(self, build: Build, value: Callable[[Usage], float], *arguments: str) -> None:
        self._build, self._value, self._arguments = build, value, arguments
        self()  # compiles on a machine where it never ran, and reads the files once

    def __call__(self) -> float:
        """Run it once."""
        with tempfile.TemporaryDirectory() as folder:
            environment = {**self._build.environment, "MAXSTIM_DATA_DIR": f"{folder}/data"}
            command = [self._build.python, "-m", "maxstim_core.cli", *self._arguments]
            command += ["--output", f"{folder}/answer.nc"]
            begun = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - begun
        if process.returncode:
            raise SystemExit(f"It failed: {' '.join(command)}")
        return self._value(Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))

    def close(self) -> None:
        """Nothing is left running."""


@dataclass(frozen=True)
class Usage:
    """What a command took: seconds by the clock and of CPU, and its largest process in MB."""

    seconds: float
    cpu_seconds: float
    megabytes: float


class Told:
    """Measures within a process of a build that stays, told each time."""

    def __init__(self, build: Build, key: str) -> None:
        self._child = Child(build.python, "of_build.py", key, environment=build.environment)

    def __call__(self) -> float:
        """Measure once."""
        return self._child.measure()["value"]

    def close(self) -> None:
        """End the process."""
        self._child.close()


def measure_of(key: str, build: Build) -> Command | Told:
    """Return what measures a key with a build."""
    generate = ("generate", "T4c", "--t-stim", "0.8", "--iterations")
    if key == "cold":
        return Command(build, lambda used: used.cpu_seconds, *generate, "1")
    if key == "run200":
        return Command(build, lambda used: used.seconds, *generate, "200")
    if key == "peak_mb":
        return Command(build, lambda used: used.megabytes, *generate, "200")
    if key == "search_cold":
        return Command(build, lambda used: used.seconds, "search", "--clips", "scenes")
    return Told(build, key)


def table(about: dict, figures: dict) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"{about['machine']}; {about['threads']} threads",
        "",
        f"| key | what | {about['build']} | this | ratio | ratios of the pairs (load) |",
        "|---|---|---|---|---|---|",
    ]
    for key, found in figures.items():
        pairs = ", ".join(
            f"{row['earlier'] / row['this']:.2f} ({row['load']:.1f})" for row in found["pairs"]
        )
        numbers = f"{found['earlier']:.3g} | {found['this']:.3g} | {found['ratio']:.2f}"
        lines.append(f"| {key} | {found['what']} | {numbers} | {pairs} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
