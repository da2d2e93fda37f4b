"""The device that a command computes on."""

from __future__ import annotations

import argparse

from maxstim_core.cli.streams import print_message
from maxstim_core.simulation.compilation import report_compilation


def resolved(arguments: argparse.Namespace) -> str:
    """Return the name of the device, and tell when something is compiled for it.

    Raises:
        MaxstimError: if it is not there.
    """
    from maxstim_core.devices import resolve_device

    device = resolve_device(arguments.device)
    if device == "cpu":
        report_compilation(print_message)
    return device
