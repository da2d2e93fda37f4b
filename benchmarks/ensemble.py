"""The bundled ensemble: what every member does with what it was not fitted to, and how they differ.

    python -m benchmarks.ensemble [FILE ...] [--published FOLDER] [--film FOLDER]

Measures the bundled networks, or the network files given, and prints tables, last of all which member
is the best by what none was fitted to: of those that keep within `BOUNDS`, the one whose least
correlation with the flow of unseen scenes is highest. ``ENSEMBLE.md`` keeps the tables. With
``--published``, the folder of flyvis's ensemble, its members are shown the same scenes; with ``--film``,
a folder of film frames, pictures of the film move as well.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.card_figures import FIGURES
from benchmarks.markdown import figure, head, row
from benchmarks.measured import machine
from benchmarks.scenes import pictures
from maxstim_core.model_cards.card import make_card
from maxstim_core.model_cards.origin import origin_of
from maxstim_core.model_cards.store import find_card
from maxstim_core.networks.bundled import ensemble
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.network_file import read_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.batch import generate_many
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.engine import Engine
from maxstim_core.stimuli.synthetic.textures import as_columns_see
from maxstim_core.tuning.evidence import N_TEXTURES, PICTURES, SceneEvidence, scene_evidence
from maxstim_core.tuning.facts import KNOWN_POLARITY, PREFERRED_DIRECTION

FAR = 20
"""Factor from its prior beyond which a strength counts as far."""

Pictures = dict[str, Callable[[int], np.ndarray]]


@dataclass(frozen=True)
class Member:
    """A network and what was measured of it.

    Attributes:
        name: How the tables call it.
        network: On the published eye.
        card: As from `maxstim_core.model_cards.card.make_card`.
        scenes: Of every kind of picture.
        turned: By T4 and T5 subtype, the peak response to its generated stimulus turned by 180°, over
            that to the stimulus itself.
    """

    name: str
    network: Network
    card: dict
    scenes: list[SceneEvidence]
    turned: dict[str, float]

    @property
    def least_flow(self) -> float:
        """The least of its correlations with the flow of scenes; what the best member is chosen by."""
        return min(min(item.horizontal, item.vertical) for item in self.scenes)

    @cached_property
    def departure(self) -> np.ndarray:
        """Natural logarithm of each strength over its prior, shape (pair,)."""
        prior = prior_network().parameters.synapse_strength
        return np.log(self.network.parameters.synapse_strength / prior)

    def of_types(self, key: str) -> np.ndarray:
        """Return a figure of the card for all cell types, NaN where there is none."""
        return np.array([item[key] for item in self.card["cell_types"].values()], float)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="network files (default: the bundled)")
    parser.add_argument("--published", type=Path, help="folder of flyvis's ensemble")
    parser.add_argument("--film", type=Path, help="folder of PNG frames that move as well")
    options = parser.parse_args(argv)
    shown = dict(PICTURES)
    if options.film:
        film = [as_columns_see(picture) for picture in pictures(options.film)]
        shown["film"] = lambda k: film[k * len(film) // N_TEXTURES]
    members = [_measured(path, shown) for path in options.files or ensemble().values()]
    print("\n".join(_report(members)))
    if options.published:
        print("\n".join(_published(options.published, shown, members)))
    print("\n".join(_choice(members)))
    return 0


def _measured(path: Path, shown: Pictures) -> Member:
    network = read_network(path, path.stem)
    print(path, file=sys.stderr, flush=True)
    engine = make_engine(network)
    card = find_card(network.content_hash) or make_card(engine, origin_of(path))
    more = {name: texture for name, texture in shown.items() if name not in PICTURES}
    scenes = [SceneEvidence(**_fields(item)) for item in card["evidence"]["scenes"]]
    return Member(path.stem, network, card, scenes + scene_evidence(engine, more), _turned(engine))


def _fields(item: dict) -> dict:
    return {field.name: item[field.name] for field in dataclasses.fields(SceneEvidence)}


def _turned(engine: Engine) -> dict[str, float]:
    """Peak responses of T4 and T5 to their generated stimuli turned by 180°, over those unturned."""
    config, lattice = GenerateConfig(t_stim=0.8), engine.layout.lattice
    run = generate_many(engine.network, list(PREFERRED_DIRECTION), config=config)
    for _ in run:
        pass
    movies = run.result().stimulus.values[:, 0]
    own = np.arange(len(movies))
    cells = engine.layout.central_cells[[engine.network.cell_type(n) for n in PREFERRED_DIRECTION]]

    def peaks(shown: np.ndarray) -> np.ndarray:
        voltage = engine.simulate(shown, config.dt, cells=cells)
        return voltage[own, :, own].max(1)

    ratio = peaks(lattice.rotated(movies, 3)) / peaks(movies)
    return dict(zip(PREFERRED_DIRECTION, ratio.tolist(), strict=True))


def _report(members: list[Member]) -> Iterator[str]:
    yield f"{machine()}; networks on an eye of 721 columns."
    yield ""
    yield from _table("What the protocols show", members, _COLUMNS)
    kinds = [item.picture for item in members[0].scenes]
    flow = {
        f"{kind}, {axis}": lambda m, k=k, axis=axis: getattr(m.scenes[k], axis)
        for k, kind in enumerate(kinds)
        for axis in ("horizontal", "vertical")
    }
    flow["largest voltage"] = lambda m: max(item.largest_voltage for item in m.scenes)
    yield from _table("Correlation with the flow of scenes that no fit saw", members, flow)
    yield from _held_out(members)
    yield from _spread(members)


_COLUMNS: dict[str, Callable[[Member], float]] = {
    **{name: lambda m, of=of: of(m.card) for name, of in FIGURES.items()},
    "generated, turned": lambda m: max(m.turned.values()),
    "strengths within 20 times": lambda m: np.mean(np.abs(m.departure) < np.log(FAR)),
    "farthest": lambda m: np.exp(np.abs(m.departure).max()),
}


def _table(
    title: str, members: list[Member], columns: dict[str, Callable[[Member], float]]
) -> Iterator[str]:
    """A row for each member, and the median of all."""
    values = np.array([[figure(member) for figure in columns.values()] for member in members])
    yield f"## {title}\n"
    yield from head("", *columns)
    for member, shown in zip(members, values, strict=True):
        yield row(member.name, *map(figure, shown))
    yield row("median", *map(figure, np.nanmedian(values, 0)))
    yield ""


def _held_out(members: list[Member]) -> Iterator[str]:
    yield "## Cell types that a member was not told of\n"
    yield from head("member", "cell type", "FRI", "bright less dark", "DSI ON, OFF", "polarity")
    right = total = 0
    for member in members:
        for name in member.card["origin"]["held_out"]:
            found = member.card["cell_types"][name]
            hit = found["flash_change"] * KNOWN_POLARITY[name] > 0
            right, total = right + hit, total + 1
            yield row(
                member.name,
                name,
                f"{found['fri']:+.2f}",
                f"{found['flash_change']:+.3f}",
                f"{found['dsi_on']:.2f}, {found['dsi_off']:.2f}",
                "hit" if hit else "**miss**",
            )
    yield f"\n{right} of {total} of the known polarity.\n"


BOUNDS: dict[str, tuple[float, float]] = {
    "right polarity of 32": (32, 32),
    "the same, other discs": (32, 32),
    "error of direction, °": (0, 15),
    "least DSI": (0.4, 1),
    "wrong contrast, 9.7 to 25": (0, 0.25),
    "DSI of the untuned": (0, 0.2),
    "error to gratings, °": (0, 20),
    "generated, turned": (0, 0.5),
    "strengths within 20 times": (0.95, 1),
}
"""Least and greatest of what a member may show that could be the default."""


def _choice(members: list[Member]) -> Iterator[str]:
    yield "\n## Which one is the default\n"
    sound = []
    for member in members:
        beyond = [
            name
            for name, (least, most) in BOUNDS.items()
            if not least <= _COLUMNS[name](member) <= most
        ]
        if beyond:
            yield f"- {member.name} is out of bounds: {'; '.join(beyond)}."
        else:
            sound.append(member)
    if sound:
        best = max(sound, key=lambda member: member.least_flow)
        yield (
            f"- {best.name} is the best of the others: its least correlation with the flow of unseen "
            f"scenes is {best.least_flow:.2f}."
        )


def _spread(members: list[Member]) -> Iterator[str]:
    departures = np.stack([member.departure for member in members])
    likeness = [np.corrcoef(*pair)[0, 1] for pair in combinations(departures, 2)]
    tau = np.stack([member.network.parameters.time_constant for member in members])
    unknown = [name not in KNOWN_POLARITY for name in members[0].card["cell_types"]]
    index = np.stack([member.of_types("fri")[unknown] for member in members])
    agreed = np.abs(np.sign(index).sum(0)) == len(members)
    dsi = np.stack([np.fmax(m.of_types("dsi_on"), m.of_types("dsi_off"))[unknown] for m in members])
    yield "## How far apart the members are\n"
    yield (
        "- Strengths: log over prior deviates between members by "
        f"{np.median(departures.std(0)):.2f} (median over pairs of cell types); two members' departures "
        f"from the prior correlate by {np.mean(likeness):.2f} ({min(likeness):.2f} to "
        f"{max(likeness):.2f})."
    )
    yield (
        "- Time constants: largest over least among members, median over cell types "
        f"{np.median(tau.max(0) / tau.min(0)):.2f}."
    )
    yield (
        f"- Cell types of unknown polarity: {agreed.sum()} of {index.shape[1]} have the same sign of "
        f"the flash index in all members; its standard deviation between members is "
        f"{np.median(index.std(0)):.2f} (median), that of their direction index "
        f"{np.median(dsi.std(0)):.2f}."
    )
    yield ""


def _published(folder: Path, shown: Pictures, members: list[Member]) -> Iterator[str]:
    paths = sorted(path for path in folder.iterdir() if (path / "_meta.yaml").exists())
    found = []
    for path in paths:
        print(path, file=sys.stderr, flush=True)
        found.append((path.name, scene_evidence(make_engine(open_network(path)), shown)))
    yield f"## The same scenes, {len(found)} published networks\n"
    yield from head("scenes of", "axis", "best published", "median published", "members", "above")
    for k, kind in enumerate(shown):
        for axis in ("horizontal", "vertical"):
            values = {name: getattr(scenes[k], axis) for name, scenes in found}
            best = max(values, key=values.get)
            mine = [getattr(member.scenes[k], axis) for member in members]
            above = sum(value > values[best] for value in mine)
            yield row(
                kind,
                axis,
                f"{values[best]:.2f} ({best})",
                f"{np.median([*values.values()]):.2f}",
                f"{min(mine):.2f} to {max(mine):.2f}",
                f"{above} of {len(mine)}",
            )


if __name__ == "__main__":
    sys.exit(main())
