"""``maxstim models``: the networks that are here, published ones included."""

from __future__ import annotations

import argparse
import math
import sys

from maxstim_core.cli.output import check_writable
from maxstim_core.errors import MaxstimError

_TRIAL_EXTENT = 5
"""Rings of the eye that published models are tried on: the least that has all their parameters."""


def list_models(arguments: argparse.Namespace) -> int:
    """Print the bundled networks and the published models in a folder or under ``FLYVIS_ROOT_DIR``."""
    from maxstim_core.flyvis_library import (
        ROOT_VARIABLE,
        find_ensembles,
        flyvis_results,
        read_ensemble,
    )
    from maxstim_core.network import BUNDLED

    folder = arguments.folder or flyvis_results()
    ensembles = find_ensembles(folder) if folder else []
    for name in BUNDLED:
        print(f"{name:<16} comes with maxstim")
    for ensemble in ensembles:
        for member in read_ensemble(ensemble, _TRIAL_EXTENT):
            error = member.validation_error
            found = "not validated" if math.isnan(error) else f"validation error {error:.3f}"
            if member.problem:
                found = f"cannot be opened: {member.problem}"
            print(f"{member.name:<16} {found}", flush=True)
    if not ensembles:
        where = f" under {folder}" if folder else f": name their folder, or set {ROOT_VARIABLE}"
        print(f"No published flyvis models{where}.", file=sys.stderr)
    return 0


def describe(arguments: argparse.Namespace) -> int:
    """Print what identifies a network, what it was fitted to, and the range of its parameters."""
    from maxstim_core.network import open_network
    from maxstim_core.tuning.card import describe as identify
    from maxstim_core.tuning.origin import origin_of

    network = open_network(arguments.network)
    origin = origin_of(arguments.network)
    for key, value in identify(network).items():
        print(f"{key.replace('_', ' '):<20}{value}")
    values = network.parameters
    for key in ("resting_potential", "time_constant", "synapse_strength"):
        numbers = getattr(values, key)
        print(f"{key.replace('_', ' '):<20}{numbers.min():.4g} to {numbers.max():.4g}")
    print(f"{'made by':<20}{origin.made_by}")
    for title, sentences in (("fitted", origin.fitted), ("not fitted", origin.not_fitted)):
        for k, sentence in enumerate(sentences):
            print(f"{title if k == 0 else '':<20}{sentence}")
    return 0


def import_model(arguments: argparse.Namespace) -> int:
    """Write a published model as a network file of maxstim, which a person can read."""
    check_writable(arguments.output)
    from maxstim_core.flyvis_format import read_model, was_trained
    from maxstim_core.flyvis_library import find_model
    from maxstim_core.network_file import write_network
    from maxstim_core.tuning.origin import TRAINED

    folder = find_model(arguments.model)
    if folder is None:
        raise MaxstimError(
            f"There is no flyvis model {arguments.model}; give the path of a folder such as "
            "flow/0000/000."
        )
    network = read_model(folder)
    about = {
        "made_by": "maxstim models import",
        "model": network.name,
        TRAINED: was_trained(folder),
    }
    write_network(network, arguments.output, about)
    print(arguments.output)
    return 0


def export_model(arguments: argparse.Namespace) -> int:
    """Write a network as a model folder that flyvis opens."""
    from maxstim_core.flyvis_format import write_model
    from maxstim_core.network import open_network

    write_model(open_network(arguments.network), arguments.output)
    print(arguments.output)
    return 0
