"""The command that makes networks: fit."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from maxstim_core.cli.device import resolved
from maxstim_core.cli.interrupts import STOPPING, OneInterrupt
from maxstim_core.cli.options import read_settings
from maxstim_core.cli.output import check_writable
from maxstim_core.cli.streams import print_message
from maxstim_core.errors import MaxstimError
from maxstim_core.training.config import FitConfig

if TYPE_CHECKING:
    from maxstim_core.training.fit import Fit, FitReport
    from maxstim_core.training.flow import FlowErrors

_REPORT_EVERY = 20


def fit(arguments: argparse.Namespace) -> int:
    """Fit a network and write it; Ctrl-C keeps what there is."""
    config = read_settings(arguments, FitConfig)
    output, checkpoint = arguments.output, arguments.checkpoint
    check_writable(output)
    if checkpoint is not None:
        check_writable(checkpoint, output)
    from maxstim_core.networks.network_file import write_network
    from maxstim_core.training.fit import Fit

    device = resolved(arguments)
    run = Fit(config, device=device, checkpoint=checkpoint)
    stopped, errors = False, None
    with OneInterrupt() as interrupt:
        try:
            _iterate(run)
            errors = _flow_errors(run)
            interrupt.ignore()
        except KeyboardInterrupt:
            if run.step == 0:
                raise
            stopped = True
        if stopped:
            print_message(STOPPING)
            run.keep()
            if run.unkept is not None:
                print_message(f"Note: {run.unkept}")
        about = {
            "made_by": "maxstim fit",
            "config": json.loads(config.to_json()),
            "steps_done": run.step,
            "device": device,
        }
        if errors is not None:
            about["flow"] = errors.as_about()
            print_message(errors.as_text())
        write_network(run.network(), output, about)
        print(output)
    if stopped:
        kept = checkpoint is not None and run.unkept is None
        further = f", and the same command goes on from {checkpoint}" if kept else ""
        print_message(
            f"maxstim: Stopped after step {run.step} of {run.n_steps}; {output} holds what there was by "
            f"then{further}."
        )
    return 130 if stopped else 0


def _iterate(run: Fit) -> None:
    """Fit to the end; that no checkpoint can be written is said once and loses nothing else."""
    said_so = False
    for report in run:
        if report.step % _REPORT_EVERY == 0 or report.step == report.n_steps:
            print_message(_line(report))
        if run.unkept is not None and not said_so:
            print_message(f"Note: {run.unkept} The fit goes on.")
            said_so = True


def _line(report: FitReport) -> str:
    worst = sorted(report.terms.items(), key=lambda item: -item[1])[:4]
    worst_terms = ", ".join(f"{name} {value:.3f}" for name, value in worst)
    return f"step {report.step} of {report.n_steps}: loss {report.total:.3f} ({worst_terms})"


def _flow_errors(run: Fit) -> FlowErrors | None:
    """Return what the second stage has brought, or None where there is none or it cannot be told."""
    try:
        return run.flow_errors()
    except MaxstimError as error:  # the network is there all the same
        print_message(f"Note: {error}")
        return None
