"""What the presenter of a class has chosen, taken by a page that follows."""

from __future__ import annotations

from dataclasses import fields, replace

from dashboard.state.choice import Choice
from maxstim_core.errors import MaxstimError
from maxstim_core.runs.request import RunRequest


class PresentedChoice:
    """Chooses what a presenter has chosen; one's own settings stay until the presenter changes them."""

    def __init__(self) -> None:
        self._before: RunRequest | None = None
        self._place: tuple[str, int] | None = None

    def take(self, choice: Choice, request: RunRequest, place: tuple[str, int]) -> None:
        """Choose that.

        Args:
            choice: What is chosen on the page that follows.
            request: What the presenter has chosen.
            place: The lesson and step that the presenter is at: another one begins anew.
        """
        before = self._before if place == self._place else None
        self._before, self._place = request, place
        choice.take(request if before is None else _with_own(choice, before, request))

    def forget(self) -> None:
        """Take all that the presenter has chosen, next time."""
        self._before = self._place = None


def _with_own(choice: Choice, before: RunRequest, request: RunRequest) -> RunRequest:
    """Return what a presenter has chosen, with what a page has set and the presenter has not changed."""
    if request.method != before.method or replace(request, config=before.config) != before:
        return request
    try:
        own = choice.request()
        if own.method != request.method:
            return request
        kept = {
            item.name: getattr(own.config, item.name)
            for item in fields(request.config)
            if getattr(request.config, item.name) == getattr(before.config, item.name)
        }
        return replace(request, config=replace(request.config, **kept))
    except MaxstimError:  # what is set does not go together with what has changed
        return request
