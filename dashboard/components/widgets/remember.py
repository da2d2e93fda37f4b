"""The theme that a person has chosen, kept by their browser for the next visit."""

from __future__ import annotations

from pathlib import Path

import panel as pn
import param

_HERE = Path(__file__)


class RememberTheme(pn.custom.JSComponent):
    """Shows nothing; link `dark` both ways to the page's theme."""

    dark = param.Boolean(default=False, doc="Whether the page is dark.")

    _esm = _HERE.with_name("remember.js").read_text(encoding="utf-8")
