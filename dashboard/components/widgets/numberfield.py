"""A number of the settings: a field to type it into, above a slider."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.component import Component
from dashboard.components.esm import NUMBER_FIELD, source, stylesheet
from dashboard.state.typed_numbers import allowed, take_entry
from maxstim_core.settings import number_text


class NumberField(Component):
    """Shows and takes one number of `settings`.

    The browser sends what is typed on Enter and when the field is left, hence before the click on a
    button that follows. What is no number, or what `settings` refuse, stays in the field, which says
    what is allowed; the setting keeps its value, and `settings.entries` knows of it.

    Args:
        settings: Whose setting it is; has `entries`, `unit(name)` and `set_number(name, number)`.
        name: Its name.
        **params: Further parameters.
    """

    label = param.String(doc="Name of the setting.")
    unit = param.String(doc="Its unit, or nothing.")
    description = param.String(doc="Help text.")
    shown = param.Dict(
        doc="The `text` in the field; the `value` of the setting; as `problem` what is allowed, where "
        "the field holds something else; how many `times` that was told, even if nothing changed."
    )
    low = param.Number(doc="Least value allowed.")
    high = param.Number(doc="Greatest value allowed.")
    start = param.Number(doc="Left end of the slider; the value, if that is less.")
    end = param.Number(doc="Right end of the slider; the value, if that is more.")
    step = param.Number(doc="Step of the slider and of the arrow keys.")
    disabled = param.Boolean(doc="Whether the number cannot be changed.")

    _esm = source(NUMBER_FIELD, Path(__file__).with_name("numberfield.js"))
    _stylesheets: ClassVar[list[str]] = [stylesheet(Path(__file__).with_name("numberfield.css"))]

    def __init__(self, settings: param.Parameterized, name: str, **params: object) -> None:
        number = settings.param[name]
        (low, high), (start, end) = number.bounds, number.softbounds
        super().__init__(
            label=number.label, unit=settings.unit(name), step=number.step, shown={"times": 0},
            low=low, high=end if high is None else high, start=start, end=end, **params,
        )  # fmt: skip
        self._settings, self._name = settings, name
        self._whole = isinstance(number, param.Integer)
        settings.param.watch(self._show, name)
        settings.entries.param.watch(self._show, "refused")
        self._show()
        # What changes before a page is ready, Panel 1.9 may not tell the browser.
        pn.state.onload(self._show)

    def _handle_msg(self, message: object) -> None:
        # The browser can send anything.
        match message:
            case {"entry": str(entry)}:
                self._take(entry)
            case "restore":
                self._settings.entries.accept(self._name)
                self._show()

    def _take(self, entry: str) -> None:
        take_entry(self._settings, self._name, entry, self._allowed())
        self._show()

    def _allowed(self) -> str:
        return allowed(self.low, self.high, self.unit, whole=self._whole)

    def _show(self, *events: object) -> None:
        value = getattr(self._settings, self._name)
        text, refused = self._settings.entries.refused.get(self._name, (number_text(value), ""))
        problem = self._allowed() if refused else ""
        times = self.shown["times"] + 1
        self.shown = {"text": text, "value": value, "problem": problem, "times": times}
