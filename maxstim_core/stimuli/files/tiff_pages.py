"""How many pictures a TIFF holds, and which are smaller versions or masks (TIFF 6.0, section 2).

Pillow finds that out by reading all that is said of each, and looks at each place that it has seen when
it comes to another (13.0): of a file of a few megabytes, that takes a minute.
"""

from __future__ import annotations

import struct
from typing import IO

from maxstim_core.stimuli.limits import MOST_FRAMES

_SUBFILE_TYPE = 254
_SHORT = 3
_FIRST = 16
"""Tags of a picture that are looked at: they are sorted, and there is none below that of the type."""

_REDUCED_OR_MASK = 0b101


def smaller_or_masks(file: IO[bytes]) -> list[bool]:
    """Tell of each picture of a TIFF whether it is a smaller version of another, or a mask.

    Args:
        file: The file; where it is read next stays.

    Returns:
        One entry for each picture, and of no more than one picture beyond the limit on frames.

    Raises:
        ValueError: if the file ends before its last picture.
    """
    at = file.tell()
    try:
        return _told(file)
    finally:
        file.seek(at)


def _told(file: IO[bytes]) -> list[bool]:
    file.seek(0)
    head = file.read(16)
    order, large = "<" if head.startswith(b"II") else ">", head[2:4] in (b"+\0", b"\0+")
    count, entry, offset = ("Q", "HHQQ", "Q") if large else ("H", "HHII", "I")
    (place,) = struct.unpack_from(order + offset, head, 8 if large else 4)
    seen: set[int] = set()
    told: list[bool] = []
    while place and place not in seen and len(told) <= MOST_FRAMES:  # a loop ends it, as in Pillow
        seen.add(place)
        file.seek(place)
        (n_entries,) = _numbers(file, order + count)
        found = 0
        for _ in range(min(n_entries, _FIRST)):
            tag, kind, _, value = _numbers(file, order + entry)
            if tag == _SUBFILE_TYPE:
                short = order == ">" and kind == _SHORT  # which stands in the upper half
                found = value >> (48 if large else 16) if short else value
            if tag >= _SUBFILE_TYPE:
                break
        told.append(bool(told) and bool(found & _REDUCED_OR_MASK))
        sizes = (struct.calcsize(order + form) for form in (count, entry))
        file.seek(place + next(sizes) + n_entries * next(sizes))
        (place,) = _numbers(file, order + offset)
    return told


def _numbers(file: IO[bytes], form: str) -> tuple[int, ...]:
    content = file.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise ValueError("a picture is announced that is not there")
    return struct.unpack(form, content)
