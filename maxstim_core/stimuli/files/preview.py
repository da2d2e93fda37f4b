"""The beginning of a movie, kept so that the eye can look at it again and again before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np

from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.files.animation import open_animation
from maxstim_core.stimuli.files.arrays import open_arrays
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.film import open_film, paced, stacked
from maxstim_core.stimuli.files.image_files import find_images, image_batches
from maxstim_core.stimuli.files.images import read_still
from maxstim_core.stimuli.viewing import Viewing

_SECONDS = 4.0
"""How much of a film is kept at most."""

FRAMES = 160
"""How many frames are kept at most."""

BYTES = 200_000_000
"""Of all frames kept, at the size that the film has: 24 frames of 4K, 96 of Full HD."""

_SIDE = 480
"""Longer side of the small pictures, in pixels."""

_QUALITY = 80


@dataclass(frozen=True)
class MoviePreview:
    """The first seconds of a movie.

    Attributes:
        frames: What the movie holds, one after the other: each of shape (row, pixel column), grey of 0
            to 255 (uint8) or luminance in [0, 1] (float32); or luminance of shape (column,).
        order: Which of them is shown at each frame, shape (frame,): uneven films repeat some.
        pictures: JPEG of each kept frame, small and in colour where there is some; none for columns.
        fps: Frames per second by the file, if it tells; the import may find another where the rest of
            a film is uneven.
        n_frames: How many frames the whole movie has, roughly where it is a film.
        facts: What was found out of the file so far.
    """

    frames: Sequence[np.ndarray]
    order: np.ndarray
    pictures: tuple[bytes, ...]
    fps: float | None
    n_frames: int
    facts: MovieFacts = field(default_factory=MovieFacts)

    @property
    def is_columns(self) -> bool:
        """Whether the movie is what the eye sees already."""
        return self.frames[0].ndim == 1

    @property
    def is_still(self) -> bool:
        """Whether the movie is a single picture."""
        return self.n_frames == 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures, in pixels; nothing of the kind for columns."""
        return (0, 0) if self.is_columns else self.frames[0].shape

    def see(self, viewing: Viewing, report_progress: ReportProgress = no_report) -> np.ndarray:
        """Return what the eye sees, as it would be stored, shape (frame, column), float32.

        Raises:
            MaxstimError: if the pictures cannot be looked at so.
        """
        if self.is_columns:
            return viewing.contrasted(np.stack(self.frames))[self.order]
        step = viewing.batch(*self.size)
        seen = []
        for start in range(0, len(self.frames), step):
            seen.append(viewing.see(stacked(self.frames[start : start + step])))
            report_progress(min(1.0, (start + step) / len(self.frames)))
        return np.concatenate(seen)[self.order]


def open_preview(
    path: Path, report_progress: ReportProgress = no_report, ground: float = GREY
) -> MoviePreview:
    """Read the beginning of a movie.

    Args:
        path: As for `maxstim_core.stimuli.stored.import_movie.import_movie`. Of several films in a
            file, the first.
        report_progress: Whom to tell how far it is; what it raises cancels it.
        ground: Luminance behind what is transparent.

    Raises:
        MaxstimError: if the movie is missing, damaged, no movie or beyond a limit, as far as its
            beginning tells.
    """
    kind, viewing = kind_of(path), Viewing(ground=ground)
    if kind.holds == "film":
        return _of_film(path, kind.format, viewing, report_progress)
    if kind.holds == "animation":
        return _of_animation(path, viewing, report_progress)
    if kind.holds == "image":
        pixels, facts = read_still(path, ground)
        return _of_pixels(iter([pixels[None]]), facts, report_progress)
    if kind.holds == "images":
        files = find_images(path)
        batches = image_batches(files, viewing, FRAMES)
        first, facts = next(batches)
        pixels_of_all = chain([first], (pixels for pixels, _ in batches))
        facts = replace(facts, frames=len(files))
        return _of_pixels(pixels_of_all, facts, report_progress)
    with closing(open_arrays(path, kind.format, viewing)) as films:
        film = next(films, None)
    if film is None:
        raise MaxstimError(f"The file {path} holds no array; choose another file.")
    n_frames = len(film.values)
    facts = film.facts(ground)
    if film.is_columns:
        kept = min(n_frames, FRAMES)
        shown = list(film.luminance(0, kept))
        return MoviePreview(shown, np.arange(kept), (), film.fps, n_frames, facts)
    step = viewing.batch(*film.values.shape[1:3])
    pixels_of_film = (
        film.luminance(start, start + step, ground) for start in range(0, n_frames, step)
    )
    return _of_pixels(pixels_of_film, facts, report_progress)


def _of_film(
    path: Path, kind: str, viewing: Viewing, report_progress: ReportProgress
) -> MoviePreview:
    frames: list[np.ndarray] = []
    pictures: list[bytes] = []
    times: list[float] = []
    share = 0.0

    def tick() -> None:
        report_progress(share)

    with open_film(path, kind, viewing) as film, closing(film.pictures(tick)) as shown:
        for picture in shown:
            frames.append(picture.grey)
            pictures.append(_small(picture.color, picture.grey))
            times.append(picture.time)
            share = max((times[-1] - times[0]) / _SECONDS, len(frames) / _most(picture.grey))
            if share >= 1:
                break
        n_frames = film.n_frames or round(film.seconds * film.rate)
    order, facts = paced(np.arange(len(frames)), times, film)
    facts = replace(facts, frames=max(n_frames, len(order)))
    return MoviePreview(frames, order, tuple(pictures), facts.fps, facts.frames, facts)


def _of_animation(path: Path, viewing: Viewing, report_progress: ReportProgress) -> MoviePreview:
    frames: list[np.ndarray] = []
    with open_animation(path, viewing) as animation, closing(animation.pictures()) as shown:
        for lum in shown:
            frames.append(lum)
            share = len(frames) / min(_most(lum), len(animation.pages))
            report_progress(min(1.0, share))
            if share >= 1:
                break
        order, facts = animation.paced(np.arange(len(frames)), None)
        n_frames = len(order) + len(animation.pages) - len(frames)
    pictures = tuple(_small(np.round(255 * lum).astype(np.uint8), lum) for lum in frames)
    facts = replace(facts, frames=n_frames)
    return MoviePreview(frames, order, pictures, facts.fps, n_frames, facts)


def _of_pixels(
    batches: Iterator[np.ndarray], facts: MovieFacts, report_progress: ReportProgress
) -> MoviePreview:
    frames: list[np.ndarray] = []
    pictures: list[bytes] = []
    for batch in batches:
        Viewing().eye(*batch.shape[1:])
        most = _most(batch[0])
        batch = batch[: most - len(frames)]
        frames.extend(batch)
        pictures.extend(_small(np.round(255 * lum).astype(np.uint8), lum) for lum in batch)
        share = len(frames) / min(most, facts.frames)
        report_progress(share)
        if share >= 1:
            break
    order = np.arange(len(frames))
    return MoviePreview(frames, order, tuple(pictures), facts.fps, facts.frames, facts)


def _most(frame: np.ndarray) -> int:
    """How many frames like this one are kept."""
    return max(1, min(FRAMES, BYTES // frame.nbytes))


def _small(picture: np.ndarray, frame: np.ndarray) -> bytes:
    """A picture as JPEG, in the shape of the frame that was made of it, whose pixels are square."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    if picture.shape[:2] != frame.shape:
        image = image.resize(frame.shape[::-1], Image.Resampling.BILINEAR)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
