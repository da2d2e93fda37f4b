"""Files that other readers got wrong, by public reports: each is made small here, and right.

A test's docstring names the report as repository#number (on GitHub) and what went wrong there.
"""

import io
import struct
import zipfile
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.film import open_film, read_film
from maxstim_core.stimuli.files.image_files import find_images
from maxstim_core.stimuli.files.images import read_image
from maxstim_core.stimuli.stored.import_movie import import_movie
from maxstim_core.stimuli.viewing import Viewing

SMALL = Viewing(Lattice(2))


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))


def film(path, frames, codec, pixels, options=None, set_up=None, rate=25):
    """Write RGB frames, converted by FFmpeg."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        if set_up:
            set_up(stream)
        for frame in frames:
            kind = "rgba" if frame.shape[2] == 4 else "rgb24"
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), kind)))
        out.mux(stream.encode(None))
    return path


def shades(*greys, height=64, width=64):
    return [np.full((height, width, 3), grey, np.uint8) for grey in greys]


def first_picture(path, kind):
    with open_film(path, kind, SMALL) as opened:
        picture = next(opened.pictures())
    return picture.grey / 255 if picture.grey.dtype == np.uint8 else picture.grey


def gif(path, *parts, canvas=(64, 48)):
    """Write a GIF of solid rectangles: left, top, width, height, index of colour, disposal.

    Colours: 0 black, 1 white, 2 grey, 3 clear. Compressed by LZW with a clear code before each pixel.
    """
    width, height = canvas
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0)
    out += bytes([0, 0, 0, 255, 255, 255, 128, 128, 128, 9, 9, 9])
    for left, top, wide, high, color, disposal in parts:
        out += b"!\xf9\x04" + struct.pack("<BHBB", disposal << 2 | 1, 10, 3, 0)
        out += b"," + struct.pack("<HHHHB", left, top, wide, high, 0) + b"\x02"
        codes = [code for _ in range(wide * high) for code in (4, color)] + [5]
        number = sum(code << (3 * k) for k, code in enumerate(codes))
        data = number.to_bytes(-(-3 * len(codes) // 8), "little")
        for at in range(0, len(data), 255):
            out += bytes([len(data[at : at + 255])]) + data[at : at + 255]
        out += b"\0"
    path.write_bytes(out + b";")
    return path


def test_full_range_of_yuv444p(tmp_path):
    """PyAV-Org/PyAV#1431: numbers of the full range were stretched as if they were limited."""
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], (64, 1, 3))

    def full(stream):
        stream.codec_context.color_range = 2

    path = film(tmp_path / "a.mov", [ramp], "libx264", "yuvj444p", {"qp": "0"}, full)
    np.testing.assert_allclose(first_picture(path, "mov"), ramp[..., 0] / 255, atol=2 / 255)


def test_bt709_of_the_full_range(tmp_path):
    """PyAV-Org/PyAV#2149: both tags together were passed over, colours were off by up to 39 of 255."""
    frame = av.VideoFrame(64, 64, "yuv444p")
    for plane, number in zip(frame.planes, (80, 90, 200), strict=True):
        np.frombuffer(memoryview(plane), np.uint8)[:] = number
    frame.color_range, frame.colorspace = 2, 1
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv444p"
        stream.codec_context.color_range, stream.codec_context.colorspace = 2, 1
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    y, blue, red = 80 / 255, (90 - 128) / 255, (200 - 128) / 255
    r, b = y + 1.5748 * red, y + 1.8556 * blue
    g = (y - 0.2126 * r - 0.0722 * b) / 0.7152
    told = np.clip([r, g, b], 0, 1) @ [0.299, 0.587, 0.114]
    assert first_picture(tmp_path / "a.mkv", "matroska").mean() == pytest.approx(told, abs=3 / 255)


