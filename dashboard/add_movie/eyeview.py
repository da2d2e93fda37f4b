"""A movie beside what the fly sees of it, on one clock, with the eye to be moved about."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import numpy as np
import panel as pn
import param

from dashboard.components.esm import DRAWING, source
from maxstim_core.conventions import EXTENT
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.preview import MoviePreview

_EYE = Lattice(EXTENT)


class EyeView(pn.custom.JSComponent):
    """Plays both pictures in the browser. Only where the eye looks comes back, when it is moved."""

    pictures = param.Bytes(b"", doc="JPEG after JPEG, as a `MoviePreview` holds them.")
    ends = param.List([], doc="Where each of them ends.")
    order = param.List([], doc="Which of them each frame shows.")
    size = param.List([0, 0], doc="Height and width of the movie, pixels.")
    seen = param.Bytes(
        b"", doc="What the eye sees, 0 to 255: frame after frame, column after column."
    )
    fps = param.Number(24.0, doc="Frames per second.")
    pixels = param.Integer(1, doc="Pixels per column.")
    at = param.List([0.5, 0.5], doc="Centre of the eye, as shares of width and height.")

    _esm = source(DRAWING, Path(__file__).with_name("eyeview.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("eyeview.css").read_text(encoding="utf-8")
    ]
    _constants: ClassVar = {"u": _EYE.u.tolist(), "v": _EYE.v.tolist(), "extent": EXTENT}

    def open(self, preview: MoviePreview | None) -> None:
        """Show a movie, or nothing."""
        if preview is None:
            self.param.update(pictures=b"", ends=[], order=[], size=[0, 0], seen=b"")
            return
        self.param.update(
            pictures=b"".join(preview.pictures),
            ends=list(accumulate(map(len, preview.pictures))),
            order=preview.order.tolist(),
            size=list(preview.size),
            seen=b"",
        )

    def see(self, seen: np.ndarray | None) -> None:
        """Show what the eye sees, uint8, shape (frame, column)."""
        self.seen = b"" if seen is None else seen.tobytes()
