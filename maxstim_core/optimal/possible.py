"""Whether what is asked of a generated stimulus can be had of a network, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maxstim_core.conventions import frames_in
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.networks.network import Network
from maxstim_core.optimal.constraints import Allowed, Linear
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.stimuli.painting import Painting
from maxstim_core.stimuli.stored.paintings import stored_painting


def check_possible(network: Network, cell_type: str, config: GenerateConfig) -> None:
    """Make sure that a network has the cell types of an objective, and its eye room for the energy.

    All that is asked for in turn is looked at, and the painting that it starts from.

    Raises:
        MaxstimError: if not.
    """
    for _, stage in config.stages:
        watched_types(network, cell_type, stage)
        allowed_by(stage, network.lattice)
    if config.start:
        starting_painting(config, network.lattice)


def check_together(networks: Sequence[Network], config: GenerateConfig) -> None:
    """Make sure that networks can be asked at once, as the setting ``across`` says.

    Args:
        networks: One or more, with the cell types silenced that the settings name.
        config: The settings.

    Raises:
        MaxstimError: if they have other eyes or cell types, two are the same, or they are no two that
            can disagree.
    """
    first, names = networks[0], dict[str, str]()
    check_number(len(networks), config)
    for each in networks:
        if each.lattice != first.lattice or each.connectome.names != first.connectome.names:
            raise MaxstimError(
                f"The networks {first.name} and {each.name} have other cell types or eyes; ask them one "
                "by one."
            )
        if each.content_hash in names:  # it would count twice, and nobody would know
            raise MaxstimError(
                f"The networks {names[each.content_hash]} and {each.name} are one and the same; leave "
                "one of them out."
            )
        names[each.content_hash] = each.name


def check_number(n_networks: int, config: GenerateConfig) -> None:
    """Make sure that so many networks can be asked at once, as the setting ``across`` says.

    Raises:
        MaxstimError: if not.
    """
    if config.across == "disagreement" and n_networks != 2:
        raise MaxstimError(
            "Two networks can disagree, no more and no fewer; ask two of them at once."
        )
    if config.across == "disagreement" and any(
        stage.goal.kind == "level" for _, stage in config.stages
    ):
        raise MaxstimError(
            "Networks cannot disagree about a level that both shall reach; choose mean or least, or the "
            "objective drive."
        )


def starting_painting(config: GenerateConfig, lattice: Lattice) -> Painting:
    """Return the stored painting that a generated stimulus starts from.

    Raises:
        MaxstimError: if there is none here, or it is for another eye or of other frames.
    """
    painting = stored_painting(config.start)
    if painting.lattice != lattice:
        raise MaxstimError(
            f"The painting {config.start} is for an eye of {painting.lattice.extent} rings, not of "
            f"{lattice.extent}; choose another network, or start from noise."
        )
    if (painting.n_frames, painting.dt) != (config.n_frames, config.dt):
        raise MaxstimError(
            f"The painting {config.start} has {painting.n_frames} frames of {1e3 * painting.dt:g} ms, "
            f"the stimulus {config.n_frames} of {1e3 * config.dt:g} ms; set the duration to "
            f"{seconds_of(painting):g} s and the frame to {painting.dt:g} s, or start from noise."
        )
    return painting


def seconds_of(painting: Painting) -> float:
    """Return the duration in seconds that gives a stimulus as many frames as a painting has."""
    seconds = round(painting.n_frames * painting.dt, 9)
    whole = frames_in(seconds, painting.dt) == painting.n_frames
    return seconds if whole else round((painting.n_frames + 0.1) * painting.dt, 9)


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
        MaxstimError: if no stimulus can have its contrast energy, or only one is as they ask.
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
    if not linear.n_free:
        raise MaxstimError(
            "Only one stimulus is as these settings ask, and it does not change; allow more rings or "
            "frames, higher frequencies, or any mean luminance."
        )
    allowed = Allowed(linear, config.darkest, config.brightest, config.energy, config.levels)
    if config.energy:
        _check_energy(allowed)
    return allowed


def _check_energy(allowed: Allowed) -> None:
    """Make sure that a stimulus can have its budget of contrast energy.

    Raises:
        MaxstimError: if not.
    """
    energy, least, most = allowed.energy, allowed.least_energy, allowed.most_energy
    if allowed.has_one_energy:
        raise MaxstimError(
            f"Two levels that are equally far from grey have one energy, {most:.4g}; leave the energy "
            "out, or take more levels."
        )
    if not least <= energy <= most:
        raise MaxstimError(
            f"The contrast energy must lie between {least:.4g} and {most:.4g} for a stimulus of these "
            f"frames, columns and luminance, not {energy:g}; give one in between, or change what it has "
            "to satisfy (rings, stim_window, darkest, brightest, mean_luminance, levels)."
        )
    if not allowed.levels and energy - least < allowed.held_energy:
        raise MaxstimError(
            f"A contrast energy of {energy:g} is so close to {least:.4g} that luminance in single "
            f"precision does not hold the rest; give {_rounded_up(least + allowed.held_energy)} or more."
        )


def _rounded_up(energy: float) -> float:
    """Return a number above this one that six digits tell."""
    digits = 5 - math.floor(math.log10(energy))
    return math.ceil(1.001 * energy * 10**digits) / 10**digits
