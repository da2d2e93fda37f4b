"""Devices by name: which there are, and which one a name means; and the cores of the CPU.

torch is asked for GPUs only where there is a driver for one: it takes seconds to load, and a machine
without a GPU needs none of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

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
    if not _may_have_a_gpu():
        return ("cpu",)
    import torch  # not before it is needed: torch takes seconds to load

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *(f"cuda:{i}" for i in range(n_gpus)))


def resolve_device(name: str) -> str:
    """Return the device of this machine that a name means: `choose_device` of `available_devices`.

    Raises:
        MaxstimError: if there is no such device.
    """
    return choose_device(name, ("cpu",) if name == "cpu" else available_devices())


def usable_cores() -> int:
    """Return how many threads to compute with: one for each core that this process may use.

    Two hardware threads of one core count once, where Linux tells. ``OMP_NUM_THREADS`` asks for fewer.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len({_siblings(cpu) for cpu in os.sched_getaffinity(0)})
    else:
        cores = os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return min(cores, int(asked)) if asked.isdecimal() and int(asked) else cores


def _siblings(cpu: int) -> str:
    """Return what is the same for the hardware threads of one core."""
    with suppress(OSError):
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        return topology.read_text()
    return str(cpu)


def _may_have_a_gpu() -> bool:
    """Tell whether there is a driver through which torch could find a GPU."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):  # as the driver itself understands it
        return False
    if os.path.exists("/dev/kfd"):  # AMD's, whose cards torch's ROCm build calls CUDA as well
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
