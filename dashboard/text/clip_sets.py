"""What the sets of clips are called."""

from __future__ import annotations

from maxstim_core.stimuli.stored.paintings import PAINTED, painting_name

_TITLES = {
    "scenes": "Made scenes",
    "made": "Made scenes and textbook stimuli",
    "probes": "Textbook stimuli alone",
    "sintel": "Sintel",
}


def set_title(name: str) -> str:
    """Return what a set is called that maxstim knows; one of your own is called what you called it."""
    if name.startswith(PAINTED):  # the set of one painting
        return painting_name(name.removeprefix(PAINTED))
    return _TITLES.get(name, name)
