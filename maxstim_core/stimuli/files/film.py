"""Film files: mp4, webm and gif, decoded frame by frame with FFmpeg's libraries (PyAV).

Kinds are told apart by what is in a file, not by its name, and each is opened with its own reader alone:
nothing that looks like a playlist can lead to other files.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.limits import FPS, MOST_FRAMES, MOST_SECONDS
from maxstim_core.stimuli.viewing import Viewing

if TYPE_CHECKING:
    from av.container import InputContainer

_MAY_LACK = 0.02
"""Share of the promised length that may lack at the end, and at least 0.1 s: more was cut off."""

_UNEVEN = 1.5
"""Frames whose durations differ by more than this are shown at the pace of the shortest."""


def film_kind(head: bytes) -> str | None:
    """Return FFmpeg's name for what a file is that begins with these bytes, or None for no film."""
    if head[4:8] == b"ftyp":
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return None


def is_photo(head: bytes) -> bool:
    """Tell whether a file that begins like an mp4 is a telephone's photo (HEIC, AVIF)."""
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif")


class FilmPicture(NamedTuple):
    """A picture of a film, upright.

    Attributes:
        grey: Luminance of 0 to 255, uint8, shape (row, pixel column).
        color: The same in colour, shape (row, pixel column, 3).
        time: When it is shown, seconds.
    """

    grey: np.ndarray
    color: np.ndarray
    time: float


@dataclass(frozen=True)
class Film:
    """A film that has been opened.

    Attributes:
        path: Its file.
        seconds: How long it is by its header, or 0.
        rate: Frames per second by its header, or 0.
        n_frames: How many frames it has by its header, or 0.
        container: PyAV's.
    """

    path: Path
    seconds: float
    rate: float
    n_frames: int
    container: InputContainer

    def pictures(self) -> Generator[FilmPicture, None, None]:
        """Decode one picture after the other.

        Raises:
            MaxstimError: if the film holds none, or at a picture that is damaged, of another size or
                beyond a limit; at the end if it is incomplete.
        """
        from PIL import Image

        path, stream = self.path, self.container.streams.video[0]
        size = (stream.height, stream.width)
        n_pictures, end = 0, 0.0
        for packet in self.container.demux():
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream is not stream:
                continue
            for frame in stream.decode(packet):
                if n_pictures == MOST_FRAMES or (frame.time or 0) > MOST_SECONDS:
                    raise _too_long(path)
                if frame.is_corrupt:
                    raise MaxstimError(f"The film {path} has a damaged picture; export it again.")
                if (frame.height, frame.width) != size:
                    raise MaxstimError(
                        f"The film {path} changes the size of its pictures; export it again in one "
                        "size."
                    )
                color = frame.to_ndarray(format="rgb24")
                grey = np.asarray(Image.fromarray(color).convert("L"))
                time = n_pictures / 24 if frame.time is None else frame.time
                turns = round(frame.rotation / 90)
                yield FilmPicture(np.rot90(grey, turns), np.rot90(color, turns), time)
                n_pictures += 1
        if not n_pictures:
            raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
        if end < self.seconds - max(0.1, _MAY_LACK * self.seconds):
            raise _damaged(path)


@contextmanager
def open_film(path: Path, kind: str, viewing: Viewing) -> Iterator[Film]:
    """Open a film, and close it when it has been read.

    Args:
        path: A regular file.
        kind: What `film_kind` says.
        viewing: How it will be looked at.

    Raises:
        MaxstimError: if it holds no film, or its header says that it is damaged or beyond a limit; also
            if it turns out damaged while it is read.
    """
    import av

    if kind == "gif" and not _ends_as_gif(path):
        raise _damaged(path)
    try:
        with av.open(str(path), format=kind, metadata_errors="ignore") as container:
            if not container.streams.video:
                raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
            _check_header(path, container, viewing)
            stream, seconds = container.streams.video[0], (container.duration or 0) / 1e6
            yield Film(path, seconds, float(stream.average_rate or 0), stream.frames, container)
    except av.FFmpegError as error:
        raise _damaged(path) from error


