"""What a webm or Matroska film says that FFmpeg passes over in silence (RFC 9559, EBML of RFC 8794)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.quicktime import Crop, FilmHeader

EBML = b"\x1a\x45\xdf\xa3"

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_PARENTS = {
    0x1549A966,  # Info
    0x1654AE6B,  # Tracks
    0xAE,  # TrackEntry
    0xE0,  # Video
    0x1043A770,  # Chapters
    0x45B9,  # EditionEntry
    0xB6,  # ChapterAtom
}
_WIDTH, _HEIGHT = 0xB0, 0xBA
_CROPS = {0x54CC: "left", 0x54BB: "top", 0x54DD: "right", 0x54AA: "bottom"}
_VIDEO = 0xE0
_OTHER_SEGMENT = 0x6E67
_ORDERED = 0x45DD

_MOST_BYTES = 16_000_000
_MOST_ELEMENTS = 100_000
_MOST_DEPTH = 8
"""Elements within one another; chapters may be nested."""


def read_matroska_header(path: Path) -> FilmHeader:
    """Read what the header of a film says, of which nothing has been read yet.

    Raises:
        MaxstimError: if parts of it lie in other files, or it is to be shown in an order that is not
            followed.
    """
    crop: Crop | None = None
    with path.open("rb") as file:
        n_bytes = file.seek(0, 2)
        if _segment_end(file) > n_bytes:
            raise MaxstimError(
                f"The film {path} is damaged or incomplete; export it again as webm."
            )
        for kind, content in _elements(file, 0, n_bytes, [_MOST_ELEMENTS]):
            if kind == _OTHER_SEGMENT:
                raise MaxstimError(
                    f"Chapters of the film {path} lie in other files, which are not read; export it as "
                    "one file."
                )
            if kind == _ORDERED and int.from_bytes(content, "big"):
                raise MaxstimError(
                    f"The film {path} is to be shown in the order of its chapters, which is not "
                    "followed; export it again."
                )
            if kind == _VIDEO:
                crop = _crop(content) or crop
    return FilmHeader(crop)


def _crop(content: bytes) -> Crop | None:
    from io import BytesIO

    told = {
        kind: int.from_bytes(number, "big")
        for kind, number in _elements(BytesIO(content), 0, len(content), [1000])
    }
    cut = {name: told.get(kind, 0) for kind, name in _CROPS.items()}
    width = told.get(_WIDTH, 0) - cut["left"] - cut["right"]
    height = told.get(_HEIGHT, 0) - cut["top"] - cut["bottom"]
    if not any(cut.values()) or min(width, height) < 1:
        return None
    return cut["left"], cut["top"], width, height


def _elements(
    file: IO[bytes], at: int, end: int, left: list[int], depth: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Kind and content of elements before and after the clusters, at any depth but for what is large.

    The segment is at the top alone, as for FFmpeg.
    """
    while at < end and left[0] > 0:
        left[0] -= 1
        file.seek(at)
        head = file.read(12)
        kind, n_kind = _number(head, keep_mark=True)
        size, n_size = _number(head[n_kind:])
        if not (n_kind and n_size):
            return
        start = at + n_kind + n_size
        if start > end:
            return
        unknown = size == (1 << 7 * n_size) - 1
        stop = end if unknown else min(end, start + size)
        if kind == _CLUSTER and unknown:  # a live film: nothing but clusters follows
            return
        is_segment = kind == _SEGMENT and not depth
        if is_segment or (kind in _PARENTS and stop - start <= _MOST_BYTES and depth < _MOST_DEPTH):
            if kind == _VIDEO:
                file.seek(start)
                yield kind, file.read(stop - start)
            yield from _elements(file, start, stop, left, depth + 1)
        elif stop - start <= 64:
            file.seek(start)
            yield kind, file.read(stop - start)
        at = stop


def _segment_end(file: IO[bytes]) -> int:
    """Where the film ends by its header, in bytes; 0 where it does not say, as of a live one."""
    at = 0
    for _ in range(2):  # the header of EBML, and the segment
        file.seek(at)
        head = file.read(12)
        kind, n_kind = _number(head, keep_mark=True)
        size, n_size = _number(head[n_kind:])
        if not (n_kind and n_size):
            return 0
        at += n_kind + n_size + size
    return at if kind == _SEGMENT and size != (1 << 7 * n_size) - 1 else 0


def _number(head: bytes, keep_mark: bool = False) -> tuple[int, int]:
    """A number of variable length and how many bytes it takes, or none."""
    if not head or not head[0]:
        return 0, 0
    length = 9 - head[0].bit_length()
    number = int.from_bytes(head[:length], "big")
    return number if keep_mark else number & ((1 << 7 * length) - 1), length
