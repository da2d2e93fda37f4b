"""Film files: mp4, webm and gif, decoded frame by frame with FFmpeg's libraries (PyAV).

Kinds are told apart by what is in a file, not by its name, and each is opened with its own reader alone:
nothing that looks like a playlist can lead to other files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.stimuli.limits import FPS, MOST_FRAMES, MOST_SECONDS
from maxstim_core.stimuli.look import Look

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


def read_film(path: Path, kind: str, look: Look) -> tuple[np.ndarray, float]:
    """See a film.

    Args:
        path: A regular file.
        kind: What `film_kind` says.
        look: How to look at it.

    Returns:
        Luminance, shape (frame, column), and frames per second. Where the durations of frames differ,
        as in films from a telephone, frames are repeated.

    Raises:
        MaxstimError: if it holds no film, is damaged or incomplete, or is beyond a limit.
    """
    import av

    damaged = MaxstimError(
        f"The film {path} is damaged or incomplete; export it again as mp4, webm or gif."
    )
    if kind == "gif" and not _ends_as_gif(path):
        raise damaged
    try:
        with av.open(str(path), format=kind, metadata_errors="ignore") as container:
            if not container.streams.video:
                raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
            _check_header(path, container, look)
            seen, times, end = _decoded(path, container, look)
            promised = (container.duration or 0) / 1e6
            told = float(container.streams.video[0].average_rate or 0)
    except av.FFmpegError as error:
        raise damaged from error
    if not times:
        raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
    if end < promised - max(0.1, _MAY_LACK * promised):
        raise damaged
    return _evenly(np.concatenate(seen), np.array(times), told)


def _ends_as_gif(path: Path) -> bool:
    """Tell whether a GIF has its last byte: its header says nothing of its length."""
    with path.open("rb") as file:
        file.seek(-min(64, path.stat().st_size), 2)
        return file.read().rstrip(b"\0").endswith(b";")


def _check_header(path: Path, container, look: Look) -> None:
    """Refuse what the header says is beyond a limit, before a picture is decoded."""
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise MaxstimError(
            f"The film {path} is coded in a way that cannot be read; export it again as mp4 or webm."
        )
    # A crop is for pictures that stand upright: whether these do is known when the first is decoded.
    replace(look, crop=None).eye(stream.height, stream.width)
    if (container.duration or 0) / 1e6 > MOST_SECONDS or stream.frames > MOST_FRAMES:
        raise _too_long(path)
    stream.thread_type = "AUTO"


def _decoded(path: Path, container, look: Look) -> tuple[list[np.ndarray], list[float], float]:
    """What the eye sees of each picture, when each is shown, and where the last packet ends, seconds."""
    from PIL import Image

    stream = container.streams.video[0]
    seen: list[np.ndarray] = []
    times: list[float] = []
    waiting: list[np.ndarray] = []
    size = (stream.height, stream.width)
    end = 0.0
    for packet in container.demux():
        if packet.pts is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream is not stream:
            continue
        for frame in packet.decode():
            if len(times) == MOST_FRAMES or (frame.time or 0) > MOST_SECONDS:
                raise _too_long(path)
            if frame.is_corrupt:
                raise MaxstimError(f"The film {path} has a damaged picture; export it again.")
            if (frame.height, frame.width) != size:
                raise MaxstimError(
                    f"The film {path} changes the size of its pictures; export it again in one size."
                )
            grey = np.asarray(Image.fromarray(frame.to_ndarray(format="rgb24")).convert("L"))
            waiting.append(np.rot90(grey, round(frame.rotation / 90)))
            times.append(len(times) / 24 if frame.time is None else frame.time)
            if len(waiting) >= look.batch(*size):
                seen.append(look.see(_luminance(waiting)))
                waiting = []
    if waiting:
        seen.append(look.see(_luminance(waiting)))
    return seen, times, end


def _luminance(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack(pictures) / np.float32(255)


def _evenly(seen: np.ndarray, times: np.ndarray, told: float) -> tuple[np.ndarray, float]:
    """Return frames that are all shown equally long, and how many of them there are in a second.

    Args:
        seen: Shape (frame, column).
        times: When each is shown, seconds.
        told: Frames per second by the header, for what the times leave open: webm rounds them to
            milliseconds.
    """
    durations = np.diff(times)
    if not len(durations):
        return seen, told or 24.0
    shortest = max(durations.min(), 1 / FPS[1])
    if durations.max() <= _UNEVEN * shortest:
        measured = float(1 / durations.mean())
        return seen, told if abs(told - measured) < 0.01 * measured else measured
    n_frames = round((times[-1] - times[0]) / shortest) + 1
    shown_at = times[0] + (np.arange(n_frames) + 0.5) * shortest
    return seen[np.searchsorted(times, shown_at, side="right") - 1], float(1 / shortest)


def _too_long(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is longer than {MOST_SECONDS / 60:.0f} minutes or {MOST_FRAMES} frames; "
        "cut it."
    )
