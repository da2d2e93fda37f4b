"""Lines of code with a button that copies them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.components.esm import source


class Snippet(pn.custom.JSComponent):
    """Shows `text` in a fixed-width type."""

    text = param.String(doc="The lines.")

    _esm = source(Path(__file__).with_name("snippet.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("snippet.css").read_text(encoding="utf-8")
    ]
