"""A picker of networks: grouped and searchable, with a place for files and paths of a person's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.esm import PICKER, source

_HERE = Path(__file__)


class NetworkPicker(pn.custom.JSComponent):
    """Shows the chosen network and, when opened, all of them.

    Args:
        on_path: Called with a path on the server that a person types.
        on_file: Called with the name and the content of a file that a person sends.
        on_open: Called when the picker is opened.
        **params: Further parameters, `value` among them.
    """

    value = param.String(doc="Name of the chosen network.")
    groups = param.List(doc="Groups of networks, as `grouped_networks` makes them.")
    said = param.String(doc="Answer to the last path or file, one sentence.")
    refused = param.Boolean(doc="Whether that answer is a refusal.")
    most_bytes = param.Integer(doc="Size of the largest file that is sent.")

    _esm = source(PICKER, _HERE.with_name("networkpicker.js"))
    _stylesheets: ClassVar[list[str]] = [
        _HERE.with_name(f"{name}.css").read_text(encoding="utf-8")
        for name in ("cellpicker", "networkpicker")
    ]

    def __init__(
        self,
        on_path: Callable[[str], None],
        on_file: Callable[[str, str], None],
        on_open: Callable[[], None],
        **params: object,
    ) -> None:
        super().__init__(**params)
        self._on_path, self._on_file, self._on_open = on_path, on_file, on_open

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything.
        match msg:
            case "open":
                self._on_open()
            case {"path": str(path)}:
                self._on_path(path)
            case {"file": str(name), "content": str(content)}:
                self._on_file(name, content)
