"""The headline in one piece: title, key figures, a note, and what there is to take home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import ClassVar

import panel as pn
import param

from dashboard.components.component import Component
from dashboard.components.esm import source, stylesheet

_HERE = Path(__file__).parent
_SNIPPET = _HERE.parent / "widgets"

Plan = tuple[str, Callable[[], BytesIO]]
"""The name of a file, and what makes its content."""

# Drawing in threads beside each other would be no quicker, and the pages would wait for all of them.
_ONE_AT_A_TIME = Lock()


class HeadlinePanel(Component):
    """Shows the title; makes files, in a thread, and hands them to the browser.

    Args:
        plans: For each button that takes a file home, what is called for each click, quickly: it
            returns the name of the file, and what makes its content in another thread.
        code: Called when the code is asked for; returns the lines in Python and for a shell.
        on_settings: Called when a person wants the settings of the answer on show.
        on_iteration: Called with the iteration that is to be shown, ``last`` or ``best``.
        on_error: Called with what a plan or the making of a file has raised.
        on_pin: Called when a person pins the answer on show, or takes it out of those pinned.
        **params: Further parameters.
    """

    shown = param.Dict(
        default={
            "html": "",
            "verdict": "",
            "note": "",
            "settings": False,
            "live": True,
            "iteration": "",
            "pinned": None,
        },
        doc="Title and key figures as HTML; what controls say of the answer, or nothing; a note, or "
        "nothing; whether it is about the answer's "
        "settings, which can be taken; whether there is nothing to take home; which iteration is on "
        "show where there are two, last or best; whether it is pinned, None where it cannot be.",
    )

    _esm = source(_SNIPPET / "snippet.js", _HERE / "headline.js")
    _stylesheets: ClassVar[list[str]] = [
        stylesheet(_SNIPPET / "snippet.css", _HERE / "headline.css")
    ]

    def __init__(
        self,
        plans: dict[str, Callable[[], Plan]],
        code: Callable[[], dict[str, str]],
        on_settings: Callable[[], None],
        on_iteration: Callable[[str], None],
        on_error: Callable[[Exception], None],
        on_pin: Callable[[], None] = lambda: None,
        **params: object,
    ) -> None:
        super().__init__(**params)
        self._plans, self._code = plans, code
        self._on_settings, self._on_error = on_settings, on_error
        self._on_iteration, self._on_pin = on_iteration, on_pin

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if self.shown["live"]:
            return
        if msg == "Settings":
            self._on_settings()
        elif isinstance(msg, dict) and msg.get("iteration") in ("last", "best"):
            self._on_iteration(msg["iteration"])
        elif msg == "Pin":
            self._on_pin()
        elif msg == "Code":
            self._send_msg({"code": self._code()})
        elif isinstance(msg, str) and msg in self._plans:
            pn.state.execute(partial(self._make, msg))

    async def _make(self, take: str) -> None:
        message: dict[str, object] = {"take": take}
        try:
            name, make = self._plans[take]()
            content = await asyncio.to_thread(_alone, make)
            message["file"] = {"name": name, "data": content.getvalue()}
        except Exception as error:  # the page says it, or logs a defect
            self._on_error(error)
        self._send_msg(message)


def _alone(make: Callable[[], BytesIO]) -> BytesIO:
    with _ONE_AT_A_TIME:
        return make()
