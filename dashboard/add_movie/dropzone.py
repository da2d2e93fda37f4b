"""Where a file is dropped or chosen; it travels in chunks, each asked for by the server."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import panel as pn
import param

from dashboard.add_movie.movie_upload import MovieUpload
from dashboard.add_movie.upload import CHUNK_BYTES
from dashboard.components.esm import source

_MOST = 2**53
"""As far as a browser counts."""


class DropZone(pn.custom.JSComponent):
    """Takes a file for a `MovieUpload`.

    The browser says what it has, and sends a chunk whenever one is asked for: no message is large, none
    is sent before the last one is on disk, and of a file that is refused nothing is read. Files are
    numbered as they are offered, so that an answer about one is never taken for the next one's.

    Args:
        upload: What becomes of it.
        **params: Further parameters.
    """

    limits = param.String(doc="What may be dropped, as one sentence.")
    accept = param.String(doc="Endings of file names that the browser's own dialog offers.")

    _esm = source(Path(__file__).with_name("dropzone.js"))
    _stylesheets: ClassVar[list[str]] = [
        Path(__file__).with_name("dropzone.css").read_text(encoding="utf-8")
    ]

    def __init__(self, upload: MovieUpload, **params: object) -> None:
        super().__init__(**params)
        self._upload = upload

    def _handle_msg(self, message: object) -> None:
        """Answer what the browser says; it can say anything."""
        match message:
            case {"offer": int(offer)} if abs(offer) > _MOST:
                return
            case {"name": str(name), "size": int(size), "offer": int(offer)} if size <= _MOST:
                wanted = 0 if self._upload.expect(name, size) else None
            case {"chunk": bytes() | memoryview() as chunk, "offer": int(offer)}:
                wanted = self._upload.take(bytes(chunk))
            case _:
                return
        self._send_msg({"from": wanted, "bytes": CHUNK_BYTES, "offer": offer})
