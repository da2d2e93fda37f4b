"""The best clips of a natural answer, to look through, to show in full, and to regularize.

They stay when one of them has been regularized: a click leads back to any, without another search.
"""

from __future__ import annotations

import json
from dataclasses import replace

import panel as pn
import xarray as xr

from dashboard.components.gallery.component import Gallery, described, packed
from dashboard.state.session import Session
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import METHODS, SearchConfig
from maxstim_core.optimal.result import clip_of, lattice_of
from maxstim_core.runs.request import RunRequest, request_of
from maxstim_core.runs.snapshot import LIVE, Preview

_UNITS = {
    "peak": "by peak voltage (a.u.)",
    "above_grey": "by peak voltage above grey (a.u.)",
    "rms": "by peak voltage in units of the cell's RMS over the set",
}
"""What the numbers of each score are."""

BACK = "choose one to go back to it"
"""What is said besides while a regularized answer is on show."""


class Browse(pn.viewable.Viewer):
    """The gallery, bound to a `Session`; out of sight where the answer has nothing to do with clips.

    Args:
        session: Whose answer is on the page.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._searched: xr.Dataset | None = None  # the answer that holds the clips
        self._chosen: tuple[RunRequest, int] | None = None  # a clip whose run is on its way
        self.gallery = Gallery(
            self.choose,
            self._regularize,
            color=METHODS["natural"].color,
            visible=False,
        )
        session.param.watch(self._answered, "answer")
        session.param.watch(self._listed, ["finished", "looking"])
        session.param.watch(self._running, "run")
        self._answered()

    def __panel__(self) -> Gallery:
        return self.gallery

    def _answered(self, *events: object) -> None:
        searched = self._searched = self._find()
        self._chosen = None  # it was one of the clips before
        with pn.io.hold():
            self.gallery.visible = searched is not None
            if searched is None:
                return
            answer = self.session.answer
            config = SearchConfig(**json.loads(searched.attrs["config"]))
            clips = described(searched)
            names = [clip["name"] for clip in clips]
            shown, is_natural = clip_of(answer), answer is searched
            self.gallery.param.update(
                movies=packed(searched),
                clips=clips,
                chosen=names.index(shown) if shown in names else -1,
                heading=f"Clips that excite {searched.attrs['cell_type']} most",
                unit=_UNITS[config.score] if is_natural else f"{_UNITS[config.score]}; {BACK}",
                can_regularize=is_natural,
            )

    def _listed(self, *events: object) -> None:
        """Show the clips that an answer goes with where they come to light after it."""
        if self._find() is not self._searched:
            self._answered()

    def _find(self) -> xr.Dataset | None:
        """Return the answer whose clips go with the one on the page, or None."""
        answer = self.session.answer
        if answer is not None and answer.attrs["method"] == "regularized":
            answer = self.session.library.searched(answer)
        return answer if answer is not None and "shown_stimulus" in answer else None

    def choose(self, place: int) -> None:
        """Show a clip by its place: its movie while it waits its turn, then with its response."""
        searched, session = self._searched, self.session
        if searched is None or not 0 <= place < searched.sizes["rank"]:
            return
        name = str(searched["clip_name"].values[place])
        if session.answer is searched and name == clip_of(searched):
            return
        best = str(searched["clip_name"].values[0])
        try:
            asked = request_of(searched)
            request = replace(
                asked, clip="" if name == best else name, device=session.choice.device
            )
        except MaxstimError as error:
            session.problem = str(error)
            return
        session.choice.begin_from(request, name)
        self._chosen = request, place
        session.submit(request)

    def _running(self, *events: object) -> None:
        """Show the movie of a chosen clip as soon as its run is there, if that has not ended already."""
        run, searched, chosen = self.session.run, self._searched, self._chosen
        if run is None or searched is None or chosen is None or run.request != chosen[0]:
            return
        self._chosen, place = None, chosen[1]
        # Of clips further down the ranking, there is no picture.
        if run.state in LIVE and place < len(self.gallery.clips):
            movie = searched["shown_stimulus"].values[place, : self.gallery.clips[place]["frames"]]
            self.session.foresee(run.request, Preview(movie, lattice_of(searched)))

    def _regularize(self) -> None:
        """Start a regularisation from exactly the clip on show, with the settings of its tab."""
        answer, choice = self.session.answer, self.session.choice
        if self._searched is None or answer is not self._searched:  # another came before the click
            return
        try:
            config = choice.settings["regularized"].config()
            request = replace(request_of(answer), config=config, clip=clip_of(answer))
        except MaxstimError as error:
            self.session.problem = str(error)
            return
        choice.take(request)
        self.session.start()
