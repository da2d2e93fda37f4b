"""Images of five formats and animations of three: cut, flipped, turned, and partly clear."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.imports.case import Case, flipped
from benchmarks.imports.pictures import GROUND, WAYS, case, pictures

SHARE = 4
"""How many of twenty cases are of this module."""

_KINDS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
_TOLERANCES = {"JPEG": 0.03}
_CHANGES = ("none", "cut", "head", "bits", "turned", "clear", "several", "sum", "declared")


def cases(count: int, rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases, each with a file of its own in a folder."""
    for number in range(count):
        yield _case(_KINDS[number % len(_KINDS)], rng, folder / f"{number:05d}.bin")


def _image(picture: np.ndarray, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **{"quality": 100, "lossless": True, **options})
    return stream.getvalue()


def _case(kind: str, rng: np.random.Generator, path: Path) -> Case:
    shown, about = pictures(rng, 1), _TOLERANCES.get(kind, 0.004)
    content, change = _image(shown[0], kind), str(rng.choice(_CHANGES))
    if change == "none":
        return case(kind, change, path, content, shown, about)
    if change == "cut":
        return case(
            kind, change, path, content[: int(rng.integers(1, len(content) * 2 // 3))], None
        )
    if change == "head":
        return case(kind, change, path, b"\xaa" * 16 + content[16:], None)
    if change == "bits":
        changed = flipped(content, rng, int(rng.integers(1, 6)))
        return case(kind, change, path, changed, shown, any_luminance=True)
    if change == "turned" and kind != "BMP":
        exif, tag = Image.Exif(), int(rng.integers(0, 10))  # 0 and 9 say nothing
        exif[0x112] = tag
        way = WAYS.get(tag, WAYS[1])
        return case(kind, change, path, _image(shown[0], kind, exif=exif), way(shown), about)
    if change == "clear" and kind in ("PNG", "TIFF", "WEBP"):
        alpha = rng.choice([0, 85, 255], (3, 4)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
        rgba = np.dstack([shown[0]] * 3 + [alpha])
        share = alpha / np.float32(255)
        seen = shown / np.float32(255) * share + GROUND * (1 - share)
        return case(
            kind, change, path, _image(rgba, kind, exact=True), seen.astype(np.float32), about
        )
    if change == "several" and kind in ("PNG", "TIFF", "WEBP"):
        more = pictures(rng, 4)
        rest = [Image.fromarray(picture) for picture in more[1:]]
        stream = io.BytesIO()
        Image.fromarray(more[0]).save(
            stream, kind, save_all=True, append_images=rest, duration=100, lossless=True
        )
        distinct = len({picture.tobytes() for picture in more}) == len(more)
        seen_more = more if distinct else None
        if seen_more is None:  # equal pictures are written as one that lasts longer
            return case(kind, "none", path, content, shown, about)
        return case(kind, change, path, stream.getvalue(), seen_more, about)
    if change == "sum" and kind == "PNG":
        at = content.index(b"IDAT") + 4 + int(rng.integers(0, 8))
        return case(
            kind, change, path, content[:at] + bytes([content[at] ^ 85]) + content[at + 1 :], None
        )
    if change == "declared" and kind == "PNG":
        header = (100_000).to_bytes(4, "big") * 2 + content[24:29]
        sum_ = zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
        return case(kind, change, path, content[:16] + header + sum_ + content[33:], None)
    return case(kind, "none", path, content, shown, about)
