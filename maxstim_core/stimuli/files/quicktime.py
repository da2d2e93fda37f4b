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

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.limits import MOST_FRAMES, MOST_SECONDS

FIRST_BOXES = (
    *(b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"),
    *(b"pnot", b"udta", b"uuid", b"junk", b"styp"),
)
"""What films begin with; those from before 2003 have no ``ftyp``."""

_PARENTS = {
    *(b"moov", b"trak", b"mdia", b"minf", b"dinf", b"edts", b"stbl", b"meta", b"cmov", b"rmra"),
    *(b"udta", b"mvex", b"moof", b"traf", b"wave"),
}
"""Boxes of boxes, as FFmpeg takes them, wherever they stand."""

_VISUAL, _AUDIBLE = b"vide", b"soun"
_HANDLER = int.from_bytes(b"hdlr", "big")
_MOST_HEADER = 64_000_000
_MOST_BOXES = 100_000
_MOST_DEPTH = 12
_BLOCK = 1 << 16

_MOST_ENTRIES = 1_000_000
"""Packets of sound, of which ten minutes have some ten thousand, and pictures of all edits together: for
each that a header announces, in some bytes for all of them, FFmpeg takes memory."""

_MOST_HEARD = round(2 * 192_000 * MOST_SECONDS)
"""Samples of sound that is not packed, which FFmpeg reads a thousand at a time."""

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
        MaxstimError: if its pictures or its sound lie in other files, it is to be shown in a way that is
            not followed, or it announces more than a film has.
    """
    with path.open("rb") as file:
        header = _header(file, path)
    crop = None
    for kind, content in _within(header, path):
        if kind in (b"rdrf", b"rmda"):
            raise _elsewhere(path)
        if kind == b"dref":
            _check_references(content, path)
    for track in (content for kind, content in _within(header, path) if kind == b"trak"):
        boxes = list(_within(track, path))
        kinds = {bytes(c[8:12]) for kind, c in boxes if kind == b"hdlr"} & {_VISUAL, _AUDIBLE}
        _check_counts(boxes, kinds, path)
        if kinds != {_VISUAL}:
            continue
        for kind, content in boxes:
            if kind == b"elst":
                _check_edits(content, path)
            elif kind == b"stsd":
                crop = _clean_aperture(content) or crop
    return FilmHeader(crop)


def _header(file: IO[bytes], path: Path) -> memoryview:
    """The content of the box ``moov``, unpacked; nothing where there is none."""
    header: bytes | None = None
    n_announced = 0
    end = file.seek(0, 2)
    for kind, at, stop in _top_boxes(file, path):
        if kind not in (b"moov", b"moof") or (kind == b"moov" and header is not None):
            continue
        if stop - at > _MOST_HEADER:
            raise MaxstimError(
                f"The header of the film {path} has {(stop - at) / 1e6:.0f} MB, more than any film "
                "needs; export it again."
            )
        if kind == b"moov" and stop > end:
            raise MaxstimError(f"The film {path} is damaged or incomplete; export it again as mp4.")
        file.seek(at)
        content = file.read(max(0, stop - at))
        if kind == b"moov":
            header = content
            continue
        runs = (run for inner, run in _within(memoryview(content), path) if inner == b"trun")
        n_announced += sum(_number_at(run, 4) for run in runs)
        if n_announced > _MOST_ENTRIES:
            raise _too_many(path)
    found = memoryview(header or b"")
    packed = next((content for kind, content in _boxes(found) if kind == b"cmov"), None)
    return found if packed is None else _unpacked(packed, path)


def _top_boxes(file: IO[bytes], path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each box of a file, where its content begins, and where it ends."""
    at, end = 0, file.seek(0, 2)
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        start = file.read(16)
        size, kind, skip = int.from_bytes(start[:4], "big"), start[4:8], 8
        if size == 1:
            size, skip = int.from_bytes(start[8:16], "big"), 16
        elif size == 0 and kind != b"\0\0\0\0":
            size = end - at
        if size < skip:  # players pass over zeros before the first box
            at += _n_zeros(file, at)
            continue
        yield kind, at + skip, at + size
        at += size
    raise _too_many(path)


def _n_zeros(file: IO[bytes], at: int) -> int:
    """How many zeros begin here, as a multiple of four, and at least that."""
    file.seek(at)
    found = 0
    while block := file.read(_BLOCK):
        zeros = len(block) - len(block.lstrip(b"\0"))
        found += zeros
        if zeros < len(block):
            break
    return max(4, found & ~3)


def _unpacked(packed: memoryview, path: Path) -> memoryview:
    """The header of a film from before 2003, which was packed to be sent faster."""
    data = next((content for kind, content in _boxes(packed) if kind == b"cmvd"), memoryview(b""))
    try:
        unpacker = zlib.decompressobj()
        header = unpacker.decompress(data[4:], _MOST_HEADER)
    except zlib.error:
        header = b""
    if not header or unpacker.unconsumed_tail:
        raise MaxstimError(f"The film {path} is damaged or incomplete; export it again as mp4.")
    found = _boxes(memoryview(header))
    return next((content for kind, content in found if kind == b"moov"), memoryview(b""))


def _boxes(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
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


def _within(content: memoryview, path: Path) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and content of all boxes in a box, at any depth.

    Raises:
        MaxstimError: if there are more than any film has.
    """
    left = [iter(_boxes(content))]
    n_boxes = 0
    while left:
        found = next(left[-1], None)
        if found is None:
            left.pop()
            continue
        n_boxes += 1
        if n_boxes > _MOST_BOXES:
            raise _too_many(path)
        yield found
        kind, inner = found
        if kind in _PARENTS and len(left) <= _MOST_DEPTH:
            left.append(_boxes(_of_meta(inner) if kind == b"meta" else inner))


def _of_meta(content: memoryview) -> memoryview:
    """The boxes of a box ``meta``, which may have a version before the first, its handler."""
    words = np.frombuffer(content[: len(content) & ~3], ">u4")
    found = np.flatnonzero(words[:_MOST_BOXES] == _HANDLER)
    return content[max(0, 4 * int(found[0]) - 4) :] if len(found) else content[:0]


def _check_counts(boxes: list[tuple[bytes, memoryview]], kinds: set[bytes], path: Path) -> None:
    """Refuse a track that announces more pictures, packets or edits than a film has."""

    def tables(*names: bytes) -> list[memoryview]:
        return [content for kind, content in boxes if kind in names]

    sizes = [_number_at(table, 8) for table in tables(b"stsz", b"stz2")]
    times = [_rows(table, 2) for table in tables(b"stts")]
    shifts = [int(_rows(table, 2)[:, 0].sum()) for table in tables(b"ctts")]
    n_entries = max([0, *sizes, *(int(rows[:, 0].sum()) for rows in times)])
    most = MOST_FRAMES if kinds == {_VISUAL} else _MOST_ENTRIES
    if kinds == {_AUDIBLE} and all(np.array_equal(rows[:, 1], [1]) for rows in times):
        most = _MOST_HEARD
        n_chunks = max([0, *(_number_at(table, 4) for table in tables(b"stco", b"co64"))])
        chunks = [int(_rows(table, 3)[:, 1].max(initial=0)) for table in tables(b"stsc")]
        n_entries = max(n_entries, n_chunks * max([0, *chunks]))
    n_edits = sum(_number_at(table, 4) for table in tables(b"elst"))
    n_edited = n_edits * n_entries if n_edits > 1 and kinds != {_AUDIBLE} else 0
    if n_entries > most or max([n_edited, *shifts]) > _MOST_ENTRIES:
        raise _too_many(path)


def _number_at(content: memoryview, at: int) -> int:
    """A number of four bytes, or 0 where there is none."""
    return int.from_bytes(content[at : at + 4], "big") if len(content) >= at + 4 else 0


def _rows(content: memoryview, n_numbers: int) -> np.ndarray:
    """The rows of a table that counts them, as far as they are there, shape (row, number)."""
    size = 4 * n_numbers
    n_rows = min(_number_at(content, 4), max(0, len(content) - 8) // size)
    return np.frombuffer(content[8 : 8 + size * n_rows], ">u4").reshape(n_rows, n_numbers)


def _check_references(content: memoryview, path: Path) -> None:
    """Refuse references to data that are not in the file itself, which is what bit 0 says."""
    for _, reference in _boxes(content[8:]):
        if len(reference) < 4 or not reference[3] & 1:
            raise _elsewhere(path)


def _check_edits(content: memoryview, path: Path) -> None:
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


def _clean_aperture(content: memoryview) -> Crop | None:
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


def _too_many(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The header of the film {path} announces more than a film of {MOST_SECONDS / 60:.0f} minutes "
        f"or {MOST_FRAMES} frames has; cut it, or export it again."
    )


def _elsewhere(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is said to lie in other files, which are not read; export it as one file."
    )