def test_mpeg2_of_a_dvd_is_as_wide_as_it_shall(tmp_path):
    """opencv/opencv#4921: 720 x 576 pixels of 64:45 came out 720 wide, not 1024."""

    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(64, 45)

    path = film(
        tmp_path / "a.mkv", shades(90, height=72, width=90), "mpeg2video", "yuv420p", None, set_up
    )
    assert first_picture(path, "matroska").shape == (72, 128)


def test_a_photo_telephone_s_film_upside_down(tmp_path):
    """imageio/imageio-ffmpeg#38: frames came as stored, though the header turns them by 180 degrees."""
    half = np.zeros((64, 64, 3), np.uint8)
    half[:32] = 255

    def turned(stream):
        stream.set_display_rotation(180)

    path = film(tmp_path / "a.mp4", [half], "libx264", "yuv420p", None, turned)
    seen = first_picture(path, "mov")
    assert seen[:30].max() < 0.05 and seen[34:].min() > 0.95


@pytest.mark.parametrize("n_frames", [10, 11])
def test_all_frames_of_a_short_film(tmp_path, n_frames):
    """JuliaIO/VideoIO.jl#209: the last two of ten frames stayed in the decoder."""
    path = film(
        tmp_path / "a.mp4", shades(*range(20, 20 + 20 * n_frames, 20)), "libx264", "yuv420p"
    )
    lum, _ = read_film(path, "mov", SMALL)
    assert len(lum) == n_frames
    assert (np.diff(lum.mean(1)) > 0.05).all()


def test_frames_before_the_cut_are_not_shown(tmp_path):
    """meta-pytorch/torchcodec#1502: an edit that begins after a key frame hides what came before it."""
    frames = shades(*range(20, 220, 20))

    def plain(stream):
        stream.codec_context.max_b_frames = 0

    path = film(tmp_path / "a.mp4", frames, "libx264", "yuv420p", None, plain)
    content = bytearray(path.read_bytes())
    at = content.index(b"elst") + 12
    length, begins = struct.unpack_from(">Ii", content, at)
    scale = struct.unpack_from(">I", content, content.index(b"mdhd") + 16)[0]
    movie = struct.unpack_from(">I", content, content.index(b"mvhd") + 16)[0]
    struct.pack_into(">Ii", content, at, length - 3 * movie // 25, begins + 3 * scale // 25)
    path.write_bytes(content)
    lum, _ = read_film(path, "mov", SMALL)
    assert len(lum) == 7
    assert lum[0].mean() == pytest.approx(80 / 255, abs=0.02)


@pytest.mark.parametrize(
    ("codec", "options"), [("libvpx", {"b": "1M"}), ("libvpx-vp9", {"lossless": "1"})]
)
def test_transparency_of_webm(tmp_path, codec, options):
    """mpv-player/mpv#3256 and #10304: FFmpeg's own decoders of VP8 and VP9 pass over the opacity."""
    rgba = np.full((64, 64, 4), 255, np.uint8)
    rgba[:, :32] = 0
    options = {**options, "auto-alt-ref": "0"}
    seen = first_picture(film(tmp_path / "a.webm", [rgba], codec, "yuva420p", options), "matroska")
    assert abs(seen[:, :26].mean() - 0.5) < 0.02 and seen[:, 38:].min() > 0.95


def test_a_cover_is_not_the_film(tmp_path):
    """UltraStar-Deluxe/USDX#902: the first stream of pictures was the cover of an mp4."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        cover, stream = (out.add_stream(codec, rate=25) for codec in ("mjpeg", "libx264"))
        cover.disposition = av.stream.Disposition.attached_pic
        for each, pixels in ((cover, "yuvj420p"), (stream, "yuv420p")):
            each.width = each.height = 64
            each.pix_fmt = pixels
        out.mux(cover.encode(av.VideoFrame.from_ndarray(shades(255)[0])))
        out.mux(cover.encode(None))
        for frame in shades(0, 40, 80):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        out.mux(stream.encode(None))
    lum, facts = read_film(path, "mov", SMALL)
    assert len(lum) == 3 and lum.max() < 0.4
    assert facts.left_out == ("1 cover picture",)


def test_gif_frames_that_restore_what_was_before(tmp_path):
    """python-pillow/Pillow#5538: with disposal 3 from the first frame on, each lies on nothing."""
    path = gif(
        tmp_path / "a.gif", (0, 0, 64, 48, 1, 3), (0, 0, 32, 48, 0, 3), (32, 0, 32, 48, 0, 3)
    )
    clips = import_movie(path, "a", viewing=SMALL)
    v = clips.lattice.v
    assert clips.fps == pytest.approx(10)
    np.testing.assert_allclose(clips[0][0], 1, atol=0.01)
    for frame, dark, clear in ((1, v < -1, v > 1), (2, v > 1, v < -1)):
        np.testing.assert_allclose(clips[0][frame][dark], 0, atol=0.01)
        np.testing.assert_allclose(clips[0][frame][clear], 0.5, atol=0.01)


def test_gif_frames_that_clear_what_they_covered(tmp_path):
    """python-pillow/Pillow#3153 and imageio/imageio#1106: frames of disposal 2 piled up."""
    path = gif(
        tmp_path / "a.gif", (0, 0, 64, 48, 2, 1), (0, 0, 32, 48, 1, 2), (32, 0, 32, 48, 0, 2)
    )
    clips = import_movie(path, "a", viewing=SMALL)
    v = clips.lattice.v
    np.testing.assert_allclose(clips[0][1][v < -1], 1, atol=0.01)
    np.testing.assert_allclose(clips[0][1][v > 1], 128 / 255, atol=0.01)
    np.testing.assert_allclose(clips[0][2][v < -1], 0.5, atol=0.01)  # cleared: the ground is seen
    np.testing.assert_allclose(clips[0][2][v > 1], 0, atol=0.01)


def test_an_animated_png_whose_frames_clear_what_they_covered(tmp_path):
    """python-pillow/Pillow#5032: frames of an animated PNG overlapped."""
    frames = []
    for left in (0, 22, 43):
        rgba = np.zeros((48, 64, 4), np.uint8)
        rgba[:, left : left + 21] = 255
        frames.append(Image.fromarray(rgba))
    path = tmp_path / "a.png"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, disposal=1, blend=0)
    clips = import_movie(path, "a", viewing=SMALL)
    v = clips.lattice.v
    for frame, bright in zip(clips[0], (v == -2, v == 0, v == 2), strict=True):
        assert frame[bright].min() > 0.9
        assert frame[~bright].max() < 0.9
        assert frame.min() == 0.5


