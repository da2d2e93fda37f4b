"""Your own movies: from a film, images or an array to a clip set in the data directory.

What may be taken in is told in `maxstim_core.stimuli.limits`. What a file is, is told by what is in it.
"""

from __future__ import annotations

import dataclasses
import math
import os
from contextlib import closing
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.augment import check_ways
from maxstim_core.stimuli.column_order import MAXSTIM, check_order
from maxstim_core.stimuli.files.animation import read_animation
from maxstim_core.stimuli.files.arrays import open_arrays, read_arrays
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.film import read_film
from maxstim_core.stimuli.files.image_files import find_images, read_images
from maxstim_core.stimuli.files.images import read_still
from maxstim_core.stimuli.files.white import check_white
from maxstim_core.stimuli.limits import (
    CLIP_SECONDS,
    FPS,
    MOST_FRAMES,
    MOST_SECONDS,
)
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.stimuli.viewing import Viewing
from maxstim_core.storage.atomic import aside

DEFAULT_SECONDS = 0.8
"""Length of a clip, as in the made set."""

STILL_FPS = 24.0
"""Frames per second of an image that stands still, where nothing else is asked for."""


def import_movie(
    path: str | os.PathLike,
    name: str,
    *,
    fps: float | None = None,
    seconds: float = DEFAULT_SECONDS,
    viewing: Viewing | None = None,
    flips: tuple[int, ...] = (0,),
    rotations: tuple[int, ...] = (0,),
    replace: bool = False,
    source: str | None = None,
    order: str = MAXSTIM,
    report_progress: ReportProgress = no_report,
) -> clip_store.StoredClips:
    """Store what the eye sees of a movie as a clip set.

    Args:
        path: A film (mp4, webm, gif), an image, a folder or zip of images, or an array (``.npy``,
            ``.npz``, NetCDF).
        name: Name of the set.
        fps: Frames per second at which it is shown; as the file says if None.
        seconds: Length of the clips that longer movies are cut into. All of a movie is covered: where it
            is no multiple of this, clips overlap. A single image stands still for so long.
        viewing: Which part of the frames is looked at, and how; the whole shorter side if None.
        flips: Mirror axes of the augmented set: see `maxstim_core.stimuli.augment.Augmented`.
        rotations: Its rotations.
        replace: Whether a set of this name may be replaced.
        source: What the set shall say that it was made of; the path if None.
        order: Whose order the columns of an array are in: see `maxstim_core.stimuli.column_order`.
        report_progress: Whom to tell how far it is; what it raises cancels the import.

    Returns:
        The set, as stored.

    Raises:
        MaxstimError: if a value makes no sense, the movie is missing, damaged, no movie or beyond a
            limit, or the set cannot be stored. Nothing is stored then.
    """
    if not os.fspath(path):  # which would be the current folder
        raise MaxstimError("There is no movie without a path; name a file or a folder of images.")
    path, viewing = Path(path), viewing or Viewing()
    _check_number("frames per second", fps, FPS)
    _check_number("length of a clip in seconds", seconds, CLIP_SECONDS)
    _check_name(name, replace)
    check_ways(flips, rotations)
    films, facts = _see(path, viewing, fps, seconds, order, report_progress)
    if facts.fps is None:
        raise _no_pace(path)
    _check_number("frames per second of the film", facts.fps, FPS)
    for _, lum in films:
        if len(lum) > MOST_FRAMES or len(lum) / facts.fps > MOST_SECONDS:
            raise MaxstimError(
                f"{path} is longer than {MOST_SECONDS / 60:.0f} minutes or {MOST_FRAMES} frames; cut it."
            )
    _check_name(name, replace)  # again: somebody may have taken it in the meantime
    with aside(clip_store.clips_folder(name).parent) as made:
        clip_store.check_room(made)
        source = source or str(path.absolute())
        _store(made, name, films, facts, seconds, source, viewing, flips, rotations)
        clip_store.name_set(made, name, replace=replace)
    return clip_store.open_stored(clip_store.clips_folder(name))


def _check_name(name: str, replace: bool) -> None:
    folder, other = clip_store.clips_folder(name), clip_store.taken_by(name)
    if other in clip_store.RESERVED:
        raise MaxstimError(f"The name {name!r} belongs to maxstim; choose another.")
    if other is not None and not (replace and other == name):
        way_out = ", or add --replace" if other == name else ""
        raise MaxstimError(f"There is a clip set {other!r} already; choose another name{way_out}.")
    if other is None and os.path.lexists(folder):
        raise MaxstimError(
            f"{folder} is there, but is no clip set; remove it or choose another name."
        )


