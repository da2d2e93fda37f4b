"""Small files that become very much: refused by what they declare, and never silent for long."""

import os
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from fractions import Fraction
from pathlib import Path

import av
import h5py
import numpy as np
import pytest
from PIL import Image

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.optimal.result import load
from maxstim_core.stimuli.files import film
from maxstim_core.stimuli.files.animation import read_animation
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.film import read_film
from maxstim_core.stimuli.files.gif import check_gif
from maxstim_core.stimuli.files.image_files import read_images
from maxstim_core.stimuli.files.images import read_image
from maxstim_core.stimuli.files.labeled import open_labeled
from maxstim_core.stimuli.files.preview import open_preview
from maxstim_core.stimuli.limits import MOST_FRAMES
from maxstim_core.stimuli.stored.import_movie import import_movie
from maxstim_core.stimuli.viewing import Viewing

SMALL = Viewing(Lattice(2))


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))


def still_film(path, n_frames, side, codec="libx264"):
    """A film of one picture that is repeated, of some bytes a frame."""
    frame = av.VideoFrame.from_ndarray(np.full((side, side), 128, np.uint8), format="gray")
    with av.open(str(path), "w") as made:
        options = {"preset": "ultrafast", "g": "9999", "sc_threshold": "0"}
        stream = made.add_stream(codec, rate=25, options=options if codec == "libx264" else {})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        for k in range(n_frames):
            frame.pts = k
            made.mux(stream.encode(frame.reformat(format="yuv420p")))
        made.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_film_is_refused_by_its_number_of_pictures_and_their_size(tmp_path, kind, monkeypatch):
    path, told = still_film(tmp_path / f"a.{kind}", 200, 64), []
    for reads in (
        open_preview,
        lambda path, report: import_movie(path, "a", replace=True, report_progress=report),
    ):
        monkeypatch.setattr(film, "most_pixels", lambda n_bytes: 200 * 64 * 64)
        reads(path, told.append)
        assert told
        told.clear()
        monkeypatch.setattr(film, "most_pixels", lambda n_bytes: 90 * 64 * 64)
        with pytest.raises(MaxstimError, match="unpacks to more pictures"):
            reads(path, told.append)
        assert told == []  # nothing was decoded


