"""What a film says of its pictures is heeded: how they lie, depth, range, transparency, durations."""

import os
import struct
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.eye import as_luminance
from maxstim_core.stimuli.files import film
from maxstim_core.stimuli.files.film import open_film, read_film
from maxstim_core.stimuli.files.frame_luminance import pixels_of
from maxstim_core.stimuli.files.orientation import Orientation, of_exif, of_matrix
from maxstim_core.stimuli.files.square_pixels import with_square_pixels
from maxstim_core.stimuli.files.timing import evenly
from maxstim_core.stimuli.limits import MOST_FRAMES
from maxstim_core.stimuli.viewing import Viewing

SMALL = Viewing(Lattice(2))
KINDS = {"mp4": "mov", "mov": "mov", "mkv": "matroska", "webm": "matroska", "gif": "gif"}

EIGHT = [Orientation(turn, mirror) for mirror in (False, True) for turn in (0, 90, 180, 270)]


def raw_frame(pixels, planes, color_range=0, colorspace=2):
    """A frame of these numbers, one array or number per plane."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pixels)
    for plane, numbers in zip(frame.planes, planes, strict=True):
        kind = "<u2" if max(c.bits for c in frame.format.components) > 8 else "u1"
        room = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size).view(kind)
        wide = plane.width * (room.shape[1] * room.itemsize // plane.line_size)
        room[: plane.height, :wide] = numbers
    frame.color_range, frame.colorspace = color_range, colorspace
    return frame


@contextmanager
def usual_scheduling():
    """Undo what the AV1 encoder of PyAV 18.1 does for root: ask for real-time scheduling.

    It gives the thread that calls it ``SCHED_FIFO`` at the highest priority. Whatever that thread
    starts inherits it, a server or Chromium of a later test, and on two cores nothing else runs.
    """
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


X265 = {"x265-params": "lossless=1:bframes=0:log-level=none"}
"""With pictures that look ahead, x265 makes up when to decode the only picture of a film."""


def write(path, frames, codec="ffv1", options=None, pts=None, last=None, set_up=None, rate=25):
    """Write frames as they are, losslessly but for the codec."""
    # Matroska's random numbers could be taken for the elements that tests change.
    with usual_scheduling(), av.open(str(path), "w", options={"fflags": "+bitexact"}) as film:
        stream = film.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = (
            frames[0].height,
            frames[0].width,
            frames[0].format.name,
        )
        stream.codec_context.color_range = frames[0].color_range
        stream.codec_context.colorspace = frames[0].colorspace
        if pts is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if set_up is not None:
            set_up(stream)
        packets = []
        for k, frame in enumerate(frames):
            if pts is not None:
                frame.pts, frame.time_base = pts[k], Fraction(1, 1000)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        if last is not None:
            packets[-1].duration = int(last / packets[-1].time_base)
        for packet in packets:
            film.mux(packet)
    return path


def pictures(path, viewing=SMALL):
    with open_film(path, KINDS[path.suffix[1:]], viewing) as film:
        shown = list(film.pictures())
    return shown, film


def grey(picture):
    return picture.grey / 255 if picture.grey.dtype == np.uint8 else picture.grey


def plain(values, n_frames=1, side=48):
    """Frames of one grey each, in yuv420p."""
    half = np.full((side // 2, side // 2), 128)
    return [
        raw_frame("yuv420p", [np.full((side, side), value), half, half])
        for value in values
        for _ in range(n_frames)
    ]


# -- how pictures lie


def laid(path, way):
    """Say in the header of a film that its pictures lie in a way."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    (a, c), (b, d) = (65536 * way.matrix).astype(int).tolist()
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("way", EIGHT, ids=str)
@pytest.mark.parametrize(
    ("kind", "codec", "pixels", "options", "tolerance"),
    [
        ("mov", "libx264", "yuv420p", {"qp": "0"}, 1),
        ("mp4", "libx264", "yuv420p", {"qp": "0"}, 1),
        ("mp4", "libx265", "yuv420p", X265, 1),
        ("mp4", "libvpx-vp9", "yuv420p", {"lossless": "1"}, 1),
        ("mp4", "libsvtav1", "yuv420p", {"crf": "1"}, 6),
        ("mov", "mjpeg", "yuvj420p", {"q": "1"}, 6),
        ("mov", "prores_ks", "yuv422p10le", {}, 6),
        ("mov", "png", "gray", {}, 1),
        ("mov", "qtrle", "argb", {}, 1),
    ],
)
def test_the_eight_ways_to_lie_are_undone(tmp_path, kind, codec, pixels, options, tolerance, way):
    upright = np.add.outer(2 * np.arange(64), np.arange(80)).astype(np.uint8)
    stored = np.ascontiguousarray(way.stored(upright))
    np.testing.assert_array_equal(way.upright(stored), upright)
    frame = av.VideoFrame.from_ndarray(stored, format="gray").reformat(format=pixels)
    frame.color_range = 0
    path = laid(write(tmp_path / f"a.{kind}", [frame], codec, options), way)
    (picture,), film = pictures(path)
    np.testing.assert_allclose(grey(picture), upright / 255, atol=(tolerance + 1) / 255)
    assert film.facts.orientation == way
    assert film.facts.source_size == stored.shape[::-1]


