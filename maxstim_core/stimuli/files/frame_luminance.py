"""From a decoded frame of a film, of any depth, range and matrix, to grey and colours.

Usual frames of 8 bits go through FFmpeg's own conversion to colours, and from there to grey as flyvis's
images do. That conversion rounds to 8 bits, and makes a white of 253 of deeper frames and of unusual
ones, such as those of cameras and of DV (FFmpeg 8.1): those are computed here, in single precision, from
their own numbers (ITU-T H.273, 8.3).

Where FFmpeg 8.1 converts to other formats than ``rgb24``, its threads overwrite one another's pixels at
the borders of their slices: one thread does it. In ``rgba`` made of YUV with opacity, the last columns
are not written where the width is 1 to 4 beyond a multiple of 16: opacity is taken from its own plane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.luminance import GREY_OF_COLORS, on_ground
from maxstim_core.stimuli.files.transfers import UNREAD_TRANSFERS

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

_LIMITED, _FULL = 1, 2
"""PyAV's numbers of ranges; 0 is not told."""

_BLUE_RED = {1: (0.0722, 0.2126), 4: (0.11, 0.30), 7: (0.087, 0.212), 9: (0.0593, 0.2627)}
"""Weights of blue and red by number of the matrix (ITU-T H.273, table 4)."""

_BT601 = (0.114, 0.299)
"""Of all other matrices, and where none is told."""

