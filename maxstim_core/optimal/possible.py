"""Whether what is asked of a generated stimulus can be had of a network, before anything is computed."""

from __future__ import annotations

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.network import Network
from maxstim_core.optimal.constraints import Allowed, Linear
from maxstim_core.optimal.generate_config import GenerateConfig


def check_possible(network: Network, cell_type: str, config: GenerateConfig) -> None:
    """Make sure that a network has the cell types of an objective, and its eye room for the energy.

    All that is asked for in turn is looked at.

    Raises:
        MaxstimError: if not.
    """
    for _, stage in config.stages:
        watched_types(network, cell_type, stage)
        allowed_by(stage, network.lattice)


def watched_types(
    network: Network, cell_type: str, config: GenerateConfig
) -> tuple[list[int], int]:
    """Return the numbers of the cell types that an objective watches, and how many of them it names.

    The one that is asked for comes first, then the others that are named, then, where they are kept
    quiet, all the rest.

    Raises:
        MaxstimError: if it names one that there is none of, or no other where others are needed.
    """
    names = [cell_type, *(name for name in config.goal.others if name != cell_type)]
    kinds = [network.cell_type(name) for name in names]
    if config.goal.others and len(kinds) == 1:
        raise MaxstimError(
            f"The objective {config.objective} names {cell_type} alone; name other cell types."
        )
    n_named = len(kinds)
    if config.weight_quiet:
        kinds += [kind for kind in range(len(network.connectome.names)) if kind not in kinds]
    return kinds, n_named


def allowed_by(config: GenerateConfig, lattice: Lattice) -> Allowed:
    """Return what a stimulus on an eye must satisfy by these settings.

    Raises:
        MaxstimError: if no stimulus can have its contrast energy.
    """
    linear = Linear(
        config.n_frames,
        lattice,
        rings=min(config.rings, lattice.extent),
        frames=config.stim_frames,
        highest_hz=config.highest_hz,
        highest_cycles=config.highest_cycles,
        dt=config.dt,
        mean=config.mean_luminance or None,
    )
    allowed = Allowed(linear, config.darkest, config.brightest, config.energy, config.levels)
    least, most = allowed.least_energy, allowed.most_energy
    if config.energy and not least < config.energy <= most:
        raise MaxstimError(
            f"The contrast energy must lie between {least:.4g} and {most:.4g} for a stimulus of these "
            f"frames, columns and luminance, not {config.energy:g}."
        )
    return allowed