@pytest.mark.parametrize("way", EIGHT, ids=str)
@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2), Fraction(4, 3)], ids=str)
def test_pixels_are_made_square_before_a_picture_is_turned(tmp_path, way, aspect):
    """Aspect is that of stored pixels (ISO/IEC 14496-12, 12.1.4), the matrix follows (8.3.2)."""
    stored = np.add.outer(2 * np.arange(48), np.arange(64)) + 20
    half = np.full((24, 32), 128)

    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    frames = [raw_frame("yuv420p", [stored, half, half])]
    path = write(tmp_path / "a.mp4", frames, "libx264", {"qp": "0"}, set_up=set_up)
    (picture,), film = pictures(laid(path, way))
    square = with_square_pixels(((stored - 16) / 219).astype(np.float32), aspect)
    np.testing.assert_allclose(grey(picture), way.upright(square), atol=1.5 / 255)
    assert (film.facts.orientation, film.facts.pixel_aspect) == (way, aspect)


def test_exif_and_matrices_name_the_same_ways():
    assert {of_exif(tag) for tag in range(1, 9)} == set(EIGHT)
    assert {of_exif(tag) for tag in (0, 9, None, "6")} == {Orientation()}
    for way in EIGHT:
        (a, c), (b, d) = way.matrix
        assert of_matrix((2 * a, 2 * b, 2 * c, 2 * d)) == way
    assert of_matrix((0.7, 0.7, -0.7, 0.7)) is None


def test_a_film_turned_by_no_quarter_is_refused(tmp_path):
    path = write(tmp_path / "a.mov", plain([100]), "libx264")
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 20] = struct.pack(">5i", 46341, 46341, 0, -46341, 46341)
    path.write_bytes(content)
    with pytest.raises(MaxstimError, match="45 degrees"):
        pictures(path)


# -- pixels that are not square


@pytest.mark.parametrize("aspect", ["128:117", "16:15", "4:3", "12:11", "1:2", "40:33", "2:1"])
@pytest.mark.parametrize(
    ("kind", "codec"),
    [("mp4", "libx264"), ("mov", "libx264"), ("mkv", "libx264"), ("webm", "libvpx-vp9"),
     ("mp4", "mpeg4"), ("mkv", "ffv1")],
)  # fmt: skip
def test_pixels_become_square(tmp_path, aspect, kind, codec):
    """A circle in stored pixels that are not square is an ellipse; on the screen it is a circle."""
    aspect = Fraction(*map(int, aspect.split(":")))
    height, width = 96, 96
    y, x = np.mgrid[:height, :width] - 47.5
    disc = np.where((x * aspect) ** 2 + y**2 < 30**2, 235, 16) if aspect > 1 else np.where(
        x**2 + (y / float(aspect)) ** 2 < 30**2, 235, 16
    )  # fmt: skip
    flat = np.full((height // 2, width // 2), 128)

    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    path = write(
        tmp_path / f"a.{kind}",
        [raw_frame("yuv420p", [disc, flat, flat])],
        codec,
        LOSSLESS.get(codec),
        set_up=set_up,
    )
    if codec in ("libvpx-vp9", "ffv1"):  # which do not say it themselves
        displayed(path, aspect)
    (picture,), film = pictures(path)
    assert film.facts.pixel_aspect == aspect
    seen = grey(picture) > 0.5
    tall, wide = np.ptp(np.nonzero(seen.any(1))[0]), np.ptp(np.nonzero(seen.any(0))[0])
    assert abs(tall - wide) <= 2
    assert picture.grey.shape[0] * float(aspect) * width == pytest.approx(
        picture.grey.shape[1] * height, rel=0.02
    )


def displayed(path, aspect):
    """Say how wide and high pictures of 96 x 96 pixels are to be shown (RFC 9559, 5.1.4.1.28.12)."""
    content = path.read_bytes().replace(b"\x54\xb2\x81\x04", b"\x54\xb2\x81\x00")  # in pixels
    at = content.index(b"\xb0\x81\x60\xba\x81\x60")
    shown = b"\x54\xb0\x81" + bytes([aspect.numerator])
    shown += b"\x54\xba\x81" + bytes([aspect.denominator])
    content = content[: at + 6] + shown + content[at + 6 :]
    path.write_bytes(
        _longer(content, (b"\xe0", b"\xae", b"\x16\x54\xae\x6b", b"\x18\x53\x80\x67"), at, 8)
    )


@given(st.fractions(Fraction(1, 4), 4, max_denominator=100), st.integers(8, 40), st.integers(8, 40))
def test_a_ramp_stays_a_ramp_whatever_the_pixels(aspect, height, width):
    ramp = np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))
    square = with_square_pixels(ramp, aspect)
    assert square.mean() == pytest.approx(0.5, abs=1e-3)
    assert (np.diff(square, axis=1) >= -1e-6).all()
    assert np.ptp(square, axis=0).max() < 1e-6


# -- depth, range and matrix

RAMP = np.linspace(0, 1, 64)

DEPTHS = [
    ("ffv1", "yuv420p", 8),
    ("ffv1", "yuv420p10le", 10),
    ("ffv1", "yuv422p12le", 12),
    ("ffv1", "yuv444p16le", 16),
    ("libx264", "yuv420p", 8),
    ("libx264", "yuv422p10le", 10),
    ("libx265", "yuv420p", 8),
    ("libx265", "yuv420p10le", 10),
    ("libx265", "yuv444p12le", 12),
    ("libvpx-vp9", "yuv420p", 8),
]
LOSSLESS = {
    "libx264": {"qp": "0"},
    "libx265": X265,
    "libvpx-vp9": {"lossless": "1"},
}


