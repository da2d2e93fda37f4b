"""Evidence on generated stimuli, for all 65 cell types of the default network: benchmarks/STIMULI.md.

    python -m benchmarks.stimuli --folder FOLDER [--types T4c …]

Of each cell type, with 40 frames of 10 ms at one contrast energy for all: restarts and different movies,
the controls of the best, transfer to the ten bundled networks, the curve, the movie that suppresses, and
ten levels from below rest to beyond the natural maximum. Every cell type is kept in the folder as soon
as it is done: an interrupted call goes on where it was. The table is written to FOLDER/STIMULI.md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import maxstim_core as ms
from benchmarks.markdown import head, row
from maxstim_core.comparison.report import report_of
from maxstim_core.comparison.textbook import FAMILIES

ENERGY = 100.0
DRIVE = ms.GenerateConfig(objective="drive", energy=ENERGY, t_stim=0.4, n_iters=120)
LEVELS, BEYOND = 10, 1.2
NETWORKS = tuple(f"maxstim/{k:03d}" for k in range(10))


def main() -> None:
    """Measure what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--types", nargs="+")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    network = ms.open_network("default")
    names = arguments.types or list(network.connectome.names)
    measure = Measurement(network)
    for name in names:
        path = arguments.folder / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(measure(name)))
            print(name, flush=True)
    found = {name: json.loads((arguments.folder / f"{name}.json").read_text()) for name in names}
    (arguments.folder / "STIMULI.md").write_text("\n".join(table(found)) + "\n")


class Measurement:
    """Measures cell types of a network; what they share is opened once."""

    def __init__(self, network: ms.Network) -> None:
        self._network = network
        self._clips = ms.open_clips("scenes", network.lattice.extent)
        self._others = [ms.open_network(name) for name in NETWORKS]
        self._units = ms.response_units(network)

    def __call__(self, name: str) -> dict:
        """Return the numbers of a cell type, responses in RMS above grey."""
        kind = self._network.cell_type(name)
        least, greatest = (
            (voltage[kind] - self._units.grey[kind]) / self._units.rms[kind]
            for voltage in (self._units.least, self._units.greatest)
        )
        started = ms.finish(ms.restarts(self._network, name, DRIVE, seeds=4, different=4))
        curve = ms.finish(ms.curve(self._network, name, replace(DRIVE, energy=0.0)))
        return {
            "least": least,
            "greatest": greatest,
            "responses": dict(
                zip(started.start.values, started.counted_response.values.tolist(), strict=True)
            ),
            **{key: started.attrs[key] for key in ("spread", "diversity", "different_diversity")},
            "different": started.different_response.values.tolist(),
            "controls": self._compared(name, DRIVE),
            "suppress": self._compared(name, replace(DRIVE, objective="suppress")),
            "curve": [curve.energy.values.tolist(), curve.counted_response.values.tolist()],
            "levels": self._levels(name, least, greatest),
        }

    def _compared(self, name: str, config: ms.GenerateConfig) -> dict:
        answer = ms.finish(ms.generate(self._network, name, config))
        others = self._others if config.objective == "drive" else []
        run = ms.controls(answer, self._network, clips=self._clips, others=others)
        return report_of(ms.finish(run))

    def _levels(self, name: str, least: float, greatest: float) -> list[list[float]]:
        """Return the levels that were asked for, what was reached, and the energy that it took."""
        asked = np.linspace(least, BEYOND * greatest, LEVELS).tolist()
        plain = replace(DRIVE, energy=0.0)
        configs = [replace(plain, objective=f"level:{level:.6g}") for level in asked]
        run = ms.generate_each(
            [(self._network, name, config) for config in configs], report_every=60
        )
        for _ in run:
            pass
        kind = self._network.cell_type(name)
        return [
            [
                level,
                float(
                    (answer.best_central_response[-1] - self._units.grey[kind])
                    / self._units.rms[kind]
                ),
                float(answer.attrs["contrast_energy"]),
            ]
            for level, answer in zip(asked, run.results(), strict=True)
        ]