def read_film(
    path: Path, kind: str, viewing: Viewing, report_progress: ReportProgress = no_report
) -> tuple[np.ndarray, float]:
    """See a film.

    Args:
        path: A regular file.
        kind: What `film_kind` says.
        viewing: How to look at it.
        report_progress: Whom to tell how far it is.

    Returns:
        Luminance, shape (frame, column), and frames per second. Where the durations of frames differ,
        as in films from a telephone, frames are repeated.

    Raises:
        MaxstimError: if it holds no film, is damaged or incomplete, or is beyond a limit.
    """
    seen: list[np.ndarray] = []
    times: list[float] = []
    waiting: list[np.ndarray] = []
    with open_film(path, kind, viewing) as film:
        for picture in film.pictures():
            waiting.append(picture.grey)
            times.append(picture.time)
            if len(waiting) >= viewing.batch(*picture.grey.shape):
                seen.append(viewing.see(luminance(np.stack(waiting))))
                waiting = []
                report_progress(min(1.0, picture.time / film.seconds) if film.seconds else 0.0)
    if waiting:
        seen.append(viewing.see(luminance(np.stack(waiting))))
    order, fps = evenly(np.array(times), film.rate)
    if len(order) > MOST_FRAMES:
        raise _too_long(path)
    return np.concatenate(seen)[order], fps


def luminance(grey: np.ndarray) -> np.ndarray:
    """Return 0 to 255, uint8, as luminance in [0, 1], float32, in the same shape."""
    return grey / np.float32(255)


def evenly(times: np.ndarray, told: float) -> tuple[np.ndarray, float]:
    """Return which pictures to show one after the other, all equally long, and how many in a second.

    Args:
        times: When each picture is shown, seconds, shape (picture,).
        told: Frames per second by the header, for what the times leave open: webm rounds them to
            milliseconds.

    Returns:
        Indices of pictures, shape (frame,), and frames per second.
    """
    durations = np.diff(times)
    every = np.arange(len(times))
    if not len(durations):
        return every, told or 24.0
    # One of a hundred may be shorter: films have hiccups, and pictures are not to be repeated for them.
    shortest = max(np.quantile(durations, 0.01, method="lower"), 1 / FPS[1])
    if durations.max() <= _UNEVEN * shortest:
        measured = float(1 / durations.mean())
        return every, told if abs(told - measured) < 0.01 * measured else measured
    n_frames = round((times[-1] - times[0]) / shortest) + 1
    shown_at = times[0] + (np.arange(n_frames) + 0.5) * shortest
    return np.searchsorted(times, shown_at, side="right") - 1, float(1 / shortest)


def _ends_as_gif(path: Path) -> bool:
    """Tell whether a GIF has its last byte: its header says nothing of its length."""
    with path.open("rb") as file:
        file.seek(-min(64, path.stat().st_size), 2)
        return file.read().rstrip(b"\0").endswith(b";")


def _check_header(path: Path, container: InputContainer, viewing: Viewing) -> None:
    """Refuse what the header says is beyond a limit, before a picture is decoded."""
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise MaxstimError(
            f"The film {path} is coded in a way that cannot be read; export it again as mp4 or webm."
        )
    # A crop is for pictures that stand upright: whether these do is known when the first is decoded.
    replace(viewing, crop=None).eye(stream.height, stream.width)
    if (container.duration or 0) / 1e6 > MOST_SECONDS or stream.frames > MOST_FRAMES:
        raise _too_long(path)
    stream.thread_type = "AUTO"


def _damaged(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is damaged or incomplete; export it again as mp4, webm or gif."
    )


def _too_long(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is longer than {MOST_SECONDS / 60:.0f} minutes or {MOST_FRAMES} frames; "
        "cut it."
    )
