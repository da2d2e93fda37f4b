"""A button that calls its function once for each click."""

from __future__ import annotations

from collections.abc import Callable

import panel_material_ui as pmui


class Press(pmui.Button):
    """A Material button with one function.

    ``on_click`` watches the counter `clicks`, which Panel 1.9 also sends to the browser and, with
    several threads, may take back from there as if it were another click, even later. A run that
    nobody asked for must not start, so that the click itself is listened to.

    Args:
        on_press: Called once for each click.
        **params: As of `panel_material_ui.Button`.
    """

    def __init__(self, on_press: Callable[[], None], **params: object) -> None:
        super().__init__(**params)
        self._on_press = on_press

    def _handle_click(self, event: object = None) -> None:
        self._on_press()
