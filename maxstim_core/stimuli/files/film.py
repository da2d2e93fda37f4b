"""Film files: mp4, mov, webm, mkv and gif, decoded frame by frame with FFmpeg's libraries (PyAV).

Kinds are told apart by what is in a file, not by its name, and each is opened with its own reader alone,
which gets the bytes of that file and no name: nothing in it can lead to other files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress, no_report
from maxstim_core.stimuli.eye import as_luminance
from maxstim_core.stimuli.files.facts import MovieFacts
from maxstim_core.stimuli.files.frame_luminance import pixels_of, range_of
from maxstim_core.stimuli.files.gif import check_gif
from maxstim_core.stimuli.files.hevc import has_layers
from maxstim_core.stimuli.files.jpeg import is_overfull
from maxstim_core.stimuli.files.matroska import EBML, read_matroska_header
from maxstim_core.stimuli.files.orientation import UPRIGHT, Orientation, of_matrix
from maxstim_core.stimuli.files.quicktime import (
    FilmHeader,
    is_quicktime,
    read_quicktime_header,
)
from maxstim_core.stimuli.files.square_pixels import SQUARE, square_size, with_square_pixels
from maxstim_core.stimuli.files.timing import evenly
from maxstim_core.stimuli.limits import (
    MOST_FRAMES,
    MOST_PIXELS,
    MOST_SECONDS,
    most_changed_pixels,
    most_pixels,
)
from maxstim_core.stimuli.viewing import Viewing

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane
    from av.video.stream import VideoStream

_MAY_LACK = 0.02
"""Share of the promised length that may lack at the end, and at least 0.1 s: more was cut off."""

_FIELDS = (2, 3, 4, 5)
"""FFmpeg's numbers of orders of two fields; 0 is not told, 1 is none."""

_MOST_FIELDS = 2
"""Packets that a picture may be made of."""

_GUESSED = 0.5
"""Share of the pictures that length and rate promise which a film is sure to have."""

_READ_BYTES = 1 << 18
"""Read at once: Python is asked less often than for FFmpeg's usual 32 kB."""

_OPTIONS = {"max_pixels": str(round(1.1 * MOST_PIXELS))}
"""Of decoders, which look at some frames when a film is opened. Coded pictures are a little larger than
shown ones: sides are multiples of 16 or 64."""

_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that see the transparency of webm; FFmpeg's own pass over it."""


def film_kind(head: bytes) -> str | None:
    """Return FFmpeg's name for what a file is that begins with these bytes, or None for no film."""
    if is_quicktime(head):
        return "mov"
    if head.startswith(EBML):
        return "matroska"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return None


class FilmPicture(NamedTuple):
    """A picture of a film, upright, with square pixels, on its ground.

    Attributes:
        grey: Luminance of 0 to 255, uint8, or in [0, 1], float32, shape (row, pixel column).
        color: The same in colour, 0 to 255, shape (row, pixel column, 3); stored pixels need not be
            square there.
        time: When it is shown, seconds.
        stays: Whether it is the very picture before it, which stays on the screen.
    """

    grey: np.ndarray
    color: np.ndarray
    time: float
    stays: bool = False


