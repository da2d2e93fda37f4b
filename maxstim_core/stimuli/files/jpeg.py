"""How many scans a JPEG has (ITU-T T.81, annex B): each passes over all of the picture again.

A progressive JPEG has about ten. A small file can hold thousands, each of some bytes, and keeps a
decoder busy for as many passes, in which it tells nobody how far it is.
"""

from __future__ import annotations

import re
from typing import IO

MOST_SCANS = 100
"""libtiff's limit too, for JPEGs in TIFFs."""

_MOST_PARTS = 10_000
"""Segments, scans among them: 64 kB each where something large is stored beside the picture."""

START = b"\xff\xd8\xff"
"""What a JPEG begins with."""

_START_OF_SCAN, _END = 0xDA, 0xD9
_ALONE = {0x01, 0xD8, *range(0xD0, 0xD8)}
"""Markers without content."""

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""In coded data, a byte of 255 is followed by 0; restart markers belong to the data."""

_LEAST_READ, _MOST_READ = 1 << 5, 1 << 16
"""Bytes read at once: the next marker is near but where coded data are between."""


def is_overfull(file: IO[bytes]) -> bool:
    """Tell whether a JPEG has more than `MOST_SCANS`, or no end of other parts, as far as it is whole.

    Args:
        file: The file, at the beginning of the JPEG; where it is read next changes.
    """
    n_scans = 0
    for _ in range(_MOST_PARTS):
        marker = _next_marker(file)
        if marker in (None, _END):
            return False
        if marker in _ALONE:
            continue
        n_scans += marker == _START_OF_SCAN
        if n_scans > MOST_SCANS:
            return True
        length = int.from_bytes(file.read(2), "big")
        file.seek(max(0, length - 2), 1)
    return True


def _next_marker(file: IO[bytes]) -> int | None:
    """The next marker, behind which the file is read on, or None at its end."""
    n_bytes = _LEAST_READ
    while len(block := file.read(n_bytes)) > 1:
        found = _MARKER.search(block)
        if found:
            file.seek(found.end() - len(block), 1)
            return found[1][0]
        if block.endswith(b"\xff"):
            file.seek(-1, 1)  # of a marker that goes on in the next block
        n_bytes = min(2 * n_bytes, _MOST_READ)
    return None
