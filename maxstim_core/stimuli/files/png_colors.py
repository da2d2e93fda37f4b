"""What the chunk ``cICP`` of a PNG says of its numbers (third edition, 11.3.2.6).

Pillow passes it over.
"""

from __future__ import annotations

from typing import IO

from maxstim_core.stimuli.files.transfers import UNREAD_TRANSFERS

_MOST_CHUNKS = 1000
"""Before the pictures, where this chunk stands."""


def unread_colors(file: IO[bytes]) -> str:
    """Return why the numbers of a PNG are no luminance of a usual screen, or nothing.

    Args:
        file: The file; where it is read next changes.
    """
    file.seek(8)
    for _ in range(_MOST_CHUNKS):
        start = file.read(8)
        length, kind = int.from_bytes(start[:4], "big"), start[4:]
        if len(start) < 8 or kind == b"IDAT":
            return ""
        if kind == b"cICP" and length == 4:
            _, transfer, matrix, is_full = file.read(4)
            if transfer in UNREAD_TRANSFERS:
                return f"are {UNREAD_TRANSFERS[transfer]}"
            if matrix:
                return "are no red, green and blue"
            return "" if is_full else "go from 16 to 235"
        file.seek(length + 4, 1)
    return ""