def _see(
    path: Path,
    viewing: Viewing,
    fps: float | None,
    seconds: float,
    order: str,
    report_progress: ReportProgress,
) -> tuple[list[tuple[str, np.ndarray]], MovieFacts]:
    """What the eye sees, for each film its name and luminance, and what was found out of the file."""
    check_order(order)
    kind = kind_of(path)
    if kind.holds != "array" and order != MAXSTIM:
        raise MaxstimError(
            f"{path} holds pixels, which have no order of columns; leave the order out."
        )
    if kind.holds == "image":
        pixels, facts = read_still(path, viewing.ground)
        check_white(f"The image {path}", float(pixels.max()), facts.white)
        pace = fps or STILL_FPS
        lum = np.repeat(viewing.see(pixels[None]), max(1, round(seconds * pace)), axis=0)
        facts = dataclasses.replace(facts, fps=pace, fps_from="default", frames=len(lum))
        return [("", lum)], _asked(facts, fps)
    if kind.holds == "array":
        if fps is None:
            with closing(open_arrays(path, kind.format, viewing, order)) as opened:
                first = next(opened, None)
            if first is not None and first.fps is None and not first.no_pace:
                raise _no_pace(path)
        if viewing != dataclasses.replace(viewing, crop=None, pixels=None, kernel="box"):
            _check_pixels(path, kind.format, viewing, order)
        arrays = read_arrays(path, kind.format, viewing, report_progress, fps=fps, order=order)
        frames = sum(len(lum) for _, lum, _ in arrays)
        facts = dataclasses.replace(arrays[0][2], frames=frames)
        return [(name, lum) for name, lum, _ in arrays], _asked(facts, fps)
    if kind.holds == "film":
        lum, facts = read_film(path, kind.format, viewing, report_progress)
    elif kind.holds == "animation":
        lum, facts = read_animation(path, viewing, fps, report_progress)
    else:
        if fps is None:
            find_images(path)  # what is wrong with them comes first
            raise _no_pace(path)
        lum, facts = read_images(path, viewing, report_progress)
    return [("", lum)], _asked(facts, fps)


def _check_pixels(path: Path, kind: str, viewing: Viewing, order: str) -> None:
    """Refuse to look in another way at what the eye sees already.

    Raises:
        MaxstimError: if a film of the file is one of columns.
    """
    with closing(open_arrays(path, kind, viewing, order)) as films:
        of_columns = next((film.what for film in films if film.is_columns), None)
    if of_columns is not None:
        raise MaxstimError(
            f"{of_columns} holds columns, of which no part or scale can be chosen; leave crop, pixels "
            "per column and kernel out."
        )


def _asked(facts: MovieFacts, fps: float | None) -> MovieFacts:
    """The same, at the pace that was asked for, if any was."""
    return facts if fps is None else dataclasses.replace(facts, fps=fps, fps_from="given")


def _no_pace(path: Path) -> MaxstimError:
    return MaxstimError(
        f"{path} does not say how fast it is to be shown; add the frames per second, for example "
        "--fps 24."
    )


def _store(
    folder: Path,
    name: str,
    films: list[tuple[str, np.ndarray]],
    facts: MovieFacts,
    seconds: float,
    source: str,
    viewing: Viewing,
    flips: tuple[int, ...],
    rotations: tuple[int, ...],
) -> None:
    fps = facts.fps
    assert fps is not None
    sequences, windows = [], []
    for k, (film, lum) in enumerate(films):
        sequences.append(
            clip_store.save_sequence(folder, f"{k:03d}", lum, lattice=viewing.lattice, fps=fps)
        )
        title = f"{name} {film}".rstrip()
        for start, stop in cuts(len(lum), max(1, round(seconds * fps))):
            clip = f"{title}, {start / fps:.2f} to {stop / fps:.2f} s"
            windows.append(clip_store.Window(clip, k, start, stop))
    seen: dict[str, object] = {
        "crop": viewing.crop,
        "pixels": viewing.pixels,
        "kernel": viewing.kernel,
    }
    seen |= {} if viewing.contrast == 1 else {"contrast": viewing.contrast}
    clip_store.save_index(
        folder,
        fps=fps,
        extent=viewing.lattice.extent,
        sequences=sequences,
        windows=windows,
        flips=flips,
        rotations=rotations,
        about={"source": source, **seen, "file": facts.as_json()},
    )


def cuts(n_frames: int, length: int) -> list[tuple[int, int]]:
    """Return where clips of a length start and stop that cover all frames, with the least overlap."""
    if n_frames <= length:
        return [(0, n_frames)]
    n_clips = math.ceil(n_frames / length)
    starts = np.linspace(0, n_frames - length, n_clips).round().astype(int)
    return [(int(start), int(start) + length) for start in starts]


def _check_number(what: str, value: float | None, bounds: tuple[float, float]) -> None:
    if value is not None and not bounds[0] <= value <= bounds[1]:
        raise MaxstimError(
            f"The {what} must lie between {bounds[0]:g} and {bounds[1]:g}, not {value:g}."
        )
