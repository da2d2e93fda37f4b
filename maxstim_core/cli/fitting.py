"""The command that makes networks: fit."""

from __future__ import annotations

import argparse
import json
import sys

from maxstim_core.cli.options import read_settings
from maxstim_core.cli.output import check_writable
from maxstim_core.training.config import FitConfig

_REPORT_EVERY = 20


def fit(arguments: argparse.Namespace) -> int:
    """Fit a network and write it; Ctrl-C keeps what there is."""
    config = read_settings(arguments, FitConfig)
    check_writable(arguments.output)
    if arguments.checkpoint:
        check_writable(arguments.checkpoint)
    from maxstim_core.network_file import write_network
    from maxstim_core.simulation import resolve_device
    from maxstim_core.training.fit import Fit

    device = resolve_device(arguments.device)
    run = Fit(config, device=device, checkpoint=arguments.checkpoint)
    stopped, errors = False, None
    try:
        for report in run:
            if report.step % _REPORT_EVERY == 0 or report.step == report.n_steps:
                worst = sorted(report.terms.items(), key=lambda item: -item[1])[:4]
                told = ", ".join(f"{name} {value:.3f}" for name, value in worst)
                line = f"step {report.step} of {report.n_steps}: loss {report.total:.3f} ({told})"
                print(line, file=sys.stderr, flush=True)
        errors = run.flow_errors()
    except KeyboardInterrupt:
        if run.step == 0:
            raise
        stopped = True
    about = {
        "made_by": "maxstim fit",
        "config": json.loads(config.to_json()),
        "steps_done": run.step,
        "device": device,
    }
    if errors is not None:
        about["flow"] = errors.as_about()
        print(errors.as_text(), file=sys.stderr, flush=True)
    write_network(run.network(), arguments.output, about)
    print(arguments.output)
    return 130 if stopped else 0
