"""What the curve and the controls cost, in units of a run: T4c, 0.8 s, 200 iterations.

    python -m benchmarks.controls --pairs 5

CPU time of this process, each beside a run of its own. The first controls of a network also measure what
it answers to all textbook stimuli and clips; later ones do not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import maxstim_core as ms
from benchmarks.markdown import head, row
from benchmarks.measured import machine
from maxstim_core.comparison import natural_clips, textbook

CONFIG = ms.GenerateConfig(t_stim=0.8)
NETWORKS = tuple(f"maxstim/{k:03d}" for k in range(10))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that some work takes, seconds."""
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    pairs = parser.parse_args().pairs
    network = ms.open_network("default")
    others = [ms.open_network(name) for name in NETWORKS]
    clips = ms.open_clips("scenes")
    answer = ms.finish(ms.generate(network, "T4c", CONFIG))

    def controls() -> None:
        ms.finish(ms.controls(answer, network, clips=clips, others=others))

    def first_controls() -> None:
        textbook.forget_banks()
        natural_clips.forget_clips()
        controls()

    whole = {
        "curve of 12 energies": lambda: ms.finish(ms.curve(network, "T4c", CONFIG)),
        "controls, the first of a network": first_controls,
        "controls, later": controls,
    }
    print(machine())
    print(*head("what", "run, s", "this, s", "in runs"), sep="\n")
    for name, work in whole.items():
        work()
        times = [
            (cpu_seconds(lambda: ms.finish(ms.generate(network, "T4c", CONFIG))), cpu_seconds(work))
            for _ in range(pairs)
        ]
        run, this = (statistics.median(each) for each in zip(*times, strict=True))
        ratio = statistics.median(this / run for run, this in times)
        print(row(name, f"{run:.1f}", f"{this:.1f}", f"{ratio:.2f}"), flush=True)


if __name__ == "__main__":
    main()