def test_pictures_that_are_not_shown_count_and_do_not_silence_a_reader(tmp_path, monkeypatch):
    """An edit list that begins with the last pictures: those before are decoded all the same."""
    content = bytearray(still_film(tmp_path / "a.mp4", 200, 64).read_bytes())
    at, times = content.index(b"elst"), content.index(b"mdhd") + 16
    (scale,) = struct.unpack_from(">I", content, times)
    struct.pack_into(">II", content, at + 12, 80, scale * 196 // 25)
    path = tmp_path / "late.mp4"
    path.write_bytes(content)
    told = []
    lum, _ = read_film(path, "mov", SMALL, told.append)
    assert len(lum) < 10 and len(told) >= 200
    few = 100 * 64 * 64 // 2
    monkeypatch.setattr(film, "most_pixels", lambda n_bytes: few)
    monkeypatch.setattr(film, "_check_header", lambda *_: None)
    with pytest.raises(MaxstimError, match="unpacks to more pictures"):
        read_film(path, "mov", SMALL)


def chain(n_pictures, loop=False, order="<"):
    """A TIFF whose pictures are all the same numbers: a hundred bytes each."""
    side, start = 8, 8 + 64
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    out = bytearray(head + bytes(range(64)))
    size = 2 + 8 * 12 + 4
    for k in range(n_pictures):
        tags = {256: side, 257: side, 258: 8, 259: 1, 262: 1, 273: 8, 278: side, 279: 64}
        after = start if loop else 0
        out += struct.pack(order + "H", len(tags))
        for tag, value in tags.items():
            out += struct.pack(order + "HHII", tag, 4, 1, value)
        last = k == n_pictures - 1
        out += struct.pack(order + "I", after if last else start + (k + 1) * size)
    return bytes(out)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("loop", [False, True])
def test_stacks_are_read_in_both_orders_of_bytes_and_loops_end(tmp_path, order, loop):
    (tmp_path / "a.tif").write_bytes(chain(5, loop, order))
    lum, facts = read_animation(tmp_path / "a.tif", SMALL, 24.0)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.n_frames == 5 == len(lum) == facts.frames
    assert np.ptp(lum, axis=0).max() == 0


@pytest.mark.parametrize("n_pictures", [MOST_FRAMES + 1, 60_000])
def test_a_long_stack_is_counted_at_once(tmp_path, n_pictures):
    """Pillow takes forty seconds to count 60 000."""
    (tmp_path / "a.tif").write_bytes(chain(n_pictures))
    began = time.process_time()
    assert kind_of(tmp_path / "a.tif").holds == "animation"
    with pytest.raises(MaxstimError, match="export it as mp4"):
        read_animation(tmp_path / "a.tif", SMALL, 24.0)
    assert time.process_time() - began < 4


def test_a_stack_that_ends_too_soon_is_damaged(tmp_path):
    content = chain(5)
    (tmp_path / "a.tif").write_bytes(content[:-30])
    with pytest.raises(MaxstimError, match="damaged"):
        read_animation(tmp_path / "a.tif", SMALL, 24.0)


def animated(path, side):
    first, *rest = (Image.new("L", (side, side), 80 * k) for k in range(3))
    kind = {".tif": "TIFF", ".png": "PNG", ".webp": "WEBP"}[path.suffix]
    first.save(path, kind, save_all=True, append_images=rest, duration=100)
    return path


def folder_of(path, side):
    path.mkdir()
    for k in range(3):
        Image.new("L", (side, side), 80 * k).save(path / f"{k}.png")
    return path


LARGE = {
    "tif": (animated, lambda p, r: read_animation(p, SMALL, 24.0, r)),
    "png": (animated, lambda p, r: read_animation(p, SMALL, None, r)),
    "webp": (animated, lambda p, r: read_animation(p, SMALL, None, r)),
    "d": (folder_of, lambda p, r: read_images(p, SMALL, r)),
    "mkv": (
        lambda p, n: still_film(p, 3, n, "ffv1"),
        lambda p, r: read_film(p, "matroska", SMALL, r),
    ),
}


READER = """
import resource, sys
from pathlib import Path
from maxstim_core.stimuli.files.film import read_film
from maxstim_core.stimuli.viewing import Viewing
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_film(Path(sys.argv[1]), "mov", Viewing())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise there")
def test_memory_does_not_grow_with_a_film_of_large_pictures(tmp_path):
    path = still_film(tmp_path / "a.mp4", 80, 3000)
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 500  # megabytes: 80 pictures have 1080


@pytest.mark.parametrize("kind", LARGE)
def test_every_reader_tells_how_far_it_is_at_each_large_picture(tmp_path, kind):
    """So that a server can let others go first, or end it: see dashboard.add_movie.background_task."""
    make, reads = LARGE[kind]
    path, told = make(tmp_path / f"a.{kind}", 3000), []
    reads(path, told.append)
    assert len(told) >= 3


# -- what a few bytes announce, before anything is decoded


def png_chunk(kind, content):
    sum_ = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + sum_


@pytest.mark.parametrize("n_announced", [MOST_FRAMES + 1, 40_000_000, (1 << 31) - 1])
def test_an_animation_that_announces_millions_of_pictures_takes_no_memory(tmp_path, n_announced):
    lines = zlib.compress((b"\0" + b"\x80" * 64) * 64)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, part)
        for kind, part in [
            (b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)),
            (b"acTL", struct.pack(">II", n_announced, 0)),
            (b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 1, 10, 0, 0)),
            (b"IDAT", lines),
            (b"IEND", b""),
        ]
    )
    (tmp_path / "a.png").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(MaxstimError, match=f"unpacks to {n_announced} pictures"):
        import_movie(tmp_path / "a.png", "a")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def box(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def in_box(content, way, change):
    """The bytes of boxes with the content of the one at the end of the way changed."""
    at, out = 0, b""
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        inner = content[at + 8 : at + size]
        if kind == way[0]:
            inner = change(inner) if len(way) == 1 else in_box(inner, way[1:], change)
        out, at = out + box(kind, inner), at + size
    return out


MANY = 30_000_000
TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
ANNOUNCED = {
    "sizes": (b"stsz", struct.pack(">III", 0, 1, MANY)),
    "times": (b"stts", struct.pack(">IIII", 0, 1, MANY, 1)),
    "several times": (b"stts", struct.pack(">II", 0, 2) + 2 * struct.pack(">II", MANY, 1)),
}


@pytest.mark.parametrize("case", ANNOUNCED)
def test_a_film_that_announces_millions_of_pictures_is_refused_unopened(tmp_path, case):
    content = still_film(tmp_path / "a.mp4", 3, 64).read_bytes()
    table, announced = ANNOUNCED[case]
    (tmp_path / "a.mp4").write_bytes(in_box(content, (*TABLES, table), lambda _: announced))
    with pytest.raises(MaxstimError, match="announces more than a film"):
        import_movie(tmp_path / "a.mp4", "a")


def test_what_runs_of_fragments_and_edits_announce_counts_too(tmp_path):
    content = still_film(tmp_path / "a.mp4", 200, 64).read_bytes()
    run = box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", 0, MANY))))
    (tmp_path / "b.mp4").write_bytes(content + run)
    edits = struct.pack(">II", 0, 10_000) + struct.pack(">Iii", 100, 0, 1 << 16) * 10_000
    way = (b"moov", b"trak", b"edts", b"elst")
    (tmp_path / "c.mp4").write_bytes(in_box(content, way, lambda _: edits))
    few = struct.pack(">II", 0, 2) + struct.pack(">Iii", 100, 0, 1 << 16) * 2
    (tmp_path / "d.mp4").write_bytes(in_box(content, way, lambda _: few))
    for name in "bc":
        with pytest.raises(MaxstimError, match="announces more than a film"):
            read_film(tmp_path / f"{name}.mp4", "mov", SMALL)
    read_film(tmp_path / "d.mp4", "mov", SMALL)


def test_ten_minutes_of_unpacked_sound_are_no_bomb(tmp_path):
    """Each of its samples counts in the header, in some bytes for all."""
    path = tmp_path / "a.mov"
    frame = av.VideoFrame.from_ndarray(np.full((64, 64), 128, np.uint8), format="gray")
    with av.open(str(path), "w") as made:
        stream = made.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        sound = made.add_stream("pcm_u8", rate=48_000)
        made.mux(stream.encode(frame.reformat(format="yuv420p")))
        made.mux(stream.encode(None))
        for k in range(30):
            part = av.AudioFrame(format="u8", layout="mono", samples=48_000)
            part.planes[0].update(bytes([128]) * 48_000)
            part.sample_rate, part.pts = 48_000, 48_000 * k
            made.mux(sound.encode(part))
        made.mux(sound.encode(None))
    assert path.stat().st_size > 1_400_000  # samples of one byte each
    _, facts = read_film(path, "mov", SMALL)
    assert facts.left_out == ("the sound",)


@pytest.mark.parametrize("kind", [b"meta", b"udta", b"moov", b"trak", b"free", b"\0\0\0\0"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_headers_of_nothing_but_boxes_are_refused_at_once(tmp_path, kind, is_packed):
    """Such as one of a kilobyte that unpacks to eight megabytes."""
    n_boxes, header = 1_000_000, b""
    for inner in (struct.pack(">I4s", 8, kind) * n_boxes, kind * (2 * n_boxes), nested(kind, 5000)):
        header = box(b"moov", inner)
        if is_packed:
            packed = struct.pack(">I", len(header)) + zlib.compress(header, 9)
            parts = box(b"dcom", b"zlib") + box(b"cmvd", packed)
            header = box(b"moov", box(b"cmov", parts))
        (tmp_path / "a.mov").write_bytes(header + box(b"mdat", bytes(64)))
        began = time.process_time()
        with pytest.raises(MaxstimError):
            read_film(tmp_path / "a.mov", "mov", SMALL)
        assert time.process_time() - began < 4


def nested(kind, depth):
    sizes = range(8 * depth, 0, -8)
    return b"".join(struct.pack(">I4s", size, kind) for size in sizes)


def test_a_file_of_no_end_of_boxes_is_refused_and_zeros_are_passed_over(tmp_path):
    film_ = still_film(tmp_path / "a.mp4", 3, 64).read_bytes()
    (tmp_path / "b.mp4").write_bytes(box(b"free", b"") * 500_000 + film_)
    with pytest.raises(MaxstimError, match="announces more than a film"):
        read_film(tmp_path / "b.mp4", "mov", SMALL)
    (tmp_path / "c.mp4").write_bytes(film_ + bytes(4_000_000))
    began = time.process_time()
    read_film(tmp_path / "c.mp4", "mov", SMALL)
    assert time.process_time() - began < 4


def element(kind, content):
    return bytes.fromhex(kind) + (len(content) | 1 << 56).to_bytes(8, "big") + content


@pytest.mark.parametrize("kind", ["18538067", "1043A770", "B6", "AE"])
@pytest.mark.parametrize("depth", [3, 3000])
def test_elements_within_one_another_end(tmp_path, kind, depth):
    body = b""
    for _ in range(depth):
        body = element(kind, body)
    head = element("1a45dfa3", b"\x42\x82\x84webm")
    (tmp_path / "a.webm").write_bytes(head + element("18538067", body))
    with pytest.raises(MaxstimError, match=r"a\.webm"):
        read_film(tmp_path / "a.webm", "matroska", SMALL)


@pytest.mark.parametrize("reads", [lambda p: open_labeled(p, Lattice(0)), load])
def test_groups_within_one_another_end(tmp_path, reads):
    with h5py.File(tmp_path / "a.nc", "w", libver="latest") as file:
        file.attrs["maxstim_version"] = "1"
        group = file.id
        for _ in range(1000):
            group = h5py.h5g.create(group, b"g")
    with pytest.raises(MaxstimError, match="more than 50 groups within one another"):
        reads(tmp_path / "a.nc")


def long_text(file, name, shape, n_bytes=700_000_000):
    """A variable of texts that are declared to be long, and that nobody wrote."""
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(n_bytes)
    space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
    h5py.h5d.create(file.id, name.encode(), kind, space)


@pytest.mark.parametrize("name", ["dt", "fps"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_pace_that_is_a_text_without_end_is_not_read(tmp_path, name, shape):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["movie"] = np.full((4, 48, 64), 128, np.uint8)
        long_text(file, name, shape)
    opened = open_labeled(tmp_path / "a.h5", Lattice(1))
    assert opened.fps is None and f"attribute {name} is '|S700000000'" in opened.no_pace


def test_names_of_colors_without_end_or_letters_are_refused(tmp_path):
    for make, says in (
        (lambda file: long_text(file, "color", (3,)), "700,000,000 bytes each"),
        (lambda file: file.create_dataset("color", data=[b"", b"", b""]), "only red, green, blue"),
        (
            lambda file: file.create_dataset("color", data=[b"r", b"", b"b"]),
            "only red, green, blue",
        ),
    ):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            movie = file.create_dataset("movie", data=np.full((4, 48, 64, 3), 128, np.uint8))
            for dimension, label in zip(movie.dims, ("time", "y", "x", "color"), strict=True):
                dimension.label = label
            make(file)
        with pytest.raises(MaxstimError, match=says):
            open_labeled(tmp_path / "a.h5", Lattice(1))


def segment(marker, content):
    return bytes([255, marker]) + struct.pack(">H", len(content) + 2) + content


def progressive(side, n_scans):
    """A grey JPEG whose later scans say that nothing changes: some bytes for each pass."""
    n_blocks = (side // 8) ** 2
    first = bytes(n_blocks // 8)
    runs, left = "", n_blocks
    while left >= 16384:
        run = min(left, 32767)
        runs, left = runs + "0" + format(run - 16384, "014b"), left - run
    runs += "0" + "1" * 14 if left else ""
    runs += "1" * (-len(runs) % 8)
    later = (int(runs, 2).to_bytes(len(runs) // 8, "big")).replace(b"\xff", b"\xff\0")
    one = bytes([1, *bytes(15)])
    return (
        b"\xff\xd8"
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
        + segment(0xC4, b"\0" + one + b"\0")
        + segment(0xC4, b"\x10" + one + b"\xe0")
        + segment(0xDA, b"\1\1\0\0\0\0")
        + first
        + (segment(0xDA, b"\1\1\0\1\x3f\0") + later) * (n_scans - 1)
        + b"\xff\xd9"
    )


@pytest.mark.parametrize(("n_scans", "is_read"), [(2, True), (100, True), (101, False)])
def test_a_jpeg_of_very_many_scans_is_refused(tmp_path, n_scans, is_read):
    (tmp_path / "a.jpg").write_bytes(progressive(512, n_scans) + b"\xff\xda" * 1000)
    if is_read:
        np.testing.assert_allclose(read_image(tmp_path / "a.jpg"), 128 / 255)
        return
    with pytest.raises(MaxstimError, match="more than 100 scans"):
        read_image(tmp_path / "a.jpg")


def test_a_jpeg_of_very_many_scans_is_refused_in_a_film_too(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as made:
        stream = made.add_stream("mjpeg", rate=25)
        stream.width = stream.height = 512
        stream.pix_fmt = "yuvj444p"
        for k in range(2):
            packet = av.Packet(progressive(512, 200))
            packet.stream, packet.pts, packet.time_base = stream, k, Fraction(1, 25)
            made.mux(packet)
    with pytest.raises(MaxstimError, match="unpacks to more pictures"):
        read_film(tmp_path / "a.mkv", "matroska", SMALL)


def test_a_jpeg_of_no_end_of_empty_parts_is_refused_at_once(tmp_path):
    content = progressive(512, 2)
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment(0xFE, b"") * 1_000_000 + content[2:])
    began = time.process_time()
    with pytest.raises(MaxstimError, match="other parts"):
        read_image(tmp_path / "a.jpg")
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    ("n_parts", "end", "says"),
    [
        (500_000, b"\0;", None),
        (500_000, b"\0", "damaged or incomplete"),
        (500_000, b"", "damaged or incomplete"),
        (10_000_000, b"\0;", "more parts than any program makes"),
    ],
)
def test_a_gif_in_parts_of_one_byte_is_looked_through_at_once(tmp_path, n_parts, end, says):
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 48, 0x80, 0, 0) + bytes(6)
    (tmp_path / "a.gif").write_bytes(head + b"!\xfe" + b"\1a" * n_parts + end)
    began = time.process_time()
    if says is None:
        check_gif(tmp_path / "a.gif")
    else:
        with pytest.raises(MaxstimError, match=says):
            check_gif(tmp_path / "a.gif")
    assert time.process_time() - began < 2