def _grey_png(path, depth, number, clear):
    """A PNG of one grey number of few bits, of which one number is clear."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    line = b"\0" + bytes([sum(number << at for at in range(0, 8, depth))]) * (64 * depth // 8)
    header = struct.pack(">IIBBBBB", 64, 48, depth, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(">H", clear))
        + chunk(b"IDAT", zlib.compress(line * 48))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("is_clear", [True, False])
def test_one_clear_grey_of_few_bits(tmp_path, depth, is_clear):
    """python-pillow/Pillow#9281: the clear number of a PNG of 1 bit was not scaled as pixels are."""
    most = (1 << depth) - 1
    path = _grey_png(tmp_path / "a.png", depth, most, most if is_clear else 0)
    assert (read_image(path, 0.25) == (0.25 if is_clear else 1)).all()


def test_ink_of_a_printer_s_jpeg(tmp_path):
    """haraldk/TwelveMonkeys#147, libvips/libvips#1283: CMYK of Adobe's programs is stored inverted."""
    ink = np.zeros((48, 64, 4), np.uint8)
    ink[:, 32:, 3] = 255  # black ink on the right
    Image.fromarray(ink, "CMYK").save(tmp_path / "a.jpg", quality=100)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    lum = read_image(tmp_path / "a.jpg")
    assert lum[:, :30].min() > 0.95 and lum[:, 34:].max() < 0.05


