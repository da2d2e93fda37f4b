"""The commands that ask whether to believe an answer: curve, restarts and controls."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from maxstim_core.cli.compute import prepare, run_and_save
from maxstim_core.cli.device import resolved
from maxstim_core.cli.interrupts import STOPPING, OneInterrupt
from maxstim_core.cli.options import read_settings, refuse_across, refuse_idle
from maxstim_core.cli.output import check_writable, write_result
from maxstim_core.cli.progress import ProgressLine
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import GenerateConfig
from maxstim_core.optimal.possible import allowed_by

if TYPE_CHECKING:
    import xarray as xr

    from maxstim_core.networks.network import Network
    from maxstim_core.optimal.run import Optimization

SHOWN_TO = "maxstim"
"""The networks that an answer is shown to unless others are named."""


def curve_command(arguments: argparse.Namespace) -> int:
    """Find the best movie at each of several contrast energies, and write them.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    energies = _energies(arguments.energies)
    if "objective" not in arguments:
        arguments.objective = "drive"
    config = read_settings(arguments, GenerateConfig)
    refuse_idle(arguments, config)
    refuse_across(config)
    network, device = prepare(arguments)
    from maxstim_core.optimal.curve import curve

    run = curve(network, arguments.cell_type, config, energies, device=device)
    what = f"{arguments.cell_type} on {device}"
    return run_and_save(run, run.labeled, arguments.output, what)


def _energies(text: str) -> int | list[float]:
    """Return how many energies, or which."""
    try:
        if "," in text:
            return [float(each) for each in text.split(",")]
        return int(text)
    except ValueError as error:
        raise MaxstimError(
            "Energies are their number, such as 12, or a list of them, such as 10,30,100, not "
            f"{shown(text)}."
        ) from error


def restarts_command(arguments: argparse.Namespace) -> int:
    """Grow a stimulus from several starts, seek others that do the same, and write them.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    usual = "objective" not in arguments and "energy" not in arguments
    if usual:
        arguments.objective, arguments.energy = "drive", 100.0
    config = read_settings(arguments, GenerateConfig)
    refuse_idle(arguments, config)
    refuse_across(config)
    network, device = prepare(arguments)
    if usual:
        _check_usual_energy(config, network)
    from maxstim_core.comparison.restarts import restarts

    counts = {"seeds": arguments.seeds, "different": arguments.different}
    run = restarts(network, arguments.cell_type, config, **counts, device=device)
    what = f"{arguments.cell_type} on {device}"
    return run_and_save(run, run.labeled, arguments.output, what)


def _check_usual_energy(config: GenerateConfig, network: Network) -> None:
    """Make sure that a stimulus can have the contrast energy that nobody has asked for.

    Raises:
        MaxstimError: if not.
    """
    try:
        allowed_by(config, network.lattice)
    except MaxstimError as error:
        raise MaxstimError(
            f"Where no energy is given, restarts take {config.energy:g}, which these settings rule out; "
            "give an --energy, or 0 for none."
        ) from error


def controls_command(arguments: argparse.Namespace) -> int:
    """Compare an answer with what it has to be compared with, and print or write that.

    Raises:
        MaxstimError: if the file holds no answer, or one of a network that there is not.
    """
    if arguments.output is not None:
        check_writable(arguments.output, arguments.result)
    from maxstim_core.comparison.controls import controls, network_of
    from maxstim_core.optimal.result import load, silence_of

    answer = load(arguments.result)
    network = network_of(answer)
    others = other_networks(arguments.networks, network, silence_of(answer))
    device = resolved(arguments)
    run = controls(answer, network, others=others, device=device)
    complete = _run(run, f"controls on {device}")
    _tell(run.result(), arguments)
    return 0 if complete else 130


def other_networks(words: str, network: Network, silence: str = "") -> list[Network]:
    """Return the networks that answers are shown to besides their own, each once.

    It is told which of those that were named, not of an ensemble, are left out, and why.

    Args:
        words: Names of networks, or of ensembles of them, separated by commas.
        network: Whose answers, which is left out, and whose eye; with the cell types silenced that were.
        silence: Which cell types these are, in the others too.

    Raises:
        MaxstimError: if there is no such network.
    """
    from maxstim_core.networks.catalog import open_networks

    named = [each.strip() for each in words.split(",")]
    seen, others, notes = {network.content_hash: network.name}, [], {}
    for each in open_networks(words, network.lattice.extent):
        numbers = silenced(each, silence).content_hash
        if numbers not in seen:
            seen[numbers] = each.name
            others.append(each)
        elif each.name in named:
            same = "is named twice" if seen[numbers] == each.name else f"is {seen[numbers]}"
            if numbers == network.content_hash:
                same = f"is the network that was asked, {network.name}"
            notes[each.name] = f"Note: {each.name} {same}; it is shown once."
    for note in notes.values():
        print_message(note)
    return others


def _run(run: Optimization, what: str) -> bool:
    """Run to the end or to Ctrl-C; tell whether it got there."""
    with OneInterrupt(), ProgressLine(what, run.terms) as progress:
        try:
            for report in run:
                progress.show(report)
        except KeyboardInterrupt:
            print_message(STOPPING)
            return False
    return True


def _tell(found: xr.Dataset, arguments: argparse.Namespace) -> None:
    from maxstim_core.comparison.report import lines_of, report_of

    report = report_of(found)
    print(json.dumps(report, indent=1) if arguments.json else "\n".join(lines_of(report)))
    if arguments.output is not None:
        write_result(arguments.output, found)
        print_message(f"Written: {arguments.output}")
