"""Small files that become very much: refused by what they declare, and never silent for long."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files import film
from maxstim_core.stimuli.files.animation import read_animation
from maxstim_core.stimuli.files.detect import kind_of
from maxstim_core.stimuli.files.film import read_film
from maxstim_core.stimuli.files.image_files import read_images
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