@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize(("codec", "pixels", "bits"), DEPTHS)
def test_every_depth_and_range_of_luminance(tmp_path, codec, pixels, bits, color_range):
    """Black is 0 and white is 1, and what lies between is where it belongs."""
    most, eight = (1 << bits) - 1, 1 << (bits - 8)
    levels = np.round(RAMP * most if color_range == 2 else (16 + 219 * RAMP) * eight)
    light = np.tile(levels.astype(int), (48, 1))
    frame = raw_frame(pixels, [light, 128 * eight, 128 * eight], color_range)
    path = write(tmp_path / "a.mkv", [frame], codec, LOSSLESS.get(codec))
    (picture,), film = pictures(path)
    assert film.facts.range == {1: "limited", 2: "full"}[color_range]
    told = levels / most if color_range == 2 else (levels / eight - 16) / 219
    tolerance = 1.01 / 255 if bits == 8 else 2e-5
    np.testing.assert_allclose(grey(picture), np.tile(told, (48, 1)), atol=tolerance)
    assert grey(picture)[0, [0, -1]].tolist() == pytest.approx([0, 1], abs=1e-6)


LOSSY = [
    ("mp4", "libsvtav1", "yuv420p", 8, (1, 2), {"crf": "1"}),
    ("mp4", "libsvtav1", "yuv420p10le", 10, (1, 2), {"crf": "1"}),
    ("webm", "libvpx", "yuv420p", 8, (1,), {"crf": "4", "b": "4M"}),
    ("mov", "prores_ks", "yuv422p10le", 10, (1,), {}),
    ("mov", "prores_ks", "yuv444p10le", 10, (1,), {}),
    ("mov", "v210", "yuv422p10le", 10, (1,), {}),
    ("mov", "cfhd", "yuv422p10le", 10, (1,), {}),
    ("mp4", "mpeg4", "yuv420p", 8, (1,), {"b": "8M"}),
    ("mkv", "mpeg2video", "yuv422p", 8, (1,), {"b": "8M"}),
    ("mov", "mjpeg", "yuvj422p", 8, (2,), {"q": "1"}),
    ("mkv", "mjpeg", "yuv420p", 8, (2,), {"q": "1"}),
]


@pytest.mark.parametrize(("kind", "codec", "pixels", "bits", "ranges", "options"), LOSSY)
def test_ranges_of_codecs_that_lose_a_little(tmp_path, kind, codec, pixels, bits, ranges, options):
    """Those that know one range alone tell no other."""
    steps, most, eight = np.linspace(0, 1, 8), (1 << bits) - 1, 1 << (bits - 8)
    for color_range in ranges:
        levels = np.round(steps * most if color_range == 2 else (16 + 219 * steps) * eight)
        light = np.tile(np.repeat(levels.astype(int), 32), (128, 1))
        frame = raw_frame(pixels, [light, 128 * eight, 128 * eight], color_range)
        path = write(tmp_path / f"a.{kind}", [frame], codec, options)
        shown, film = pictures(path)
        assert film.facts.range == {1: "limited", 2: "full"}[color_range]
        np.testing.assert_allclose(grey(shown[0])[64, 16::32], steps, atol=0.012)


@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize(("pixels", "bits"), [("gray", 8), ("gray10le", 10), ("gray12le", 12)])
def test_grey_without_colours_heeds_its_range_too(tmp_path, pixels, bits, color_range):
    most, eight = (1 << bits) - 1, 1 << (bits - 8)
    levels = np.round(RAMP * most if color_range == 2 else (16 + 219 * RAMP) * eight)
    frame = raw_frame(pixels, [np.tile(levels.astype(int), (48, 1))], color_range)
    path = write(tmp_path / "a.mkv", [frame])
    (picture,), _ = pictures(path)
    told = levels / most if color_range == 2 else (levels / eight - 16) / 219
    np.testing.assert_allclose(grey(picture)[0], told, atol=1e-3)


def _yuv(color, matrix, bits, full):
    """Numbers of a colour (ITU-T H.273, 8.3), by the weights of red and blue."""
    r, b = matrix
    light = np.dot([r, 1 - r - b, b], color)
    blue, red = (color[2] - light) / (2 - 2 * b), (color[0] - light) / (2 - 2 * r)
    most, eight = (1 << bits) - 1, 1 << (bits - 8)
    numbers = (
        (light * most, blue * most + 128 * eight, red * most + 128 * eight)
        if full
        else ((219 * light + 16) * eight, (224 * blue + 128) * eight, (224 * red + 128) * eight)
    )
    return np.round(np.clip(numbers, 0, most)).astype(int)