class Film:
    """A film that has been opened.

    Args:
        path: Its file.
        container: PyAV's.
        stream: The one whose pictures are shown.
        header: What its header says beside what FFmpeg reads.
        facts: What was found out of it so far.

    Attributes:
        facts: What was found out; whole once all pictures have been read.
        seconds: How long the film is by its header, or 0.
        rate: Frames per second by its header, or 0.
        n_frames: How many frames it has by its header, or 0.
        last: How long the last picture is shown, seconds, once all have been read; 0 where nothing
            tells.
    """

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        header: FilmHeader,
        facts: MovieFacts,
    ) -> None:
        from av.video.reformatter import VideoReformatter

        self.facts, self.last = facts, 0.0
        self._reformatter, self._has_layers = VideoReformatter(), False
        # Of a webm that was cut out of a longer one, times and length count from that one's beginning.
        self._promised = (container.duration or 0) / 1e6
        self._is_mov = container.format.name.startswith("mov")
        self._is_jpeg = stream.codec_context.name.startswith("mjpeg")
        start = 0 if self._is_mov else (container.start_time or 0)
        self.seconds = max(0.0, self._promised - start / 1e6)
        self.rate, self.n_frames = float(stream.average_rate or 0), stream.frames
        self._path, self._container, self._stream, self._crop = path, container, stream, header.crop
        self._begin, self._end, self._last_end = np.inf, -np.inf, -np.inf
        self._n_packets = self._rotation = 0
        n_bytes, n_pixels = path.stat().st_size, stream.width * stream.height
        self._most_pictures = most_pixels(n_bytes) // n_pixels
        self._most_changes = most_changed_pixels(n_bytes) // n_pixels

    def pictures(
        self, tick: Callable[[], None] = lambda: None
    ) -> Generator[FilmPicture, None, None]:
        """Decode one picture after the other.

        Args:
            tick: Called again and again, even where many pictures are decoded that are not shown; what
                it raises ends the work.

        Raises:
            MaxstimError: if the film holds none, or at a picture that is damaged, of another size or
                beyond a limit; at the end if it is incomplete.
        """
        path = self._path
        n_pictures, n_changes, first, time = 0, 0, 0.0, 0.0
        before: tuple[VideoFrame, FilmPicture] | None = None
        for frame in self._frames(tick):
            time = n_pictures / (self.rate or 24.0) if frame.time is None else frame.time
            if not math.isfinite(time):
                raise _damaged(path)
            first = time if not n_pictures else first
            if n_pictures == MOST_FRAMES or time - first > MOST_SECONDS:
                raise _too_long(path)
            if n_pictures >= self._most_pictures:
                raise _too_much(path)
            if before is not None and _is_same(frame, before[0]):
                picture = before[1]._replace(time=time, stays=True)
            else:
                if n_changes >= self._most_changes:
                    raise _too_much(path)
                picture = self._picture(frame, time, is_first=not n_pictures)
                before, n_changes = (frame, picture), n_changes + 1
            yield picture
            n_pictures += 1
        if not n_pictures:
            raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
        self._note_end()
        self.last = max(0.0, self._last_end - time)
        begin = self._begin if self._is_mov else 0.0
        if self._end - begin < self._promised - max(0.1, _MAY_LACK * self._promised):
            raise _damaged(path)

    def _picture(self, frame: VideoFrame, time: float, is_first: bool) -> FilmPicture:
        path, stream = self._path, self._stream
        if (frame.height, frame.width) != (stream.height, stream.width):
            raise MaxstimError(
                f"The film {path} changes the size of its pictures; export it again in one size."
            )
        aspect = _aspect(stream)
        if is_first:
            self._look_at_first(frame)
        # Not the whole matrix: a frame whose side data were read stays in memory for long (PyAV 18.1).
        if (frame.rotation, aspect) != (self._rotation, self.facts.pixel_aspect):
            raise MaxstimError(
                f"The film {path} turns or stretches its pictures while it runs; export it again."
            )
        try:
            grey, color = pixels_of(frame, self.facts.ground, self._reformatter)
        except MaxstimError as error:
            raise MaxstimError(f"The film {path} cannot be read: {error}") from None
        if self._crop is not None:
            x, y, width, height = self._crop
            grey, color = grey[y : y + height, x : x + width], color[y : y + height, x : x + width]
        if square_size(grey.shape[0], grey.shape[1], aspect) != grey.shape:
            grey = with_square_pixels(as_luminance(grey), aspect)
        upright = self.facts.orientation.upright
        return FilmPicture(upright(grey), upright(color), time)

    def _look_at_first(self, frame: VideoFrame) -> None:
        self._rotation = frame.rotation
        orientation = _orientation(frame, self._path)
        self.facts = replace(self.facts, orientation=orientation, range=range_of(frame))
        if self._crop is not None:
            x, y, width, height = self._crop
            self._leave_out(
                f"what lies outside the {width} x {height} pixels at {x}, {y} that the film shows"
            )
        stereo = _side_data(frame, "STEREO3D")
        if int.from_bytes(stereo[:4], "little"):
            raise MaxstimError(
                f"The film {self._path} holds two pictures in one, for two eyes; export one of them."
            )
        clear = any(component.is_alpha for component in frame.format.components)
        if self._has_layers and not clear:
            raise MaxstimError(
                f"The film {self._path} has a second layer, of opacity or for another eye, which is not "
                "read; export it without."
            )
        if _side_data(frame, "SPHERICAL"):
            self._leave_out("that the film is meant to be seen from inside a sphere")

    def _leave_out(self, what: str) -> None:
        self.facts = replace(self.facts, left_out=(*self.facts.left_out, what))

    def _frames(self, tick: Callable[[], None]) -> Iterator[VideoFrame]:
        """Decode frames, each whole: of interlaced ones, every second line is interpolated."""
        whole: Deinterlacer | None = None
        decode = _decoder(self._stream)
        for packet in self._container.demux():
            tick()
            if packet.pts is not None and not packet.is_discard:
                self._note_times(packet)
            if packet.stream is not self._stream:
                continue
            self._n_packets += packet.size > 0  # the last one asks for what is still being decoded
            if self._n_packets == 1 and self._stream.codec_context.name == "hevc":
                header = self._stream.codec_context.extradata or b""
                self._has_layers = has_layers(bytes(packet), header)
            if self._n_packets > _MOST_FIELDS * self._most_pictures:  # which may decode to nothing
                raise _too_much(self._path)
            if self._is_jpeg and is_overfull(BytesIO(packet)):
                raise _too_much(self._path)
            for frame in decode(packet):
                if frame.is_corrupt:
                    raise MaxstimError(
                        f"The film {self._path} has a damaged picture; export it again."
                    )
                if whole is None and frame.interlaced_frame:
                    whole = Deinterlacer(self._stream)
                    self._leave_out("the second field of each picture: the film is interlaced")
                if whole is None:
                    yield frame
                else:
                    yield from whole.put(frame)
        if whole is None and self._stream.codec_context.field_order in _FIELDS:
            self._leave_out(
                "that pictures are of two fields: the header says so, the pictures do not, and they are "
                "shown as they are"
            )
        if whole is not None:
            yield from whole.put(None)

    def _note_end(self) -> None:
        """Note when a film ends of which all pictures that its header counts are there.

        Of VP9 and others in mp4, FFmpeg's parsers tell the pace instead of how long the last one lasts.
        """
        stream = self._stream
        if not self._is_mov or not 0 < stream.frames <= self._n_packets:
            return
        assert stream.time_base is not None
        end = float(((stream.start_time or 0) + (stream.duration or 0)) * stream.time_base)
        self._end, self._last_end = max(self._end, end), max(self._last_end, end)

    def _note_times(self, packet: Packet) -> None:
        begin = float((packet.pts or 0) * packet.time_base)
        end = begin + float((packet.duration or 0) * packet.time_base)
        if not (math.isfinite(begin) and math.isfinite(end)):
            raise _damaged(self._path)
        self._begin, self._end = min(self._begin, begin), max(self._end, end)
        if packet.stream is self._stream:
            self._last_end = max(self._last_end, end)


