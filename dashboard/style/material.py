"""What Material needs of the page, which most visits do without: it draws the dialogs alone."""

from __future__ import annotations

from pathlib import Path

import panel_material_ui as pmui
from panel_material_ui.base import MaterialComponent

_DIST = Path(pmui.__file__).with_name("dist")
_WHERE = "static/extensions/panel-material-ui"

STYLESHEETS = (f"{_WHERE}/panel-material-ui.bundle.css", f"{_WHERE}/material-icons.css")
"""Addresses, below the server's own, of what the first dialog needs."""


def defer_stylesheets() -> None:
    """Leave the stylesheets of Material out of pages, which fetch `STYLESHEETS` with the first dialog.

    For every page, Panel looks through all classes of components for theirs, which takes a fifth of the
    time of a page.
    """
    MaterialComponent._bundle_css = ()


def fetch_stylesheets(part: MaterialComponent) -> None:
    """Let a part of a dialog fetch its own again, before it is on the page."""
    part._bundle_css = STYLESHEETS


def roboto() -> list[dict[str, object]]:
    """Return weight and address, below the server's own, of the type that Material brings."""
    return [
        {"weight": weight, "file": f"{_WHERE}/{path.name}"}
        for weight in (400, 700)
        for path in sorted(_DIST.glob(f"roboto-latin-{weight}-normal-*.woff2"))[:1]
    ]
