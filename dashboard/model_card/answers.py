"""The page of a model card on the movies that excite its cells most: in words and, if here, in pictures.

The pictures are those of ``docs/answers`` beside the package in a checkout; an installed package has the
sentences alone.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path

import panel as pn
import panel_material_ui as pmui

from dashboard.model_card.figures import CARD_STYLE
from dashboard.style.theme import TEXT
from maxstim_core.optimal.configs import METHODS

PICTURE_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "answers"
"""Where the pictures are, one PNG for each cell type, if they are."""


class CardAnswers(pn.viewable.Viewer):
    """One described cell type at a time; a picture travels when it is looked at, not before."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, dict[str, str]] = {}
        self.cell_type = pmui.RadioButtonGroup(options=[], size="small", margin=(14, 0, 4, 0))
        self.text = pn.pane.HTML(
            "", stylesheets=[TEXT, CARD_STYLE], sizing_mode="stretch_width", margin=0
        )
        self._layout = pn.Column(self.cell_type, self.text, sizing_mode="stretch_width")
        self._in_sight = False
        self.cell_type.param.watch(self._draw, "value")

    def __panel__(self) -> pn.Column:
        return self._layout

    def offer(self, answers: dict[str, dict[str, str]], cell_type: str) -> None:
        """Take what is said of answers, by cell type and method, and choose a cell type of these."""
        self._said = answers
        names = list(answers)
        chosen = cell_type if cell_type in answers else next(iter(names), None)
        self.cell_type.param.update(options=names, value=chosen)
        self._draw()

    def look(self, in_sight: bool) -> None:
        """Show the picture, or nothing while nobody looks."""
        self._in_sight = in_sight
        self._draw()

    def _draw(self, *events: object) -> None:
        said = self._said.get(self.cell_type.value, {}) if self._in_sight else {}
        self.text.object = answers_html(self.cell_type.value, said) if said else ""


def answers_html(cell_type: str, said: dict[str, str]) -> str:
    """Return what is said of the answers of a cell type, and its picture if it is here."""
    columns = "".join(
        f"<div><h4>{METHODS[method].title}</h4><p>{escape(text[0].upper() + text[1:])}.</p></div>"
        for method, text in said.items()
    )
    file = PICTURE_FOLDER / f"{cell_type}.png"
    picture = ""
    if file.is_file():
        data = b64encode(file.read_bytes()).decode()
        picture = (
            f"<img class='strips' alt='Strips of the three answers of {escape(cell_type)}' "
            f"src='data:image/png;base64,{data}'>"
        )
    return (
        f"<div class='thirds'>{columns}</div>{picture}"
        "<p class='quiet small'>Six rings around the centre, up to the peak of the central cell. The "
        "sentences were written by looking at the pictures.</p>"
    )
