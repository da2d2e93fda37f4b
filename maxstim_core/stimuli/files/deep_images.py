"""Colours of 16 bits: Pillow keeps the upper 8 of them, FFmpeg's decoders of PNG and TIFF all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from maxstim_core.stimuli.files.luminance import GREY_OF_COLORS

if TYPE_CHECKING:
    from PIL.Image import Image

_DECODERS = {"PNG": "png", "TIFF": "tiff"}
_FORMATS = ("rgb48", "rgba64", "ya16")
_COLORED_PNG = (2, 4, 6)
_RGB, _ASSOCIATED = 2, 1
_MOST_READ = 2_000_000_000


def deep_pixels(
    file: IO[bytes], image: Image, tags: Mapping[int, Any], n_pictures: int
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return grey and opacity in [0, 1] of a picture whose colours have 16 bits, as it is stored.

    Args:
        file: Its bytes.
        image: Pillow's view of them; of a stack, it has sought the picture.
        tags: Tags of a TIFF by number.
        n_pictures: How many the file holds.

    Returns:
        Each of shape (row, pixel column), float32, opacity None where all is opaque; or None where
        colours have 8 bits or FFmpeg does not read the picture either.
    """
    content = _content(file, image, tags, n_pictures)
    if content is None:
        return None
    import av
    from av.video.codeccontext import VideoCodecContext

    decoder = av.CodecContext.create(_DECODERS[image.format or ""], "r")
    assert isinstance(decoder, VideoCodecContext)
    if image.format == "TIFF":
        decoder.options = {"page": str(image.tell() + 1)}
    try:
        frame = next(iter(decoder.decode(av.Packet(content))))
    except (av.FFmpegError, StopIteration):
        return None
    name = frame.format.name
    if not name.startswith(_FORMATS) or sorted((frame.width, frame.height)) != sorted(image.size):
        return None
    values = frame.to_ndarray(format="rgba64le") / np.float32(65535)
    grey, opacity = values[..., :3] @ GREY_OF_COLORS, values[..., 3]
    extra = np.atleast_1d(tags.get(338, 2))[0]
    if name.startswith("rgb48") or extra == 0:
        return grey, None
    if extra == _ASSOCIATED:  # colours are multiplied by their opacity already
        grey = np.divide(grey, opacity, out=np.zeros_like(grey), where=opacity > 0)
    return grey, opacity


def _content(
    file: IO[bytes], image: Image, tags: Mapping[int, Any], n_pictures: int
) -> bytes | None:
    """The bytes of a file whose colours have 16 bits, or None.

    Of long stacks and of animations, the upper 8 bits suffice: all bytes are read for each picture.
    """
    at = file.tell()
    try:
        if image.format == "TIFF":
            bits = np.atleast_1d(tags.get(258, 1))
            deep = tags.get(262) == _RGB and bool((bits == 16).all())
            n_bytes = file.seek(0, 2)
            deep = deep and n_pictures * n_bytes < _MOST_READ
        elif image.format == "PNG":
            file.seek(24)
            depth, colors = file.read(2)
            deep = depth == 16 and colors in _COLORED_PNG and n_pictures == 1
        else:
            return None
        file.seek(0)
        return file.read() if deep else None
    finally:
        file.seek(at)
