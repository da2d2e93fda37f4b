"""The commands that make an atlas on many workers, and tell how far it is."""

from __future__ import annotations

import argparse
import json

from maxstim_core.cli.answers import print_problems, run_answers, stopped_status
from maxstim_core.cli.options import add_settings, read_settings
from maxstim_core.cli.output import check_store
from maxstim_core.cli.streams import print_message
from maxstim_core.optimal.configs import GenerateConfig

_ALL = "all"
_NO_WORKERS = "No worker is there now; the atlas goes on as soon as one is."
_YES_NO = {True: "yes", False: "no"}


def add_run_options(command: argparse.ArgumentParser) -> None:
    """Add what `run_command` takes."""
    command.add_argument(
        "store", metavar="STORE.zarr", help="zarr store to make; gone on with if it is there"
    )
    add_questions(command)


def add_questions(command: argparse.ArgumentParser, *, controls: bool = True) -> None:
    """Add what an atlas asks, and on which workers.

    Args:
        command: To add it to.
        controls: Whether there are controls unless something else is said.
    """
    command.add_argument(
        "--cell-types", metavar="A,B", default=_ALL, help="cell types (default: all)"
    )
    command.add_argument(
        "--networks",
        metavar="A,B",
        default="maxstim",
        help="networks, or ensembles of them (default: the ensemble maxstim)",
    )
    command.add_argument(
        "--objective",
        metavar="X",
        action="append",
        dest="objectives",
        default=[],
        help="objective, as 'maxstim generate --help' tells; repeat for more (default: drive, at a "
        "contrast energy of 100 unless --energy is given)",
    )
    command.add_argument(
        "--seeds", metavar="N", type=int, default=1, help="seeds for each (default: 1)"
    )
    command.add_argument(
        "--controls",
        action=argparse.BooleanOptionalAction,
        default=controls,
        help=f"also find the best textbook stimuli for each answer (default: {_YES_NO[controls]})",
    )
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers compute, such as tcp://host:8786 (default: workers on this "
        "computer)",
    )
    command.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="workers on this computer, of one thread each (default: one for each core)",
    )
    add_settings(command, GenerateConfig, without=("objective", "silence"))


def run_command(arguments: argparse.Namespace) -> int:
    """Make what an atlas lacks.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    if not arguments.objectives:
        arguments.objectives = ["drive"]
        if "energy" not in arguments:
            arguments.energy = 100.0
    arguments.objective = arguments.objectives[0]
    config = read_settings(arguments, GenerateConfig)
    check_store(arguments.store, "atlas")
    from maxstim_core.atlas.cluster import CONNECT_SECONDS
    from maxstim_core.atlas.plan import atlas_question
    from maxstim_core.atlas.run import AtlasRun
    from maxstim_core.networks.catalog import open_networks

    names = [word.strip() for word in arguments.cell_types.split(",") if word.strip()]
    question = atlas_question(
        None if names == [_ALL] else names,
        open_networks(arguments.networks),
        config,
        objectives=arguments.objectives,
        seeds=arguments.seeds,
        controls=arguments.controls,
    )
    where = {"scheduler": arguments.scheduler, "workers": arguments.workers}
    run = AtlasRun(question, arguments.store, **where)
    if arguments.scheduler and run.n_done < run.n_steps:
        print_message(
            f"Seeking the scheduler at {arguments.scheduler}, for some {CONNECT_SECONDS:.0f} s …"
        )
    stopped = run_answers(run, "atlas", lambda: _NO_WORKERS if run.lacks_workers else None)
    print_problems(run)
    if stopped:
        return stopped_status(run)
    print(arguments.store)
    return 0


def status_command(arguments: argparse.Namespace) -> int:
    """Tell how far an atlas is.

    Raises:
        MaxstimError: if there is none.
    """
    from maxstim_core.atlas.run import atlas_lines, atlas_status

    report = atlas_status(arguments.store)
    print(json.dumps(report, indent=1) if arguments.json else "\n".join(atlas_lines(report)))
    return 0
