"""Images: a file to luminance, as flyvis reads it, and many of them to what the eye sees."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.limits import MOST_BYTES, MOST_FRAMES, MOST_PIXELS
from maxstim_core.stimuli.viewing import Viewing

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")

Files = list[Path] | list[zipfile.Path]
"""Images in a folder or in an archive, in the order in which they are shown."""


def read_image(path: str | os.PathLike | zipfile.Path) -> np.ndarray:
    """Read an image, whatever its file is called.

    Args:
        path: A PNG, JPEG, BMP, TIFF or WebP file.

    Returns:
        Luminance in [0, 1], shape (row, pixel column), float32: Pillow's mode ``L`` over 255,
        or 16 bits of grey over 65535.

    Raises:
        MaxstimError: if the file is missing, no image, damaged, of 32 bits of grey, of which nothing
            tells what is white, or beyond the limit on pixels, which is checked before it is decoded.
    """
    from PIL import Image

    try:
        with _opened(path) as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MaxstimError(
                    f"The image {path} has {image.width} x {image.height} pixels; make it smaller than "
                    f"{MOST_PIXELS / 1e6:.0f} million pixels."
                )
            if image.mode in ("I", "F"):
                raise MaxstimError(
                    f"The image {path} has 32 bits of grey, and does not say which number is white; "
                    "save it with 8 or 16 bits."
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


def read_images(
    path: Path, viewing: Viewing, report_progress: ReportProgress = no_report
) -> np.ndarray:
    """See the images of a folder or a zip archive, as `find_images` finds them.

    Returns:
        Luminance, shape (frame, column).

    Raises:
        MaxstimError: if there is no image, or one is damaged, of another size than the first, or beyond
            a limit.
    """
    seen = []
    n_seen, files = 0, find_images(path)
    for images in image_batches(files, viewing):
        seen.append(viewing.see(images))
        n_seen += len(images)
        report_progress(n_seen / len(files))
    return np.concatenate(seen)


def find_images(path: Path) -> Files:
    """Return the images of a folder or a zip archive, in the order of their names.

    Numbers in names count as numbers. Hidden files are passed over, and so are files that neither are
    images nor are called like one. Of an archive, folders are looked into, and names alone count.

    Raises:
        MaxstimError: if there is none, or they are beyond a limit.
    """
    try:
        files, n_bytes = _in_folder(path) if os.path.isdir(path) else _in_archive(path)
    except zipfile.BadZipFile as error:
        raise MaxstimError(f"The archive {path} is damaged; make it again.") from error
    except OSError as error:
        raise MaxstimError(
            f"The images in {path} cannot be read ({error.strerror or error}); check its permissions."
        ) from error
    if not files:
        inside = _folder_with_images(path)
        if inside is not None:
            raise MaxstimError(f"The images of {path} are in {inside}; name that folder.")
        raise MaxstimError(f"There is no image in {path}; use {', '.join(FORMATS)}.")
    if len(files) > MOST_FRAMES or n_bytes > MOST_BYTES:
        raise MaxstimError(
            f"{path} holds {len(files)} images of {n_bytes / 1e9:.1f} GB; keep to "
            f"{MOST_FRAMES} images and {MOST_BYTES / 1e9:.0f} GB."
        )
    return files


def image_batches(files: Files, viewing: Viewing) -> Iterator[np.ndarray]:
    """Read images, as many at once as are to be looked at together.

    Yields:
        Luminance in [0, 1], shape (frame, row, pixel column).

    Raises:
        MaxstimError: if one is damaged, of another size than the first, or beyond a limit.
    """
    first = read_image(files[0])
    viewing.eye(*first.shape)
    step = viewing.batch(*first.shape)
    for start in range(0, len(files), step):
        images = [read_image(path) for path in files[start : start + step]]
        for path, image in zip(files[start:], images, strict=False):
            if image.shape != first.shape:
                raise MaxstimError(
                    f"The image {path} is {image.shape[1]} x {image.shape[0]} pixels, the first is "
                    f"{first.shape[1]} x {first.shape[0]}; give all the same size."
                )
        yield np.stack(images)


def is_image(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes is an image."""
    return head.startswith(_MAGIC) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _opened(path: str | os.PathLike | zipfile.Path) -> IO[bytes]:
    return path.open("rb") if isinstance(path, zipfile.Path) else open(path, "rb")


def _in_folder(folder: Path) -> tuple[list[Path], int]:
    """Images of a folder, and how many bytes they have."""
    paths = [path for path in folder.iterdir() if os.path.isfile(path) and _is_image(path)]
    return sorted(paths, key=lambda p: _counted(p.name)), sum(p.stat().st_size for p in paths)


def _folder_with_images(folder: Path) -> Path | None:
    """The first folder in a folder that holds images, or None."""
    for inside in sorted(folder.iterdir()) if os.path.isdir(folder) else ():
        with suppress(OSError):  # which may not be read, or is no folder
            if not _is_hidden(inside.name) and _in_folder(inside)[0]:
                return inside
    return None


def _in_archive(path: Path) -> tuple[list[zipfile.Path], int]:
    """Images of an archive, and how many bytes they have unpacked."""
    archive = zipfile.ZipFile(path)  # open until the last of its paths is gone
    members = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
    names = [name for name in members if name.lower().endswith(_SUFFIXES) and not _is_hidden(name)]
    files = [zipfile.Path(archive, name) for name in sorted(names, key=_counted)]
    return files, sum(members[name] for name in names)


def _is_hidden(name: str) -> bool:
    return Path(name).name.startswith(".") or name.startswith("__MACOSX/")


def _is_image(path: Path) -> bool:
    if _is_hidden(path.name):
        return False
    with path.open("rb") as file:
        return is_image(file.read(16)) or path.suffix.lower() in _SUFFIXES


def _counted(name: str) -> list[tuple[int, int | str]]:
    """A key that puts frame2 before frame10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