def table(found: dict[str, dict]) -> list[str]:
    """Return the table and what it says, as lines of Markdown."""
    titles = (
        *("cell type", "response", "best edge…disc at full contrast", "at equal energy"),
        *("best clip", "at equal energy", "other networks", "spread", "diversity", "different"),
        *("suppress", "lowest clip", "lowest textbook", "levels met"),
    )
    lines = [*head(*titles)]
    lines += [_line(name, told) for name, told in found.items()]
    return [*lines, "", *_summary(found)]


def _line(name: str, told: dict) -> str:
    controls, suppress = told["controls"], told["suppress"]
    full, equal = (_best_textbook(controls, shown) for shown in ("full contrast", "equal energy"))
    clip = {
        each["shown"]: each["response"]
        for each in controls["controls"]
        if each["family"] == "natural"
    }
    lowest = _best_textbook(suppress, "full contrast", sign=-1)
    return row(
        name,
        f"{controls['response']:.2f}",
        f"{full[0]:.2f} ({full[1]})",
        f"{equal[0]:.2f} ({equal[1]})",
        f"{told['greatest']:.2f}",
        f"{clip['equal energy']:.2f}",
        f"{_transfer(controls):.2f}",
        f"{told['spread']:.3f}",
        f"{told['diversity']:.2f}",
        f"{told['different_diversity']:.2f}",
        f"{suppress['response']:.2f}",
        f"{told['least']:.2f}",
        f"{lowest[0]:.2f}",
        f"{_levels_met(told)} of {LEVELS}",
    )


def _best_textbook(report: dict, shown: str, *, sign: int = 1) -> tuple[float, str]:
    rows = [e for e in report["controls"] if e["family"] in FAMILIES and e["shown"] == shown]
    best = max(rows, key=lambda each: sign * each["response"])
    return best["response"], best["family"]


def _transfer(report: dict) -> float:
    shares = [each["share"] for each in report["transfer"][1:] if each["share"] is not None]
    return float(np.median(shares)) if shares else float("nan")


def _levels_met(told: dict) -> int:
    """Return how many levels are met within 2 % of the range over the set."""
    size = 0.02 * (told["greatest"] - told["least"])
    return sum(abs(reached - asked) <= size for asked, reached, _ in told["levels"])


def _summary(found: dict[str, dict]) -> list[str]:
    def named(names: list[str]) -> str:
        return f"{len(names)} of {len(found)}" + (f": {', '.join(names)}" if names else "")

    def those(tells) -> str:
        return named([name for name, told in found.items() if tells(told)])

    def response(told: dict) -> float:
        return told["controls"]["response"]

    def clip_at_equal(told: dict) -> float:
        return next(
            each["response"]
            for each in told["controls"]["controls"]
            if each["family"] == "natural" and each["shown"] == "equal energy"
        )

    return [
        "- Several different best movies (different diversity above 0.5): "
        + those(lambda told: told["different_diversity"] > 0.5),
        "- A clip does better at equal energy: "
        + those(lambda told: clip_at_equal(told) > response(told)),
        "- A textbook stimulus is enough (at least 0.95 of the response at equal energy): "
        + those(
            lambda told: (
                _best_textbook(told["controls"], "equal energy")[0] >= 0.95 * response(told)
            )
        ),
        "- The movie that suppresses is not lower than every clip and textbook stimulus: "
        + those(
            lambda told: (
                told["suppress"]["response"]
                > min(told["least"], _best_textbook(told["suppress"], "full contrast", sign=-1)[0])
            )
        ),
        "- Not all levels are met within 2 % of the range: "
        + those(lambda told: _levels_met(told) < LEVELS),
        "- Half of the response or less in the other networks: "
        + those(lambda told: _transfer(told["controls"]) <= 0.5),
    ]


if __name__ == "__main__":
    main()
