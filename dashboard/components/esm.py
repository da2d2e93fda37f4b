"""The JavaScript and the stylesheets of the page's components: what several share comes first in each.

Browsers get one module for a component, without imports: there is nothing to be found at an address
that depends on how the page is served.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_STYLE = _HERE.parent / "style"

ELEMENTS = _HERE / "widgets" / "elements.js"
CHOOSER = _HERE / "widgets" / "chooser.js"
PICKER = _HERE / "widgets" / "picker.js"
NUMBER_FIELD = _HERE / "widgets" / "number_entry.js"
DRAWING = _HERE / "hexplayer" / "drawing.js"
PLOT = _HERE / "plots" / "plot.js"
PLAYERS = _HERE / "players" / "players.js"


def source(*files: Path) -> str:
    """Return the code of a component: `ELEMENTS`, then its files in their order."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (ELEMENTS, *files))


def stylesheet(*files: Path) -> str:
    """Return the stylesheet of a component: what all have in common, then its files."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (_STYLE / "base.css", *files))


def page_style() -> str:
    """Return the stylesheet of the page itself, in which the colors are."""
    return (_STYLE / "tokens.css").read_text(encoding="utf-8")
