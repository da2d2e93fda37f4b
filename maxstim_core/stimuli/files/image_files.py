"""Images of a folder or of a zip archive, in the order in which they are shown."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.images import FORMATS, is_image, read_still
from maxstim_core.stimuli.files.numbered import absent_numbers, counted_name
from maxstim_core.stimuli.files.white import check_white
from maxstim_core.stimuli.limits import MOST_BYTES, MOST_FRAMES, most_pixels
from maxstim_core.stimuli.viewing import Viewing
from maxstim_core.storage.litter import is_litter

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_HEAD = 32
_MOST_NAMED = 5
_OF_ZARR = {"zarr.json", ".zarray", ".zgroup", ".zmetadata", ".zattrs"}
_NUMBER = re.compile(r"\d+")


class ImageFiles:
    """Images of a folder or an archive.

    Attributes:
        paths: One after the other.
        left_out: What else is there, but for the litter of systems.
        n_bytes: How many bytes the images have, as they lie on the disk.
    """

    def __init__(
        self, paths: list[Path] | list[zipfile.Path], left_out: list[str], n_bytes: int
    ) -> None:
        self.paths, self.left_out, self.n_bytes = paths, left_out, n_bytes

    def __len__(self) -> int:
        return len(self.paths)


def read_images(
    path: Path, viewing: Viewing, report_progress: ReportProgress = no_report
) -> tuple[np.ndarray, MovieFacts]:
    """See the images of a folder or a zip archive, as `find_images` finds them.

    Returns:
        Luminance, shape (frame, column), and what was found out of the images.

    Raises:
        MaxstimError: if there is no image, or one is damaged, of another size than the first, or beyond
            a limit.
    """
    seen, n_seen, files, facts, most = [], 0, find_images(path), MovieFacts(), 0.0
    for images, found in image_batches(files, viewing):
        seen.append(viewing.see(images))
        facts, most = found, max(most, float(images.max()))
        n_seen += len(images)
        report_progress(n_seen / len(files))
    check_white(f"The film in {path}", most, facts.white)
    return np.concatenate(seen), replace(facts, frames=n_seen)


def find_images(path: Path) -> ImageFiles:
    """Return the images of a folder or a zip archive, in the order of their names.

    Numbers in names count as numbers. Hidden files and the litter of systems are passed over; files that
    neither are images nor are called like one are told as left out. Of an archive, the only folder with
    images is taken, and names alone count.

    Raises:
        MaxstimError: if there is none, they are in several folders or twice there, or they are beyond a
            limit.
    """
    try:
        files = _in_folder(path) if os.path.isdir(path) else _in_archive(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise MaxstimError(f"The archive {path} is damaged; make it again.") from error
    except OSError as error:
        raise MaxstimError(
            f"The images in {path} cannot be read ({error.strerror or error}); check its permissions."
        ) from error
    if not files.paths:
        inside = _folder_with_images(path)
        if inside is not None:
            raise MaxstimError(f"The images of {path} are in {inside}; name that folder.")
        if _is_zarr(path):
            raise MaxstimError(
                f"{path} is a Zarr store, which is not read; save its film as NetCDF, with xarray's "
                "to_netcdf(engine='h5netcdf'), or with numpy.save."
            )
        if not os.path.isdir(path) and len(files.left_out) == 1:
            raise MaxstimError(
                f"The archive {path} holds no image but {_named(files.left_out)}; unpack it, and give "
                "that file."
            )
        there = f"; it holds {_named(files.left_out)}" if files.left_out else ""
        raise MaxstimError(f"There is no image in {path}{there}; use {', '.join(FORMATS)}.")
    stems = [tuple(counted_name(_stem(image).casefold())) for image in files.paths]
    n_each = Counter(stems)
    twice = [image.name for image, stem in zip(files.paths, stems, strict=True) if n_each[stem] > 1]
    if twice:
        raise MaxstimError(
            f"Some images of {path} are there twice ({_named(twice)}); keep one file of each."
        )
    _check_one_film(path, files)
    if len(files) > MOST_FRAMES or files.n_bytes > MOST_BYTES:
        raise MaxstimError(
            f"{path} holds {len(files)} images of {files.n_bytes / 1e9:.1f} GB; keep to "
            f"{MOST_FRAMES} images and {MOST_BYTES / 1e9:.0f} GB."
        )
    files.left_out += absent_numbers([image.name for image in files.paths])[:_MOST_NAMED]
    return files


def _is_zarr(path: Path) -> bool:
    if os.path.isdir(path):
        return any(os.path.lexists(path / name) for name in _OF_ZARR)
    with zipfile.ZipFile(path) as archive:
        return any(PurePosixPath(name).name in _OF_ZARR for name in archive.namelist())


def _check_one_film(path: Path, files: ImageFiles) -> None:
    """Refuse images of several films, as two cameras number them: left_0, left_1, right_0, right_1."""
    counted = Counter(_NUMBER.sub("#", _stem(image)) for image in files.paths)
    films = [name for name, n_images in counted.items() if n_images > 1]
    if len(films) > 1:
        raise MaxstimError(
            f"The images of {path} are numbered as {len(films)} films ({_named(films)}); put each into "
            "a folder of its own."
        )


def image_batches(
    files: ImageFiles, viewing: Viewing, most: int | None = None
) -> Iterator[tuple[np.ndarray, MovieFacts]]:
    """Read images, as many at once as are to be looked at together.

    Args:
        files: The images.
        viewing: How they will be looked at.
        most: How many to read at most.

    Yields:
        Luminance in [0, 1], shape (frame, row, pixel column), and what was found out of the first image.

    Raises:
        MaxstimError: if one is damaged, of another size than the first, or beyond a limit.
    """
    paths = files.paths[:most]
    first, facts = read_still(paths[0], viewing.ground)
    facts = replace(facts, left_out=(*facts.left_out, *files.left_out))
    viewing.eye(*first.shape)
    if len(files) * first.size > most_pixels(files.n_bytes):
        raise MaxstimError(
            f"The images of {paths[0].parent} unpack to more pixels than files of their size hold; make "
            "them smaller or fewer."
        )
    step = viewing.batch(*first.shape)
    for start in range(0, len(paths), step):
        images = []
        for path in paths[start : start + step]:
            image, found = (first, facts) if path is paths[0] else read_still(path, viewing.ground)
            if image.shape != first.shape or found.pixel_aspect != facts.pixel_aspect:
                raise MaxstimError(
                    f"The image {path} is {image.shape[1]} x {image.shape[0]} pixels, the first is "
                    f"{first.shape[1]} x {first.shape[0]}; give all the same size."
                )
            images.append(image)
        yield np.stack(images), facts


def _in_folder(folder: Path) -> ImageFiles:
    images, others = [], []
    for path in folder.iterdir():
        if is_litter(path.name):
            continue
        if os.path.isfile(path) and _is_image(path):
            images.append(path)
        else:
            others.append(path.name + ("/" if os.path.isdir(path) else ""))
    images.sort(key=lambda path: counted_name(path.name))
    return ImageFiles(images, sorted(others), sum(path.stat().st_size for path in images))


def _folder_with_images(folder: Path) -> Path | None:
    """The first folder in a folder that holds images, or None."""
    for inside in sorted(folder.iterdir()) if os.path.isdir(folder) else ():
        with suppress(OSError):  # which may not be read, or is no folder
            if not is_litter(inside.name) and _in_folder(inside).paths:
                return inside
    return None


def _in_archive(path: Path) -> ImageFiles:
    archive = zipfile.ZipFile(path)  # open until the last of its paths is gone
    members = [member for member in archive.infolist() if not member.is_dir()]
    members = [member for member in members if not is_litter(member.filename)]
    images = [member for member in members if member.filename.lower().endswith(_SUFFIXES)]
    _check_members(path, images or members)
    # Some programs on Windows write backslashes.
    names = [member.filename.replace("\\", "/") for member in images]
    folders = sorted({str(PurePosixPath(name).parent) for name in names})
    if len(folders) > 1:
        raise MaxstimError(
            f"The archive {path} holds images in {len(folders)} folders ({_named(folders)}); pack one "
            "of them."
        )
    others = sorted(member.filename for member in members if member not in images)
    images.sort(key=lambda member: counted_name(member.filename))
    return ImageFiles(
        [zipfile.Path(archive, member.filename) for member in images],
        others,
        min(path.stat().st_size, sum(member.file_size for member in images)),
    )


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what cannot be unpacked, or unpacks to too much."""
    if any(member.flag_bits & 1 for member in members):
        raise MaxstimError(
            f"The archive {path} is encrypted; unpack it with its password, and name the folder."
        )
    packed = {member.compress_type for member in members} - {0, 8, 12, 14}
    if packed:
        raise MaxstimError(
            f"The archive {path} is packed by a method that is not read ({min(packed)}); pack it again "
            "as a plain zip."
        )
    n_bytes = sum(member.file_size for member in members)
    if n_bytes > MOST_BYTES:
        raise MaxstimError(
            f"The images in {path} take {n_bytes / 1e9:.1f} GB; keep to {MOST_BYTES / 1e9:.0f} GB."
        )
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        twice = [name for name, n in Counter(names).items() if n > 1]
        raise MaxstimError(
            f"Some files of the archive {path} are there twice ({_named(twice)}); pack it again."
        )


def _is_image(path: Path) -> bool:
    with path.open("rb") as file:
        return is_image(file.read(_HEAD)) or path.suffix.lower() in _SUFFIXES


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _stem(image: Path | zipfile.Path) -> str:
    return PurePosixPath(image.name).stem
