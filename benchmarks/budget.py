"""How much of flyvis's response a budget of contrast energy reaches, for all cell types.

    python -m benchmarks.budget --folder FOLDER [--weights 300 1000 3000 10000] [--types T4c …]

For each weight of flyvis's pull to grey, flyvis's own loss is lowered for 120 iterations from seed 0 (40
frames of 10 ms); its energy, and nothing else of it, is then the budget of four restarts of 180
iterations: from seeds 0 and 1 of noise, from the gradient at grey and from the best textbook stimulus.
One run is that from seed 0. What is compared is the voltage of the last frame above that under grey.
Everything is kept in the folder: an interrupted call goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import maxstim_core as ms

T_STIM, FLYVIS_ITERATIONS, ITERATIONS, SEEDS = 0.4, 120, 180, 2


def main() -> None:
    """Measure what is missing, and print the table."""
    arguments = _parser().parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    network = ms.open_network("default")
    names = arguments.types or list(network.connectome.names)
    grey = _grey(network)
    for weight in arguments.weights:
        theirs = _kept(
            arguments.folder / f"flyvis_{weight:g}.json", names, _flyvis(network, weight)
        )
        ours = _kept(
            arguments.folder / f"restarts_{weight:g}.json", names, _on_budget(network, theirs)
        )
        print(_row(weight, theirs, ours, names, grey), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=float, nargs="+", default=[300, 1000, 3000, 10000])
    parser.add_argument("--types", nargs="+")
    return parser


def _grey(network):
    movie = np.full((100, network.lattice.n_columns), 0.5, np.float32)
    cells = network.layout.central_cells
    last = ms.simulate(network, movie, 0.01, initial_state="rest", cells=cells).values[-1]
    return dict(zip(network.connectome.names, last.tolist(), strict=True))


def _flyvis(network, weight):
    def measure(names):
        config = ms.GenerateConfig(t_stim=T_STIM, n_iters=FLYVIS_ITERATIONS, weight_mei=weight)
        return _answers((network, name, config) for name in names)

    return measure


def _on_budget(network, theirs):
    def measure(names):
        return [_restarted(network, name, theirs[name]["energy"]) for name in names]

    return measure


def _restarted(network, name, energy):
    config = ms.GenerateConfig(t_stim=T_STIM, n_iters=ITERATIONS, objective="drive", energy=energy)
    found = ms.finish(ms.restarts(network, name, config, seeds=SEEDS, different=1, report_every=60))
    cell = network.layout.central_cells[[network.cell_type(name)]]
    voltage = ms.simulate(network, found.stimulus.values, config.dt, cells=cell).values[:, -1, 0]
    energies = ((found.stimulus.values.astype(float) - 0.5) ** 2).sum((1, 2))
    return {"voltages": voltage.tolist(), "energies": energies.tolist()}


def _answers(questions):
    run = ms.generate_each(questions, report_every=20)
    for _ in run:
        pass
    return [
        {
            "voltage": float(answer.best_central_response[-1]),
            "last_voltage": float(answer.central_response[-1]),
            "energy": float(answer.attrs["contrast_energy"]),
        }
        for answer in run.results()
    ]


def _kept(path: Path, names: list[str], measure) -> dict:
    """Return what was measured of each cell type, measuring eight at a time what is missing."""
    found = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in names if name not in found]
    for k in range(0, len(missing), 8):
        some = missing[k : k + 8]
        found |= dict(zip(some, measure(some), strict=True))
        path.write_text(json.dumps(found))
    return found


def _row(weight: float, theirs: dict, ours: dict, names: list[str], grey: dict) -> str:
    share = np.array(
        [
            (np.array(ours[name]["voltages"]) - grey[name])
            / (theirs[name]["last_voltage"] - grey[name])
            for name in names
        ]
    )
    budgets = np.array([theirs[name]["energy"] for name in names])[:, None]
    off = np.abs(np.array([ours[name]["energies"] for name in names]) / budgets - 1).max()
    one, best = share[:, 0], share.max(1)
    worst, worst_best = (
        ", ".join(f"{names[k]} {each[k]:.3f}" for k in np.argsort(each)[:5]) for each in (one, best)
    )
    return (
        f"weight {weight:g}: one run: least {one.min():.3f}, median {np.median(one):.4f}, "
        f"{(one >= 0.985).sum()} of {len(names)} at 0.985, {(one >= 0.95).sum()} at 0.95 ({worst}); "
        f"best of {share.shape[1]}: least {best.min():.4f}, {(best >= 0.995).sum()} at 0.995, "
        f"{(best >= 1).sum()} at 1 ({worst_best}); energy within {off:.2%}"
    )


if __name__ == "__main__":
    main()
