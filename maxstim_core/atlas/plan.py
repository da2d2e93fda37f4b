"""What an atlas asks and holds, cell types × networks × objectives × seeds: docs/sweeps.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from maxstim_core import __version__
from maxstim_core.comparison.headline import EQUAL, FULL
from maxstim_core.comparison.textbook import FAMILIES
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.possible import check_possible
from maxstim_core.settings import checked, checked_whole
from maxstim_core.storage.grid_store import GridPlan, GridVariable

MOST_ATLAS_ANSWERS = 500_000
"""Most answers of an atlas."""

_RMS = {"units": "RMS"}
_SHOWN = (FULL, EQUAL)


class AtlasPlace(NamedTuple):
    """Which answer of an atlas, by the numbers of its dimensions."""

    cell_type: int
    network: int
    objective: int
    seed: int


@dataclass(frozen=True)
class AtlasQuestion:
    """What an atlas asks.

    Attributes:
        cell_types: Names.
        networks: Networks of the same cell types on the same eye.
        config: The settings that stay; its seed is the first.
        objectives: Objectives, as the setting of that name takes them.
        n_seeds: How many seeds, from that of the settings on.
        with_controls: Whether textbook stimuli stand beside each answer.
    """

    cell_types: tuple[str, ...]
    networks: tuple[Network, ...]
    config: GenerateConfig
    objectives: tuple[str, ...]
    n_seeds: int
    with_controls: bool

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Sizes of the dimensions."""
        return (
            len(self.cell_types),
            len(self.networks),
            len(self.objectives),
            self.n_seeds,
        )

    def config_at(self, place: AtlasPlace) -> GenerateConfig:
        """Return the settings of an answer."""
        seed = self.config.random_seed + place.seed
        return replace(self.config, objective=self.objectives[place.objective], random_seed=seed)

    def plan(self) -> GridPlan:
        """Return what the atlas holds."""
        config, lattice = self.config, self.networks[0].lattice
        movie = config.n_frames, lattice.n_columns
        controls = {
            "control_response": _controls("best response to textbook stimuli", _RMS),
            "control_energy": _controls("contrast energy of these", {"units": "1"}),
        }
        variables = {
            "stimulus": GridVariable(dims=("frame", "column"), shape=movie, large=True),
            "central_response": GridVariable(dims=("frame",), shape=movie[:1], large=True),
            "counted_response": _number("what counts of the response, above grey", _RMS),
            "contrast_energy": _number("sum of squared differences from grey", {"units": "1"}),
            "natural_response": _number("the same of the best whole clip of the default set", _RMS),
            "transfer_response": GridVariable(
                dims=("shown_to",),
                shape=(len(self.networks),),
                attrs={"long_name": "what counts of the response of each network", **_RMS},
            ),
            **(controls if self.with_controls else {}),
        }
        names = [each.name for each in self.networks]
        coordinates: dict[str, tuple] = {
            "cell_type": ("cell_type", list(self.cell_types)),
            "network": ("network", names),
            "network_hash": ("network", [each.content_hash for each in self.networks]),
            "objective": ("objective", list(self.objectives)),
            "seed": ("seed", np.arange(self.n_seeds) + config.random_seed),
            "shown_to": ("shown_to", names),
            "time": ("frame", np.arange(config.n_frames) * config.dt, {"units": "s"}),
            "u": ("column", lattice.u),
            "v": ("column", lattice.v),
        }
        if self.with_controls:
            coordinates["family"] = ("family", list(FAMILIES))
            coordinates["shown"] = ("shown", list(_SHOWN))
        return GridPlan(
            "atlas",
            ("cell_type", "network", "objective", "seed"),
            self.shape,
            variables,
            coordinates,
            self._identity(),
            {
                "method": config.method,
                "config": config.to_json(),
                "dt": config.dt,
                "device": "cpu",
            },
            atlas_versions(),
        )

    def _identity(self) -> dict[str, Any]:
        settings = {k: v for k, v in self.config.to_dict().items() if k != "objective"}
        return {
            "choice of cell types": list(self.cell_types),
            "choice of networks": [each.content_hash for each in self.networks],
            "choice of objectives": list(self.objectives),
            "number of seeds": self.n_seeds,
            "settings": settings,
            "choice of controls": self.with_controls,
        }


