"""Zips of images: in another order, with litter, with a password, of two folders, cut and flipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.imports.case import Case, cut, flipped
from benchmarks.imports.pictures import case, pictures

SHARE = 2
"""How many of twenty cases are of this module."""

_CHANGES = (
    "order",
    "litter",
    "folders",
    "twice",
    "broken",
    "password",
    "fewer",
    "cut",
    "bits",
    "sum",
)
_LITTER = (
    "__MACOSX/frames/._1.png",
    ".DS_Store",
    "frames/Thumbs.db",
    "desktop.ini",
    "frames/._2.png",
)


def cases(count: int, rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases, each with a file of its own in a folder."""
    for number in range(count):
        yield _case(rng, folder / f"{number:05d}.zip")


def _zip(files: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def _png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def _case(rng: np.random.Generator, path: Path) -> Case:
    shown = pictures(rng, 12)
    files = [(f"frames/{k + 1}.png", _png(picture)) for k, picture in enumerate(shown)]
    content, change = _zip(files), str(rng.choice(_CHANGES))
    if change == "order":
        return case("zip", change, path, _zip([files[k] for k in rng.permutation(12)]), shown)
    if change == "litter":
        return case("zip", change, path, _zip([*((n, b"litter") for n in _LITTER), *files]), shown)
    if change == "folders":
        return case("zip", change, path, _zip([*files, ("other/1.png", files[0][1])]), None)
    if change == "twice":
        return case("zip", change, path, _zip([*files, ("frames/1.jpg", files[0][1])]), None)
    if change == "broken":
        return case("zip", change, path, _zip([*files, ("frames/99.png", b"\x89PNG")]), None)
    if change == "password":
        locked, at = bytearray(content), -1
        while (at := locked.find(b"PK\x01\x02", at + 1)) >= 0:
            locked[at + 8] |= 1
        return case("zip", change, path, bytes(locked), None)
    if change == "fewer":
        out = int(rng.integers(12))
        fewer = [file for k, file in enumerate(files) if k != out]
        return case("zip", change, path, _zip(fewer), np.delete(shown, out, 0))
    if change == "cut":
        return case("zip", change, path, cut(content, rng), None)
    if change == "sum":
        at = 50 + int(rng.integers(len(files[0][1]) - 10))  # in the first image
        return case(
            "zip", change, path, content[:at] + bytes([content[at] ^ 85]) + content[at + 1 :], None
        )
    return case("zip", change, path, flipped(content, rng, 3), shown, any_luminance=True)
