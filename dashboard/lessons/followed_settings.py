"""What the presenter of a class has chosen, and how it comes to the pages that follow."""

from __future__ import annotations

import dataclasses
from typing import Any

from dashboard.state.choice import BESIDE_SETTINGS, Choice
from dashboard.state.link_settings import setting_label
from maxstim_core.runs.request import RunRequest


class FollowedSettings:
    """Lets a page choose what its presenter chooses, as far as the presenter has changed it.

    What a visitor has typed stays, but for what the presenter changes after that; a step that sets the
    page sets all of it.

    Args:
        choice: What is chosen on the page.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._taken: RunRequest | None = None
        self._known: dict[str, dict[str, Any]] = {}
        self.begin()

    def begin(self) -> None:
        """Take over all at the next call, but for what is typed from now on: who joins or returns."""
        self._taken = None
        self._known = {name: one.values() for name, one in self._choice.settings.items()}

    def take(self, request: RunRequest, *, step_sets: bool) -> tuple[str, ...]:
        """Choose what the presenter has chosen.

        Args:
            request: What that is.
            step_sets: Whether a step of the lesson has just set the settings of its method.

        Returns:
            What people call the settings that the visitor had changed and that are others now.
        """
        choice, before, method = self._choice, self._taken, request.method
        self._taken = request
        settings, theirs = choice.settings[method], dataclasses.asdict(request.config)
        refused, mine, known = {*settings.entries.refused}, settings.values(), self._known[method]
        own = {name for name in theirs if name in refused or mine[name] != known[name]}
        if before is None:
            # It may come late, on a busy server: what was typed meanwhile is what a run would be asked.
            changed = theirs.keys() - own
        elif step_sets:
            changed = {*theirs}
        else:
            changed = {name for name in theirs if theirs[name] != known[name]}
        self._known[method] = theirs
        replaced = [
            n for n in theirs if n in changed & own and (n in refused or mine[n] != theirs[n])
        ]
        settings.take({name: theirs[name] for name in theirs if name in changed})
        all_beside = before is None or step_sets
        beside = [
            name
            for name in BESIDE_SETTINGS
            if all_beside or getattr(request, name) != getattr(before, name)
        ]
        choice.take_beside(request, beside)
        return tuple(setting_label(method, name) for name in replaced)
