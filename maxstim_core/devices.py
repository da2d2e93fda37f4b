"""Devices by name: which there are, and which one a name means.

Only `available_devices` asks torch, and loads it; the server knows the devices from its worker.
"""

from __future__ import annotations

from maxstim_core.errors import MaxstimError, shown

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
    missing = "" if gpus else " (no GPU was found)"
    raise MaxstimError(
        f"There is no device {shown(name)} here; choose auto or {' or '.join(devices)}{missing}."
    )


def available_devices() -> tuple[str, ...]:
    """Return the devices that runs can use: ``cpu``, and each GPU that torch sees."""
    import torch  # not before it is needed: torch takes seconds to load

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *(f"cuda:{i}" for i in range(n_gpus)))


def resolve_device(name: str) -> str:
    """Return the device of this machine that a name means: `choose_device` of `available_devices`.

    Raises:
        MaxstimError: if there is no such device.
    """
    return choose_device(name, available_devices())
