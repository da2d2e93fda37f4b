"""Where a file is dropped or chosen; it travels in pieces, each asked for by the server."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.add_movie.movie_upload import MovieUpload
from dashboard.add_movie.upload import PIECE
from dashboard.components.esm import source


class DropZone(pn.custom.JSComponent):
    """Takes a file for a `MovieUpload`.

    The browser says what it has, and sends a piece whenever one is asked for: no message is large, none
    is sent before the last one is on disk, and of a file that is refused nothing is read.

    Args:
        adding: What becomes of it.
        **params: Further parameters.
    """

    limits = param.String(doc="What may be dropped, as one sentence.")
    accept = param.String(doc="Endings of file names that the browser's own dialog offers.")

    _esm = source(Path(__file__).with_name("dropzone.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("dropzone.css").read_text(encoding="utf-8")
    ]

    def __init__(self, adding: MovieUpload, **params: object) -> None:
        super().__init__(**params)
        self._adding = adding

    def _handle_msg(self, message: object) -> None:
        """Answer what the browser says; it can say anything."""
        match message:
            case {"name": str(name), "size": int(size)}:
                wanted = 0 if self._adding.expect(name, size) else None
            case {"piece": bytes() | memoryview() as piece}:
                wanted = self._adding.take(bytes(piece))
            case _:
                return
        self._send_msg({"from": wanted, "bytes": PIECE})
