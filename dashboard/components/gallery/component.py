"""The Python half of the gallery: packs the clips of a natural answer for the browser.

All frames of all clips travel once, as bytes; from then on playing happens in the browser and sends
nothing back. Only a choice does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import param
import xarray as xr

from dashboard.components.component import Component
from dashboard.components.esm import DRAWING, source, stylesheet
from dashboard.components.hexplayer.component import pack
from maxstim_core.drawing.peak import telling_frame
from maxstim_core.export.captions import with_degrees
from maxstim_core.optimal.result import lattice_of

_HERE = Path(__file__).parent

REGULARIZE = "regularize"
"""What the browser says when the button is pressed; otherwise it says the place of a clip."""


class Gallery(Component):
    """The best clips of a natural answer: each with its place, score, time of peak, response and name.

    Pointing at a clip plays it, and so does the focus of the keyboard; a button plays all in sight.

    Args:
        on_choose: Called with the place of the clip that a person clicks, 0 for the best.
        on_regularize: Called when a person wants to regularize the clip on show.
        **params: Further parameters.
    """

    movies = param.Bytes(
        default=b"", doc="Luminance and responses of the clips, as `pack` makes it."
    )
    clips = param.List(
        default=[],
        item_type=dict,
        doc="For each clip: name, score, time of the peak in ms, and frames as `described` gives them.",
    )
    chosen = param.Integer(default=-1, doc="Place of the clip on show, -1 if it is none of them.")
    heading = param.String(doc="What the clips are.")
    unit = param.String(doc="What their scores are.")
    can_regularize = param.Boolean(
        default=True, doc="Whether the clip on show is what the button would regularize."
    )
    color = param.String(doc="CSS colour of the responses.")
    dark = param.Boolean(default=False, doc="Whether to draw for a dark page.")

    _esm = source(DRAWING, _HERE / "gallery.js")
    _stylesheets: ClassVar = [stylesheet(_HERE / "gallery.css")]

    def __init__(
        self,
        on_choose: Callable[[int], None],
        on_regularize: Callable[[], None],
        **params: object,
    ) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", **params})
        self._on_choose, self._on_regularize = on_choose, on_regularize

    def _handle_msg(self, msg: object) -> None:
        # The browser can send anything: only a place that there is counts.
        if msg == REGULARIZE:
            self._on_regularize()
        elif isinstance(msg, int) and 0 <= msg < len(self.clips):
            self._on_choose(msg)


def packed(answer: xr.Dataset) -> bytes:
    """Return the clips of a natural answer as one block for the browser."""
    arrays = {
        "u": answer["u"].values.astype("<f4"),
        "v": answer["v"].values.astype("<f4"),
        "stimulus": answer["shown_stimulus"].values,
        "response": answer["shown_response"].values.astype("<f4"),
    }
    return pack({"dt": float(answer.attrs["dt"])}, arrays)


def described(answer: xr.Dataset) -> list[dict]:
    """Return what is said of each clip of a natural answer, best first.

    ``title`` is its name for people, ``frames`` the number of its frames, ``peak`` the one at which
    its score was measured, and ``still`` the one to show while it stands still.
    """
    dt, lattice = float(answer.attrs["dt"]), lattice_of(answer)
    said = []
    for k in range(answer.sizes["shown"]):
        frames = max(int(np.isfinite(answer["shown_response"].values[k]).sum()), 1)
        peak = min(int(answer["peak_frame"][k]), frames - 1)
        luminance = answer["shown_stimulus"].values[k, :frames] / 255
        said.append(
            {
                "name": (name := str(answer["clip_name"].values[k])),
                "title": with_degrees(name),
                "score": float(answer["score"][k]),
                "time": 1e3 * peak * dt,
                "peak": peak,
                "frames": frames,
                "still": telling_frame(luminance, lattice, peak, dt),
            }
        )
    return said
