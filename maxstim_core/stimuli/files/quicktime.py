"""What the boxes of an mp4 or QuickTime film say that FFmpeg passes over in silence.

Boxes are those of ISO/IEC 14496-12 and of Apple's QuickTime File Format. Nothing is decoded here, and
nothing but the film's own file is read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from maxstim_core.errors import MaxstimError

FIRST_BOXES = (
    *(b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"),
    *(b"pnot", b"udta", b"uuid", b"junk", b"styp"),
)
"""What films begin with; those from before 2003 have no ``ftyp``."""

_PARENTS = (
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"dinf",
    b"edts",
    b"stbl",
    b"meta",
    b"cmov",
    b"rmra",
)
_VISUAL = b"vide"
_MOST_HEADER = 64_000_000
_MOST_DEPTH = 12

Crop = tuple[int, int, int, int]
"""Left, top, width and height of the part of stored pictures that is meant to be seen, in pixels."""


@dataclass(frozen=True)
class FilmHeader:
    """What the header of a film says beside what FFmpeg reads.

    Attributes:
        crop: Of its pictures, or None.
    """

    crop: Crop | None = None


def is_quicktime(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is a film of boxes."""
    zeros = len(head) - len(head.lstrip(b"\0"))
    if head[4:8] not in FIRST_BOXES:  # players pass over zeros before the first box
        head = head[max(0, zeros - 3) & ~3 :]
    size = int.from_bytes(head[:4], "big")
    return head[4:8] in FIRST_BOXES and (size >= 8 or size in (0, 1))


def read_quicktime_header(path: Path) -> FilmHeader:
    """Read what the header of a film says, of which nothing has been read yet.

    Raises:
        MaxstimError: if its pictures or its sound lie in other files, or it is to be shown in a way that
            is not followed.
    """
    with path.open("rb") as file:
        header = _header(file, path)
    crop = None
    for track in (content for kind, content in _boxes(header) if kind == b"trak"):
        handler = next(
            (c[8:12] for kind, c in _within(track) if kind == b"hdlr" and len(c) >= 12), b""
        )
        for kind, content in _within(track):
            if kind == b"dref":
                _check_references(content, path)
            elif handler == _VISUAL and kind == b"elst":
                _check_edits(content, path)
            elif handler == _VISUAL and kind == b"stsd":
                crop = _clean_aperture(content) or crop
    for kind, content in _within(header):
        if kind in (b"rdrf", b"rmda"):
            raise _elsewhere(path)
        if kind == b"dref":
            _check_references(content, path)
    return FilmHeader(crop)


def _header(file: IO[bytes], path: Path) -> bytes:
    """The content of the box ``moov``, unpacked; nothing where there is none."""
    end = file.seek(0, 2)
    at = 0
    while at + 8 <= end:
        file.seek(at)
        start = file.read(16)
        size, kind, skip = int.from_bytes(start[:4], "big"), start[4:8], 8
        if kind == b"moov":
            break
        if size == 1:
            size = int.from_bytes(start[8:16], "big")
        elif size == 0 and start[4:8] != b"\0\0\0\0":
            return b""  # to the end of the file
        at += max(size, 4) if size < 8 else size
    else:
        return b""
    if size == 1:
        size, skip = int.from_bytes(start[8:16], "big"), 16
    size = end - at if size == 0 else size
    if size > _MOST_HEADER:
        raise MaxstimError(
            f"The header of the film {path} has {size / 1e6:.0f} MB, more than any film needs; export "
            "it again."
        )
    if at + size > end:
        raise MaxstimError(f"The film {path} is damaged or incomplete; export it again as mp4.")
    file.seek(at + skip)
    header = file.read(max(0, size - skip))
    packed = next((content for kind, content in _boxes(header) if kind == b"cmov"), None)
    return header if packed is None else _unpacked(packed, path)


def _unpacked(packed: bytes, path: Path) -> bytes:
    """The header of a film from before 2003, which was packed to be sent faster."""
    data = next((content for kind, content in _boxes(packed) if kind == b"cmvd"), b"")
    try:
        unpacker = zlib.decompressobj()
        header = unpacker.decompress(data[4:], _MOST_HEADER)
    except zlib.error:
        header = b""
    if not header or unpacker.unconsumed_tail:
        raise MaxstimError(f"The film {path} is damaged or incomplete; export it again as mp4.")
    return next((content for kind, content in _boxes(header) if kind == b"moov"), b"")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box in a box, as far as they are whole."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        skip = 8
        if size == 1 and at + 16 <= len(content):
            size, skip = struct.unpack_from(">Q", content, at + 8)[0], 16
        size = len(content) - at if size == 0 else size
        if size < skip:
            return
        yield kind, content[at + skip : at + size]
        at += size


def _within(content: bytes, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of all boxes in a box, at any depth."""
    for kind, inner in _boxes(content):
        yield kind, inner
        if kind in _PARENTS and depth < _MOST_DEPTH:
            # As a box of its own, meta has four bytes of version before those in it.
            yield from _within(inner, depth + 1)
            if kind == b"meta":
                yield from _within(inner[4:], depth + 1)


def _check_references(content: bytes, path: Path) -> None:
    """Refuse references to data that are not in the file itself, which is what bit 0 says."""
    for _, reference in _boxes(content[8:]):
        if len(reference) < 4 or not reference[3] & 1:
            raise _elsewhere(path)


def _check_edits(content: bytes, path: Path) -> None:
    """Refuse edits that hold or speed up pictures: FFmpeg shows those at their stored pace."""
    long = content[:1] == b"\1"
    length = 20 if long else 12
    for at in range(8, len(content) - length + 1, length):
        begins = struct.unpack_from(">q" if long else ">i", content, at + (8 if long else 4))[0]
        rate = struct.unpack_from(">i", content, at + length - 4)[0]
        if begins >= 0 and rate != 1 << 16:
            raise MaxstimError(
                f"The film {path} is to be shown at {rate / 65536:g} times its pace in part, which is "
                "not read; export it again as mp4."
            )


def _clean_aperture(content: bytes) -> Crop | None:
    """The part that the box ``clap`` says is meant to be seen, of the first kind of picture."""
    for _, entry in _boxes(content[8:]):
        width, height = struct.unpack_from(">HH", entry, 24) if len(entry) >= 78 else (0, 0)
        for kind, clap in _boxes(entry[78:]):
            if kind == b"clap" and len(clap) >= 32:
                numbers = struct.unpack_from(">IIIIiIiI", clap)
                if not all(numbers[1::2]):
                    return None
                wide, high, right, down = (
                    a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True)
                )
                left, top = (width - wide) / 2 + right, (height - high) / 2 + down
                crop = (round(left), round(top), round(wide), round(high))
                inside = min(crop) >= 0 and crop[2] > 0 and crop[3] > 0
                whole = crop[2:] == (width, height)
                fits = crop[0] + crop[2] <= width and crop[1] + crop[3] <= height
                return crop if inside and fits and not whole else None
    return None


def _elsewhere(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is said to lie in other files, which are not read; export it as one file."
    )