@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize(("pixels", "bits"), [("yuv444p", 8), ("yuv444p10le", 10)])
@pytest.mark.parametrize(
    ("tag", "matrix"),
    [
        (1, (0.2126, 0.0722)),
        (5, (0.299, 0.114)),
        (6, (0.299, 0.114)),
        (9, (0.2627, 0.0593)),
        (2, (0.299, 0.114)),
    ],
    ids=["709", "601-625", "601-525", "2020", "not told"],
)
def test_colours_are_turned_to_grey_by_the_matrix_that_the_film_names(
    tmp_path, pixels, bits, tag, matrix, color_range
):
    colors = np.array([[0.8, 0.2, 0.3], [0.1, 0.7, 0.2], [0.2, 0.3, 0.9], [0.5, 0.5, 0.5]])
    numbers = np.array([_yuv(color, matrix, bits, color_range == 2) for color in colors])
    planes = [np.tile(np.repeat(numbers[:, k], 16), (48, 1)) for k in range(3)]
    path = write(tmp_path / "a.mkv", [raw_frame(pixels, planes, color_range, tag)])
    (picture,), _ = pictures(path)
    told = colors @ [0.299, 0.587, 0.114]
    tolerance = 3 / 255 if bits == 8 else 2e-3
    np.testing.assert_allclose(grey(picture)[0, 8::16], told, atol=tolerance)


# -- what is transparent


@pytest.mark.parametrize("ground", [0.5, 0.0, 1.0])
@pytest.mark.parametrize(
    ("kind", "codec", "pixels", "options"),
    [
        ("webm", "libvpx-vp9", "yuva420p", {"lossless": "1", "auto-alt-ref": "0"}),
        ("webm", "libvpx", "yuva420p", {"crf": "4", "b": "1M", "auto-alt-ref": "0"}),
        ("mov", "prores_ks", "yuva444p10le", {}),
        ("mov", "qtrle", "argb", {}),
        ("mov", "png", "rgba", {}),
        ("mov", "png", "rgba64be", {}),
        ("mov", "png", "ya8", {}),
        ("mkv", "ffv1", "yuva444p", {}),
        ("mkv", "ffv1", "yuva422p12le", {}),
        ("mkv", "ffv1", "bgra", {}),
        ("mkv", "ffv1", "gbrap12le", {}),
    ],
)
def test_what_is_transparent_lies_on_the_ground(tmp_path, kind, codec, pixels, options, ground):
    """Left: nothing, over black and white in turn. Right: white, opaque. Between: half of white."""
    rgba = np.full((48, 96, 4), 255, np.uint8)
    rgba[::2, :32] = 0
    rgba[1::2, :32, 3] = 0
    rgba[:, 32:64, 3] = 128
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pixels)
    frame.color_range = 0
    path = write(tmp_path / f"a.{kind}", [frame] * 2, codec, options)
    shown, film = pictures(path, Viewing(Lattice(2), ground=ground))
    assert film.facts.ground == ground
    seen = grey(shown[0])[8:-8]
    assert np.abs(seen[:, 6:26] - ground).max() < 0.03
    assert np.abs(seen[:, 38:58] - (128 + 127 * ground) / 255).max() < 0.03
    assert np.abs(seen[:, 70:90] - 1).max() < 0.03


@pytest.mark.parametrize("width", range(48, 64))
def test_every_column_of_a_transparent_film_is_written(tmp_path, width):
    """FFmpeg 8.1 leaves the last ones of some widths as the memory was."""
    random = np.random.default_rng(width)
    light, opacity = random.integers(16, 236, (96, width)), random.integers(0, 256, (96, width))
    path = write(tmp_path / "a.mkv", [raw_frame("yuva420p", [light, 128, 128, opacity], 1)] * 3)
    told = opacity / 255 * (light - 16) / 219 + (1 - opacity / 255) * 0.5
    for picture in pictures(path)[0]:
        np.testing.assert_allclose(grey(picture), told, atol=1.5 / 255)


@pytest.mark.parametrize("pixels", ["yuva420p", "yuv420p10le", "yuv410p", "gbrap12le"])
def test_a_picture_is_the_same_however_often_it_is_read(tmp_path, pixels):
    """FFmpeg 8.1 converts in threads, of which one may write what belongs to another."""
    random = np.random.default_rng(0)
    frame = av.VideoFrame(856, 480, pixels)
    for plane in frame.planes:
        most = 1 << max(component.bits for component in frame.format.components)
        kind = np.uint16 if most > 256 else np.uint8
        count = plane.buffer_size // np.dtype(kind).itemsize
        plane.update(random.integers(0, most, count, kind).tobytes())
    path = write(tmp_path / "a.mkv", [frame])
    first, *others = [pictures(path)[0][0] for _ in range(6)]
    for other in others:
        np.testing.assert_array_equal(other.grey, first.grey)
        np.testing.assert_array_equal(other.color, first.color)


# -- how long pictures last


