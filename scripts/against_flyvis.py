"""Compare a network here with itself in flyvis: voltages to a random movie, and its tuning.

    python scripts/against_flyvis.py FLYVIS_PYTHON [NETWORK] [SPEEDS]

FLYVIS_PYTHON is the Python of an environment that has flyvis 1.2.0. The network (``default`` if none is
named) is written as a flyvis model folder below a temporary ``FLYVIS_ROOT_DIR``. SPEEDS of edges, in
columns per second, are separated by commas (all six if not given); fewer take flyvis less time.
Prints the largest differences.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.flyvis_format import write_model
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.tuning.measures import angular_distance
from maxstim_core.tuning.protocol import measure_tuning

CHILD = Path(__file__).parent / "in_flyvis.py"
MODEL = "flow/9000/000"
DT = 0.01


def main(python: str, name: str = "default", speeds: str = "2.4,4.8,9.7,13,19,25") -> None:
    """Write the network, let both simulate, and print how far they differ."""
    network = open_network(name)
    engine = make_engine(network)
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        folder = root / "results" / MODEL
        folder.parent.mkdir(parents=True)
        write_model(network, folder)

        def in_flyvis(task: str, *arguments: object) -> dict[str, np.ndarray]:
            out = root / f"{task}.npz"
            command = [python, CHILD, task, MODEL, *arguments, out]
            environment = {**os.environ, "FLYVIS_ROOT_DIR": str(root)}
            start = time.perf_counter()
            subprocess.run(
                list(map(str, command)), env=environment, check=True, stderr=subprocess.DEVNULL
            )
            print(f"flyvis, {task}: {time.perf_counter() - start:.0f} s", flush=True)
            with np.load(out) as file:
                return dict(file)

        movie = np.random.default_rng(0).random((60, network.lattice.n_columns), np.float32)
        np.save(root / "movie.npy", movie)
        theirs = in_flyvis("simulate", root / "movie.npy", DT)["voltage"]
        ours = engine.simulate(movie, DT).numpy()
        print(f"voltage of all cells: {np.abs(ours - theirs).max():.2g}")

        theirs = in_flyvis("tuning", speeds)
        start = time.perf_counter()
        tuning = measure_tuning(engine)
        print(f"maxstim, tuning: {time.perf_counter() - start:.0f} s")
        assert tuple(theirs["cell_types"]) == tuning.cell_types
        indices = np.stack([tuning.flash_index, tuning.full_field_index])
        print(f"flash response index: {np.abs(theirs['fri'] - indices).max():.2g}")
        for k, speed in enumerate(theirs["speeds"]):
            one = tuning.at_speed(speed)
            apart = angular_distance(np.rad2deg(theirs["pd"][k]), one.direction)
            print(
                f"edges at {speed:g} columns/s: "
                f"peaks {np.abs(theirs['peaks'][k] - one.edge_peaks[:, :, 0]).max():.2g}, "
                f"direction index {np.abs(theirs['dsi'][k] - one.selectivity).max():.2g}, "
                f"direction where the index is above 0.01 {apart[one.selectivity > 0.01].max():.2g}°"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
