"""What does the second stage of a fit bring, and is it the flow that brings it?

    python -m benchmarks.flow [NAME] [--steps N] [--folder FOLDER]

Fits a member of the ensemble (default: the default network) again, with the settings that its file
names, then goes on for N steps in two ways that differ in one weight: with the error of the decoder in
the loss, and without it. Both are shown the same stimuli at the same learning rates, so that what both
bring is due to more steps, and what only the first brings is due to the flow. Prints the figures of the
three model cards and the endpoint errors. A fit goes on where it was left.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.card_figures import FIGURES, flow_figures
from benchmarks.markdown import figure, head, row
from benchmarks.measured import machine
from maxstim_core.model_cards.card import make_card
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.networks.bundled import default, ensemble
from maxstim_core.networks.network_file import read_about
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.training.config import FitConfig
from maxstim_core.training.fit import WEIGHTS, Fit

WAYS = {"flow": WEIGHTS, "control": WEIGHTS | {"decoded flow": 0.0}}
"""What the terms of the second stage weigh."""


def main(argv: list[str] | None = None) -> int:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default=default().member, choices=list(ensemble()))
    parser.add_argument("--steps", type=int, default=240, help="of the stage (default: 240)")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the fits are kept")
    options = parser.parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    file = ensemble()[options.name]
    first = FitConfig(**read_about(file)["config"])
    second = dataclasses.replace(first, flow_steps=options.steps)
    begun = options.folder / f"{file.stem}.pt"
    fit = _run(Fit(first, checkpoint=begun))
    figures, errors = {"before": _figures(fit, file)}, {}
    for way, weights in WAYS.items():
        checkpoint = options.folder / f"{file.stem}-{options.steps}-{way}.pt"
        if not checkpoint.exists():
            shutil.copyfile(begun, checkpoint)
        fit = _run(Fit(second, checkpoint=checkpoint, weights=weights))
        figures[way], errors[way] = _figures(fit, file), fit.flow_errors()
    print(f"{machine()}; {options.name}, {first.n_iters} steps, then {options.steps}.\n")
    print("\n".join(_table(figures, errors)))
    return 0


def _run(fit: Fit) -> Fit:
    for report in fit:
        if report.step % 20 == 0:
            line = f"step {report.step} of {report.n_steps}, loss {report.total:.3f}"
            print(line, file=sys.stderr, flush=True)
    return fit


def _figures(fit: Fit, file: Path) -> dict[str, float]:
    card = make_card(make_engine(fit.network()), origin_of(file))
    largest = max(item["largest_voltage"] for item in card["evidence"]["scenes"])
    figures = {name: of(card) for name, of in FIGURES.items()} | flow_figures(card)
    return figures | {"largest voltage to scenes": largest}


def _table(figures: dict, errors: dict) -> Iterator[str]:
    flow = errors["flow"]
    yield from head("", "before", "with the flow", "without")
    yield row(
        f"endpoint error, columns/s (no flow: {flow.of_zero:.2f}; mean flow: {flow.of_mean:.2f})",
        *(figure(value) for value in (flow.before, flow.after, errors["control"].after)),
    )
    for name in figures["before"]:
        yield row(name, *(figure(of[name]) for of in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
