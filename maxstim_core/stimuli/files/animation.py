"""Image files of several pictures: animated PNG and WebP, and TIFF stacks."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.images import OpenImage, check_size, open_image
from maxstim_core.stimuli.files.square_pixels import square_size
from maxstim_core.stimuli.files.timing import evenly
from maxstim_core.stimuli.files.white import check_white
from maxstim_core.stimuli.limits import MOST_FRAMES, most_pixels
from maxstim_core.stimuli.viewing import Viewing

_LEAST_SECONDS, _USUAL_SECONDS = 0.01, 0.1
"""Browsers show what is to last as little, or nothing, for the usual time: many files say 0."""


@dataclass
class Animation:
    """An image file of several pictures that is open.

    Attributes:
        image: The file.
        pages: Which of its pictures are shown.
        ground: Luminance of what lies behind transparent pixels.
        facts: What was found out of it; its frames are pictures still.
        durations: How long each picture that has been read is shown, seconds; a stack tells none.
    """

    image: OpenImage
    pages: Sequence[int]
    ground: float
    facts: MovieFacts
    durations: list[float]

    def pictures(self) -> Generator[np.ndarray, None, None]:
        """Decode one picture after the other: luminance, shape (row, pixel column), float32.

        Raises:
            MaxstimError: if one is of another size than the first, or no luminance.
        """
        size: tuple[int, ...] = ()
        for page in self.pages:
            lum = self.image.luminance(page, self.ground)
            size = size or lum.shape
            if lum.shape != size:
                raise MaxstimError(
                    f"Picture {page + 1} of {self.image.path} is {lum.shape[1]} x {lum.shape[0]} "
                    f"pixels, the first is {size[1]} x {size[0]}; save those of one size alone."
                )
            if self.image.image.format != "TIFF":
                seconds = float(self.image.image.info.get("duration", 0)) / 1000
                self.durations.append(seconds if seconds > _LEAST_SECONDS else _USUAL_SECONDS)
            yield lum

    def paced(self, lum: np.ndarray, fps: float | None) -> tuple[np.ndarray, MovieFacts]:
        """Return frames that all last the same, and what was found out of the file.

        Args:
            lum: One frame for each picture that has been read, shape (frame, ...).
            fps: Frames per second at which a stack is shown that tells none.
        """
        if not self.durations:
            interval = self.image.frame_interval
            if fps is None and interval:
                return lum, replace(
                    self.facts, fps=1 / interval, fps_from="frame interval", frames=len(lum)
                )
            return lum, replace(self.facts, fps=fps, frames=len(lum))
        times = np.cumsum([0.0, *self.durations[:-1]])
        pace = evenly(times, last=self.durations[-1])
        told = "durations of pictures" if pace.fps_from == "time stamps" else pace.fps_from
        facts = replace(self.facts, fps=pace.fps, fps_from=told, frames=len(pace.order))
        return lum[pace.order], facts


@contextmanager
def open_animation(path: Path, viewing: Viewing) -> Iterator[Animation]:
    """Open an image file of several pictures.

    Raises:
        MaxstimError: if it is damaged, its pictures do not follow one another, or it is beyond a limit.
    """
    with open_image(path) as image:
        pages, left_out = image.pages()
        image.image.seek(pages[0])
        width, height = image.size
        if len(pages) > MOST_FRAMES or width * height * len(pages) > most_pixels(
            path.stat().st_size
        ):
            raise MaxstimError(
                f"The image {path} unpacks to {len(pages)} pictures of {width} x {height} pixels, more "
                "than an image of its size holds; export it as mp4 or webm."
            )
        facts = image.facts(viewing.ground, len(pages), left_out)
        square = square_size(height, width, facts.pixel_aspect)
        check_size(path, square[1], square[0])
        replace(viewing, crop=None).eye(*square)
        yield Animation(image, pages, viewing.ground, facts, [])


def read_animation(
    path: Path,
    viewing: Viewing,
    fps: float | None = None,
    report_progress: ReportProgress = no_report,
) -> tuple[np.ndarray, MovieFacts]:
    """See all pictures of an image file, one after the other.

    Args:
        path: An animated PNG or WebP, or a TIFF stack.
        viewing: How to look at it.
        fps: Frames per second at which a stack is shown that tells none.
        report_progress: Whom to tell how far it is.

    Returns:
        Luminance, shape (frame, column), and what was found out of the file; its frames per second are
        None where neither it nor `fps` tells them.

    Raises:
        MaxstimError: if a picture is damaged or of another size than the first, or the file is beyond a
            limit.
    """
    seen, most = [], 0.0
    with open_animation(path, viewing) as animation:
        for lum in animation.pictures():
            seen.append(viewing.see(lum[None]))
            most = max(most, float(lum.max()))
            report_progress(len(seen) / len(animation.pages))
        check_white(f"The image {path}", most, animation.facts.white)
        return animation.paced(np.concatenate(seen), fps)
