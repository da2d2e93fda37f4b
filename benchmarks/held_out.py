"""Does the connectome predict what a fit was not told? Fits that leave cell types out, beside a null.

Four fits, each told nothing of the tuning of two of the T4 and T5 and of four other cell types, and the
same four on a connectome whose connections are shuffled (`maxstim_core.training.shuffled_connectome`).
Counted are the held-out types that come out with the polarity and the direction that they have in
flies. Each fit takes minutes, and goes on where it was left:

    python -m benchmarks.held_out --folder FOLDER

Photoreceptors are never held out: light drives them directly.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, row
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.training.config import FitConfig
from maxstim_core.training.fit import Fit
from maxstim_core.training.shuffled_connectome import shuffled
from maxstim_core.tuning.facts import KNOWN_POLARITY, NOT_DIRECTION_SELECTIVE, PREFERRED_DIRECTION
from maxstim_core.tuning.protocol import Tuning, measure_tuning

FOLDS = (
    "T4a,T5c,Mi1,Tm2,L3,CT1(Lo1)",
    "T4b,T5d,Tm3,Tm9,L4,C3",
    "T4c,T5a,Mi4,Tm1,L1,L5",
    "T4d,T5b,Mi9,Tm4,L2,CT1(M10)",
)
"""Together all 24 types of known polarity that are no photoreceptors."""

NEAR = 45
"""Degrees from the direction in flies that count as recovered: by chance a quarter would be."""

FLAT = 0.2
"""Direction selectivity index below which a cell type counts as not direction selective."""


@dataclass(frozen=True)
class Outcome:
    """What came of one held-out cell type.

    Attributes:
        cell_type: Its name.
        shuffle: Seed of the shuffled connections; None for the connectome itself.
        change: Mean voltage during a bright disc of six rings less that during a dark one.
        right_sign: Whether that has the sign known of flies.
        error: Degrees from the direction in flies, of a T4 or T5; NaN if it never rises above zero.
        selectivity: Direction selectivity index: of a T4 or T5 for edges of its own contrast, of others
            the larger.
    """

    cell_type: str
    shuffle: int | None
    change: float
    right_sign: bool
    error: float
    selectivity: float


def main(argv: list[str] | None = None) -> int:
    """Fit, measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the fits are kept")
    parser.add_argument("--steps", type=int, default=200, help="of each fit (default: 200)")
    parser.add_argument(
        "--shuffles", type=int, default=1, help="how many shuffled connectomes (default: 1)"
    )
    parser.add_argument("--fold", type=int, action="append", help="only these (default: all)")
    parser.add_argument(
        "--only", choices=("real", "shuffled"), help="only one kind (default: both)"
    )
    arguments = parser.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    nulls = list(range(1, arguments.shuffles + 1))
    kinds = {"real": [None], "shuffled": nulls}.get(arguments.only, [None, *nulls])
    outcomes, told = [], []
    for shuffle in kinds:
        for fold in arguments.fold or range(len(FOLDS)):
            config = FitConfig(n_iters=arguments.steps, random_seed=fold, hold_out=FOLDS[fold])
            tuning = _fitted(config, shuffle, arguments.folder)
            outcomes += [_outcome(name, shuffle, tuning) for name in config.held_out]
            others = [name for name in KNOWN_POLARITY if name not in config.held_out]
            told += [_outcome(name, shuffle, tuning) for name in others]
    print("\n".join(_tables(outcomes, told)))
    return 0


def _fitted(config: FitConfig, shuffle: int | None, folder: Path) -> Tuning:
    connectome = (
        bundled_connectome() if shuffle is None else shuffled(bundled_connectome(), shuffle)
    )
    name = f"{config.random_seed}-{'real' if shuffle is None else f'shuffled-{shuffle}'}"
    fit = Fit(config, checkpoint=folder / f"{name}.pt", connectome=connectome)
    for report in fit:
        if report.step % 20 == 0:
            line = f"{name}: step {report.step} of {report.n_steps}, loss {report.total:.3f}"
            print(line, file=sys.stderr, flush=True)
    return measure_tuning(make_engine(fit.network(name)))


def _outcome(name: str, shuffle: int | None, tuning: Tuning) -> Outcome:
    k, error = tuning.cell_types.index(name), np.nan
    selectivity = float(tuning.selectivity[:, k].max())
    if name in PREFERRED_DIRECTION:
        motion = tuning.motion(name)
        error, selectivity = motion.error, motion.selectivity
    change = float(tuning.flash_change[k])
    return Outcome(name, shuffle, change, change * KNOWN_POLARITY[name] > 0, error, selectivity)


def _tables(outcomes: list[Outcome], told: list[Outcome]) -> Iterator[str]:
    counted = "polarity", "T4, T5 within 45°", "DSI < 0.2 of those not selective"
    yield from head("connections", "", *counted)
    for shuffle in dict.fromkeys(item.shuffle for item in outcomes):
        kind = "of the connectome" if shuffle is None else f"shuffled, seed {shuffle}"
        for label, items in (("held out", outcomes), ("told to the fit", told)):
            mine = [item for item in items if item.shuffle == shuffle]
            yield row(kind, label, *_counts(mine))
    yield ""
    columns = "bright less dark disc", "polarity", "error of direction", "DSI", "shuffled: polarity"
    yield from head("held out", *columns)
    for item in (item for item in outcomes if item.shuffle is None):
        nulls = [o for o in outcomes if o.cell_type == item.cell_type and o.shuffle is not None]
        yield row(
            item.cell_type,
            f"{item.change:+.3f}",
            "hit" if item.right_sign else "**miss**",
            f"{item.error:.0f}°" if item.cell_type in PREFERRED_DIRECTION else "",
            f"{item.selectivity:.2f}",
            f"{sum(o.right_sign for o in nulls)} of {len(nulls)}",
        )


def _counts(items: list[Outcome]) -> Iterator[str]:
    moving = [item for item in items if item.cell_type in PREFERRED_DIRECTION]
    flat = [item for item in items if item.cell_type in NOT_DIRECTION_SELECTIVE]
    yield f"{sum(item.right_sign for item in items)} of {len(items)}"
    yield f"{sum(item.error <= NEAR for item in moving)} of {len(moving)}"
    yield f"{sum(item.selectivity < FLAT for item in flat)} of {len(flat)}"


if __name__ == "__main__":
    sys.exit(main())