def test_a_picture_that_stays_is_looked_at_once(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mkv", plain([40, 40, 40, 200, 200, 40, 90]))
    shown, _ = pictures(path)
    assert [picture.stays for picture in shown] == [0, 1, 1, 0, 1, 0, 0]
    lum, facts = read_film(path, "matroska", SMALL)
    told = (np.array([40, 40, 40, 200, 200, 40, 90]) - 16) / 219
    np.testing.assert_allclose(lum, np.tile(told[:, None], lum.shape[1]), atol=1 / 255)
    assert (facts.fps, facts.frames) == (25, 7)
    monkeypatch.setattr(film, "most_changed_pixels", lambda n_bytes: 4 * 48 * 48)
    assert len(read_film(path, "matroska", SMALL)[0]) == 7
    monkeypatch.setattr(film, "most_changed_pixels", lambda n_bytes: 3 * 48 * 48)
    with pytest.raises(MaxstimError, match="unpacks to more pictures"):
        read_film(path, "matroska", SMALL)


@pytest.mark.parametrize("last", [0.04, 0.2, 1.0])
@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "libx264"),
        ("mkv", "libx264"),
        ("webm", "libvpx"),
        ("mkv", "ffv1"),
        ("gif", "gif"),
        ("mp4", "libvpx-vp9"),
        ("mp4", "libsvtav1"),
        ("mp4", "mpeg4"),
        ("webm", "libvpx-vp9"),
        ("mov", "mjpeg"),
        ("mov", "png"),
    ],
)
def test_the_last_picture_lasts_as_long_as_the_film_says(tmp_path, kind, codec, last):
    frames = plain([40, 80, 120, 160, 200])
    other = {"gif": "rgb8", "mjpeg": "yuvj420p", "png": "rgb24"}.get(codec)
    if other is not None:
        frames = [frame.reformat(format=other) for frame in frames]

    def set_up(stream):
        if codec == "libx264":
            stream.codec_context.max_b_frames = 0

    path = write(tmp_path / f"a.{kind}", frames, codec, last=last, set_up=set_up)
    lum, facts = read_film(path, KINDS[kind], SMALL)
    assert facts.fps == pytest.approx(25, rel=1e-3)
    assert len(lum) == facts.frames == 4 + round(25 * last)
    assert np.ptp(lum[4:].mean(1)) < 0.01


def test_a_picture_of_other_colours_for_the_same_numbers_does_not_stay(tmp_path):
    halves = np.repeat(np.array([[0, 1]], np.uint8), 24, axis=1).repeat(48, axis=0)
    frames = []
    for left in (0, 255, 255, 0):
        palette = np.full((256, 4), 255, np.uint8)
        palette[0, 1:], palette[1, 1:] = left, 255 - left
        frames.append(av.VideoFrame.from_ndarray((halves, palette), format="pal8"))
    shown, _ = pictures(write(tmp_path / "a.mov", frames, "png"))
    assert [picture.stays for picture in shown] == [False, False, True, False]
    assert [grey(picture)[0, 0] for picture in shown] == [0, 1, 1, 0]


@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=40),
    st.sampled_from([0.01, 0.04, 1 / 30, 1 / 24, 0.1]),
)
def test_pictures_last_as_long_as_they_shall_on_a_grid(lengths, step):
    """Where every duration is a multiple of the shortest, frames keep all of them exactly."""
    lengths = [1, *lengths]
    assume(lengths.count(1) / sum(lengths) > 0.02)  # fewer are hiccups
    times = np.cumsum([0, *lengths[:-1]]) * step + 3
    pace = evenly(times, 0.0, lengths[-1] * step)
    rate = 1 / step
    per_step = pace.fps / rate
    assert per_step == pytest.approx(round(per_step), rel=1e-6)
    shown = np.bincount(pace.order, minlength=len(lengths))
    if max(lengths) == 1:
        assert (shown == 1).all()
    else:
        np.testing.assert_array_equal(shown, np.array(lengths) * round(per_step))


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=300), st.floats(0, 5), st.floats(0, 1e4))
def test_uneven_pictures_are_neither_too_many_nor_out_of_time(durations, last, start):
    times = np.cumsum([start, *durations])
    pace = evenly(times, 0.0, last)
    assert len(pace.order) <= MOST_FRAMES + len(times)
    assert (np.diff(pace.order) >= 0).all()
    total = times[-1] - times[0]
    assert len(pace.order) / pace.fps <= total + max(last, max(durations)) + 2 / pace.fps
    shown_at = np.searchsorted(pace.order, np.unique(pace.order)) / pace.fps
    assert np.abs(shown_at - (times[np.unique(pace.order)] - times[0])).max() <= 1.6 / pace.fps


def test_a_screen_recording_does_not_become_a_thousand_frames_a_second(tmp_path):
    """Pictures 70 ms apart, one in twenty only 2 ms: as programs write that record a screen."""
    pts = np.cumsum([2 if k % 20 == 7 else 70 for k in range(200)]) - 70
    frames = plain(range(20, 220))
    path = write(tmp_path / "a.webm", frames, "libvpx", pts=pts.tolist())
    lum, facts = read_film(path, "matroska", SMALL)
    assert 14 <= facts.fps <= 30
    assert len(lum) / facts.fps == pytest.approx((pts[-1] - pts[0]) / 1000, abs=0.3)


@pytest.mark.parametrize("start", [0, 30, 700, 40_000])
@pytest.mark.parametrize(
    ("kind", "codec"), [("mkv", "ffv1"), ("webm", "libvpx"), ("mp4", "libx264")]
)
def test_a_film_may_begin_at_any_time(tmp_path, start, kind, codec):
    pts = [1000 * start + 40 * k for k in range(6)]
    path = write(tmp_path / f"a.{kind}", plain(range(40, 100, 10)), codec, pts=pts)
    lum, facts = read_film(path, KINDS[kind], SMALL)
    assert (len(lum), facts.fps) == (6, pytest.approx(25, rel=1e-3))


@pytest.mark.parametrize("step", [1e-5, 1e-4, 9e-4])
def test_pictures_shorter_than_any_frame_may_be(step):
    pace = evenly(np.arange(50) * step)
    assert np.isfinite(pace.fps)
    assert len(pace.order) >= 1


