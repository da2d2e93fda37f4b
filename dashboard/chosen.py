"""What a person has chosen beside what is on show: whether they differ, and what to say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.words import METHOD_WORDS
from maxstim_core.runs.library import Entry
from maxstim_core.runs.snapshot import LIVE, RunSnapshot

if TYPE_CHECKING:
    from dashboard.session import Session


@dataclass(frozen=True)
class Question:
    """What is asked, but for the settings.

    Attributes:
        cell_type: For example ``T4c``.
        method: ``natural``, ``regularized`` or ``generated``.
        network: Name of the network.
        network_hash: Its content hash; empty while it is not known.
    """

    cell_type: str
    method: str
    network: str
    network_hash: str = ""


def chosen(session: Session) -> Question:
    """Return what is chosen on a page."""
    choice = session.choice
    return Question(choice.cell_type, choice.method, choice.network, session.network_hash)


def on_show(session: Session) -> Question | None:
    """Return what the movie on a page answers, or None while there is none."""
    run, answer = session.run, session.answer
    # A run is what the player shows from its first preview on.
    if run is not None and run.state in LIVE and run.preview is not None:
        return _of(run)
    if answer is None:
        return None
    about = answer.attrs
    return Question(
        about["cell_type"], about["method"], str(about.get("network", "")), about["network_hash"]
    )


def is_chosen(session: Session) -> bool:
    """Tell whether what a page has a key of, a run or an answer, is what is chosen."""
    run = session.run
    shown = _of(run) if run is not None and run.state in LIVE else on_show(session)
    return shown is None or shown == _like(chosen(session), shown)


def newest(session: Session) -> Entry | None:
    """Return the newest finished answer to what is chosen, a complete one if there is any, or None."""
    asked = chosen(session)
    found = [
        entry
        for entry in session.shelf.entries()
        if (entry.cell_type, entry.method, entry.network_hash)
        == (asked.cell_type, asked.method, asked.network_hash)
    ]
    return min(found, key=lambda entry: entry.status != "complete", default=None)


def note(session: Session) -> str:
    """Return a sentence for a page that shows something else than what is chosen, or nothing."""
    shown, run = on_show(session), session.run
    if shown is None:
        return ""
    asked = _like(chosen(session), shown)
    if asked == shown:
        return ""
    wanted, there = _told(asked, shown), _told(shown, asked)
    if run is not None and run.state in LIVE and _of(run) == _like(asked, _of(run)):
        return f"{wanted} is on its way; this is {there}."
    return f"You chose {wanted}; this is {there}. Press Run for {wanted}."


def _of(run: RunSnapshot) -> Question:
    return Question(run.request.cell_type, run.request.method, run.request.network)


def _like(asked: Question, shown: Question) -> Question:
    """Return a question with the network of another one where nothing tells the two networks apart."""
    same = asked.network_hash in ("", shown.network_hash) or asked.network == shown.network
    network = shown if same else asked
    return Question(asked.cell_type, asked.method, network.network, network.network_hash)


def _told(this: Question, other: Question) -> str:
    """Return what tells a question from another one, in words."""
    parts = []
    if this.method != other.method:
        parts.append(f"{this.cell_type} {METHOD_WORDS[this.method].lower()}")
    elif this.cell_type != other.cell_type:
        parts.append(this.cell_type)
    if this.network != other.network:
        parts.append(f"network {this.network}")
    return ", ".join(parts)
