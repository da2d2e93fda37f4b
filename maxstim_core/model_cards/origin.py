"""Where a network comes from: what it was fitted to, so that the rest can be told from it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import network_file
from maxstim_core.networks.flyvis_format import was_trained
from maxstim_core.networks.flyvis_models import find_model
from maxstim_core.networks.network_file import read_about
from maxstim_core.training.config import FitConfig
from maxstim_core.training.stimuli import EDGE_SPEEDS
from maxstim_core.tuning.facts import KNOWN_POLARITY, NOT_DIRECTION_SELECTIVE, PREFERRED_DIRECTION

TRAINED = "trained_by_flyvis"
"""What a network file says of itself if it holds a model that flyvis trained."""


@dataclass(frozen=True)
class Origin:
    """What made a network.

    Attributes:
        made_by: In a few words.
        fitted: What its parameters were fitted to, a sentence each.
        not_fitted: What they were not fitted to, a sentence each.
        speeds: Of the edges that it was fitted to, columns per second.
        radii: Of the discs that it was fitted to, rings of columns.
        held_out: Cell types whose known tuning was left out of the fit.
    """

    made_by: str
    fitted: tuple[str, ...] = ()
    not_fitted: tuple[str, ...] = ()
    speeds: tuple[float, ...] = ()
    radii: tuple[int, ...] = ()
    held_out: tuple[str, ...] = ()


_WIRING = "Signs and numbers of synapses are those of the connectome; they were not fitted."

_FLYVIS = Origin(
    made_by="flyvis",
    fitted=("Optic flow in films of natural scenes, through a decoder that is not part of it.",),
    not_fitted=(_WIRING, "The tuning of any cell type."),
)

_UNKNOWN = Origin("a maker that it does not name")

_UNFITTED = {
    "prior": Origin(
        "the connectome alone",
        not_fitted=("Anything: weights are proportional to synapse counts.",),
    ),
    "flyvis-init": Origin(
        "flyvis's initialisation",
        not_fitted=("Anything: this is where flyvis starts training from.",),
    ),
}


def origin_of(name: str | os.PathLike) -> Origin:
    """Return the origin of a network.

    Args:
        name: As `maxstim_core.networks.catalog.open_network` takes it.

    Raises:
        MaxstimError: if it is a network file or model folder that cannot be read.
    """
    if name in _UNFITTED:
        return _UNFITTED[name]
    file = network_file(name)
    if file is None:
        folder = find_model(name)
        return _FLYVIS if folder and was_trained(folder) else _UNKNOWN
    about = read_about(file)
    if about.get("made_by") != "maxstim fit":
        return _FLYVIS if about.get(TRAINED) else _UNKNOWN
    try:
        return _of_fit(FitConfig(**about["config"]))
    except (KeyError, TypeError, MaxstimError):  # written by another version, or by hand
        return _UNKNOWN


def _of_fit(config: FitConfig) -> Origin:
    """What a fit asks of a network (`maxstim_core.training.stimuli`, `maxstim_core.training.terms`)."""
    radii = (2, 3, 4, 5, min(6, config.extent - 1), config.extent)
    speeds = ", ".join(f"{speed:g}" for speed in EDGE_SPEEDS)
    held_out = set(config.held_out)
    polarities, untuned = (
        set(names) - held_out for names in (KNOWN_POLARITY, NOT_DIRECTION_SELECTIVE)
    )
    subtypes = [name for name in PREFERRED_DIRECTION if name not in held_out]
    scenes = "That T4 and T5 together follow the flow of scenes of plain and natural leaves."
    decoded = "Optic flow of made scenes, through a decoder that is not part of it."
    return Origin(
        made_by="maxstim fit",
        fitted=(
            f"The contrast polarity of {len(polarities)} cell types, on discs of "
            f"{', '.join(map(str, sorted(set(radii))))} rings.",
            f"The published direction tuning of {', '.join(subtypes)}, and to which contrast each "
            f"answers, on edges at {speeds} columns/s that maxstim draws itself.",
            f"The absence of direction tuning in {len(untuned)} others.",
            *([scenes] if config.n_scenes else []),
            *([decoded] if config.flow_steps else []),
            "Voltages of moderate size.",
        ),
        not_fitted=(
            _WIRING,
            *([f"What is known of {', '.join(config.held_out)}: left out."] if held_out else []),
            "The tuning of the cell types of which nothing is known.",
            "Edges at other speeds, discs of other sizes, gratings, and scenes of other pictures.",
        ),
        speeds=EDGE_SPEEDS,
        radii=radii,
        held_out=config.held_out,
    )