def test_a_fax_has_black_letters_on_white(tmp_path):
    """image-rs/image-tiff#296, lovell/sharp#3186: of Group 4, zero is white or black by the tag."""
    page = np.ones((48, 64), bool)
    page[10:30, 20:40] = False
    for photometric in (0, 1):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[262] = photometric
        path = tmp_path / f"{photometric}.tif"
        Image.fromarray(page).save(path, compression="group4", tiffinfo=tags)
        np.testing.assert_array_equal(read_image(path), page)


def test_a_preview_before_a_stack_is_no_frame_of_it(tmp_path):
    """imageio/imageio#558: a first page of another size made a reader stop after it."""
    sizes = [(32, 24), *[(64, 48)] * 4]
    pages = [Image.new("L", size, 40 * k) for k, size in enumerate(sizes)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(MaxstimError, match=r"Picture 2 of .* 64 x 48 pixels, the first is 32 x 24"):
        import_movie(tmp_path / "a.tif", "a", viewing=Viewing(Lattice(2)), fps=10)


def test_a_stack_behind_a_single_page_is_refused(tmp_path):
    """blink1073/tifffile#41: ImageJ writes large stacks as one page, with the others behind it."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = "ImageJ=1.54f\nimages=500\nslices=500\n"
    Image.new("L", (64, 48), 99).save(tmp_path / "a.tif", tiffinfo=tags)
    with pytest.raises(MaxstimError, match="says that it holds 500 pictures"):
        import_movie(tmp_path / "a.tif", "a", viewing=SMALL, fps=10)


@pytest.mark.parametrize(
    "litter", ["__MACOSX/frames/._1.png", "frames/Icon\r", "frames/.DS_Store", "frames\\Thumbs.db"]
)
def test_archives_of_other_systems(tmp_path, litter):
    """cheminfo/nmrium#2391, ZipArchive/ZipArchive#427: litter in archives was taken for data."""
    _pack(tmp_path / "a.zip", ["frames/2.png", "frames/10.png"], litter)
    assert [path.name for path in find_images(tmp_path / "a.zip").paths] == ["2.png", "10.png"]


def test_archives_with_backslashes(tmp_path):
    """dotnet/core-setup#3577: programs on Windows wrote backslashes between folders and names."""
    _pack(tmp_path / "a.zip", ["left\\1.png", "right\\1.png"])
    with pytest.raises(MaxstimError, match=r"2 folders \(left, right\)"):
        find_images(tmp_path / "a.zip")
    _pack(tmp_path / "b.zip", ["left\\1.png", "left\\2.png"])
    clips = import_movie(tmp_path / "b.zip", "a", viewing=SMALL, fps=10)
    assert len(clips[0]) == 2


def _pack(path, names, litter=None):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            stream = io.BytesIO()
            Image.new("L", (64, 48), 99).save(stream, "PNG")
            member = zipfile.ZipInfo("x")
            member.filename = name  # as it is: on Windows, Python would turn it round
            archive.writestr(member, stream.getvalue())
        if litter:
            archive.writestr(litter, b"litter")


def test_times_that_come_twice(tmp_path):
    """dmlc/decord#54: time stamps that come twice led to frames of another time."""
    times = [0, 40, 40, 80, 120, 160, 160, 200]
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        packets = []
        for k, frame in enumerate(shades(*range(0, 240, 30))):
            picture = av.VideoFrame.from_ndarray(frame)
            picture.pts, picture.time_base = 40 * k, Fraction(1, 1000)
            packets += stream.encode(picture)
        packets += stream.encode(None)
        for packet, time in zip(packets, times, strict=True):
            packet.pts = packet.dts = int(Fraction(time, 1000) / packet.time_base)
            out.mux(packet)
    lum, facts = read_film(path, "matroska", SMALL)
    assert facts.fps == pytest.approx(25, rel=0.02)
    assert len(lum) == 6
    assert facts.left_out == ("2 pictures that last less than a frame",)