# -- the part that is shown


def _patched(path, mark, box):
    """Put a box into the description of a film's pictures, and make the boxes around it larger."""
    content = bytearray(path.read_bytes())
    entry = content.index(mark, content.index(b"stsd")) - 4
    end = entry + int.from_bytes(content[entry : entry + 4], "big")
    content[end:end] = box
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", mark):
        at = content.rindex(kind, 0, end) - 4
        size = int.from_bytes(content[at : at + 4], "big") + len(box)
        content[at : at + 4] = size.to_bytes(4, "big")
    path.write_bytes(content)
    return path


def test_the_clean_aperture_of_a_film_is_what_is_shown(tmp_path):
    """The box clap (ISO/IEC 14496-12, 12.1.4): 32 x 40 pixels around a point 4 right of the middle."""
    light = np.arange(48 * 64).reshape(48, 64) % 200 + 16
    flat = np.full((24, 32), 128)
    frame = raw_frame("yuv420p", [light, flat, flat])
    path = write(tmp_path / "a.mp4", [frame], "libx264", {"qp": "0"})
    clap = struct.pack(">I4s8i", 40, b"clap", 32, 1, 40, 1, 4, 1, 0, 1)
    (picture,), film = pictures(_patched(path, b"avc1", clap))
    np.testing.assert_allclose(grey(picture), (light[4:44, 20:52] - 16) / 219, atol=1.1 / 255)
    assert any("outside the 32 x 40 pixels" in what for what in film.facts.left_out)


def test_the_crop_of_a_matroska_film_is_heeded(tmp_path):
    """PixelCropLeft and PixelCropTop (RFC 9559, 5.1.4.1.28.10 and .8) in the place of a void."""
    light = np.arange(48 * 64).reshape(48, 64) % 200 + 16
    flat = np.full((24, 32), 128)
    frame = raw_frame("yuv420p", [light, flat, flat])
    path = write(tmp_path / "a.mkv", [frame])
    content = path.read_bytes()
    at = content.index(b"\xb0\x81\x40\xba\x81\x30")  # 64 wide, 48 high
    crop = b"\x54\xcc\x81\x08" + b"\x54\xbb\x81\x04"
    content = content[: at + 6] + crop + content[at + 6 :]
    content = _longer(content, (b"\xe0", b"\xae", b"\x16\x54\xae\x6b", b"\x18\x53\x80\x67"), at, 8)
    path.write_bytes(content)
    (picture,), film = pictures(path)
    np.testing.assert_allclose(grey(picture), (light[4:, 8:] - 16) / 219, atol=1.1 / 255)
    assert film.facts.left_out


def _longer(content, kinds, before, by):
    """Add to the sizes of the elements of EBML that hold a place."""
    content = bytearray(content)
    for kind in kinds:
        at = content.rindex(kind, 0, before) + len(kind)
        length = 9 - content[at].bit_length()
        size = int.from_bytes(content[at : at + length], "big") + by
        content[at : at + length] = size.to_bytes(length, "big")
    return bytes(content)


# -- interlaced film


@pytest.mark.parametrize(
    ("codec", "pixels", "options", "set_up"),
    [
        ("mpeg2video", "yuv420p", {"flags": "+ilme+ildct", "qscale": "1"}, None),
        ("libx264", "yuv420p", {"x264-params": "interlaced=1:tff=1", "qp": "1"}, None),
    ],
)
def test_interlaced_film_is_made_whole_and_told(tmp_path, codec, pixels, options, set_up):
    """A bar jumps between the fields of a frame: no comb is left."""
    flat = np.full((48, 48), 128)
    frames = []
    for k in range(6):
        light = np.full((96, 96), 16)
        light[::2, 14 * k : 14 * k + 14] = light[1::2, 14 * k + 7 : 14 * k + 21] = 235
        frames.append(raw_frame("yuv420p", [light, flat, flat]))
    path = write(tmp_path / "a.mov", frames, codec, options)
    shown, film = pictures(path)
    assert len(shown) == 6
    assert any("interlaced" in what for what in film.facts.left_out)
    combed = 14 / 96  # of all pixels, those that are of one field alone
    comb = np.abs(np.diff(grey(shown[2])[10:-10], axis=0)).mean()
    assert comb < 0.2 * combed


# -- one of several


def _two_tracks(path, cover):
    with av.open(str(path), "w") as film:
        streams = [film.add_stream(codec, rate=25) for codec in ("mjpeg", "libx264")]
        if cover:
            streams[0].disposition = av.stream.Disposition.attached_pic
        for stream, pixels in zip(streams, ("yuvj420p", "yuv420p"), strict=True):
            stream.height = stream.width = 64
            stream.pix_fmt = pixels
        for stream, n_frames in zip(streams, (1, 5), strict=True):
            for k in range(n_frames):
                light = np.full((64, 64, 3), 255 if stream is streams[0] else 40 * k, np.uint8)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(light)))
            film.mux(stream.encode(None))
    return path


def test_a_cover_before_the_film_is_passed_over_and_told(tmp_path):
    lum, facts = read_film(_two_tracks(tmp_path / "a.mp4", cover=True), "mov", SMALL)
    assert len(lum) == 5 and lum[0].max() < 0.1
    assert any("cover" in what for what in facts.left_out)


