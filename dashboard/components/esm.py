"""The JavaScript of the page's components: what several share is put before the code of each.

Browsers get one module for a component, without imports: there is nothing to be found at an address
that depends on how the page is served.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

ELEMENTS = _HERE / "widgets" / "elements.js"
PICKER = _HERE / "widgets" / "picker.js"
DRAWING = _HERE / "hexplayer" / "drawing.js"


def source(*files: Path) -> str:
    """Return the code of a component: `ELEMENTS`, then its files in their order."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (ELEMENTS, *files))