def atlas_versions() -> dict[str, str]:
    """Return the versions of what computes answers in this process, by the attributes of an atlas."""
    from numba import __version__ as numba_version  # with the engine: not before it is needed

    return {
        "maxstim_version": __version__,
        "numpy_version": np.__version__,
        "numba_version": numba_version,
    }


def atlas_question(
    cell_types: Iterable[str] | None,
    networks: Iterable[Network],
    config: GenerateConfig | None = None,
    *,
    objectives: Iterable[str] = (),
    seeds: int = 1,
    controls: bool = True,
) -> AtlasQuestion:
    """Return what an atlas asks, once it is sure that it can be answered.

    Args:
        cell_types: Names; all if None.
        networks: Networks of the same cell types on the same eye.
        config: The settings that stay; objective drive at a contrast energy of 100 if None.
        objectives: Objectives; that of the settings if there are none.
        seeds: Seeds of the noise, from that of the settings on.
        controls: Whether textbook stimuli stand beside each answer.

    Raises:
        MaxstimError: if an argument makes no sense, or there would be too many answers.
    """
    found = _same_eye(networks)
    names = found[0].connectome.names
    if isinstance(cell_types, str):
        raise MaxstimError('Give cell types as a list, for example ["T4c"], or None for all.')
    chosen = tuple(names if cell_types is None else cell_types)
    usual = GenerateConfig(objective="drive", energy=100.0)
    config = checked(usual if config is None else config, GenerateConfig)
    asked = tuple(objectives) or (config.objective,)
    seeds = checked_whole(seeds, "The number of seeds (seeds)", (1, MOST_ATLAS_ANSWERS))
    question = AtlasQuestion(chosen, found, config, asked, seeds, controls)
    if not chosen or any(len(set(each)) < len(each) for each in (chosen, asked)):
        raise MaxstimError("Give at least one cell type, and every cell type and objective once.")
    n_answers = int(np.prod([float(size) for size in question.shape]))
    if n_answers > MOST_ATLAS_ANSWERS:
        raise MaxstimError(
            f"This atlas would have {n_answers:,} answers, and at most {MOST_ATLAS_ANSWERS:,} are "
            "taken; choose fewer cell types, networks or seeds."
        )
    for k in range(len(asked)):
        config = question.config_at(AtlasPlace(0, 0, k, 0))
        for cell_type in chosen:
            check_possible(found[0], cell_type, config)
    return question


def _same_eye(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Return networks that share one layout, which is sent to workers and kept by them once.

    Raises:
        MaxstimError: if they are none, one comes twice, or they differ in cell types or eye.
    """
    if isinstance(networks, str | Network) or not isinstance(networks, Iterable):
        raise MaxstimError(
            f"Give networks as a list, for example [open_network('default')], not {shown(networks)}."
        )
    found: dict[str, Network] = {}
    for each in networks:
        check_network(each)
        first = next(iter(found.values()), each)
        if each.content_hash in found:
            raise MaxstimError(
                f"The networks {found[each.content_hash].name} and {each.name} are the same; give each "
                "once."
            )
        if each.lattice != first.lattice or each.connectome.names != first.connectome.names:
            raise MaxstimError(
                f"The networks {first.name} and {each.name} have other cell types or eyes; make an "
                "atlas of each."
            )
        same_table = each.connectome.content_hash == first.connectome.content_hash
        shared = Network(each.name, first.layout, each.parameters) if same_table else each
        found[each.content_hash] = shared
    if not found:
        raise MaxstimError("Give at least one network, for example open_network('default').")
    return tuple(found.values())


def _number(words: str, about: dict[str, str]) -> GridVariable:
    return GridVariable("float64", attrs={"long_name": words, **about})


def _controls(words: str, about: dict[str, str]) -> GridVariable:
    return GridVariable(
        dims=("family", "shown"),
        shape=(len(FAMILIES), len(_SHOWN)),
        attrs={"long_name": words, **about},
    )
