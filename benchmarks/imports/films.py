"""Films of five containers: cut, flipped, turned, and with boxes that say where pictures are."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from benchmarks.imports.case import Case, flipped
from benchmarks.imports.pictures import HEIGHT, WAYS, WIDTH, case, pictures

SHARE = 4
"""How many of twenty cases are of this module."""

_CODECS = {"mp4": "libx264", "mov": "libx264", "webm": "libvpx", "matroska": "ffv1", "gif": "gif"}
_OPTIONS = {"libx264": {"qp": "0"}, "libvpx": {"crf": "4", "b": "2M"}}
_TOLERANCES = {"libx264": 0.01, "libvpx": 0.06, "ffv1": 0.006, "gif": 0.006}
_CHANGES = ("none", "cut", "head", "zeros", "bits", "bits", "bits", "after", "name")
_BOX_CHANGES = ("turned", "turned", "elsewhere", "box", "large", "held")

_MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
"""Numbers a, b, c and d of the display matrix by the orientation of EXIF that lies the same way."""


def cases(count: int, rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases, each with a file of its own in a folder."""
    kinds = list(_CODECS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield _case(kind, rng, folder / f"{number:05d}.bin")


@lru_cache(maxsize=64)
def _film(kind: str, seed: int) -> tuple[bytes, np.ndarray]:
    shown, codec = pictures(np.random.default_rng(seed), 4), _CODECS[kind]
    stream_of = io.BytesIO()
    with av.open(stream_of, "w", format=kind) as film:
        stream = film.add_stream(codec, rate=25, options=_OPTIONS.get(codec, {}))
        stream.height, stream.width = HEIGHT, WIDTH
        stream.pix_fmt = "gray" if kind == "gif" else "yuv420p"
        if codec == "libx264":
            stream.codec_context.max_b_frames = 0
        for picture in shown:
            frame = av.VideoFrame.from_ndarray(np.stack([picture] * 3, -1), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return stream_of.getvalue(), shown


def _case(kind: str, rng: np.random.Generator, path: Path) -> Case:
    content, shown = _film(kind, int(rng.integers(8)))
    changes = _CHANGES + (_BOX_CHANGES if kind in ("mp4", "mov") else ())
    change, about = str(rng.choice(changes)), _TOLERANCES[_CODECS[kind]]
    if change == "none":
        return case(kind, change, path, content, shown, about)
    if change == "cut":  # what lacks at most is the index that players do without
        at = int(rng.integers(1, len(content)))
        whole = kind == "matroska" or kind == "webm"
        return case(
            kind, change, path, content[:at], None, any_luminance=whole and at > len(content) - 250
        )
    if change == "head":
        return case(kind, change, path, b"\xaa" * 16 + content[16:], None)
    if change == "zeros":
        return case(kind, change, path, bytes(len(content)), None)
    if change == "bits":
        turned = flipped(content, rng, int(rng.integers(1, 6)))
        return case(kind, change, path, turned, shown, any_luminance=True)
    if change == "after":
        more = (
            struct.pack(">I4s", 24, b"free") + rng.bytes(16)
            if kind in ("mp4", "mov")
            else b"\0" * 40
        )
        return case(kind, change, path, content + more, shown, about)
    if change == "name":
        return case(kind, change, path.with_name(f"{path.stem}:film.png"), content, shown, about)
    if change == "turned":
        tag = int(rng.integers(1, 9))
        at, (a, b, c, d) = content.index(b"tkhd") + 44, (65536 * n for n in _MATRICES[tag])
        matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        return case(
            kind, change, path, content[:at] + matrix + content[at + 36 :], WAYS[tag](shown), about
        )
    if change == "elsewhere":
        inside, outside = (struct.pack(">I4sI", 12, b"url ", flag) for flag in (1, 0))
        return case(kind, change, path, content.replace(inside, outside), None)
    if change == "box":
        box = [b"stbl", b"stsd", b"trak", b"mdia", b"moov"][rng.integers(5)]
        return case(kind, change, path, content.replace(box, b"skip"), None)
    if change == "large":
        size = struct.pack(">HH", WIDTH, HEIGHT)
        return case(
            kind,
            change,
            path,
            content.replace(size, struct.pack(">HH", 32_000, 32_000)),
            shown,
            any_luminance=True,
        )
    at = content.index(b"elst") + 20  # how fast the only edit is shown
    rate = struct.pack(">i", int(rng.choice([0, 32_768, 131_072])))
    return case(kind, change, path, content[:at] + rate + content[at + 4 :], None)
