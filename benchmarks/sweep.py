"""Throughput of a sweep beside `generate` in a loop on an earlier build, and of one and two workers.

    python -m benchmarks.sweep --checkout DIR [--settings 64] [--pairs 5] [--alone 64]
    python -m benchmarks.sweep --workers-only

T4c, 80 frames, 100 iterations; each side in a process that stays, its network open and its code
compiled, in turns. The sweep writes its store and computes its goals; nothing of that is left out.
`--checkout` names a folder that has the earlier build with its ``.venv``. `--alone` runs so many of the
settings by themselves on this build and compares bits.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import maxstim_core as ms
from benchmarks.against_build import Build
from benchmarks.markdown import head, row
from benchmarks.measured import Child, machine
from benchmarks.of_build import SECONDS, SWEEP_ITERATIONS, settings_of_sweep
from maxstim_core.atlas.plan import atlas_question
from maxstim_core.atlas.run import AtlasRun

CONFIG = ms.GenerateConfig(t_stim=SECONDS, n_iters=SWEEP_ITERATIONS)


def swept(network: ms.Network, n_settings: int, folder: str) -> tuple[float, ms.Result]:
    """Return the seconds that a sweep takes, and what it found, in the order of the settings.

    `vary` crosses lists; the settings are those of a square, so that two lists make them.
    """
    pairs = settings_of_sweep(n_settings)
    vary = {
        "lr": list(dict.fromkeys(lr for lr, _ in pairs)),
        "weight_mei": list(dict.fromkeys(weight for _, weight in pairs)),
    }
    begun = time.perf_counter()
    run = ms.sweep(network, "T4c", vary, CONFIG, store=f"{folder}/s.zarr")
    for _ in run:
        pass
    return time.perf_counter() - begun, run.result()


def alone_differs(network: ms.Network, found: ms.Result, n_settings: int) -> int:
    """Return how many settings, run alone, have another answer than in the sweep, to the bit."""
    different = 0
    for k in range(n_settings):
        here = found.isel(setting=k, seed=0)
        values = {"lr": here.lr.item(), "weight_mei": here.weight_mei.item()}
        config = ms.GenerateConfig(t_stim=SECONDS, n_iters=SWEEP_ITERATIONS, **values)
        alone = ms.finish(ms.generate(network, "T4c", config))
        names = ("stimulus", "best_stimulus", "central_response", "best_central_response")
        different += not all(np.array_equal(here[name], alone[name]) for name in names)
    return different


def against(options: argparse.Namespace) -> None:
    """Print the table of throughputs, and how far the answers of both builds agree."""
    build = Build(options.checkout, str(options.checkout / ".venv/bin/python"))
    arguments = ("settings", str(options.settings))
    earlier = Child(build.python, "of_build.py", *arguments, environment=build.environment)
    network, pairs = ms.open_network("default"), []
    with tempfile.TemporaryDirectory() as folder:
        swept(network, 1, folder)
    for pair in range(options.pairs):
        with tempfile.TemporaryDirectory() as folder:
            if pair % 2 == 0:
                theirs = earlier.measure()
            seconds, found = swept(network, options.settings, folder)
            found = found.load()
        if pair % 2:
            theirs = earlier.measure()
        pairs.append((theirs["value"], seconds))
        print(f"{theirs['value']:.1f} s, {seconds:.1f} s", file=sys.stderr, flush=True)
    earlier.close()
    loop, sweep = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(before / now for before, now in pairs)
    print(*head("", "s", "answers/s"), sep="\n")
    for name, taken in (("`generate` in a loop, earlier build", loop), ("sweep", sweep)):
        print(row(name, f"{taken:.1f}", f"{options.settings / taken:.3f}"))
    print(f"\nRatio within a pair, median of {options.pairs}: {ratio:.2f}")
    grey = ms.response_units(network).grey[network.cell_type("T4c")]
    voltage = found.best_central_response.values[:, 0, -1]
    response = (voltage - grey) / (np.array(theirs["voltage"]) - grey) - 1
    energy = found.contrast_energy.values[:, 0] / np.array(theirs["energy"]) - 1
    for name, off in (("Response", response), ("Energy", energy)):
        median, most = np.median(np.abs(off)), np.abs(off).max()
        print(f"{name} beside the earlier build: median {median:.2%} off, at most {most:.2%}")
    different = alone_differs(network, found, options.alone)
    print(f"Of {options.alone} settings run alone, {different} differ by a bit or more")


def answers_per_second(n_workers: int, n_cell_types: int) -> float:
    """Return the rate of an atlas of one network once every worker has begun and until one has ended."""
    network = ms.open_network("default")
    names = network.connectome.names[:n_cell_types]
    config = ms.GenerateConfig(t_stim=0.4, n_iters=100, objective="drive", energy=100.0)
    question = atlas_question(names, [network], config, controls=False)
    with tempfile.TemporaryDirectory() as folder:
        run = AtlasRun(question, f"{folder}/a.zarr", workers=n_workers)
        stamps = [(report.step, time.perf_counter()) for report in run]
    first = next(stamp for stamp in stamps if stamp[0] >= 2 * n_workers)
    last = next(stamp for stamp in stamps if stamp[0] >= n_cell_types - n_workers)
    return (last[0] - first[0]) / (last[1] - first[1])


def workers(options: argparse.Namespace) -> None:
    """Print the rates of one and two workers of one thread."""
    pairs = []
    for _ in range(options.pairs):
        pairs.append(tuple(answers_per_second(n, options.cell_types) for n in (1, 2)))
        print(*(f"{rate:.3f}/s" for rate in pairs[-1]), file=sys.stderr, flush=True)
    one, two = (statistics.median(each) for each in zip(*pairs, strict=True))
    efficiency = statistics.median(b / (2 * a) for a, b in pairs)
    print(*head("workers of one thread", "answers/s"), sep="\n")
    print(row("1", f"{one:.3f}"), row("2", f"{two:.3f}"), sep="\n")
    print(f"\nEfficiency of two, median of {options.pairs}: {efficiency:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, help="folder of the earlier build")
    parser.add_argument("--settings", type=int, default=64, help="settings, a square number")
    parser.add_argument("--pairs", type=int, default=5, help="times that each is measured")
    parser.add_argument("--alone", type=int, default=64, help="settings to run alone")
    parser.add_argument("--cell-types", type=int, default=24, help="answers for each rate")
    parser.add_argument("--workers-only", action="store_true", help="only one and two workers")
    options = parser.parse_args()
    print(machine(), end="\n\n")
    if not options.workers_only:
        if options.checkout is None:
            parser.error("name the folder of the earlier build: --checkout")
        against(options)
    workers(options)


if __name__ == "__main__":
    main()
