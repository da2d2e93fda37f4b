"""The best clips of a natural answer, to look through, to show in full, and to regularize."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import panel as pn

from dashboard.export import request_of
from dashboard.gallery.component import Gallery, described, packed
from dashboard.session import LIVE, Session
from dashboard.theme import CARD, METHOD_COLORS
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.configs import SearchConfig

UNITS = {
    "peak": "by peak voltage (a.u.)",
    "above_grey": "by peak voltage above grey (a.u.)",
    "rms": "by peak voltage in units of the cell's RMS over the set",
}
"""What the numbers of each score are."""


class Browse(pn.viewable.Viewer):
    """The gallery, bound to a `Session`; out of sight where the answer holds no clips.

    Args:
        session: Whose answer is on the page.
        preview: Shows the luminance of a clip, as `HexPlayer.preview`, while its response is on the
            way.
    """

    def __init__(self, session: Session, preview: Callable[..., None]) -> None:
        super().__init__()
        self.session, self._preview = session, preview
        self.gallery = Gallery(self._choose, self._regularize, color=METHOD_COLORS["natural"])
        self._layout = pn.Column(
            self.gallery,
            stylesheets=[CARD],
            sizing_mode="stretch_width",
            margin=(0, 0, 16, 0),
            visible=False,
        )
        session.param.watch(self._answered, "answer")
        self._answered()

    def __panel__(self) -> pn.Column:
        return self._layout

    def _answered(self, *events: object) -> None:
        answer = self.session.answer
        there = answer is not None and "shown_stimulus" in answer
        with pn.io.hold():
            self._layout.visible = there
            if not there:
                return
            config = SearchConfig(**json.loads(answer.attrs["config"]))
            clips = described(answer)
            names = [clip["name"] for clip in clips]
            source = answer.attrs["source"]
            self.gallery.param.update(
                movies=packed(answer),
                clips=clips,
                chosen=names.index(source) if source in names else -1,
                heading=f"Clips that excite {answer.attrs['cell_type']} most",
                unit=UNITS[config.score],
            )

    def _choose(self, place: int) -> None:
        """Show a clip: its movie while it waits its turn, then with its response."""
        answer, clip = self.session.answer, self.gallery.clips[place]
        if not self._layout.visible or clip["name"] == answer.attrs["source"]:
            return
        name = "" if clip["name"] == str(answer["clip_name"].values[0]) else clip["name"]
        try:
            request = replace(request_of(answer), clip=name, device=self.session.choice.device)
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        self.session.submit(request)
        run = self.session.run
        if run is not None and run.request == request and run.state in LIVE:
            movie = answer["shown_stimulus"].values[place, : clip["frames"]]
            lattice = Lattice.with_columns(movie.shape[1])
            self._preview(movie, lattice, dt=float(answer.attrs["dt"]))

    def _regularize(self) -> None:
        """Start a regularisation from exactly the clip on show, with the settings of its tab."""
        answer, choice = self.session.answer, self.session.choice
        if not self._layout.visible:  # another answer came before the click
            return
        try:
            config = choice.settings["regularized"].config()
            request = replace(request_of(answer), config=config, clip=answer.attrs["source"])
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        choice.take(request)
        self.session.start()
