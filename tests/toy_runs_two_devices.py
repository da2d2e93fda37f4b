"""`toy_runs` on a machine that says that it has a GPU."""

from toy_runs import run, warm

__all__ = ["available_devices", "run", "warm"]


def available_devices():
    return ("cpu", "cuda:0")
