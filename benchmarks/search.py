"""The natural search: 2,268 distinct clips of 80 frames, all 65 cell types, nothing cached.

    python -m benchmarks.search [--clips N] [--threads N] [--json]

As many clips as flyvis's set of films has, each its own piece of a texture of full contrast that moves
at its own velocity. They are rendered first, so that the time is the search's alone and its memory is
what it takes beyond them. Clips drawn at random are compared with the reference engine.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from benchmarks.measured import machine, peak_megabytes, resident_megabytes
from maxstim_core.lattice import Lattice
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.natural import search
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.reference import ReferenceEngine
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.synthetic.scenes import translating_scene
from maxstim_core.stimuli.synthetic.textures import plain_texture

N_CLIPS, SECONDS, DT = 2268, 0.8, 0.01
N_COMPARED = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=N_CLIPS, help="how many clips")
    parser.add_argument("--threads", type=int, default=2, help="threads to use")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # read when an engine is made

    network = open_network("default")
    clips = textured_clips(network.lattice, options.clips)
    make_engine(network).simulate(clips[0], DT)  # compiles on a machine where it never ran
    before = resident_megabytes()
    started = time.perf_counter()
    run = search(network, clips)
    for _ in run:
        pass
    found = run.result()
    seconds = time.perf_counter() - started
    figures = {
        "clips": len(clips),
        "seconds": seconds,
        "ms_per_clip": 1e3 * seconds / len(clips),
        "megabytes_beyond_clips": peak_megabytes() - before,
        "largest_difference": _largest_difference(network, clips),
        "distinct_winners": len(np.unique(found.clip_index[:, 0])),
    }
    if options.json:
        print(json.dumps({"machine": machine(), "threads": options.threads, **figures}))
        return
    print(f"{machine()}; {options.threads} threads\n")
    print(
        "| clips | s | ms per clip | MB beyond the clips | largest difference from the reference |"
    )
    print("|---|---|---|---|---|")
    print(
        f"| {len(clips)} | {seconds:.1f} | {figures['ms_per_clip']:.1f} | "
        f"{figures['megabytes_beyond_clips']:.0f} | {figures['largest_difference']:.1e} |"
    )


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
