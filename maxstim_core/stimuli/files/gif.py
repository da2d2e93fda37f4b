"""What a GIF says by its blocks: whether it is whole, and what its pictures cover.

Its header says nothing of its length (GIF89a specification).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

from maxstim_core.errors import MaxstimError

_LEAST_READ, _MOST_READ = 1 << 12, 1 << 18
"""Bytes read at once: to ask for each part by itself takes seconds where each has one byte."""

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
_CONTROL = b"\xf9"
_TAKEN_AWAY = 2

_PARTS = (1_000_000, 100)
"""Parts that are looked at: so many, and one more for each so many bytes. They have 255 bytes each, but
for the last of a picture."""

_Area = tuple[int, int, int, int]
"""Left, top, right and bottom."""


def check_gif(path: Path) -> None:
    """Refuse a GIF that would be read as another than browsers show.

    FFmpeg fills with the background colour where the first picture does not reach, and where a picture
    was that is taken away, unless that picture has a clear colour. Browsers show nothing there.

    Raises:
        MaxstimError: if it ends before the block that ends it, shows the background colour, or is cut
            into many more parts than programs make.
    """
    with path.open("rb") as file:
        blocks = _Blocks(file, path)
        is_whole = blocks.pass_over()
    if not is_whole:
        raise MaxstimError(
            f"The film {path} is damaged or incomplete; export it again as mp4, webm or gif."
        )
    if blocks.is_bare:
        raise MaxstimError(
            f"The pictures of {path} leave some of it to a background colour, which browsers do not "
            "show; export it with whole pictures, or as mp4."
        )


class _Blocks:
    """The blocks of a GIF, one after the other.

    Attributes:
        is_bare: Whether the background colour is shown somewhere, as far as was looked.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path, self.is_bare = file, path, False
        self._left = _PARTS[0] + file.seek(0, 2) // _PARTS[1]
        file.seek(0)

    def pass_over(self) -> bool:
        """Look at all blocks; tell whether all are there, up to the one that ends the file."""
        file = self._file
        head = file.read(13)
        if len(head) < 13:
            return False
        width, height, flags = struct.unpack_from("<HHB", head, 6)
        self._skip_palette(flags)
        bare: _Area | None = (0, 0, width, height) if flags & 0x80 else None
        control, is_first = 0, True
        while (kind := file.read(1)) != _TRAILER:
            if kind == _EXTENSION:
                start = file.read(3)  # its kind, how long it is, and the first byte
                if len(start) < 3:
                    return False
                control = start[2] if start[:1] == _CONTROL else control
                file.seek(-2, 1)
            elif kind == _IMAGE:
                about = file.read(9)
                if len(about) < 9:
                    return False
                left, top, wide, high, own = struct.unpack("<HHHHB", about)
                self._skip_palette(own)
                file.read(1)
                area, is_clear = (left, top, left + wide, top + high), bool(control & 1)
                if bare is not None and not (is_first and is_clear):
                    self.is_bare |= is_clear or not _covers(area, bare)
                is_taken_away = control >> 2 & 7 == _TAKEN_AWAY
                bare = area if is_taken_away and not is_clear and flags & 0x80 else None
                control, is_first = 0, False
            elif kind == b"\0":  # some programs write a block too many that is empty
                continue
            else:
                return False
            if not self._skip_parts():
                return False
        return True

    def _skip_palette(self, flags: int) -> None:
        if flags & 0x80:
            self._file.seek(3 << (flags & 7) + 1, 1)

    def _skip_parts(self) -> bool:
        """Pass over parts of up to 255 bytes each; tell whether the empty one at their end is there."""
        n_bytes = _LEAST_READ
        while block := self._file.read(n_bytes):
            at = 0
            while at < len(block) and block[at]:
                at += 1 + block[at]
                self._left -= 1
            if self._left < 0:
                raise MaxstimError(
                    f"The film {self._path} is cut into many more parts than any program makes; "
                    "export it again."
                )
            if at < len(block):
                self._file.seek(at + 1 - len(block), 1)
                return True
            self._file.seek(at - len(block), 1)
            n_bytes = min(2 * n_bytes, _MOST_READ)
        return False


def _covers(area: _Area, other: _Area) -> bool:
    begins = area[0] <= other[0] and area[1] <= other[1]
    return begins and area[2] >= other[2] and area[3] >= other[3]
