"""Images: a file to luminance, as flyvis reads it, and a folder of them to what the eye sees."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.limits import MOST_BYTES, MOST_FRAMES, MOST_PIXELS
from maxstim_core.stimuli.look import Look

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read an image, whatever its file is called.

    Args:
        path: A PNG, JPEG, BMP, TIFF or WebP file.

    Returns:
        Luminance in [0, 1], shape (row, pixel column), float32: Pillow's mode ``L`` over 255,
        or 16 bits of grey over 65535.

    Raises:
        MaxstimError: if the file is missing, no image, damaged, or beyond
            the limit on pixels, which is checked before it is decoded.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MaxstimError(
                    f"The image {path} has {image.width} x {image.height} pixels; make it smaller than "
                    f"{MOST_PIXELS / 1e6:.0f} million pixels."
                )
            if image.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255
                return np.asarray(image, np.float32) / 65535
            return np.asarray(image.convert("L"), np.float32) / 255
    except MaxstimError:
        raise
    except FileNotFoundError:
        raise MaxstimError(f"There is no image {path}; check the path.") from None
    except Exception as error:  # a damaged image raises whatever the damage leads to
        raise MaxstimError(
            f"The image {path} is damaged or of a kind that cannot be read; use {', '.join(FORMATS)}."
        ) from error


def read_folder(folder: Path, look: Look) -> np.ndarray:
    """See the images of a folder, in the order of their names with numbers counted as numbers.

    Hidden files are passed over, and so are files that neither are images nor are called like one.

    Returns:
        Luminance, shape (frame, column).

    Raises:
        MaxstimError: if there is no image, or one is damaged, of another size than the first, or beyond
            a limit.
    """
    paths = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
    paths = sorted((p for p in paths if _is_image(p)), key=_counted)
    if not paths:
        raise MaxstimError(f"There is no image in {folder}; use {', '.join(FORMATS)}.")
    n_bytes = sum(path.stat().st_size for path in paths)
    if len(paths) > MOST_FRAMES or n_bytes > MOST_BYTES:
        raise MaxstimError(
            f"The folder {folder} holds {len(paths)} images of {n_bytes / 1e9:.1f} GB; keep to "
            f"{MOST_FRAMES} images and {MOST_BYTES / 1e9:.0f} GB."
        )
    first = read_image(paths[0])
    look.eye(*first.shape)
    step = look.batch(*first.shape)
    seen = []
    for start in range(0, len(paths), step):
        images = [read_image(path) for path in paths[start : start + step]]
        for path, image in zip(paths[start:], images, strict=False):
            if image.shape != first.shape:
                raise MaxstimError(
                    f"The image {path} is {image.shape[1]} x {image.shape[0]} pixels, the first is "
                    f"{first.shape[1]} x {first.shape[0]}; give all the same size."
                )
        seen.append(look.see(np.stack(images)))
    return np.concatenate(seen)


def is_image(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is an image."""
    return head.startswith(_MAGIC) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _is_image(path: Path) -> bool:
    with path.open("rb") as file:
        return is_image(file.read(16)) or path.suffix.lower() in _SUFFIXES


def _counted(path: Path) -> list[tuple[int, int | str]]:
    """A key that puts frame2 before frame10."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
