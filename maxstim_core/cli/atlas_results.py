"""The commands that tell what an atlas says, and pack it for the page."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maxstim_core.cli import atlas
from maxstim_core.cli.interrupts import OneInterrupt
from maxstim_core.cli.output import check_writable, write_text
from maxstim_core.cli.progress import ProgressLine
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError

if TYPE_CHECKING:
    import xarray as xr


def add_choice(command: argparse.ArgumentParser) -> None:
    """Add which answers of an atlas are meant."""
    command.add_argument("store", metavar="STORE.zarr", help="zarr store of the atlas")
    command.add_argument(
        "--objective", metavar="X", help="objective of the answers (default: the atlas's first)"
    )
    command.add_argument(
        "--seed", metavar="N", type=int, help="seed of the answers (default: the atlas's first)"
    )


def add_report_options(command: argparse.ArgumentParser) -> None:
    """Add what `report_command` takes."""
    add_choice(command)
    command.add_argument("--json", action="store_true", help="JSON instead of Markdown")
    command.add_argument(
        "--output", metavar="FILE.md", help="file to write; replaced if there (default: print)"
    )


def add_pack_options(command: argparse.ArgumentParser) -> None:
    """Add what `pack_command` takes."""
    add_choice(command)
    _add_output(command)
    command.add_argument(
        "--partial", action="store_true", help="pack what there is, even if answers are missing"
    )


def add_make_options(command: argparse.ArgumentParser) -> None:
    """Add what `make_command` takes: what 'maxstim atlas run' does, and where the atlas goes."""
    command.add_argument(
        "--store",
        metavar="STORE.zarr",
        help="zarr store to make; gone on with if it is there (default: beside the output)",
    )
    _add_output(command)
    atlas.add_questions(command, controls=False)  # the page does not show them


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--output",
        metavar="FILE.nc",
        help="file to write; replaced if there (default: that of the data directory, shown by the page)",
    )


def report_command(arguments: argparse.Namespace) -> int:
    """Tell what an atlas says, as far as it is there.

    Raises:
        MaxstimError: if there is none, or not of this objective and seed.
    """
    from maxstim_core.atlas.report import atlas_markdown, atlas_report

    if arguments.output:
        check_writable(arguments.output)
    answers = _answers(arguments)
    report = atlas_report(answers, _compared(answers))
    text = f"{json.dumps(report, indent=1)}\n" if arguments.json else atlas_markdown(report)
    if not arguments.output:
        print(text, end="")
        return 0
    write_text(arguments.output, "report", text)
    print(arguments.output)
    return 0


def pack_command(arguments: argparse.Namespace) -> int:
    """Pack an atlas into one file.

    Raises:
        MaxstimError: if there is none, answers are missing and may not, or it would be too large.
    """
    from maxstim_core.atlas.bundle import check_complete

    path = _output(arguments)
    answers = _answers(arguments)
    check_complete(answers, partial=arguments.partial)
    _make_folder(path)
    return _pack(answers, path, partial=arguments.partial)


def make_command(arguments: argparse.Namespace) -> int:
    """Make an atlas, or what it lacks, and pack it for the page.

    Raises:
        MaxstimError: if an option makes no sense, alone or beside another.
    """
    path = _output(arguments)
    _make_folder(path)
    if arguments.store is None:
        arguments.store = str(path.with_suffix(".zarr"))
    status = atlas.run_command(arguments)
    if status:
        return status
    arguments.objective = arguments.seed = None
    return _pack(_answers(arguments), path, partial=False)


def _output(arguments: argparse.Namespace) -> Path:
    """Return where the packed atlas goes.

    Raises:
        MaxstimError: if a file was named that cannot be written.
    """
    from maxstim_core.atlas.bundle import own_bundle

    if not arguments.output:
        return own_bundle()
    check_writable(arguments.output, arguments.store)
    return Path(arguments.output)


def _make_folder(path: Path) -> None:
    """Make sure that there is a folder for a file of the data directory.

    Raises:
        MaxstimError: if there is none, and it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaxstimError(
            f"The folder {path.parent} cannot be made ({error.strerror or error}); name a file with "
            "--output, or another data directory with MAXSTIM_DATA_DIR."
        ) from error
    check_writable(path)


def _answers(arguments: argparse.Namespace) -> xr.Dataset:
    from maxstim_core.atlas.agreement import answers_of_atlas
    from maxstim_core.storage.grid_store import read_store

    found = read_store(arguments.store, "atlas")
    return answers_of_atlas(found, arguments.objective, arguments.seed)


def _compared(answers: xr.Dataset) -> dict[str, tuple]:
    """Compare answers with a line of progress."""
    from maxstim_core.atlas.agreement import compare_answers
    from maxstim_core.optimal.run import StepReport

    nothing = np.empty((0, 0), np.float32)
    with OneInterrupt(), ProgressLine("comparing", ()) as progress:
        return compare_answers(answers, lambda k, n: progress.show(StepReport(k, n, nothing)))


def _pack(answers: xr.Dataset, path: Path, *, partial: bool) -> int:
    from maxstim_core.atlas.bundle import pack_atlas

    packed = pack_atlas(answers, _compared(answers), path, partial=partial)
    print(path)
    print_message(
        f"Packed into {packed['bytes'] / 1e6:.2f} MB; rounding changed at most "
        f"{100 * packed['loss']:.2g} % of the contrast energy of a movie."
    )
    return 0
