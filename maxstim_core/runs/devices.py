"""Names of devices, without asking torch: the worker has asked it."""

from __future__ import annotations

from maxstim_core.errors import MaxstimError

ALWAYS_THERE = ("auto", "cpu")
"""Names that mean a device on every machine."""


def choose_device(name: str, devices: tuple[str, ...]) -> str:
    """Return the device that a name means: the first GPU for ``auto``, where there is one.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        devices: Those that there are, the CPU first.

    Raises:
        MaxstimError: if there is no such device.
    """
    gpus = devices[1:]
    if name == "auto":
        return gpus[0] if gpus else "cpu"
    if name == "cuda" and gpus:
        return gpus[0]
    if name in devices:
        return name
    if not gpus:
        raise MaxstimError(f"No GPU was found, so there is no {name}; choose auto or the CPU.")
    raise MaxstimError(f"There is no device {name!r} here; choose auto or {' or '.join(devices)}.")
