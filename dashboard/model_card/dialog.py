"""The model card of the chosen network, one click away; measured here if nobody has done so."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from io import BytesIO

import panel as pn
import panel_material_ui as pmui

from dashboard.components.widgets.press import Press
from dashboard.guard.allowance import DOWNLOADS
from dashboard.model_card.answers import CardAnswers
from dashboard.model_card.figures import (
    CARD_STYLE,
    cell_type_table,
    direction_figure,
    evidence_text,
    headline,
    origin_text,
    polarity_figure,
    summary_tiles,
    wrong_list,
)
from dashboard.state.networks import Networks
from dashboard.style.theme import QUIET_BUTTON, TEXT
from maxstim_core.model_cards.markdown import card_as_markdown
from maxstim_core.model_cards.store import card_as_json
from maxstim_core.networks.user_networks import name_for

_MISSING = (
    "Nobody has measured this network yet. maxstim can show it flashes, edges and gratings now, which "
    "takes about half a minute; the card is then kept for the next time."
)

_PAGES = 4
"""Pages of every card; that of the answers follows them."""


class CardDialog(pn.viewable.Viewer):
    """The dialog, bound to a `Networks`; filled when it is opened."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.networks = networks
        self.head = _html()
        self.overview, self.cells = _html(), _html()
        self.evidence, self.origin = _html(), _html()
        self.tabs = pmui.Tabs(
            ("Tuning", self.overview),
            ("All 65 cell types", self.cells),
            ("Evidence", self.evidence),
            ("Origin", self.origin),
            sizing_mode="stretch_width",
        )
        self.answers = CardAnswers()
        downloads = [
            pmui.FileDownload(
                label=label, callback=callback, filename="card", icon="download", **QUIET_BUTTON
            )
            for label, callback in (("Markdown", self._markdown), ("JSON", self._json))
        ]
        self.markdown, self.json = downloads
        self.make = Press(
            networks.make_card, label="Measure now", color="primary", variant="contained",
            icon="speed", margin=(12, 0, 4, 0),
        )  # fmt: skip
        self.bar = pmui.LinearProgress(
            variant="indeterminate", value=0, visible=False, sizing_mode="stretch_width",
            margin=(14, 0, 6, 0),
        )  # fmt: skip
        self.state = _html()
        self.missing = pn.Column(self.state, self.bar, self.make, sizing_mode="stretch_width")
        self.content = pn.Column(self.tabs, sizing_mode="stretch_width")
        self.dialog = pmui.Dialog(
            pn.Column(
                pn.Row(
                    self.head,
                    pn.Row(*downloads, margin=0, styles={"flex": "0 0 auto", "width": "auto"}),
                    sizing_mode="stretch_width",
                ),
                self.missing,
                self.content,
                sizing_mode="stretch_width",
                margin=(0, 14, 18, 14),
            ),
            title="Model card",
            close_on_click=True,
            show_close_button=True,
            width_option="lg",
            sx={"& .MuiDialog-paper": {"backgroundImage": "none"}},
        )
        self._shown: object = None
        networks.param.watch(self._update, ["found", "progress"])
        self.tabs.param.watch(self._look, "active")

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    def show(self) -> None:
        """Open the dialog on its first page."""
        self.tabs.active = 0
        self.dialog.open = True
        self._update()

    def _update(self, *events: object) -> None:
        found = self.networks.found
        if not self.dialog.open or found is None or not found.content_hash:
            return
        progress, card = self.networks.progress, found.card
        with pn.io.hold():
            self.missing.visible, self.content.visible = card is None, card is not None
            for button in (self.markdown, self.json):
                button.visible = card is not None
            if card is None:
                self._show_missing(progress)
            if self._shown is found:
                return
            self._shown = found
            self.head.object = headline(found.name, found.content_hash, card)
            if card is not None:
                self._show(card, name_for(found.name))

    def _show(self, card: dict, file_name: str) -> None:
        self.overview.object = (
            summary_tiles(card) + wrong_list(card) + direction_figure(card) + polarity_figure(card)
        )
        self.cells.object = cell_type_table(card)
        self.evidence.object = evidence_text(card)
        self.origin.object = origin_text(card)
        self._offer_answers(card.get("answers", {}))
        self.markdown.filename, self.json.filename = f"{file_name}.md", f"{file_name}.json"

    def _offer_answers(self, answers: dict) -> None:
        """Have a page for them where there are any."""
        has_page = len(self.tabs) > _PAGES
        if answers and not has_page:
            self.tabs.append(("Answers", self.answers))
        elif has_page and not answers:
            self.tabs.active = 0
            self.tabs.pop(_PAGES)
        self.answers.offer(answers, self.networks.choice.cell_type)

    def _look(self, *events: object) -> None:
        self.answers.look(self.tabs.active == _PAGES)

    def _show_missing(self, progress: object) -> None:
        live = progress is not None and progress.live
        text = _MISSING
        if live:
            text = "Waiting for its turn …"
            if progress.state == "measuring":
                text = progress.message or f"Showing {progress.stage} …"
        elif progress is not None and progress.problem:
            text = progress.problem
        self.state.object = f'<p role="status">{escape(text)}</p>'
        self.bar.visible, self.make.visible = live, not live

    def _markdown(self) -> BytesIO:
        return self._counted(card_as_markdown)

    def _json(self) -> BytesIO:
        return self._counted(card_as_json)

    def _counted(self, text: Callable[[dict], str]) -> BytesIO:
        """Return the card as a file that counts against the visitor's allowance."""
        with DOWNLOADS.one(self.networks.session):
            return BytesIO(text(self.networks.found.card).encode())


def _html() -> pn.pane.HTML:
    return pn.pane.HTML("", stylesheets=[TEXT, CARD_STYLE], sizing_mode="stretch_width", margin=0)
