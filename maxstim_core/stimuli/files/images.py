"""An image file to luminance.

What a file says of its pictures is heeded: how they are turned (EXIF), whether their pixels are square,
which number is white, and what is transparent.
"""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.files.color_profile import unusual_profile
from maxstim_core.stimuli.files.deep_images import deep_pixels
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.jpeg import MOST_SCANS, START, is_overfull
from maxstim_core.stimuli.files.luminance import on_ground
from maxstim_core.stimuli.files.orientation import Orientation, of_exif
from maxstim_core.stimuli.files.png_colors import unread_colors
from maxstim_core.stimuli.files.square_pixels import SQUARE, with_square_pixels
from maxstim_core.stimuli.files.tiff_pages import is_of_a_sensor, smaller_or_masks
from maxstim_core.stimuli.limits import MOST_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
"""What is read, by Pillow's names."""

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 0x112
_ASPECTS = (Fraction(1, 20), Fraction(20))
"""Beyond these, a resolution is no statement about the shape of pixels but a mistake."""

_SRGB_GAMMA, _SAME_GAMMA = 0.45455, 0.02
"""What PNGs for screens say (third edition, 11.3.2.2)."""

_TIME_UNITS = {
    **dict.fromkeys(("sec", "s", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
}
"""As ImageJ and OME write them."""

AnyImage = str | os.PathLike | zipfile.Path
"""An image on its own, or in an archive."""


def is_image(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is an image that is read."""
    if head.startswith((_PNG, b"\xff\xd8\xff", *_TIFFS)):
        return True
    bitmap = head.startswith(b"BM") and head[14:18] in (
        n.to_bytes(4, "little") for n in (12, 16, 40, 52, 56, 64, 108, 124)
    )
    return bitmap or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def read_image(path: AnyImage, ground: float = GREY) -> np.ndarray:
    """Read an image, whatever its file is called.

    Args:
        path: A PNG, JPEG, BMP, TIFF or WebP file.
        ground: Luminance of what lies behind transparent pixels.

    Returns:
        Luminance in [0, 1], shape (row, pixel column), float32, upright: Pillow's mode ``L`` over 255,
        or 16 bits over 65535.

    Raises:
        MaxstimError: if the file is missing, no image, damaged, holds several pictures or 32 bits of
            grey, of which nothing tells what is white, or is beyond the limit on pixels, which is
            checked before it is decoded.
    """
    return read_still(path, ground)[0]


def read_still(path: AnyImage, ground: float = GREY) -> tuple[np.ndarray, MovieFacts]:
    """Read an image as `read_image` does, and tell what was found out of it.

    Raises:
        MaxstimError: as there.
    """
    with open_image(path) as image:
        pages, left_out = image.pages()
        if len(pages) > 1:
            raise MaxstimError(
                f"The image {path} holds {len(pages)} pictures, not one; give it by itself, or save the "
                "one you mean."
            )
        facts = image.facts(ground, 1, left_out)  # before Pillow turns what it reads
        return image.luminance(pages[0], ground), facts


def n_pictures(path: AnyImage) -> int:
    """Return how many pictures an image file holds that are to be shown.

    Raises:
        MaxstimError: if it cannot be told.
    """
    with open_image(path) as image:
        return len(image.pages()[0])


@contextmanager
def open_image(path: AnyImage) -> Iterator[OpenImage]:
    """Open an image whose size is within the limit; whatever goes wrong with it becomes one sentence.

    Raises:
        MaxstimError: if it is missing, no image, damaged or beyond the limit on pixels.
    """
    from PIL import Image

    _quiet()
    try:
        with _file(path) as file:
            _check_head(path, file)
            with Image.open(file, formats=FORMATS) as image:
                check_size(path, image.width, image.height)
                yield OpenImage(path, file, image)
    except MaxstimError:
        raise
    except Image.DecompressionBombError:
        raise MaxstimError(
            f"The image {path} says that it has far more than {MOST_PIXELS / 1e6:.0f} million pixels; "
            "make it smaller."
        ) from None
    except FileNotFoundError:
        raise MaxstimError(f"There is no image {path}; check the path.") from None
    except PermissionError as error:
        raise MaxstimError(
            f"The image {path} cannot be read ({error.strerror}); check its permissions, and whether "
            "another program holds it open."
        ) from error
    except Exception as error:  # a damaged image raises whatever the damage leads to
        raise MaxstimError(
            f"The image {path} is damaged or of a kind that cannot be read; use {', '.join(FORMATS)}."
        ) from error


def check_size(path: AnyImage, width: int, height: int) -> None:
    """Refuse an image by its size in pixels.

    Raises:
        MaxstimError: if it is beyond the limit.
    """
    if width * height > MOST_PIXELS:
        raise MaxstimError(
            f"The image {path} has {width} x {height} pixels; make it smaller than "
            f"{MOST_PIXELS / 1e6:.0f} million pixels."
        )


@dataclass(frozen=True)
class OpenImage:
    """An image file that is open.

    Attributes:
        path: Its path.
        file: Its bytes.
        image: Pillow's view of them.
    """

    path: AnyImage
    file: IO[bytes]
    image: Image

    @property
    def tags(self) -> Mapping[int, Any]:
        """Tags of a TIFF by number; none of others."""
        return getattr(self.image, "tag_v2", {}) if self.image.format == "TIFF" else {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture that is sought, as stored, in pixels."""
        if self.tags:  # of TIFFs, Pillow tells the upright size
            return int(self.tags.get(256, 0)), int(self.tags.get(257, 0))
        return self.image.size

    @property
    def description(self) -> str:
        """What a program wrote beside a TIFF's pictures, or nothing."""
        text = self.tags.get(270, "")
        return text if isinstance(text, str) else ""

    @property
    def frame_interval(self) -> float | None:
        """Seconds between the pictures of a stack, where ImageJ or OME have noted them."""
        ome = self._ome
        if self.description.startswith("ImageJ="):
            said = re.findall(r"^(finterval|tunit)=(\S+)$", self.description, re.MULTILINE)
            told = dict(said)
            number, unit = told.get("finterval", ""), told.get("tunit", "sec")
        else:
            number, unit = ome.get("TimeIncrement", ""), ome.get("TimeIncrementUnit", "s")
        try:
            seconds = float(number) * _TIME_UNITS[unit]
        except (KeyError, ValueError):
            return None
        return seconds if 0 < seconds < np.inf else None

    @property
    def _ome(self) -> dict[str, str]:
        """What OME's metadata say of the first image's pixels; nothing where there are none."""
        text = self.description
        found = re.search(r"<(?:\w+:)?Pixels\b([^>]*)>", text) if "<OME" in text[:4000] else None
        return dict(re.findall(r'\b(\w+)="([^"]*)"', found[1])) if found else {}

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel over its height, where a file tells it; of WebP, nothing does."""
        info = self.image.info
        across, down = self.tags.get(282, 0), self.tags.get(283, 0)
        if "PhysicalSizeX" in self._ome or "PhysicalSizeY" in self._ome:  # sizes, not resolutions
            down, across = (self._ome.get(f"PhysicalSize{axis}", 0) for axis in "XY")
        elif not self.tags:
            across, down = (
                info.get("aspect") or info.get("dpi") or info.get("jfif_density") or (0, 0)
            )
        try:
            aspect = Fraction(f"{float(down):.6g}") / Fraction(f"{float(across):.6g}")
        except (ValueError, TypeError, ZeroDivisionError):
            return SQUARE
        # Resolutions are rounded, to whole dots per inch or metre.
        is_square = abs(aspect - 1) < Fraction(1, 100) or not _ASPECTS[0] < aspect < _ASPECTS[1]
        return SQUARE if is_square else aspect.limit_denominator(1000)

    def facts(self, ground: float, frames: int, left_out: list[str]) -> MovieFacts:
        """Return what was found out of the file, its first picture being sought."""
        return MovieFacts(
            self.size,
            self.pixel_aspect,
            self._orientation,
            "full",
            frames=frames,
            ground=ground,
            white=self._white,
            left_out=(*left_out, *self._unheeded),
        )

    def pages(self) -> tuple[Sequence[int], list[str]]:
        """Return which pictures are shown one after the other, and what else the file holds.

        Raises:
            MaxstimError: if the pictures do not follow one another.
        """
        total = self._n_stored
        if self.image.format == "MPO":
            return self._pages_of_jpeg(total)
        if self.image.format == "TIFF":
            return self._pages_of_tiff(total)
        if self.image.format == "PNG" and self.image.info.get("default_image"):
            return range(1, total), ["the picture for programs that show no animations"]
        return range(total), []  # no list: a file of 200 bytes may announce millions

    def luminance(self, page: int, ground: float) -> np.ndarray:
        """Return luminance of a picture, upright and with square pixels, float32.

        Raises:
            MaxstimError: if nothing tells which of its numbers is white.
        """
        if page != self.image.tell():
            self.image.seek(page)
        check_size(self.path, self.image.width, self.image.height)
        orientation = self._orientation
        pixels = with_square_pixels(self._grey(orientation, ground), self.pixel_aspect)
        return orientation.upright(pixels)

    @cached_property
    def _n_stored(self) -> int:
        """How many pictures the file holds, of whatever kind."""
        if self.image.format == "TIFF":
            return len(smaller_or_masks(self.file))
        return getattr(self.image, "n_frames", 1)

    @property
    def _white(self) -> int | None:
        """The number of white, where the numbers of pixels are luminance or colours as they are stored.

        Not so of JPEG and WebP, whose numbers are rounded anyway.
        """
        if self.image.format not in ("PNG", "TIFF", "BMP"):
            return None
        if self.image.mode.startswith("I;16") or self._n_bits > 8:
            return (1 << self._n_bits) - 1
        return 255 if self.image.mode in ("L", "LA", "RGB", "RGBA") else None

    @property
    def _n_bits(self) -> int:
        """Of a number of a pixel."""
        if self.image.format == "PNG":
            return self._depth_of_png()
        return int(np.max(self.tags.get(258, 8)))

    @property
    def _unheeded(self) -> list[str]:
        """What a file says of how bright its numbers are, where that is not the usual way."""
        info = self.image.info
        stored = "numbers of pixels count as luminance, as they are stored"
        profile = info.get("icc_profile")
        if isinstance(profile, bytes) and profile:
            name = unusual_profile(profile)
            return [f"its color profile, {name}: {stored}"] if name else []
        gamma = info.get("gamma", 0)
        if not gamma or "srgb" in info or abs(gamma - _SRGB_GAMMA) < _SAME_GAMMA:
            return []
        return [f"its gamma of {gamma:.4g}: {stored}"]

    @property
    def _orientation(self) -> Orientation:
        return of_exif(self.image.getexif().get(_ORIENTATION))

    def _pages_of_jpeg(self, total: int) -> tuple[list[int], list[str]]:
        """The picture of a JPEG that holds several, where the others are smaller versions of it."""
        entries = getattr(self.image, "mpinfo", {}).get(0xB002, ())
        kinds = [entry["Attribute"]["MPType"] for entry in entries]
        if all(kind.startswith("Large Thumbnail") for kind in kinds[1:]):
            return [0], [f"{total - 1} previews"]
        if total == 2 and b"hdrgm:Version" in bytes(self.image.info.get("xmp", b"")):
            return [0], ["the gain map, by which HDR screens brighten the picture"]
        raise MaxstimError(
            f"The image {self.path} holds {total} pictures that do not follow one another "
            f"({', '.join(kinds)}); save the one you mean."
        )

    def _pages_of_tiff(self, total: int) -> tuple[list[int], list[str]]:
        self._check_axes(total)
        small = smaller_or_masks(self.file)
        pages = [page for page, is_small in enumerate(small) if not is_small]
        left_out = len(small) - len(pages)
        return pages, [f"{left_out} smaller versions or masks"] if left_out else []

    def _check_axes(self, total: int) -> None:
        """Refuse a stack over more than time, as far as ImageJ or OME have noted what it is over."""
        text = self.description
        axes = dict(re.findall(r'\bSize([CZT])="(\d+)"', text)) if "<OME" in text[:4000] else {}
        if text.startswith("ImageJ="):
            axes = dict(re.findall(r"^(images|channels|slices|frames)=(\d+)$", text, re.MULTILINE))
            told = int(axes.pop("images", total))
            if told > total:
                raise MaxstimError(
                    f"The stack {self.path} says that it holds {told} pictures, of which {total} can be "
                    "read; save it again as a plain TIFF."
                )
        units = {self._ome.get(f"PhysicalSize{axis}Unit") for axis in "XY"}
        if len(units) > 1:
            raise MaxstimError(
                f"The stack {self.path} gives width and height of its pixels in different units; save "
                "it again with the same."
            )
        several = {axis: int(n) for axis, n in axes.items() if int(n) > 1}
        if len(several) > 1 or {"C", "channels"} & several.keys():
            raise MaxstimError(
                f"The stack {self.path} is not over time alone "
                f"({', '.join(f'{n} {axis}' for axis, n in several.items())}); save one channel "
                "over time."
            )

    def _grey(self, orientation: Orientation, ground: float) -> np.ndarray:
        """Luminance on a ground, float32, as it is stored."""
        image, tags = self.image, self.tags
        if image.mode in ("I", "F") or 2 in np.atleast_1d(tags.get(339, 1)):
            raise MaxstimError(
                f"The image {self.path} has numbers of 32 bits or with a sign, and does not say which "
                "is white; save it with 8 or 16 bits."
            )
        if image.mode == "LAB":
            raise MaxstimError(
                f"The image {self.path} has Lab colours, which are not read; save it as RGB."
            )
        opacity: np.ndarray | None
        deep = deep_pixels(self.file, image, tags, self._n_stored)
        if deep is not None:
            grey, opacity = deep
            return grey if opacity is None else on_ground(grey, opacity, ground)
        if image.mode.startswith("I;16"):
            grey, opacity = self._grey_of_16_bits()
        elif image.mode == "L" and isinstance(clear := image.info.get("transparency"), int):
            # Pillow brings pixels of 2 and 4 bits to 8, but not the one that is clear (13.0).
            levels = np.asarray(image)
            grey, opacity = levels / np.float32(255), levels != clear * self._unit_of_png()
        elif image.has_transparency_data or image.mode == "PA":
            rgba = image.convert("RGBA")
            opacity = np.asarray(rgba.getchannel("A"), np.float32) / 255
            plain = (
                image.getchannel("L") if image.mode == "LA" else rgba.convert("RGB").convert("L")
            )
            grey = np.asarray(plain, np.float32) / 255
        else:
            grey, opacity = np.asarray(image.convert("L"), np.float32) / 255, None
        if opacity is not None and opacity.min() < 1:
            grey = on_ground(grey, opacity, ground)
        # Pillow turns TIFFs while it reads them; here they are turned when their pixels are square.
        return orientation.stored(grey) if image.format == "TIFF" else grey

    def _unit_of_png(self) -> int:
        """By how much Pillow multiplies the numbers of a PNG's pixels, to bring them to 8 bits."""
        depth = self._depth_of_png() if self.image.format == "PNG" else 8
        return 255 // ((1 << depth) - 1) if depth < 8 else 1

    def _depth_of_png(self) -> int:
        """Bits of a number in a PNG."""
        at = self.file.tell()
        self.file.seek(24)
        (depth,) = self.file.read(1)
        self.file.seek(at)
        return int(depth)

    def _grey_of_16_bits(self) -> tuple[np.ndarray, np.ndarray | None]:
        values = np.asarray(self.image, np.float32)  # Pillow would cut 16 bits off at 255
        clear = self.image.info.get("transparency")
        opacity = (values != clear).astype(np.float32) if isinstance(clear, int) else None
        bits = int(np.atleast_1d(self.tags.get(258, 16))[0])
        grey = values / np.float32((1 << bits) - 1)
        # Pillow turns white-is-zero around up to 8 bits only (13.0, TiffImagePlugin.OPEN_INFO).
        return (1 - grey if self.tags.get(262) == 0 else grey), opacity


def _file(path: AnyImage) -> IO[bytes]:
    return path.open("rb") if isinstance(path, zipfile.Path) else open(path, "rb")


@lru_cache(maxsize=1)
def _quiet() -> None:
    """Let Pillow say nothing of its own: what matters of a damaged image is told in a sentence."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _check_head(path: AnyImage, file: IO[bytes]) -> None:
    """Refuse what would take long or much by its head: a WebP's canvas is made when it is opened.

    Of large TIFFs, Pillow reads those alone whose numbers have their lowest byte first (13.0).
    """
    head = file.read(30)
    file.seek(0)
    if head.startswith(b"MM\0+"):
        raise MaxstimError(
            f"The image {path} is a BigTIFF with the highest byte first, which is not read; save it as "
            "TIFF."
        )
    if head.startswith(_TIFFS) and is_of_a_sensor(file):
        raise MaxstimError(
            f"The image {path} is a raw file of a camera, which is not read; develop it, and save it as "
            "PNG or TIFF."
        )
    if head.startswith(START) and is_overfull(file):
        raise MaxstimError(
            f"The image {path} is stored in more than {MOST_SCANS} scans or in no end of other parts; "
            "save it again."
        )
    if head.startswith(_PNG) and (said := unread_colors(file)):
        raise MaxstimError(
            f"The image {path} says that its numbers {said}; convert it to sRGB (standard dynamic "
            "range), and save it again."
        )
    file.seek(0)
    if head[8:16] == b"WEBPVP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        check_size(path, width, height)
