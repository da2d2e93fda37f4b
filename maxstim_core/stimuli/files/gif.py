"""Whether a GIF is whole: its header says nothing of its length (GIF89a specification)."""

from __future__ import annotations

from pathlib import Path
from typing import IO

_LEAST_READ, _MOST_READ = 1 << 12, 1 << 18
"""Bytes read at once: to look at each part by itself takes seconds where each has one byte."""

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"


def is_whole_gif(path: Path) -> bool:
    """Tell whether a GIF has all of its blocks, up to the one that ends it."""
    with path.open("rb") as file:
        flags = file.read(13)[10:11]
        if not flags:
            return False
        _skip_palette(file, flags[0])
        while (kind := file.read(1)) != _TRAILER:
            if kind == _EXTENSION:
                file.read(1)
            elif kind == _IMAGE:
                about = file.read(9)
                if len(about) < 9:
                    return False
                _skip_palette(file, about[8])
                file.read(1)
            elif kind != b"\0":  # some programs write a block too many that is empty
                return False
            else:
                continue
            if not _skip_parts(file):
                return False
        return True


def _skip_palette(file: IO[bytes], flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, 1)


def _skip_parts(file: IO[bytes]) -> bool:
    """Pass over parts of up to 255 bytes each; tell whether the empty one at their end is there."""
    n_bytes = _LEAST_READ
    while block := file.read(n_bytes):
        at = 0
        while at < len(block):
            if not block[at]:
                file.seek(at + 1 - len(block), 1)
                return True
            at += 1 + block[at]
        file.seek(at - len(block), 1)
        n_bytes = min(2 * n_bytes, _MOST_READ)
    return False