_UNREAD_MATRICES = {
    8: "YCgCo",
    10: "BT.2020 of constant luminance",
    11: "YDzDx",
    12: "derived from primaries",
    13: "of constant luminance, derived from primaries",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
"""Matrices by number that make something else of colours than light and two differences."""

_UNREAD = ("xyz", "bayer", "grayf", "gbrpf", "gbrapf", "rgbf", "rgbaf", "yaf")
"""How FFmpeg's names of pixel formats begin whose numbers are no luminance of a screen."""


_EXACT = ("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "pal8")
"""Pixel formats of 8 bits, beside those of RGB and of grey, whose white FFmpeg makes 255."""


class Pixels(NamedTuple):
    """A frame as it is stored.

    Attributes:
        grey: Luminance of 0 to 255, uint8, or in [0, 1], float32, shape (row, pixel column).
        color: Colours of 0 to 255, uint8, shape (row, pixel column, 3).
    """

    grey: np.ndarray
    color: np.ndarray


def range_of(frame: VideoFrame) -> str:
    """Return ``limited`` or ``full``: which numbers are black and white."""
    if frame.color_range == _LIMITED and not frame.format.is_rgb:
        return "limited"
    plain = frame.format.is_rgb or frame.format.name.startswith(
        ("gray", "ya", "yuvj", "pal", "mono")
    )
    return "full" if plain or frame.color_range == _FULL else "limited"


def pixels_of(frame: VideoFrame, ground: float, reformatter: VideoReformatter) -> Pixels:
    """Return grey and colours of a frame.

    Args:
        frame: As PyAV decodes it.
        ground: Luminance behind what is transparent.
        reformatter: Of the film: to make one takes as long as to convert a frame.

    Raises:
        MaxstimError: if the numbers of the frame are no luminance of a screen.
    """
    from PIL import Image

    _check_colors(frame)
    name = frame.format.name
    if name.startswith(_UNREAD):
        raise MaxstimError(
            f"it is stored as {name}, which no screen shows; export it as mp4 or webm."
        )
    bits = max(component.bits for component in frame.format.components)
    transparent = name == "pal8" or any(component.is_alpha for component in frame.format.components)
    if name.startswith(("gray", "ya")) and (
        bits > 8 or transparent or range_of(frame) == "limited"
    ):
        grey, opacity = _gray(frame, bits)
        return _laid(np.repeat(grey[..., None], 3, -1), opacity, ground)
    plain = frame.format.is_rgb or name in _EXACT or name.startswith(("gray", "ya", "mono"))
    if bits > 8 or not plain:
        deep = _deep_rgb if frame.format.is_rgb else _deep_yuv
        color, opacity = deep(frame, bits, reformatter)
        return _laid(color, opacity, ground)
    if transparent:
        rgb, alpha = _rgb_and_alpha(frame, reformatter)
        if alpha.min() < 255:
            grey = np.asarray(Image.fromarray(rgb).convert("L"), np.float32) / 255
            opacity = alpha / np.float32(255)
            color = on_ground(rgb / np.float32(255), opacity[..., None], ground)
            return Pixels(on_ground(grey, opacity, ground), _bytes(color))
    else:
        rgb = reformatter.reformat(frame, format="rgb24").to_ndarray()
    return Pixels(np.asarray(Image.fromarray(rgb).convert("L")), rgb)


def _check_colors(frame: VideoFrame) -> None:
    """Refuse numbers that would be another luminance if they were taken as usual ones."""
    transfer = UNREAD_TRANSFERS.get(int(frame.color_trc))
    if transfer is not None:
        raise MaxstimError(
            f"its numbers are {transfer}; convert it to standard dynamic range (SDR, BT.709) and export "
            "it as mp4 or webm."
        )
    has_chroma = len(frame.format.components) > 2
    matrix = _UNREAD_MATRICES.get(int(frame.colorspace))
    if matrix is not None and has_chroma and not frame.format.is_rgb:
        raise MaxstimError(
            f"its colours are stored by a matrix that is not read ({matrix}); export it as mp4 or webm "
            "with BT.709."
        )


def _rgb_and_alpha(
    frame: VideoFrame, reformatter: VideoReformatter
) -> tuple[np.ndarray, np.ndarray]:
    """Colours and opacity of a frame of 8 bits, 0 to 255."""
    if frame.format.name.startswith("yuva"):
        return reformatter.reformat(frame, format="rgb24").to_ndarray(), _plane(frame, 3, "u1")
    rgba = reformatter.reformat(frame, format="rgba", threads=1).to_ndarray()
    return np.ascontiguousarray(rgba[..., :3]), rgba[..., 3]


def _laid(color: np.ndarray, opacity: np.ndarray | None, ground: float) -> Pixels:
    if opacity is not None:
        color = on_ground(color, opacity[..., None], ground)
    return Pixels(color @ GREY_OF_COLORS, _bytes(color))


def _bytes(color: np.ndarray) -> np.ndarray:
    return np.round(255 * color).astype(np.uint8)


def _deep_rgb(
    frame: VideoFrame, bits: int, reformatter: VideoReformatter
) -> tuple[np.ndarray, np.ndarray | None]:
    rgba = reformatter.reformat(frame, format="rgba64le", threads=1).to_ndarray()
    values = rgba / np.float32(65535)
    return values[..., :3], values[..., 3] if _has_alpha(frame) else None


def _deep_yuv(
    frame: VideoFrame, bits: int, reformatter: VideoReformatter
) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours of frames of more than 8 bits; FFmpeg only brings all planes to one size and 16 bits."""
    alpha = _has_alpha(frame)
    whole = "yuva444p16le" if alpha else "yuv444p16le"
    even = reformatter.reformat(frame, format=whole, threads=1)
    unit = np.float32(1 << (16 - bits))
    planes = [_plane(even, k, "<u2") / unit for k in range(4 if alpha else 3)]
    apart = len(frame.planes) > 2 and "msb" not in frame.format.name
    if apart or frame.format.name.startswith("nv"):  # FFmpeg may stretch luminance and opacity
        kind = ">u2" if frame.format.name.endswith("be") else "<u2"
        for k in (0, 3)[: 1 + alpha]:
            numbers = _plane(frame, k, "u1" if bits == 8 else kind)
            planes[k] = numbers.astype(np.float32)
    light, blue, red = planes[:3]
    opacity = np.minimum(planes[3] / np.float32((1 << bits) - 1), 1) if alpha else None
    eight = np.float32(1 << (bits - 8))
    if range_of(frame) == "limited":
        light, reach = (light / eight - 16) / 219, 224 * eight
    else:
        light, reach = light / ((1 << bits) - 1), np.float32((1 << bits) - 1)
    blue, red = (blue - 128 * eight) / reach, (red - 128 * eight) / reach
    of_blue, of_red = _BLUE_RED.get(int(frame.colorspace), _BT601)
    r, b = light + 2 * (1 - of_red) * red, light + 2 * (1 - of_blue) * blue
    g = (light - of_red * r - of_blue * b) / (1 - of_red - of_blue)
    return np.clip(np.stack([r, g, b], -1), 0, 1, dtype=np.float32), opacity


def _gray(frame: VideoFrame, bits: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey in [0, 1] and opacity; FFmpeg takes grey as of the full range, whatever a film says."""
    big = frame.format.name.endswith("be")
    values = _plane(frame, 0, "u1" if bits == 8 else ">u2" if big else "<u2", _n_parts(frame))
    most = np.float32((1 << bits) - 1)
    grey = values[..., 0].astype(np.float32)
    if range_of(frame) == "limited":
        eight = np.float32(1 << (bits - 8))
        grey = np.clip((grey / eight - 16) / 219, 0, 1)
    else:
        grey /= most
    return grey, values[..., 1] / most if values.shape[-1] > 1 else None


def _n_parts(frame: VideoFrame) -> int:
    return len(frame.format.components)


def _has_alpha(frame: VideoFrame) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def _plane(frame: VideoFrame, index: int, kind: str, n_parts: int = 0) -> np.ndarray:
    """Numbers of a plane, shape (row, pixel column) or, of packed ones, (row, pixel column, part)."""
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height]
    numbers = rows[:, : frame.width * max(1, n_parts) * np.dtype(kind).itemsize].copy().view(kind)
    return numbers.reshape(frame.height, frame.width, n_parts) if n_parts else numbers
