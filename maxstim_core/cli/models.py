"""``maxstim models``: the networks that are here, bundled, published and your own."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

from maxstim_core.cli.output import check_writable, lies_in
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError

_TRIAL_EXTENT = 5
"""Rings of the eye that published models are tried on: the least that has all their parameters."""


def list_models(arguments: argparse.Namespace) -> int:
    """Print the networks that there are, and the published ones in a folder."""
    from maxstim_core.networks.catalog import BUNDLED, OWN, known_networks
    from maxstim_core.networks.flyvis_models import (
        ROOT_VARIABLE,
        find_ensembles,
        read_ensemble,
        results_folders,
    )

    folders = (arguments.folder,) if arguments.folder else results_folders()
    ensembles = [ensemble for folder in folders for ensemble in find_ensembles(folder)]
    known = known_networks()
    for network in known:
        if network.source == BUNDLED:
            print(f"{network.name:<16} comes with maxstim. {network.note}".rstrip())
    for ensemble in ensembles:
        for member in read_ensemble(ensemble, _TRIAL_EXTENT):
            error = member.validation_error
            found = "not validated" if math.isnan(error) else f"validation error {error:.3f}"
            if member.problem:
                found = f"cannot be opened: {member.problem}"
            print(f"{member.name:<16} {found}", flush=True)
    for network in known:
        if network.source == OWN:
            print(f"{network.name:<16} {_own(network.name)}")
    if not ensembles:
        where = (
            f" under {arguments.folder}"
            if arguments.folder
            else f": fetch them with 'maxstim models fetch', name their folder, or set {ROOT_VARIABLE}"
        )
        print_message(f"No published flyvis models{where}.")
    return 0


def _own(name: str) -> str:
    from maxstim_core.networks.catalog import open_network

    try:
        open_network(name, _TRIAL_EXTENT)
    except MaxstimError as error:
        return f"cannot be opened: {error}"
    return "your own"


def describe_command(arguments: argparse.Namespace) -> int:
    """Print what identifies a network, what it was fitted to, and the range of its parameters."""
    from maxstim_core.model_cards.card import describe as identify
    from maxstim_core.model_cards.origin import origin_of
    from maxstim_core.networks.bundled import DEFAULT, default
    from maxstim_core.networks.catalog import open_network

    network = open_network(arguments.network)
    origin = origin_of(arguments.network)
    for key, value in identify(network).items():
        print(f"{key.replace('_', ' '):<20}{value}")
    values = network.parameters
    for key in ("resting_potential", "time_constant", "synapse_strength"):
        numbers = getattr(values, key)
        print(f"{key.replace('_', ' '):<20}{numbers.min():.4g} to {numbers.max():.4g}")
    if arguments.network == DEFAULT:
        chosen = default()
        print(f"{'file':<20}{chosen.member or chosen.file.name}")
        print(f"{'chosen because':<20}{chosen.because}")
    print(f"{'made by':<20}{origin.made_by}")
    for title, sentences in (("fitted", origin.fitted), ("not fitted", origin.not_fitted)):
        for k, sentence in enumerate(sentences):
            print(f"{title if k == 0 else '':<20}{sentence}")
    return 0


def import_model(arguments: argparse.Namespace) -> int:
    """Store a published model, a whole ensemble or a network file, or write a model as a file.

    Raises:
        MaxstimError: if there is no such model, its name is taken, or it cannot be written.
    """
    from maxstim_core.networks.flyvis_models import find_model, numbered

    source = arguments.model
    folder = find_model(source)
    if arguments.output is not None:
        if folder is not None and lies_in(arguments.output, folder):
            raise MaxstimError(
                f"The output {arguments.output} lies in the model folder that is read; name a file "
                "elsewhere."
            )
        check_writable(arguments.output, source)
    if folder is not None and numbered(folder) and not (folder / "_meta.yaml").exists():
        return _import_ensemble(folder, arguments)
    if os.path.isfile(source):
        return _import_file(Path(source), arguments)
    if folder is None:
        raise MaxstimError(
            f"There is no flyvis model {source}; give the path of a folder such as flow/0000/000, of an "
            "ensemble such as flow/0000, or of a network file."
        )
    from maxstim_core.networks.flyvis_format import read_model, short_name
    from maxstim_core.networks.network_file import write_network
    from maxstim_core.networks.user_networks import check_new, name_for, store_network

    name = arguments.name or name_for(short_name(folder))
    if arguments.output is None:
        check_new(name, replace=arguments.replace)
    network = read_model(folder)
    if arguments.output is not None:
        write_network(network, arguments.output, _about(folder))
        print(arguments.output)
    else:
        print(store_network(network, _about(folder), name, replace=arguments.replace))
    return 0


def _import_ensemble(folder: Path, arguments: argparse.Namespace) -> int:
    if arguments.output is not None:
        raise MaxstimError(
            f"{folder} is no flyvis model but an ensemble of them, which one file cannot hold; leave "
            "--output out to store it."
        )
    from maxstim_core.networks.flyvis_models import read_ensemble
    from maxstim_core.networks.user_networks import check_new, name_for, store_ensemble

    name = arguments.name or name_for("/".join(folder.resolve().parts[-2:]))
    check_new(name, replace=arguments.replace)
    members = read_ensemble(folder)
    for broken in members:
        if broken.problem:
            print_message(f"Note: {broken.name} is left out: {broken.problem}")
    whole = [(m.folder.name, m.network, _about(m.folder)) for m in members if m.network is not None]
    if not whole:
        raise MaxstimError(f"No model of {folder} can be opened; copy the folder again, whole.")
    stored = store_ensemble(whole, name, replace=arguments.replace)
    print(f"{stored}/{whole[0][0]} to {stored}/{whole[-1][0]} ({len(whole)} networks)")
    return 0


def _import_file(path: Path, arguments: argparse.Namespace) -> int:
    if arguments.output is not None:
        raise MaxstimError(f"{path} is no flyvis model but a file; copy it, or leave --output out.")
    from maxstim_core.networks.network_file import read_network
    from maxstim_core.networks.user_networks import name_for, store_text

    read_network(path)  # its refusals name the file
    text = path.read_text(encoding="utf-8")
    print(store_text(text, arguments.name or name_for(path.stem), replace=arguments.replace))
    return 0


def _about(folder: Path) -> dict[str, object]:
    """How a network that comes from a model folder was made."""
    from maxstim_core.model_cards.origin import TRAINED
    from maxstim_core.networks.flyvis_format import short_name, was_trained

    return {
        "made_by": "maxstim models import",
        "model": short_name(folder),
        TRAINED: was_trained(folder),
    }


def export_model(arguments: argparse.Namespace) -> int:
    """Write a network, or each of an ensemble, as model folders that flyvis opens."""
    from maxstim_core.networks.catalog import ensemble_members, open_network
    from maxstim_core.networks.flyvis_format import write_ensemble, write_model

    members = ensemble_members(arguments.network)
    if members:
        networks = (open_network(name) for name in members)
        write_ensemble(networks, arguments.output)
    else:
        write_model(open_network(arguments.network), arguments.output)
    print(arguments.output)
    return 0


def remove_network_command(arguments: argparse.Namespace) -> int:
    """Remove a network or an ensemble of your own from the data directory."""
    from maxstim_core.networks.catalog import remove_network

    count = remove_network(arguments.name)
    members = f" with its {count} networks" if count > 1 else ""
    print(f"{arguments.name}{members} is removed; results and model cards stay.")
    return 0


def fetch_models(arguments: argparse.Namespace) -> int:
    """Download the networks that flyvis publishes.

    Raises:
        MaxstimError: if they cannot be fetched, or are not what flyvis published.
    """
    from maxstim_core.networks.flyvis_download import SHA256, URL, fetch, fetched_folder
    from maxstim_core.networks.flyvis_models import published_models
    from maxstim_core.storage.download import report_tenths

    report_tenths(fetch(arguments.url or URL, arguments.sha256 or SHA256), print_message)
    names = list(published_models(fetched_folder()))
    if not names:
        raise MaxstimError(
            f"The archive holds no flyvis models; remove {fetched_folder()} and fetch another."
        )
    print(f"{len(names)} networks, {names[0]} to {names[-1]}, are in {fetched_folder()}")
    return 0
