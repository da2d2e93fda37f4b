"""A picker of cell types: grouped, searchable, with what is known of their tuning beside the name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.esm import PICKER, source
from dashboard.text.cell_types import arrow, grouped, polarity, tuning_sentence


class CellPicker(pn.custom.JSComponent):
    """Shows the chosen cell type and, when opened, all of them.

    Args:
        names: The cell types to choose from.
        **params: Further parameters, `value` among them.
    """

    value = param.String(doc="Name of the chosen cell type.")
    groups = param.List(doc="Title of each group with its cell types, as the browser draws them.")

    _esm = source(PICKER, Path(__file__).with_name("cellpicker.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("cellpicker.css").read_text(encoding="utf-8")
    ]

    def __init__(self, names: Iterable[str], **params: object) -> None:
        groups = [
            {"title": title, "members": [_as_drawn(name) for name in members]}
            for title, members in grouped(names).items()
        ]
        super().__init__(groups=groups, **params)


def _as_drawn(name: str) -> dict[str, str]:
    return {
        "name": name,
        "polarity": polarity(name),
        "arrow": arrow(name),
        "sentence": tuning_sentence(name),
    }
