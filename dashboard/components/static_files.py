"""Scripts and stylesheets go out compressed, and each is compressed once for all visitors."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from bokeh.server.views.multi_root_static_handler import MultiRootStaticHandler
from bokeh.server.views.static_handler import StaticHandler
from tornado.web import StaticFileHandler

_TEXT = {".js", ".css", ".svg", ".json", ".html"}
_LEAST_BYTES = 1000


def compress_static_files() -> None:
    """Let the files that Bokeh and Panel bring be sent compressed to whoever takes that.

    Bokeh makes the application before any code of a page runs, and offers no setting for it: the hook
    that Tornado has for headers is set on the handlers themselves.
    """
    for handler in (StaticHandler, MultiRootStaticHandler):
        handler.set_extra_headers = _send_compressed


def _send_compressed(self: StaticFileHandler, path: str) -> None:
    """Take part in the answer to a request for a file, as `StaticFileHandler.set_extra_headers`."""
    file = Path(self.absolute_path or "")
    if file.suffix not in _TEXT:
        return
    self.set_header("Vary", "Accept-Encoding")
    wants = "gzip" in self.request.headers.get("Accept-Encoding", "")
    if not wants or "Range" in self.request.headers or file.stat().st_size < _LEAST_BYTES:
        return
    content = _compressed(file, file.stat().st_mtime_ns)
    self.set_header("Content-Encoding", "gzip")
    self.get_content_size = lambda: len(content)
    self.get_content = lambda *part: content


@lru_cache(maxsize=64)
def _compressed(file: Path, modified: int) -> bytes:
    """Return the content of a file, as it was when it was last modified, compressed."""
    return gzip.compress(file.read_bytes(), mtime=0)