class Deinterlacer:
    """Makes whole frames of those whose odd and even lines were taken one after the other.

    FFmpeg's ``bwdif`` keeps the first field of each and interpolates the lines of the second; frames
    that are not interlaced pass as they are.
    """

    def __init__(self, stream: VideoStream) -> None:
        from av.filter import Graph

        self._graph = Graph()
        source = self._graph.add_buffer(template=stream, time_base=stream.time_base)
        whole = self._graph.add("bwdif", "mode=send_frame:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(whole)
        whole.link_to(sink)
        self._graph.configure()

    def put(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        """Take the next frame, or None at the end, and yield what is whole: one frame later.

        Raises:
            MaxstimError: if FFmpeg cannot make it whole.
        """
        from av import FFmpegError

        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (BlockingIOError, EOFError):
                return
            except FFmpegError as error:
                raise MaxstimError(f"A picture cannot be deinterlaced ({error}).") from error


@contextmanager
def open_film(path: Path, kind: str, viewing: Viewing) -> Iterator[Film]:
    """Open a film, and close it when it has been read.

    Args:
        path: A regular file.
        kind: What `film_kind` says.
        viewing: How it will be looked at.

    Raises:
        MaxstimError: if it holds no film or several, lies in other files, or its header says that it is
            damaged or beyond a limit; also if it turns out damaged while it is read.
    """
    import av

    if kind == "gif":
        check_gif(path)
    readers = {"mov": read_quicktime_header, "matroska": read_matroska_header}
    header = readers[kind](path) if kind in readers else FilmHeader()
    try:
        with (
            path.open("rb") as file,
            av.open(
                _Nameless(file),
                "r",
                format=kind,
                options=_OPTIONS,
                metadata_errors="ignore",
                buffer_size=_READ_BYTES,
                io_open=_refuse_others,
            ) as container,
        ):
            stream, left_out = _only_film(path, container)
            _check_header(path, container, stream, header, viewing)
            facts = MovieFacts(
                (stream.width, stream.height),
                _aspect(stream),
                ground=viewing.ground,
                left_out=tuple(left_out),
            )
            yield Film(path, container, stream, header, facts)
    except (av.FFmpegError, _OtherFileError) as error:
        raise _damaged(path) from error


def read_film(
    path: Path, kind: str, viewing: Viewing, report_progress: ReportProgress = no_report
) -> tuple[np.ndarray, MovieFacts]:
    """See a film.

    Args:
        path: A regular file.
        kind: What `film_kind` says.
        viewing: How to look at it.
        report_progress: Whom to tell how far it is.

    Returns:
        Luminance, shape (frame, column), and what was found out of the film, with its frames per second.
        Where the durations of pictures differ, as in films from a telephone, they are repeated.

    Raises:
        MaxstimError: if it holds no film, is damaged or incomplete, or is beyond a limit.
    """
    seen: list[np.ndarray] = []
    times: list[float] = []
    waiting: list[np.ndarray] = []
    order: list[int] = []  # of the pictures that were looked at, the one that is shown each time
    share = 0.0

    def tick() -> None:
        report_progress(share)

    with open_film(path, kind, viewing) as film:
        for picture in film.pictures(tick):
            times.append(picture.time)
            shown = picture.time - times[0]
            share = min(1.0, shown / film.seconds) if film.seconds else 0.0
            if picture.stays:
                order.append(order[-1])
                continue
            order.append(order[-1] + 1 if order else 0)
            waiting.append(picture.grey)
            if len(waiting) >= viewing.batch(*picture.grey.shape):
                seen.append(viewing.see(stacked(waiting)))
                waiting = []
    if waiting:
        seen.append(viewing.see(stacked(waiting)))
    return paced(np.concatenate(seen)[order], times, film)


def paced(lum: np.ndarray, times: list[float], film: Film) -> tuple[np.ndarray, MovieFacts]:
    """Return frames that all last the same, and what was found out of the film.

    Args:
        lum: One frame for each picture, shape (frame, ...).
        times: When each is shown, seconds.
        film: The film, of which all pictures have been read.
    """
    pace = evenly(np.array(times), film.rate, film.last)
    left_out = film.facts.left_out
    if pace.n_unshown:
        left_out += (f"{pace.n_unshown} pictures that last less than a frame",)
    facts = replace(
        film.facts,
        fps=pace.fps,
        fps_from=pace.fps_from,
        frames=len(pace.order),
        left_out=left_out,
    )
    return lum[pace.order], facts


def stacked(greys: Sequence[np.ndarray]) -> np.ndarray:
    """Return pictures as one array for the eye, shape (frame, row, pixel column).

    Args:
        greys: Each of shape (row, pixel column): 0 to 255, uint8, or luminance already; a film may have
            both.

    Returns:
        0 to 255, uint8, where all are, else luminance in [0, 1], float32.
    """
    if all(grey.dtype == np.uint8 for grey in greys):
        return np.stack(greys)
    return np.stack([as_luminance(grey) for grey in greys])


class _OtherFileError(Exception):
    """Raised where something in a film asks for another file."""


def _refuse_others(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise _OtherFileError


class _Nameless:
    """The bytes of a file without its name, in which FFmpeg would look for protocols such as ``a:``."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _decoder(stream: VideoStream) -> Callable[[Packet], list[VideoFrame]]:
    """What decodes the packets of a stream, transparency included."""
    from av import CodecContext
    from av.video.codeccontext import VideoCodecContext

    name = _WITH_ALPHA.get(stream.codec_context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        stream.thread_type = "AUTO"
        return stream.decode
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.options = _OPTIONS
    return decoder.decode


def _only_film(path: Path, container: InputContainer) -> tuple[VideoStream, list[str]]:
    """The only film in a file, and what else the file holds."""
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    films = [stream for stream in container.streams.video if not stream.disposition & still]
    n_covers = len(container.streams.video) - len(films)
    if not films:
        raise MaxstimError(f"The film {path} holds no pictures; choose another file.")
    if len(films) > 1:
        sizes = ", ".join(f"{stream.width} x {stream.height}" for stream in films)
        raise MaxstimError(
            f"The file {path} holds {len(films)} films ({sizes} pixels); export the one you mean."
        )
    left_out = [f"{n_covers} cover picture{'s' * (n_covers > 1)}"] if n_covers else []
    return films[0], left_out + (["the sound"] if container.streams.audio else [])


def _orientation(frame: VideoFrame, path: Path) -> Orientation:
    found = _side_data(frame, "DISPLAYMATRIX")
    if not found:
        return UPRIGHT
    a, b, _, c, d = np.frombuffer(found, "=i4")[:5].astype(float)
    orientation = of_matrix((a, b, c, d))
    if orientation is None:
        raise MaxstimError(
            f"The film {path} is to be turned by {np.rad2deg(np.arctan2(b, a)):.0f} degrees, which is "
            "no quarter turn; export it upright."
        )
    return orientation


def _side_data(frame: VideoFrame, kind: str) -> bytes:
    """What comes beside a frame, or nothing."""
    from av.sidedata.sidedata import SideData

    found = frame.side_data.get(kind)
    return bytes(found) if isinstance(found, SideData) else b""


def _is_same(frame: VideoFrame, other: VideoFrame) -> bool:
    """Whether two frames hold the same numbers, and say the same of them."""
    said = [
        (one.format.name, one.width, one.height, one.color_range, one.colorspace, one.rotation)
        for one in (frame, other)
    ]
    return said[0] == said[1] and all(
        np.array_equal(_bytes_of(ours), _bytes_of(theirs))
        for ours, theirs in zip(frame.planes, other.planes, strict=True)
    )


def _bytes_of(plane: VideoPlane) -> np.ndarray:
    return np.frombuffer(memoryview(plane), np.uint8)


def _aspect(stream: VideoStream) -> Fraction:
    aspect = stream.sample_aspect_ratio
    return SQUARE if not aspect or aspect < 0 else Fraction(aspect)


def _check_header(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    header: FilmHeader,
    viewing: Viewing,
) -> None:
    """Refuse what the header says is beyond a limit, before a picture is decoded."""
    if stream.codec_context is None:
        raise MaxstimError(
            f"The film {path} is coded in a way that cannot be read; export it again as mp4 or webm."
        )
    if stream.codec_context.name == "rawvideo" and stream.codec_context.pix_fmt is None:
        bits = stream.codec_context.bits_per_coded_sample
        raise MaxstimError(
            f"The film {path} holds uncompressed pictures of {bits} bits per pixel and does not say how "
            "their numbers lie; export it as mp4 or webm."
        )
    if not stream.width * stream.height:
        raise MaxstimError(
            f"The film {path} is damaged, or its pictures have more than {MOST_PIXELS / 1e6:.0f} "
            "million pixels; export it again, smaller."
        )
    width, height = (stream.width, stream.height) if header.crop is None else header.crop[2:]
    # A crop is for pictures that stand upright: whether these do is known when the first is decoded.
    replace(viewing, crop=None).eye(*square_size(height, width, _aspect(stream)))
    if stream.width * stream.height > MOST_PIXELS:
        replace(viewing, crop=None).eye(stream.height, stream.width)
    stream.codec_context.options = _OPTIONS
    start, seconds = container.start_time, (container.duration or 0) / 1e6
    if container.format.name.startswith("mov"):
        start = 0
    # Where the first time is not known yet, the length may count from the beginning of a longer film.
    too_long = start is not None and seconds - start / 1e6 > MOST_SECONDS
    if too_long or stream.frames > MOST_FRAMES:
        raise _too_long(path)
    n_frames: float = stream.frames
    if not n_frames and start is not None:  # as of webm: by two numbers that may be wrong
        n_frames = _GUESSED * float(stream.average_rate or 0) * (seconds - start / 1e6)
    if n_frames * stream.width * stream.height > most_pixels(path.stat().st_size):
        raise _too_much(path)


def _damaged(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is damaged or incomplete; export it again as mp4, webm or gif."
    )


def _too_much(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} unpacks to more pictures than a film of its size holds; export it again, "
        "smaller or shorter."
    )


def _too_long(path: Path) -> MaxstimError:
    return MaxstimError(
        f"The film {path} is longer than {MOST_SECONDS / 60:.0f} minutes or {MOST_FRAMES} frames; "
        "cut it."
    )
