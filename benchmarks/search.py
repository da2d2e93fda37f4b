"""The natural search: 2,268 distinct clips of 80 frames, all 65 cell types, nothing cached.

    python -m benchmarks.search [--clips N] [--threads N] [--flyvis-python PATH] [--pairs N] [--json]

As many clips as flyvis's set of films has, each its own piece of a texture of full contrast that moves
at its own velocity. They are rendered first, so that the time is the search's alone and its memory is
what it takes beyond them. Clips drawn at random are compared with the reference engine.

With flyvis's Python, flyvis computes its responses to 40 of the clips before each search, and how long
it would take for all is extrapolated from that: a second of grey once, then clip by clip, as by default.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, row
from benchmarks.measured import Child, machine, peak_megabytes, resident_megabytes
from maxstim_core.lattice import Lattice
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.natural import search
from maxstim_core.optimal.run import finish
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.reference import ReferenceEngine
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.synthetic.scenes import translating_scene
from maxstim_core.stimuli.synthetic.textures import plain_texture

N_CLIPS, SECONDS, DT = 2268, 0.8, 0.01
N_COMPARED, N_FLYVIS = 20, 40

_COLUMNS = (
    "clips",
    "s",
    "ms per clip",
    "MB beyond the clips",
    "largest difference from the reference",
    "flyvis ÷ this",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=N_CLIPS, help="how many clips")
    parser.add_argument("--threads", type=int, default=2, help="threads to use")
    parser.add_argument("--flyvis-python", help="Python of an environment that has flyvis")
    parser.add_argument("--pairs", type=int, default=1, help="times that each is measured")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # read when an engine is made

    network = open_network("default")
    clips = textured_clips(network.lattice, options.clips)
    make_engine(network).simulate(clips[0], DT)  # compiles on a machine where it never ran
    before = resident_megabytes()
    flyvis = _flyvis(clips, options) if options.flyvis_python else None
    seconds, theirs = [], []
    for _ in range(options.pairs):
        if flyvis is not None:
            theirs.append(flyvis.measure()["seconds"] * len(clips) / N_FLYVIS)
        started = time.perf_counter()
        finish(search(network, clips))
        seconds.append(time.perf_counter() - started)
    figures = {
        "clips": len(clips),
        "seconds": statistics.median(seconds),
        "ms_per_clip": 1e3 * statistics.median(seconds) / len(clips),
        "megabytes_beyond_clips": peak_megabytes() - before,
        "largest_difference": _largest_difference(network, clips),
    }
    if flyvis is not None:
        flyvis.close()
        figures["flyvis_seconds_extrapolated"] = statistics.median(theirs)
        figures["flyvis_ratios"] = [a / b for a, b in zip(theirs, seconds, strict=True)]
    if options.json:
        print(json.dumps({"machine": machine(), "threads": options.threads, **figures}))
    else:
        print(f"{machine()}; {options.threads} threads\n\n{_table(figures)}")


def _flyvis(clips: ArrayClips, options: argparse.Namespace) -> Child:
    """Start flyvis, which shows the first clips whenever it is told to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clips.npy"
        np.save(path, np.stack([clips[k] for k in range(N_FLYVIS)]))
        return Child(
            options.flyvis_python, "search_flyvis.py", str(path), str(DT), threads=options.threads
        )


def _table(figures: dict) -> str:
    ratio = ""
    if "flyvis_ratios" in figures:
        theirs = figures["flyvis_seconds_extrapolated"]
        ratio = f"{statistics.median(figures['flyvis_ratios']):.0f} ({theirs:.0f} s, extrapolated)"
    cells = (
        str(figures["clips"]),
        f"{figures['seconds']:.1f}",
        f"{figures['ms_per_clip']:.1f}",
        f"{figures['megabytes_beyond_clips']:.0f}",
        f"{figures['largest_difference']:.1e}",
        ratio,
    )
    return "\n".join((*head(_COLUMNS), row(*cells)))


def textured_clips(lattice: Lattice, n_clips: int) -> ArrayClips:
    """Return clips of moving textures, stretched to full contrast, no two alike."""
    random = np.random.default_rng(0)
    clips = []
    for k in range(n_clips):
        clip = translating_scene(
            lattice,
            dt=DT,
            seconds=SECONDS,
            texture=plain_texture(k % 32),
            angle=float(random.uniform(0, 360)),
            speed=float(np.exp(random.uniform(1, 3.5))),
            place=tuple(random.uniform(0, 64, 2)),
        )
        low, high = clip.min(), clip.max()
        clips.append(((clip - low) / (high - low)).astype(np.float32))
    return ArrayClips("textures", tuple(f"texture {k}" for k in range(n_clips)), clips, DT)


def _largest_difference(network, clips: ArrayClips) -> float:
    """Largest difference between the voltages of both engines on clips drawn at random."""
    cells = network.layout.central_cells
    fast, reference = make_engine(network), ReferenceEngine(network)
    drawn = np.random.default_rng(1).choice(len(clips), min(N_COMPARED, len(clips)), replace=False)
    differences = (
        fast.simulate(clips[k], DT, cells=cells) - reference.simulate(clips[k], DT, cells=cells)
        for k in drawn
    )
    return max(float(abs(difference).max()) for difference in differences)


if __name__ == "__main__":
    main()
