"""The Python half of the panel of lessons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param

from dashboard.components.component import LateComponent
from dashboard.components.esm import source, stylesheet

_HERE = Path(__file__).parent


class LessonPanel(LateComponent):
    """A lesson beside the page, or the list of lessons.

    Args:
        on_message: Called with what the browser says: anything at all.
        **params: Further parameters.
    """

    told = param.String(
        default="{}",
        doc="As JSON: whether it is ``open``, a ``note``, and the ``list`` of lessons, or ``lesson``, "
        "``step`` and ``class``, as `dashboard.lessons.lesson_words` has them.",
    )
    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = source(
        *(_HERE / f"{name}.js" for name in ("spotlight", "steps", "class", "lesson")),
    )
    _stylesheets: ClassVar[list[str]] = [stylesheet(_HERE / "lesson.css")]

    def __init__(self, on_message: Callable[[object], None], **params: object) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_message = on_message

    def give_secret(self, code: str, secret: str) -> None:
        """Hand the browser what makes it the presenter of a class."""
        self._send_msg({"code": code, "secret": secret})

    def _handle_msg(self, msg: object) -> None:
        self._on_message(msg)
