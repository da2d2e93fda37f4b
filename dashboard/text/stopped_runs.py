"""What a page says of a run whose server was restarted."""

from __future__ import annotations

import xarray as xr

from maxstim_core.optimal.result import BY_SERVER
from maxstim_core.runs.stopped import StoppedRun

_KEPT_BY_SERVER = "The server was restarted during this run; the best until then was kept."

_RUN_WHOLE = "Press Run to make the whole run."


def kept_words(answer: xr.Dataset, *, same_settings: bool) -> str:
    """Return what is said of an answer whose run ended with its server, or nothing of others.

    Args:
        answer: The answer on show.
        same_settings: Whether Run would make the whole of it.
    """
    if answer.attrs.get("cancelled_by") != BY_SERVER:
        return ""
    return f"{_KEPT_BY_SERVER} {_RUN_WHOLE}" if same_settings else _KEPT_BY_SERVER


def gone_words(stopped: StoppedRun | None) -> str:
    """Return what is said of a run of which nothing was kept.

    Args:
        stopped: What its server noted when it was stopped; None where it had no time for that.
    """
    if stopped is None:
        return (
            "The run of this link is not on this server any more, most likely since a restart; press "
            "Run to make it."
        )
    if stopped.began:
        return (
            "The server was restarted before anything of this run was kept; press Run to make it."
        )
    return "The server was restarted while this run waited for its turn; press Run to make it."
