"""Does the fit command, run afresh, make the network that is bundled?

    python -m benchmarks.refit [NAME] [--folder FOLDER]

Fits a member of the ensemble (default: the default network) again, with the settings that its file
names, and prints the figures of its model card beside those of the fresh fit. Round-off grows over 300
steps, and differs between processors: the parameters differ, what the network does should not. Ends
with 1 if a figure differs by more than its tolerance. A fit goes on where it was left.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.card_figures import FIGURES, flow_figures
from benchmarks.markdown import figure, head, row
from benchmarks.measured import machine
from maxstim_core.model_cards.card import make_card
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.bundled import default, ensemble
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import read_about, read_network
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.training.config import FitConfig
from maxstim_core.training.fit import Fit

TOLERANCES = {
    "right polarity of 32": 0,
    "the same, other discs": 0,
    "error of direction, °": 5,
    "least DSI": 0.05,
    "wrong contrast, 9.7 to 25": 0.1,
    "4.8": 0.1,
    "2.4": 0.1,
    "DSI of the untuned": 0.05,
    "error to gratings, °": 5,
}
"""By how much a figure may differ; correlations with the flow by `FLOW_TOLERANCE`."""

FLOW_TOLERANCE = 0.03


def main(argv: list[str] | None = None) -> int:
    """Fit, measure and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default=default().member, choices=list(ensemble()))
    parser.add_argument("--folder", type=Path, default=Path(), help="where the fit is kept")
    options = parser.parse_args(argv)
    file = ensemble()[options.name]
    config, bundled = FitConfig(**read_about(file)["config"]), read_network(file, options.name)
    options.folder.mkdir(parents=True, exist_ok=True)
    fresh, seconds = _fitted(config, options.folder / f"refit-{file.stem}.pt")
    card = make_card(make_engine(fresh), origin_of(file))
    before, after = _figures(find_card(bundled.content_hash)), _figures(card)
    tolerances = TOLERANCES | {name: FLOW_TOLERANCE for name in after if name not in TOLERANCES}
    beyond = [
        name
        for name, most in tolerances.items()
        if not abs(after[name] - before[name]) <= most  # a figure that is no number is beyond
    ]
    print("\n".join(_table(before, after, tolerances)))
    strength = _strengths(fresh) / _strengths(bundled)
    print(
        f"\n{machine()}: {config.n_iters} steps of {options.name} in {seconds / 60:.1f} min. Strengths "
        f"differ by {np.median(np.abs(strength - 1)):.1%} (median), at most by a factor of "
        f"{np.exp(np.abs(np.log(strength)).max()):.2f}."
    )
    print(f"Beyond tolerance: {', '.join(beyond)}." if beyond else "All within tolerance.")
    return 1 if beyond else 0


def _fitted(config: FitConfig, checkpoint: Path) -> tuple[Network, float]:
    start, fit = time.perf_counter(), Fit(config, checkpoint=checkpoint)
    for report in fit:
        if report.step % 20 == 0:
            print(f"step {report.step} of {report.n_steps}", file=sys.stderr, flush=True)
    return fit.network("refitted"), time.perf_counter() - start


def _figures(card: dict) -> dict[str, float]:
    return {name: of(card) for name, of in FIGURES.items()} | flow_figures(card)


def _strengths(network: Network) -> np.ndarray:
    return network.parameters.synapse_strength


def _table(before: dict, after: dict, tolerances: dict) -> Iterator[str]:
    yield from head("", "bundled", "fresh", "may differ by")
    for name, most in tolerances.items():
        yield row(name, *map(figure, (before[name], after[name], most)))


if __name__ == "__main__":
    sys.exit(main())
