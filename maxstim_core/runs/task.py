"""Work in the background that is no run, such as measuring a model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TaskRequest:
    """A function for the worker to call, in the same fair order as runs.

    The function is called as ``function(device=..., report_stage=..., **arguments)``: with the device
    of its worker, and with what it should call, with a few words, before each part of its work. That
    call is where a cancelled task ends, and the sign that it lives. What a task has made it stores
    itself; what it returns is lost.

    Attributes:
        function: As ``module:function``; the worker imports it.
        arguments: Its keyword arguments, of kinds that JSON has.
        key: What it makes. Tasks of one key are done once for all who wait.
        device: As in `maxstim_core.runs.request.RunRequest`.
        gives_way: Whether it makes room for what does not when that waits for its device: it ends after
            the present part, waits for another turn, and the function is called again. That should
            then go on where it was; each turn is at least one part.
        what: What it is, one word or two, for those who wait behind it.
        work: How much there is to do, to be compared between tasks of one function; 0 where that is not
            known.
    """

    function: str
    arguments: Mapping[str, Any]
    key: str
    device: str = "auto"
    gives_way: bool = False
    what: str = "task"
    work: float = 0.0
