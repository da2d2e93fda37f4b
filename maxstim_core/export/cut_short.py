"""What the code for an answer says of a run that was cancelled, and how a command makes as much of it.

How many iterations such a run made, `maxstim_core.optimal.result.cancelled_after` tells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.optimal.schedule import Change, parse_schedule, schedule_text

if TYPE_CHECKING:
    from maxstim_core.runs.request import RunRequest


def is_cut_short(request: RunRequest, n_made: int | None) -> bool:
    """Tell whether a run ended before all of it was made.

    Args:
        request: What was asked for.
        n_made: Iterations that were made; 0 of a search, None of a whole run.
    """
    return n_made is not None and n_made < _n_steps(request)


def cut_short_comment(request: RunRequest, n_made: int, then: str) -> str:
    """Return a comment line that says where a run was cancelled.

    Args:
        request: What was asked for.
        n_made: Iterations that were made; 0 of a search.
        then: What the lines below it do, behind a semicolon; a search is made whole.
    """
    if isinstance(request.config, SearchConfig):
        return "# The search was cancelled before all clips were tried; this tries all of them.\n"
    return f"# The run was cancelled after {n_made} of {_n_steps(request)} iterations; {then}.\n"


def cut_short_request(request: RunRequest, n_made: int) -> RunRequest | None:
    """Return the run that makes the first iterations of another and ends there.

    Args:
        request: What was asked for.
        n_made: Iterations that were made; 0 of a search.

    Returns:
        None where there is none: a search has no iterations, and the steps of an ascent under
        constraints, or for several networks, depend on how many there will be.
    """
    config = request.config
    if isinstance(config, SearchConfig):
        return None
    if not isinstance(config, GenerateConfig):
        return replace(request, config=replace(config, n_iters=n_made))
    begun = [stage for first, stage in config.stages if first < n_made]
    if request.further_networks or any(stage.is_constrained for stage in begun):
        return None
    kept = [
        Change(one.iteration, {name: v for name, v in one.values.items() if name != "n_iters"})
        for one in parse_schedule(config.schedule)
        if one.iteration < n_made
    ]
    shorter = replace(config, n_iters=n_made, schedule=schedule_text(kept))
    return replace(request, config=shorter)


def _n_steps(request: RunRequest) -> int:
    """Return the iterations that were asked for; of a search 1, which one without end has not made."""
    config = request.config
    if isinstance(config, SearchConfig):
        return 1
    return config.n_steps if isinstance(config, GenerateConfig) else config.n_iters
