"""The beginning of a movie, kept so that the eye can look at it again and again before it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.files.arrays import open_arrays
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.film import evenly, luminance, open_film
from maxstim_core.stimuli.files.images import find_images, image_batches, read_image
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
_ANY = Viewing()


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
    """

    frames: Sequence[np.ndarray]
    order: np.ndarray
    pictures: tuple[bytes, ...]
    fps: float | None
    n_frames: int

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
            frames = np.stack(self.frames[start : start + step])
            seen.append(viewing.see(luminance(frames) if frames.dtype == np.uint8 else frames))
            report_progress(min(1.0, (start + step) / len(self.frames)))
        return np.concatenate(seen)[self.order]


def open_preview(path: Path, report_progress: ReportProgress = no_report) -> MoviePreview:
    """Read the beginning of a movie.

    Args:
        path: As for `maxstim_core.stimuli.stored.import_movie.import_movie`. Of several films in a
            file, the first.
        report_progress: Whom to tell how far it is; what it raises cancels it.

    Raises:
        MaxstimError: if the movie is missing, damaged, no movie or beyond a limit, as far as its
            beginning tells.
    """
    kind = kind_of(path)
    if kind.holds == "film":
        return _of_film(path, kind.format, report_progress)
    if kind.holds == "image":
        return _of_pixels(iter([read_image(path)[None]]), 1, None, report_progress)
    if kind.holds == "images":
        files = find_images(path)
        return _of_pixels(image_batches(files[:FRAMES], _ANY), len(files), None, report_progress)
    with closing(open_arrays(path, kind.format, _ANY)) as films:
        film = next(films, None)
    if film is None:
        raise MaxstimError(f"The file {path} holds no array; choose another file.")
    n_frames = len(film.values)
    if film.is_columns:
        kept = min(n_frames, FRAMES)
        return MoviePreview(list(film.luminance(0, kept)), np.arange(kept), (), film.fps, n_frames)
    step = _ANY.batch(*film.values.shape[1:3])
    batches = (film.luminance(start, start + step) for start in range(0, n_frames, step))
    return _of_pixels(batches, n_frames, film.fps, report_progress)


def _of_film(path: Path, kind: str, report_progress: ReportProgress) -> MoviePreview:
    frames: list[np.ndarray] = []
    pictures: list[bytes] = []
    times: list[float] = []
    with open_film(path, kind, _ANY) as film, closing(film.pictures()) as shown:
        for picture in shown:
            frames.append(picture.grey)
            pictures.append(_small(picture.color))
            times.append(picture.time)
            share = max((times[-1] - times[0]) / _SECONDS, len(frames) / _most(picture.grey))
            if share >= 1:
                break
            report_progress(share)
        n_frames = film.n_frames or round(film.seconds * film.rate)
        rate = film.rate
    order, fps = evenly(np.array(times), rate)
    return MoviePreview(frames, order, tuple(pictures), fps, max(n_frames, len(order)))


def _of_pixels(
    batches: Iterator[np.ndarray], n_frames: int, fps: float | None, report_progress: ReportProgress
) -> MoviePreview:
    frames: list[np.ndarray] = []
    pictures: list[bytes] = []
    for batch in batches:
        _ANY.eye(*batch.shape[1:])
        most = _most(batch[0])
        batch = batch[: most - len(frames)]
        frames.extend(batch)
        pictures.extend(_small(np.round(255 * lum).astype(np.uint8)) for lum in batch)
        share = len(frames) / min(most, n_frames)
        report_progress(share)
        if share >= 1:
            break
    return MoviePreview(frames, np.arange(len(frames)), tuple(pictures), fps, n_frames)


def _most(frame: np.ndarray) -> int:
    """How many frames like this one are kept."""
    return max(1, min(FRAMES, BYTES // frame.nbytes))


def _small(picture: np.ndarray) -> bytes:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
