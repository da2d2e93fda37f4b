"""What the sidebar says of a sweep that would be started, and what it takes of one."""

from __future__ import annotations

from typing import Any

from dashboard.state.session import Session
from dashboard.state.sweep_choice import SweepChoice, SweepCost, can_vary, runs_of
from dashboard.text.words import duration
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.sweeps import SweepMaker

_LONGEST_ENTRY = 40
"""Characters of an entry."""


def sweep_words(choice: SweepChoice, session: Session, *, starting: bool) -> dict[str, Any]:
    """Return what `SidebarPanel.sweep` shows: little while the view of sweeps is closed.

    Args:
        choice: The sweep that is chosen.
        session: The runs of the page, by whose pace its time is guessed.
        starting: Whether one is on its way.
    """
    if not choice.is_open:
        return {"open": False}
    cost = sweep_cost(choice, session)
    words = _cost_words(cost, bool(choice.ranges), waits=session.queue.has_waiting)
    return {
        "open": True,
        "can_vary": list(can_vary()),
        "ranges": {name: vars(each) for name, each in choice.ranges.items()},
        "seeds": choice.seeds,
        "transfer": choice.transfer,
        "problem": cost.problem if choice.ranges else "",
        "cost": "Opening the network …" if starting else words,
        "ready": not cost.problem and not starting,
        "label": f"Start {cost.n_runs} runs" if cost.n_runs else "Start the sweep",
    }


def sweep_cost(choice: SweepChoice, session: Session) -> SweepCost:
    """Return what the chosen sweep would cost, or why it cannot be started."""
    try:
        request = choice.request()
        runs = runs_of(request)
    except MaxstimError as error:
        return SweepCost(problem=str(error))
    known = SweepMaker(session.queue).usual_seconds(request)
    if known is not None:
        return SweepCost(len(runs), known)
    return SweepCost(len(runs), session.queue.usual_seconds(runs), at_most=True)


def _cost_words(cost: SweepCost, is_marked: bool, *, waits: bool) -> str:
    if cost.problem:
        return "" if is_marked else cost.problem
    if cost.seconds is None:
        return f"{cost.n_runs} runs; how long they take is known after a first run."
    if cost.at_most:
        # Which runs one after another leave idle in part; how much sooner, the first sweep tells.
        taken = f"at most about {duration(cost.seconds)}, sooner as they share the cores"
    else:
        taken = f"about {duration(cost.seconds)}"
    first = "; what waits already goes first" if waits else ""
    return f"{cost.n_runs} runs, {taken}{first}."


def take_sweep_entry(choice: SweepChoice, message: dict[str, Any]) -> None:
    """Take what a person has done to the sweep that would be started; what is none is ignored."""
    match message:
        case {"mark": str(name)}:
            choice.mark(name)
        case {"name": str(name), "entry": ("low" | "high" | "count") as entry, "text": str(text)}:
            choice.change(name, **{entry: text[:_LONGEST_ENTRY]})
        case {"name": str(name), "log": bool(is_log)}:
            choice.change(name, is_log=is_log)
        case {"seeds": str(text)}:
            choice.seeds = text[:_LONGEST_ENTRY]
        case {"transfer": bool(wished)}:
            choice.transfer = wished
