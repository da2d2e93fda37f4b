"""The Python half of the page's frame: what stands where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import param
from panel.viewable import Child

from dashboard.components.component import Component
from dashboard.components.esm import page_style, source, stylesheet
from dashboard.style.material import STYLESHEETS, roboto
from dashboard.text.words import HOW_TO_READ

_HERE = Path(__file__).parent


class Frame(Component):
    """Header, sidebar, the main part with all that is shown; dialogs as they are asked for.

    Args:
        is_settled: Called when a link is asked for: whether nothing is on its way that will be in it
            in a moment.
        **params: Further parameters.
    """

    sidebar = Child(doc="What there is to choose, and Run.")
    headline = Child(doc="What is on the page.")
    gallery = Child(doc="Clips to look through, where there are any.")
    player = Child(doc="The movie and the response.")
    comparison = Child(doc="What stands beside the answer.")
    traces = Child(doc="The first of the cards below.")
    losses = Child(doc="The second.")
    runs = Child(doc="The third.")
    lesson = Child(doc="The panel of lessons, once it has been opened.")
    lesson_open = param.Boolean(default=False, doc="Whether it is in sight.")
    dialogs = Child(doc="Those that have been opened so far.")
    has_dialogs = param.Boolean(default=False, doc="Whether there are any.")
    views = param.List(doc="The views that there are, the main part first: their names and labels.")
    view = param.String(doc="Name of the view in the place of the main part, or nothing.")
    going = param.Dict(default={}, doc="How far what a view shows is, by its name: {sweep: 3/20}.")
    link_query = param.String(doc="The query of a link to what is on the page, but for its player.")
    left_out = param.String(doc="A sentence on what the link leaves out, or nothing.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")
    person = param.String(doc="What the visitor is called beside their runs, perhaps nothing.")
    may_log_out = param.Boolean(
        default=False, doc="Whether they have logged in, with their name; else it is chosen here."
    )

    _esm = source(*(_HERE / f"{name}.js" for name in ("connection", "link", "frame")))
    _stylesheets: ClassVar[list[str]] = [stylesheet(_HERE / "frame.css")]
    _constants: ClassVar = {
        "described": {
            "style": page_style(),
            "fonts": roboto(),
            "material": list(STYLESHEETS),
            "help": HOW_TO_READ,
        }
    }

    def __init__(
        self, is_settled: Callable[[], bool | None] = lambda: True, **params: object
    ) -> None:
        super().__init__(**params)
        self._is_settled = is_settled

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        if msg == "ping":
            self._send_msg("heard")
        elif msg == "link":  # all that the browser sent before has been heard by now
            told = {"query": self.link_query, "left_out": self.left_out}
            self._send_msg({"link": {**told, "settled": self._is_settled() is not False}})
