"""The command that tries many settings: sweep."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from maxstim_core.cli.answers import print_problems, run_answers, stopped_status
from maxstim_core.cli.compare import SHOWN_TO, other_networks
from maxstim_core.cli.device import resolved
from maxstim_core.cli.options import read_settings
from maxstim_core.cli.output import check_store
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.optimal.configs import GenerateConfig

if TYPE_CHECKING:
    from maxstim_core.sweeps.sweep import Sweep


def add_sweep_options(command: argparse.ArgumentParser) -> None:
    """Add what `sweep_command` takes besides the question."""
    command.add_argument(
        "--method",
        choices=("generated",),
        default="generated",
        help="what is varied: generated stimuli",
    )
    command.add_argument(
        "--vary",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="a setting by its name in the configuration or its option here, such as lr, weight_mei or "
        "iterations, and its values: a "
        "list, 0.003,0.01,0.03; a range, lin:0:1:5 or log:100:10000:7; or numbers drawn at random, "
        "random:0:1:20 or random:log:100:10000:20; with --trials an interval, log:100:10000; repeat for "
        "more settings, which are crossed",
    )
    command.add_argument(
        "--seeds", metavar="N", type=int, default=1, help="seeds for each setting (default: 1)"
    )
    command.add_argument(
        "--trials",
        metavar="N",
        type=int,
        help="propose so many settings, each learning from those before, instead of trying all",
    )
    command.add_argument(
        "--goals",
        metavar="A,B",
        help="goals to compare by: counted_response, contrast_energy, roughness_time, roughness_space, "
        "transfer (default: all); of a store without --trials they may change",
    )
    command.add_argument(
        "--networks",
        metavar="A,B",
        default=SHOWN_TO,
        help="networks, or ensembles of them, that every answer is shown to besides its own; none for "
        "none (default: the ensemble maxstim)",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.add_argument(
        "--output",
        metavar="STORE.zarr",
        required=True,
        help="zarr store to write; gone on with if it is there",
    )


def sweep_command(arguments: argparse.Namespace) -> int:
    """Try many settings, keep the answers, and print those that none beats.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    from maxstim_core.sweeps.varied import setting_named

    vary = _vary(arguments.vary, setting_named)
    both = [name for name in vary if name in arguments]
    if both:
        raise MaxstimError(f"The setting {both[0]} is both varied and given; leave one out.")
    config = read_settings(arguments, GenerateConfig)
    check_store(arguments.output)
    from maxstim_core.networks.catalog import open_network

    network = open_network(arguments.network)
    network.cell_type(arguments.cell_type)
    words = "" if arguments.networks == "none" else arguments.networks
    others = other_networks(words, network)
    if words and not others:
        print_message(f"No other network is left of {words}: answers are shown to none.")
    goals = (
        None if arguments.goals is None else [word.strip() for word in arguments.goals.split(",")]
    )
    device = resolved(arguments)
    from maxstim_core.sweeps.sweep import sweep

    run = sweep(
        network,
        arguments.cell_type,
        vary,
        config,
        seeds=arguments.seeds,
        others=others,
        trials=arguments.trials,
        goals=goals,
        store=arguments.output,
        device=device,
    )
    stopped = run_answers(run, f"{arguments.cell_type} on {device}")
    if run.n_done or (arguments.json and Path(arguments.output).exists()):
        _tell(run, arguments)
    return stopped_status(run) if stopped else 0


def _vary(words: list[str], setting_named: Callable[[object], str]) -> dict[str, object]:
    vary: dict[str, object] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not (equals and name.strip() and values.strip()):
            raise MaxstimError(
                f"What to vary is a setting and its values, such as lr=0.003,0.01, not {shown(word)}."
            )
        name = setting_named(name.strip())
        if name in vary:
            raise MaxstimError(f"The setting {name} is varied twice; give all its values at once.")
        vary[name] = values
    return vary


def _tell(run: Sweep, arguments: argparse.Namespace) -> None:
    from maxstim_core.sweeps.report import sweep_lines, sweep_report

    report = sweep_report(run.result())
    print(json.dumps(report, indent=1) if arguments.json else "\n".join(sweep_lines(report)))
    print_problems(run)
    if run.n_done:
        print_message(f"Written: {arguments.output}")
