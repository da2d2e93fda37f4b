"""A button that makes a file and hands it to the browser, while the page and those of others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from threading import Lock

import panel_material_ui as pmui

Plan = tuple[str, Callable[[], BytesIO]]
"""The name of a file, and what makes its content."""

# Drawing in threads beside each other would be no quicker, and the pages would wait for all of them.
_ONE_AT_A_TIME = Lock()


class Download(pmui.FileDownload):
    """A Material button for a file that is made anew for each click.

    Args:
        plan: Called for each click, quickly: returns the name of the file, and what makes its content
            in another thread.
        **params: As of `panel_material_ui.FileDownload`.
    """

    def __init__(self, plan: Callable[[], Plan], **params: object) -> None:
        super().__init__(callback=self._make, filename="file", **params)
        self._plan = plan

    async def _make(self) -> BytesIO:
        name, make = self._plan()
        self.loading = True
        try:
            content = await asyncio.to_thread(_alone, make)
        finally:
            self.loading = False
        # The browser takes what differs from what it has: the same file again would not.
        self.param.update(filename=name, data=None)
        return content


def _alone(make: Callable[[], BytesIO]) -> BytesIO:
    with _ONE_AT_A_TIME:
        return make()