@pytest.mark.parametrize("kind", ["mov", "mkv"])
def test_of_several_films_in_a_file_none_is_taken_in_silence(tmp_path, kind):
    with pytest.raises(MaxstimError, match="holds 2 films"):
        read_film(_two_tracks(tmp_path / f"a.{kind}", cover=False), KINDS[kind], SMALL)


# -- nothing but itself


def _boxes_patched(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def test_a_film_whose_data_lie_elsewhere_is_refused_before_it_is_read(tmp_path):
    """The flag of a data reference says whether the pictures are in the film's own file."""
    path = write(tmp_path / "a.mov", plain([40, 80]), "libx264")
    inside = struct.pack(">I4sI", 12, b"url ", 1)
    _boxes_patched(path, inside, struct.pack(">I4sI", 12, b"url ", 0))
    with pytest.raises(MaxstimError, match="lie in other files"):
        read_film(path, "mov", SMALL)


def test_a_film_that_is_to_be_held_or_sped_up_in_part_is_refused(tmp_path):
    path = write(tmp_path / "a.mp4", plain([40, 80]), "libx264")
    content = bytearray(path.read_bytes())
    at = content.index(b"elst")
    assert content[at + 20 : at + 24] == b"\0\1\0\0"
    content[at + 20 : at + 24] = b"\0\0\x80\0"
    path.write_bytes(content)
    with pytest.raises(MaxstimError, match=r"0\.5 times its pace"):
        read_film(path, "mov", SMALL)


def test_a_film_of_large_pictures_is_refused_before_it_takes_memory(tmp_path):
    canvas = struct.pack("<HHBBB", 60000, 60000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    picture = b"," + struct.pack("<HHHHB", 0, 0, 60000, 60000, 0) + b"\x02\x02\x44\x01\x00;"
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + canvas + picture)
    with pytest.raises(MaxstimError, match="10 million"):
        read_film(tmp_path / "a.gif", "gif", SMALL)


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_second_layer_of_hevc_is_not_passed_over(tmp_path, kind, layer):
    """As of films with opacity by Apple's programs, or for two eyes; no encoder here makes one."""
    nal = bytes(
        [39 << 1 | layer >> 5, (layer & 31) << 3 | 1, 4, 1, 0, 0x80]
    )  # a message of no meaning
    frame = raw_frame("yuv420p", [np.full((s, s), 128, np.uint8) for s in (64, 32, 32)])
    path = tmp_path / f"a.{kind}"
    with av.open(str(path), "w") as film:
        options = {"x265-params": "log-level=none:bframes=0"}
        stream = film.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for k in range(4):
            frame.pts = k
            for packet in [*stream.encode(frame), *(stream.encode(None) if k == 3 else [])]:
                more = av.Packet(bytes(packet) + b"\0\0\0\1" + nal)
                more.stream, more.time_base = stream, packet.time_base
                more.pts, more.dts, more.duration = packet.pts, packet.dts, packet.duration
                more.is_keyframe = packet.is_keyframe
                film.mux(more)
    if layer:
        with pytest.raises(MaxstimError, match="second layer"):
            read_film(path, KINDS[kind], SMALL)
    else:
        lum, _ = read_film(path, KINDS[kind], SMALL)
        assert len(lum) == 4


_EIGHT_BITS = (
    *("yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "yuv440p", "nv12", "nv16", "nv21"),
    *("nv24", "uyvy422", "yuyv422", "yvyu422", "yuva420p", "yuva422p", "yuva444p"),
)


@pytest.mark.parametrize("pixels", _EIGHT_BITS)
@pytest.mark.parametrize("color_range", [1, 2])
def test_every_way_to_store_eight_bits_is_the_same_grey(pixels, color_range):
    """FFmpeg 8.1 makes a white of 253 of those that cameras and DV use."""
    from av.video.reformatter import VideoReformatter

    convert, (black, reach) = VideoReformatter(), {1: (16, 219), 2: (0, 255)}[color_range]
    for share in (0, 0.25, 0.5, 1):
        numbers = round(black + share * reach)
        planes = [np.full((64, 64), number, np.uint8) for number in (numbers, 128, 128)]
        stored = convert.reformat(
            raw_frame("yuv444p", planes, color_range),
            format=pixels,
            src_color_range=color_range,
            dst_color_range=color_range,
        )
        stored.color_range = color_range
        grey = as_luminance(pixels_of(stored, 0.5, convert).grey)
        np.testing.assert_allclose(grey, (numbers - black) / reach, atol=0.003)


@pytest.mark.parametrize(("pixels", "bits"), [("yuv420p", 12), ("nv12", 12), ("yuv410p", 9)])
def test_uncompressed_pictures_that_may_lie_in_several_ways_are_named(tmp_path, pixels, bits):
    """FFmpeg writes both as ``raw `` of 12 bits, which says neither."""
    gray = av.VideoFrame.from_ndarray(np.full((64, 64), 128, np.uint8), format="gray")
    path = write(tmp_path / "a.mov", [gray.reformat(format=pixels)], "rawvideo")
    with pytest.raises(MaxstimError, match=f"uncompressed pictures of {bits} bits per pixel"):
        read_film(path, "mov", SMALL)


def test_uncompressed_film_of_a_camera(tmp_path):
    gray = [np.full((64, 64), number, np.uint8) for number in (0, 128, 255)]
    frames = [
        av.VideoFrame.from_ndarray(one, format="gray").reformat(format="uyvy422") for one in gray
    ]
    path = write(tmp_path / "a.mov", frames, "rawvideo")
    lum, _ = read_film(path, "mov", SMALL)
    np.testing.assert_allclose(lum.mean(1), [0, 0.502, 1], atol=0.003)


# -- numbers that are another luminance


def test_every_transfer_that_no_usual_screen_shows_is_named(tmp_path):
    names = {8: "linear", 9: "logarithmic", 16: "PQ", 17: "SMPTE 428", 18: "HLG"}
    for number in (1, 2, 4, 5, 6, 7, 11, 13, 14, 15, *names):

        def set_up(stream, number=number):
            stream.codec_context.color_trc = number

        path = write(tmp_path / f"{number}.mkv", plain([40, 200]), set_up=set_up)
        if number not in names:
            assert len(pictures(path)[0]) == 2
            continue
        with pytest.raises(MaxstimError, match=f"{names[number]}.*standard dynamic range"):
            pictures(path)


def test_every_matrix_that_is_not_read_is_named(tmp_path):
    names = {8: "YCgCo", 10: "constant", 11: "YDzDx", 12: "derived", 13: "constant", 14: "ICtCp"}
    for number in (1, 2, 4, 5, 6, 7, 9, *names):
        planes = [np.full((48, 48), value) for value in (128, 255, 128)]
        path = tmp_path / f"{number}.mkv"
        write(path, [raw_frame("yuv444p", planes, 2, number) for _ in range(2)])
        if number not in names:
            assert len(pictures(path)[0]) == 2
            continue
        with pytest.raises(MaxstimError, match=rf"matrix that is not read \(.*{names[number]}"):
            pictures(path)


@pytest.mark.parametrize(("n_fields", "is_told"), [(1, False), (2, True)])
def test_fields_that_only_the_header_tells_are_told(tmp_path, n_fields, is_told):
    """The box fiel of QuickTime: one field or two, and their order."""
    combed = np.repeat(np.tile([[0], [255]], (24, 48)).astype(np.uint8)[..., None], 3, -1)
    frames = [av.VideoFrame.from_ndarray(combed, format="rgb24") for _ in range(2)]
    path = write(tmp_path / "a.mov", frames, "qtrle")
    _patched(path, b"rle ", struct.pack(">I4sBB", 10, b"fiel", n_fields, n_fields - 1))
    _, facts = read_film(path, "mov", SMALL)
    assert any("two fields" in told for told in facts.left_out) == is_told


def gif_of(path, *parts, background=1, palette=True):
    """Write a GIF of solid pictures: left, width, index of colour, disposal, whether 3 is clear."""
    colors = bytes([0, 0, 0, 255, 255, 255, 128, 128, 128, 9, 9, 9])
    flags = 0x81 if palette else 0
    out = b"GIF89a" + struct.pack("<HHBBB", 64, 48, flags, background, 0) + colors * palette
    for left, width, color, disposal, is_clear in parts:
        out += b"!\xf9\x04" + struct.pack("<BHBB", disposal << 2 | is_clear, 10, 3, 0)
        out += b"," + struct.pack("<HHHHB", left, 0, width, 48, 0 if palette else 0x81)
        out += b"" if palette else colors
        codes = [code for _ in range(width * 48) for code in (4, color)] + [5]
        packed = sum(code << (3 * k) for k, code in enumerate(codes))
        data = packed.to_bytes(-(-3 * len(codes) // 8), "little")
        parts_ = [data[at : at + 255] for at in range(0, len(data), 255)]
        out += b"\x02" + b"".join(bytes([len(part)]) + part for part in parts_) + b"\0"
    path.write_bytes(out + b";")
    return path


GIFS = {
    "whole": ([(0, 64, 0, 0, 0), (0, 32, 2, 0, 0)], True, None),
    "half of a canvas": ([(0, 32, 0, 0, 0)], True, "background"),
    "the other half": ([(32, 32, 0, 0, 0), (0, 64, 0, 0, 0)], True, "background"),
    "half, with a clear colour": ([(0, 32, 0, 0, 1)], True, 0.5),
    "half, without colours of its own": ([(0, 32, 0, 0, 0)], False, 0.5),
    "taken away, covered again": ([(0, 64, 0, 2, 0), (0, 64, 2, 0, 0)], True, None),
    "taken away, covered in part": ([(0, 64, 0, 2, 0), (0, 32, 2, 0, 0)], True, "background"),
    "taken away, covered by what is clear": (
        [(0, 64, 0, 2, 0), (0, 64, 3, 0, 1)],
        True,
        "background",
    ),
    "taken away where it was small": ([(0, 64, 1, 0, 0), (0, 32, 0, 2, 0)], True, None),
}


@pytest.mark.parametrize("case", GIFS)
def test_the_background_colour_of_a_gif_is_shown_by_no_browser(tmp_path, case):
    parts, palette, says = GIFS[case]
    path = gif_of(tmp_path / "a.gif", *parts, palette=palette)
    if says == "background":
        with pytest.raises(MaxstimError, match="background colour, which browsers do not show"):
            pictures(path)
        return
    shown, _ = pictures(path)
    if says is not None:
        np.testing.assert_allclose(grey(shown[0])[:, 40:], says, atol=0.01)
