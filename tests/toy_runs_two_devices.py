"""`toy_runs` on a machine that says that it has a GPU."""

from toy_runs import run

__all__ = ["available_devices", "run"]


def available_devices():
    return ("cpu", "cuda:0")
