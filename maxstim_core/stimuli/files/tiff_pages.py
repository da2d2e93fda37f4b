"""How many pictures a TIFF holds, and which of them are meant (TIFF 6.0, section 2).

Pillow finds that out by reading all that is said of each, and looks at each place that it has seen when
it comes to another (13.0): of a file of a few megabytes, that takes a minute.
"""

from __future__ import annotations

import struct
from typing import IO, NamedTuple

from maxstim_core.stimuli.limits import MOST_FRAMES

_SUBFILE_TYPE, _PHOTOMETRIC, _INSIDE, _DNG_VERSION = 254, 262, 330, 50706
_OF_SENSORS = (32803, 34892)
"""Photometric interpretations of what a camera's sensor counted (TIFF/EP, DNG 1.7)."""

_MOST_TAGS = 1000
_SHORT = 3
_FIRST = 16
"""Tags of a picture that are looked at: they are sorted, and there is none below that of the type."""

_REDUCED, _REDUCED_OR_MASK = 0b1, 0b101


def smaller_or_masks(file: IO[bytes]) -> list[bool]:
    """Tell of each picture of a TIFF whether it is a smaller version of another, or a mask.

    Args:
        file: The file; where it is read next stays.

    Returns:
        One entry for each picture, and of no more than one picture beyond the limit on frames. Where all
        are, the first counts as none.

    Raises:
        ValueError: if the file ends before its last picture.
    """
    at = file.tell()
    try:
        told = _told(file)
    finally:
        file.seek(at)
    return [False, *told[1:]] if all(told) else told


def is_of_a_sensor(file: IO[bytes]) -> bool:
    """Tell whether a TIFF is a camera's raw file, such as DNG or NEF.

    What stands first in it is a small preview, or counts of a sensor that are no picture yet; the
    picture as it was taken lies further inside.

    Args:
        file: The file; where it is read next stays.

    Raises:
        ValueError: if the file ends before all is said of its first picture.
    """
    at = file.tell()
    try:
        layout = _Layout.of(file)
        file.seek(layout.first)
        (n_entries,) = _numbers(file, layout.of_count)
        tags: dict[int, int] = {}
        for _ in range(min(n_entries, _MOST_TAGS)):
            tag, kind, _, value = _numbers(file, layout.of_entry)
            tags[tag] = layout.short(kind, value)
    finally:
        file.seek(at)
    is_preview = bool(tags.get(_SUBFILE_TYPE, 0) & _REDUCED) and _INSIDE in tags
    return _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _OF_SENSORS or is_preview


class _Layout(NamedTuple):
    """How the numbers of a TIFF lie: forms of `struct`, and where its first picture is described."""

    of_count: str
    of_entry: str
    of_offset: str
    first: int

    @classmethod
    def of(cls, file: IO[bytes]) -> _Layout:
        file.seek(0)
        head = file.read(16)
        order, large = "<" if head.startswith(b"II") else ">", head[2:4] in (b"+\0", b"\0+")
        forms = ("Q", "HHQQ", "Q") if large else ("H", "HHII", "I")
        count, entry, offset = (order + form for form in forms)
        if len(head) < 16:
            raise ValueError("a TIFF is announced that is not there")
        return cls(count, entry, offset, struct.unpack_from(offset, head, 8 if large else 4)[0])

    def short(self, kind: int, value: int) -> int:
        """The value of an entry; of a short one in files with the highest byte first, the upper part."""
        is_upper = self.of_entry.startswith(">") and kind == _SHORT
        return value >> (8 * struct.calcsize(self.of_offset) - 16) if is_upper else value


def _told(file: IO[bytes]) -> list[bool]:
    layout = _Layout.of(file)
    place = layout.first
    seen: set[int] = set()
    told: list[bool] = []
    while place and place not in seen and len(told) <= MOST_FRAMES:  # a loop ends it, as in Pillow
        seen.add(place)
        file.seek(place)
        (n_entries,) = _numbers(file, layout.of_count)
        found = 0
        for _ in range(min(n_entries, _FIRST)):
            tag, kind, _, value = _numbers(file, layout.of_entry)
            if tag == _SUBFILE_TYPE:
                found = layout.short(kind, value)
            if tag >= _SUBFILE_TYPE:
                break
        told.append(bool(found & _REDUCED_OR_MASK))
        sizes = (struct.calcsize(form) for form in (layout.of_count, layout.of_entry))
        file.seek(place + next(sizes) + n_entries * next(sizes))
        (place,) = _numbers(file, layout.of_offset)
    return told


def _numbers(file: IO[bytes], form: str) -> tuple[int, ...]:
    content = file.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise ValueError("a picture is announced that is not there")
    return struct.unpack(form, content)
