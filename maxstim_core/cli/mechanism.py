"""The command that takes a response apart: contributions."""

from __future__ import annotations

import argparse
import json

from maxstim_core.cli.device import resolved
from maxstim_core.cli.output import check_writable, write_result
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError


def contributions_command(arguments: argparse.Namespace) -> int:
    """Take the response to a stored stimulus apart, and print or write that.

    Raises:
        MaxstimError: if the file holds no stimulus, or one of a network that there is not, or an option
            makes no sense beside another.
    """
    if arguments.silenced and arguments.columns_of:
        raise MaxstimError("Give --silenced or --columns-of: one table is printed at a time.")
    if arguments.output is not None:
        check_writable(arguments.output, arguments.result)
    from maxstim_core.optimal.asked import asked_network
    from maxstim_core.optimal.result import load, silence_of

    answer = load(arguments.result)
    if "stimulus" not in answer or answer["stimulus"].dims != ("frame", "column"):
        raise MaxstimError(
            f"The file {arguments.result} holds no single stimulus; give one of generate, regularize, "
            "simulate or the dashboard."
        )
    network = asked_network(answer)
    cell_type = arguments.cell_type or answer.attrs.get("cell_type")
    if not cell_type:
        raise MaxstimError(
            f"The file {arguments.result} does not say which cell type it is about; name one with "
            "--cell-type."
        )
    network.cell_type(cell_type)
    asked = (network, cell_type, answer["stimulus"].values, float(answer.attrs["dt"]))
    silence, device = silence_of(answer), resolved(arguments)
    from maxstim_core.mechanism import report
    from maxstim_core.mechanism.contributions import contributions
    from maxstim_core.mechanism.silencing_effects import silencing_effects

    if arguments.silenced:
        found = silencing_effects(*asked, silence=silence, device=device)
        told = report.silencing_report(found)
        lines = report.silencing_lines(told)
    else:
        found = contributions(
            *asked, columns_of=arguments.columns_of, silence=silence, device=device
        )
        told = report.contributions_report(found)
        lines = report.contributions_lines(told)
    print(json.dumps(told, indent=1) if arguments.json else "\n".join(lines))
    if arguments.output is not None:
        write_result(arguments.output, found)
        print_message(f"Written: {arguments.output}")
    return 0
