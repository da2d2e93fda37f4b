"""Run and Cancel, how far the run is, and what went wrong, always in sight."""

from __future__ import annotations

import re

import panel as pn
import panel_material_ui as pmui

from dashboard.components.widgets.press import Press
from dashboard.components.widgets.problem import Problem
from dashboard.state.session import Session
from dashboard.style.theme import ONE_LINE, RUNBAR, TEXT
from dashboard.text.words import status_sentence
from maxstim_core.optimal.configs import METHODS
from maxstim_core.runs.snapshot import LIVE


class RunBar(pn.viewable.Viewer):
    """The foot of the sidebar, bound to a `Session`."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.problem = Problem(session, margin=(0, 0, 10, 0))
        self.run = Press(
            session.start,
            label="Run", color="primary", variant="contained", icon="play_arrow",
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.cancel = Press(
            session.cancel,
            label="Cancel", color="default", variant="outlined", disabled=True, width=96,
            margin=(0, 0, 0, 8),
        )  # fmt: skip
        self.progress = pmui.LinearProgress(
            value=0, variant="determinate", sizing_mode="stretch_width", margin=0, visible=False,
        )  # fmt: skip
        self.status = pn.pane.HTML(
            "", stylesheets=[TEXT, ONE_LINE], sizing_mode="stretch_width", height=18, margin=0
        )
        # Their room is kept, or the foot would jump whenever a run begins or ends.
        room = pn.Column(self.progress, height=4, sizing_mode="stretch_width", margin=(8, 0, 4, 0))
        self._layout = pn.Column(
            self.problem,
            pn.Row(self.run, self.cancel, sizing_mode="stretch_width"),
            room,
            self.status,
            stylesheets=[RUNBAR],
            sizing_mode="stretch_width",
        )
        session.param.watch(self._update, ["run", "submitting"])
        choice = session.choice
        choice.param.watch(self._update, ["cell_type", "method"])
        for changed in (choice, *choice.settings.values()):
            names = [name for name in changed.param if name != "name"]
            changed.param.watch(self._changed, names)
        for settings in choice.settings.values():
            settings.entries.param.watch(self._changed, "refused")
        self._update()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _changed(self, *events: object) -> None:
        self.session.problem = ""  # it was said of another choice

    def _update(self, *events: object) -> None:
        session = self.session
        choice, run = session.choice, session.run
        opening = session.submitting
        live = not opening and run is not None and run.state in LIVE
        with pn.io.hold():
            self.run.label = f"Run {choice.cell_type} {METHODS[choice.method].title.lower()}"
            self.cancel.disabled = not session.may_cancel
            self.progress.visible = live or opening
            self.progress.variant = "determinate" if live and run.step else "indeterminate"
            self.progress.value = round(100 * run.step / run.n_steps) if live and run.n_steps else 0
            text = status_sentence(run) if run is not None else ""
            if opening:
                text = "Opening the network …"
            self.status.object = _one_line(text) if text else ""


def _one_line(text: str) -> str:
    """Return a sentence as one line, which is cut before the numbers at its end if it is too long."""
    start, numbers = re.fullmatch(r"(.*?)(, \d+ of \d+.*)?", text, re.DOTALL).groups("")
    return (
        f'<p class="small quiet" role="status" title="{text}">'
        f"<span>{start}</span><span>{numbers}</span></p>"
    )
