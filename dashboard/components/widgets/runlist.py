"""A list of runs: state, cell type, method, peak and time, each a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import Component
from dashboard.components.esm import source, stylesheet


class RunList(Component):
    """Shows rows and says which one was chosen.

    Args:
        on_choose: Called with the key of the row that a person clicks.
        on_only: Called when they want the runs of the chosen cell type alone, or no longer.
        on_mark: Called with the key of a row and what a person wants it to have: ``name``, ``star``, or
            ``removed``.
        on_pin: Called with the key of a row whose answer a person pins, or takes out of those pinned.
        **params: Further parameters.
    """

    rows = param.List(
        doc="Dictionaries with key, state, title, person, detail, clip, settings, progress (0 to 1), "
        "and heading, which is shown above the first row that has it; name, which a person has "
        "given, star, and whether it is pinned."
    )
    chosen = param.String(doc="Key of the row on the page.")
    only = param.String(doc="Words of the switch for the runs of the chosen cell type alone.")
    empty = param.String(doc="What is said where there is no row.")

    _esm = source(Path(__file__).with_name("runlist.js"))
    _stylesheets: ClassVar[list[str]] = [stylesheet(Path(__file__).with_name("runlist.css"))]

    def __init__(
        self,
        on_choose: Callable[[str], None],
        on_only: Callable[[bool], None],
        on_mark: Callable[..., None],
        on_pin: Callable[[str], None] = lambda key: None,
        **params: object,
    ) -> None:
        super().__init__(**params)
        self._on_choose, self._on_only, self._on_mark = on_choose, on_only, on_mark
        self._on_pin = on_pin

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a key that is on the list counts.
        match msg:
            case {"only": bool(only)}:
                self._on_only(only)
            case {"key": str(key), **changes} if self._has(key):
                match changes:
                    case {"name": str(name)}:
                        self._on_mark(key, name=name)
                    case {"star": bool(star)}:
                        self._on_mark(key, star=star)
                    case {"removed": True}:
                        self._on_mark(key, removed=True)
                    case {"pin": True}:
                        self._on_pin(key)
            case str(key) if self._has(key):
                self._on_choose(key)

    def _has(self, key: str) -> bool:
        return any(key == row["key"] for row in self.rows)
