"""What the foot of the sidebar says: what would be run, how far a run is, and what went wrong."""

from __future__ import annotations

import re
from typing import Any

from dashboard.state.session import Session, iterations_asked
from dashboard.text.words import status_sentence
from maxstim_core.optimal.configs import METHODS
from maxstim_core.runs.messages import PAUSE_MINUTES
from maxstim_core.runs.snapshot import LIVE

SLOW = 2.0
"""Steps a second in slow motion."""


def run_words(session: Session) -> dict[str, Any]:
    """Return what `SidebarPanel.run` shows.

    ``progress`` is the share that is done, -1 while nobody knows, None without a run. The sentence on
    it comes in two parts, ``start`` and ``numbers``: one that is too long is cut before its numbers.
    """
    choice, run, opening = session.choice, session.run, session.submitting
    live = not opening and run is not None and run.state in LIVE
    progress: float | None = None
    if live or opening:
        known = live and (run.step or run.paused) and run.n_steps
        progress = run.step / run.n_steps if known else -1
    text = status_sentence(run) if run is not None else ""
    if opening:
        text = "Opening the network …"
    start, numbers = re.fullmatch(r"(.*?)(, \d+ of \d+.*)?", text, re.DOTALL).groups("")
    return {
        "label": f"Run {choice.cell_type} {METHODS[choice.method].title.lower()}",
        "cancel": session.may_cancel,
        "progress": progress,
        "start": start,
        "numbers": numbers,
        "problem": session.problem,
        "steer": _steer_words(session),
    }


def _steer_words(session: Session) -> dict[str, Any] | None:
    """Return what the buttons for a run that can be steered show; None where there are none.

    ``step`` is the last iteration, ``live`` whether the run is going, ``more`` how many iterations
    more it takes when it goes on behind its end, 0 while it is live. ``note`` says whether settings act
    on it.
    """
    run = session.run
    if run is None or session.submitting or not (session.may_steer or session.may_go_on):
        return None
    return {
        "run": run.run_id,
        "live": session.may_steer,
        "paused": run.paused,
        "slow": run.per_second > 0,
        "step": run.step,
        "more": iterations_asked(run.request.config) if session.may_go_on else 0,
        "note": _steer_note(session) if session.may_steer else "",
    }


def _steer_note(session: Session) -> str:
    """Return whether settings act on the run that goes, what holds them back, and how long it pauses."""
    run = session.run
    limit = f" Paused for at most {PAUSE_MINUTES} minutes." if run.paused else ""
    if not session.shows_question:
        what = f"{run.request.cell_type} {METHODS[run.request.method].title.lower()}"
        return f"Settings do not act on {what} while something else is chosen.{limit}"
    held = session.held_back
    if held:
        return f"No setting acts on it until this is mended: {held}{limit}"
    return f"Settings act from here on.{limit}" if run.paused else "Settings act while it runs."
