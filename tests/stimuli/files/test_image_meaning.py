"""What an image says of itself is heeded: how it lies, pixels, depth, what is white, what is clear."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice
from maxstim_core.stimuli.files.animation import read_animation
from maxstim_core.stimuli.files.detect import kind_of_head
from maxstim_core.stimuli.files.image_files import find_images
from maxstim_core.stimuli.files.images import read_image, read_still
from maxstim_core.stimuli.files.orientation import of_exif
from maxstim_core.stimuli.files.unread import unread_format
from maxstim_core.stimuli.stored.import_movie import import_movie
from maxstim_core.stimuli.viewing import Viewing

SMALL = Viewing(Lattice(2))
GREYS = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))


def png(path, pixels, depth, colors, *chunks):
    """Write a PNG of these numbers (PNG, third edition), which Pillow writes up to 8 bits of colours."""

    def chunk(kind, content):
        sum_ = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + sum_

    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colors, 0, 0, 0)
    lines = pixels.astype(">u2" if depth == 16 else ">u1").reshape(height, -1)
    body = b"".join(b"\0" + line.tobytes() for line in lines)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", zlib.compress(body))
        + chunk(b"IEND", b"")
    )
    return path


def tiff(path, content, bits, **tags):
    """Write a TIFF of one strip, whatever its numbers mean (TIFF 6.0)."""
    height, width = tags.pop("size")
    order = tags.pop("order", "<")
    entries = {256: (3, [width]), 257: (3, [height]), 258: (3, bits), 259: (3, [1])}
    entries |= {277: (3, [len(bits)]), 278: (3, [height]), 279: (4, [len(content)])}
    entries |= {int(name[1:]): (3, value) for name, value in tags.items()}
    entries[273] = (4, [8])
    entries = dict(sorted(entries.items()))
    at = 8 + len(content) + len(content) % 2
    after = at + 2 + 12 * len(entries) + 4
    directory, further = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, values) in entries.items():
        packed = struct.pack(order + ("H" if kind == 3 else "I") * len(values), *values)
        if len(packed) > 4:
            place, further = struct.pack(order + "I", after + len(further)), further + packed
        else:
            place = packed.ljust(4, b"\0")
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    body = content + b"\0" * (len(content) % 2)
    path.write_bytes(head + body + directory + struct.pack(order + "I", 0) + further)
    return path


# -- how it lies


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_orientation_of_every_kind(tmp_path, kind, tag, mode):
    upright = np.zeros((48, 64), np.uint8)
    upright[:24, 32:], upright[24:, :32] = 255, 128
    exif = Image.Exif()
    exif[0x112] = tag
    way = of_exif(tag)
    path = tmp_path / "a"
    stored = Image.fromarray(np.ascontiguousarray(way.stored(upright))).convert(mode)
    stored.save(path, kind, exif=exif, quality=100)
    lum, facts = read_still(path)
    np.testing.assert_allclose(lum, upright / 255, atol=0.02)
    assert (facts.orientation, facts.source_size) == (way, stored.size)


@pytest.mark.parametrize("tag", range(1, 9))
def test_orientation_of_16_bits_and_of_each_page(tmp_path, tag):
    upright = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20
    stored = Image.fromarray(np.ascontiguousarray(of_exif(tag).stored(upright)))
    exif = Image.Exif()
    exif[0x112] = tag
    stored.save(tmp_path / "a.tif", exif=exif)
    np.testing.assert_allclose(read_image(tmp_path / "a.tif"), upright / 65535, atol=1e-6)
    pages = [Image.fromarray(np.asarray(stored) // 256).convert("L")] * 2
    pages[0].save(tmp_path / "b.tif", save_all=True, append_images=pages[1:], exif=exif)
    lum, _ = read_animation(tmp_path / "b.tif", SMALL, 10)
    np.testing.assert_allclose(lum[0], lum[1])


# -- pixels that are not square


@pytest.mark.parametrize(("across", "down"), [(2, 1), (1, 2), (300, 300), (204, 98), (0, 0)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_resolutions_that_differ_tell_the_shape_of_pixels(tmp_path, kind, across, down):
    """Of a fax, 204 dots per inch across and 98 down: its pixels are twice as high as wide."""
    path = tmp_path / "a"
    Image.fromarray(GREYS).save(path, kind, dpi=(100 * across, 100 * down))
    lum, facts = read_still(path)
    aspect = down / across if across else 1
    assert float(facts.pixel_aspect) == pytest.approx(aspect, rel=0.01)
    height, width = 48 * max(1, 1 / aspect), 64 * max(1, aspect)
    assert lum.shape == (pytest.approx(height, abs=1), pytest.approx(width, abs=1))


# -- what is white


@pytest.mark.parametrize("white_is_zero", [0, 1])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_what_is_white_in_a_tiff_at_every_depth(tmp_path, bits, order, white_is_zero):
    numbers = np.tile(np.linspace(0, (1 << bits) - 1, 64).round().astype(int), (48, 1))
    if bits < 16:
        each = 8 // bits
        parts = numbers.reshape(48, -1, each) << (bits * np.arange(each)[::-1])
        content = parts.sum(-1).astype(np.uint8).tobytes()
    else:
        content = numbers.astype(order + "u2").tobytes()
    told = {"size": (48, 64), "order": order, "t262": [white_is_zero]}
    try:
        lum = read_image(tiff(tmp_path / "a.tif", content, [bits], **told))
    except MaxstimError as refusal:
        assert (
            "cannot be read" in str(refusal) and order == ">" and bits == 16 and not white_is_zero
        )
        return
    share = numbers / ((1 << bits) - 1)
    np.testing.assert_allclose(lum, share if white_is_zero else 1 - share, atol=1e-6)


def test_12_bits_and_numbers_with_a_sign(tmp_path):
    numbers = np.tile(np.linspace(0, 4095, 64).round().astype(int), (48, 1))
    pairs = numbers.reshape(48, -1, 2)
    packed = np.stack(
        [pairs[..., 0] >> 4, (pairs[..., 0] & 15) << 4 | pairs[..., 1] >> 8, pairs[..., 1] & 255],
        -1,
    )
    told = {"size": (48, 64), "t262": [1]}
    path = tiff(tmp_path / "a.tif", packed.astype(np.uint8).tobytes(), [12], **told)
    np.testing.assert_allclose(read_image(path), numbers / 4095, atol=1e-6)
    signed = np.zeros((48, 64), np.int8).tobytes()
    with pytest.raises(MaxstimError, match="with a sign"):
        read_image(tiff(tmp_path / "b.tif", signed, [8], t339=[2], **told))


# -- 16 bits of colours


@pytest.mark.parametrize("colors", [0, 2, 4, 6])
def test_16_bits_of_a_png_are_all_heeded(tmp_path, colors):
    n_parts = {0: 1, 2: 3, 4: 2, 6: 4}[colors]
    pixels = np.random.default_rng(0).integers(0, 65536, (48, 64, n_parts))
    share = pixels / 65535
    alpha = share[..., -1] if colors in (4, 6) else 1
    grey = share[..., :3] @ [0.299, 0.587, 0.114] if n_parts > 2 else share[..., 0]
    lum = read_image(png(tmp_path / "a.png", pixels, 16, colors), 0.25)
    np.testing.assert_allclose(lum, grey * alpha + 0.25 * (1 - alpha), atol=1e-5)


@pytest.mark.parametrize("extra", [None, 0, 1, 2])
@pytest.mark.parametrize("bits", [8, 16])
def test_opacity_of_a_tiff_is_what_its_tag_says(tmp_path, bits, extra):
    """0: no opacity at all. 1: colours are multiplied by it already. 2: they are not."""
    most = (1 << bits) - 1
    alpha = np.tile(np.linspace(0, 1, 64), (48, 1))
    color = np.full((48, 64, 3), 0.8) * (alpha[..., None] if extra == 1 else 1)
    numbers = np.dstack([color, alpha])[..., : 3 if extra is None else 4] * most
    content = numbers.round().astype(f"<u{bits // 8}").tobytes()
    told = {"size": (48, 64), "t262": [2]} | ({} if extra is None else {"t338": [extra]})
    n_parts = 3 if extra is None else 4
    lum = read_image(tiff(tmp_path / "a.tif", content, [bits] * n_parts, **told), 0.1)
    expected = 0.8 if extra in (None, 0) else 0.8 * alpha + 0.1 * (1 - alpha)
    np.testing.assert_allclose(lum, np.broadcast_to(expected, lum.shape), atol=1.1 / most + 1e-5)


# -- what is transparent


@pytest.mark.parametrize("ground", [0.5, 0.0, 0.9])
@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("kind", ["RGBA.png", "LA.png", "PA.png", "RGBA.webp", "RGBA.tif", "P.gif"])
def test_what_is_clear_does_not_count(tmp_path, kind, hidden, ground):
    rgba = np.full((48, 64, 4), 255, np.uint8)
    rgba[:, :32] = (hidden, hidden, hidden, 0)
    mode, suffix = kind.split(".")
    image = Image.fromarray(rgba)
    if mode == "LA":
        image = image.convert("LA")
    elif mode in ("PA", "P"):
        image = Image.fromarray(np.where(rgba[..., 3] > 0, 1, 0).astype(np.uint8), "P")
        image.putpalette([hidden] * 3 + [255] * 3)
        image.info["transparency"] = 0
    path = tmp_path / f"a.{suffix}"
    image.save(path, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    clips = import_movie(path, "a", viewing=Viewing(Lattice(2), ground=ground))
    v = clips.lattice.v
    np.testing.assert_allclose(clips[0][0][v < -1], ground, atol=1e-2)
    np.testing.assert_allclose(clips[0][0][v > 1], 1, atol=1e-6)
    assert clips.about["file"]["ground"] == ground


@pytest.mark.parametrize(("depth", "colors"), [(8, 0), (16, 0), (8, 2)])
def test_one_colour_of_a_png_may_be_clear(tmp_path, depth, colors):
    """The chunk tRNS names it; all of its other pixels are opaque."""
    n_parts = 3 if colors else 1
    pixels = np.full((48, 64, n_parts), 200 if depth == 8 else 40_000)
    pixels[:, :32] = 7
    clear = (b"tRNS", struct.pack(">" + "H" * n_parts, *[7] * n_parts))
    lum = read_image(png(tmp_path / "a.png", pixels, depth, colors, clear))
    assert (lum[:, :32] == 0.5).all()
    np.testing.assert_allclose(lum[:, 32:], 200 / 255 if depth == 8 else 40_000 / 65535, atol=1e-6)


# -- one of several pictures


def pages(*greys, size=(64, 48)):
    return [Image.new("L", size, grey) for grey in greys]


@pytest.mark.parametrize("last", [100, 300, 1000])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_animations_are_shown_whole_at_their_pace(tmp_path, kind, last):
    path, shown = tmp_path / "a", pages(0, 64, 128, 192, 255)
    shown[0].save(
        path,
        kind,
        save_all=True,
        append_images=shown[1:],
        duration=[100] * 4 + [last],
        lossless=True,
    )
    clips = import_movie(path, "a", viewing=SMALL, seconds=5)
    assert clips.fps == pytest.approx(10)
    told = [0, 64, 128, 192] + [255] * (last // 100)
    np.testing.assert_allclose(clips[0].mean(1), np.array(told) / 255, atol=0.01)


def test_a_stack_is_shown_whole_at_the_pace_that_is_asked_for_or_noted(tmp_path):
    path, shown = tmp_path / "a.tif", pages(0, 128, 255)
    shown[0].save(path, save_all=True, append_images=shown[1:])
    with pytest.raises(MaxstimError, match="--fps 24"):
        import_movie(path, "a", viewing=SMALL)
    clips = import_movie(path, "a", viewing=SMALL, fps=10)
    np.testing.assert_allclose(clips[0].mean(1), [0, 128 / 255, 1], atol=1e-6)
    noted = TiffImagePlugin.ImageFileDirectory_v2()
    noted[270] = "ImageJ=1.54f\nimages=3\nframes=3\nfinterval=0.05\ntunit=sec\n"
    shown[0].save(path, save_all=True, append_images=shown[1:], tiffinfo=noted)
    assert import_movie(path, "b", viewing=SMALL).fps == pytest.approx(20)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        ("ImageJ=1.54f\nimages=4\nchannels=2\nframes=2\n", "2 channels"),
        ("ImageJ=1.54f\nimages=4\nslices=2\nframes=2\n", "2 slices, 2 frames"),
        ("ImageJ=1.54f\nimages=900\nframes=900\n", "says that it holds 900 pictures"),
        ('<OME><Pixels SizeC="2" SizeT="2" SizeZ="1"/></OME>', "2 C"),
    ],
)
def test_a_stack_that_is_not_over_time_alone_is_refused(tmp_path, note, says):
    shown, noted = pages(0, 80, 160, 240), TiffImagePlugin.ImageFileDirectory_v2()
    noted[270] = note
    shown[0].save(tmp_path / "a.tif", save_all=True, append_images=shown[1:], tiffinfo=noted)
    with pytest.raises(MaxstimError, match=says):
        import_movie(tmp_path / "a.tif", "a", viewing=SMALL, fps=10)


def test_smaller_versions_in_a_stack_are_passed_over_and_told(tmp_path):
    small = Image.new("L", (32, 24), 99)
    small.encoderinfo = {"tiffinfo": {254: 1}}
    stack = [*pages(0, 128), small]
    stack[0].save(tmp_path / "a.tif", save_all=True, append_images=stack[1:])
    clips = import_movie(tmp_path / "a.tif", "a", viewing=SMALL, fps=10)
    assert len(clips[0]) == 2
    assert clips.about["file"]["left_out"] == ["1 smaller versions or masks"]


def test_pages_of_several_sizes_are_refused(tmp_path):
    stack = [*pages(0, 128), Image.new("L", (80, 48), 99)]
    stack[0].save(tmp_path / "a.tif", save_all=True, append_images=stack[1:])
    with pytest.raises(MaxstimError, match="Picture 3"):
        import_movie(tmp_path / "a.tif", "a", viewing=SMALL, fps=10)


def test_two_photos_in_one_jpeg_are_refused(tmp_path):
    photos = [Image.fromarray(np.stack([GREYS] * 3, -1)) for _ in range(2)]
    photos[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=photos[1:])
    with pytest.raises(MaxstimError, match="2 pictures that do not follow"):
        import_movie(tmp_path / "a.jpg", "a", viewing=SMALL)


def test_a_picture_for_old_programs_is_no_part_of_an_animation(tmp_path):
    shown = pages(255, 0, 64)
    shown[0].save(
        tmp_path / "a.png", save_all=True, append_images=shown[1:], duration=100, default_image=True
    )
    clips = import_movie(tmp_path / "a.png", "a", viewing=SMALL)
    np.testing.assert_allclose(clips[0].mean(1), [0, 64 / 255], atol=1e-6)
    assert len(clips.about["file"]["left_out"]) == 1


# -- folders and archives


def zipped(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for k, name in enumerate(names):
            stream = io.BytesIO()
            Image.new("L", (64, 48), 20 * k).save(stream, "PNG")
            archive.writestr(name, stream.getvalue())
    return path


LITTER = (
    *(".DS_Store", "._1.png", "Thumbs.db", "desktop.ini", "__MACOSX/._1.png"),
    *("__MACOSX/a/._2.png", "a/.hidden.png", "@eaDir/1.png"),
)


def test_litter_is_passed_over_in_archives_and_folders(tmp_path):
    files = find_images(zipped(tmp_path / "a.zip", [*LITTER, "1.png", "2.png", "10.png"]))
    assert [path.name for path in files.paths] == ["1.png", "2.png", "10.png"]
    assert files.left_out == []
    folder = tmp_path / "frames"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(folder)
    (folder / "notes.txt").write_text("")
    files = find_images(folder)
    assert [path.name for path in files.paths] == ["1.png", "2.png", "10.png"]
    assert files.left_out == ["a/", "notes.txt"]


def test_two_folders_in_an_archive_are_refused(tmp_path):
    with pytest.raises(MaxstimError, match=r"2 folders \(left, right\)"):
        find_images(zipped(tmp_path / "a.zip", ["left/1.png", "right/1.png"]))


def test_what_is_there_twice_is_refused(tmp_path):
    with pytest.raises(MaxstimError, match=r"twice \(1.jpg, 1.png\)"):
        find_images(zipped(tmp_path / "a.zip", ["1.png", "1.jpg", "2.png"]))


def test_an_encrypted_archive_is_called_encrypted(tmp_path):
    path = zipped(tmp_path / "a.zip", ["1.png"])
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    with pytest.raises(MaxstimError, match="is encrypted"):
        import_movie(path, "a", viewing=SMALL, fps=10)


# -- kinds


@pytest.mark.parametrize("order", "<>")
def test_a_large_tiff_is_read_alone_and_in_a_folder(tmp_path, order):
    """BigTIFF has addresses of 64 bits, whatever its size."""
    content = GREYS.tobytes()
    entries = {
        256: 64,
        257: 48,
        258: 8,
        259: 1,
        262: 1,
        273: 16,
        277: 1,
        278: 48,
        279: len(content),
    }
    directory = struct.pack(order + "Q", len(entries))
    for tag, value in entries.items():
        number = (
            struct.pack(order + "Q", value)
            if order == "<"
            else struct.pack(">I", value).ljust(8, b"\0")
        )
        directory += struct.pack(order + "HHQ", tag, 4, 1) + number
    head = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(
        order + "HHQ", 8, 0, 16 + len(content)
    )
    folder = tmp_path / "frames"
    folder.mkdir()
    path = folder / "1"
    path.write_bytes(head + content + directory + struct.pack(order + "Q", 0))
    assert kind_of_head(path, path.read_bytes()).holds == "image"
    assert [each.name for each in find_images(folder).paths] == ["1"]
    if order == ">":
        with pytest.raises(MaxstimError, match="BigTIFF with the highest byte first"):
            import_movie(folder, "a", viewing=SMALL, fps=10)
        return
    np.testing.assert_allclose(read_image(path), GREYS / 255, atol=1e-6)
    assert len(import_movie(folder, "a", viewing=SMALL, fps=10)[0]) == 1


UNREAD = {
    "AVIF": (b"\0\0\0\x20ftypavif", "save it as PNG"),
    "HEIC": (b"\0\0\0\x20ftypheic", "save it as PNG"),
    "AVI": (b"RIFF\0\0\0\0AVI LIST", "export it as mp4"),
    "Ogg": (b"OggS\0\2", "export it as mp4"),
    "WMV": (bytes.fromhex("3026b2758e66cf11"), "export it as mp4"),
    "FLV": (b"FLV\x01\5", "export it as mp4"),
    "MPEG transport stream": ((b"G" + b"\0" * 187) * 3, "export it as mp4"),
    "JPEG XL": (b"\xff\x0a", "save it as PNG"),
    "PSD": (b"8BPS\0\1", "save it as PNG"),
    "SVG": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "save it as PNG"),
    "HLS playlist": (b"#EXTM3U\nfilm.ts\n", "holds no pictures itself"),
    "DASH manifest": (b"<?xml version='1.0'?><MPD/>", "holds no pictures itself"),
    "Ffconcat list": (b"ffconcat version 1.0\nfile film.mp4\n", "holds no pictures itself"),
    "SDP session": (b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\n", "holds no pictures itself"),
    "PDF": (b"%PDF-1.7", "save its pictures"),
    "Gzip": (b"\x1f\x8b\x08", "unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "unpack it"),
    "DICOM": (b"\0" * 128 + b"DICM", "TIFF stack"),
    "DPX": (b"SDPX\0\0\x20\0", "save it as PNG"),
    "XCF": (b"gimp xcf file\0", "save it as PNG"),
    "JNG": (b"\x8bJNG\r\n\x1a\n", "save it as PNG"),
    "OLE": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "TIFF stack"),
    "NIfTI": (struct.pack("<i", 348) + bytes(340) + b"n+1\0", "TIFF stack"),
    "TDMS": (b"TDSm", "TIFF stack"),
    "CR2": (b"II*\0\x10\0\0\0CR\2\0", "develop it"),
    "RW2": (b"IIU\0\x18\0\0\0", "develop it"),
    "A table of text": (b"frame,u,v,lum\n0,1,2,0.5\n", "numpy.save"),
    "JSON": (b'{"a": [1,2]}', "numpy.save"),
    "A pickle": (b"cnumpy.core.multiarray\n_reconstruct\n", "may run code"),
    "MATLAB": (struct.pack("<5i", 0, 721, 40, 0, 2) + b"m\0", "numpy.save"),
}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_is_not_read_is_named_with_what_to_do(tmp_path, kind):
    head, says = UNREAD[kind]
    (tmp_path / "film.mp4").write_bytes(head.ljust(600, b" "))
    with pytest.raises(MaxstimError, match=f"^{kind} is not read: .*{says}"):
        import_movie(tmp_path / "film.mp4", "a", viewing=SMALL)


def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path):
    lines = zlib.compress(b"\0" * 100, 9)
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", lines), (b"IEND", b"")):
        content += (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(MaxstimError, match="far more than 10 million pixels"):
        import_movie(tmp_path / "a.png", "a", viewing=SMALL)
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 2) + b"\xff\x3f\0" * 2
    (tmp_path / "a.webp").write_bytes(
        b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas
    )
    with pytest.raises(MaxstimError, match="16384 x 16384 pixels"):
        import_movie(tmp_path / "a.webp", "a", viewing=SMALL)


@pytest.mark.parametrize("order", ["<", ">"])
def test_matrices_of_matlab_4_are_named_and_no_other_numbers(tmp_path, order):
    for kind in (0, 10, 50, 1, 2):
        machine = 1000 * (order == ">")
        matrix = struct.pack(f"{order}5i", machine + kind, 40, 721, 0, 4) + b"lum\0" + bytes(99)
        assert unread_format(matrix) == "MATLAB"
    for other in ((0, 0, 721, 0, 4), (0, 40, 721, 2, 4), (60, 40, 721, 0, 4), (0, 40, 721, 0, 9)):
        numbers = struct.pack(f"{order}5i", *other) + b"lum\0" + bytes(99)
        assert unread_format(numbers) is None


def test_transport_streams_of_cameras_have_longer_packets():
    for packet in (b"G" + bytes(187), bytes(4) + b"G" + bytes(187)):
        assert unread_format(3 * packet) == "MPEG transport stream"
        assert unread_format(packet + bytes(999)) is None


# -- which picture of a TIFF is meant


def tiff_of(path, *kinds, order="<", **first):
    """Write a TIFF of pictures of one grey each, by their NewSubfileType, and tags of the first."""
    at, content, directories = 8, b"", b""
    size = 2 + 12 * (10 + len(first)) + 4
    start = 8 + 64 * len(kinds)
    for k, kind in enumerate(kinds):
        content += bytes([50 * k + 50]) * 64
        tags = {254: kind, 256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: at + 64 * k, 277: 1}
        tags |= {278: 8, 279: 64} | {
            int(n[1:]): v for n, v in first.items() if not k or n == "t262"
        }
        entries = struct.pack(order + "H", len(tags))
        for tag in sorted(tags):
            entries += struct.pack(order + "HHII", tag, 4, 1, tags[tag])
        after = start + (k + 1) * size if k < len(kinds) - 1 else 0
        directories += (entries + struct.pack(order + "I", after)).ljust(size, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    path.write_bytes(head + content + directories)
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("kinds", "shown"),
    [((0, 1), 50), ((1, 0), 100), ((1, 4, 0), 150), ((1,), 50), ((1, 1), 50), ((0, 4), 50)],
)
def test_smaller_versions_are_not_taken_wherever_they_stand(tmp_path, kinds, shown, order):
    lum, facts = read_still(tiff_of(tmp_path / "a.tif", *kinds, order=order))
    np.testing.assert_allclose(lum, shown / 255, atol=1e-6)
    assert bool(facts.left_out) == (len(kinds) > 1)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("kind", "tags"),
    [
        (1, {"t330": 8}),  # a preview, and what is further inside
        (0, {"t50706": 0x01040000}),  # DNG's version
        (0, {"t262": 32803}),  # counts behind a filter of colours
        (0, {"t262": 34892}),
    ],
)
def test_raw_files_of_cameras_are_named(tmp_path, kind, tags, order):
    path = tiff_of(tmp_path / "a.tif", kind, order=order, **tags)
    with pytest.raises(MaxstimError, match="raw file of a camera"):
        import_movie(path, "a", viewing=SMALL)


def test_smaller_versions_inside_the_first_picture_are_no_raw_file(tmp_path):
    """Pyramids of microscopes keep them there."""
    assert read_image(tiff_of(tmp_path / "a.tif", 0, t330=8)).shape == (8, 8)


# -- which number is white


WHITES = {
    "tif 16": (np.uint16, ".tif", 4095),
    "png 16": (np.uint16, ".png", 4095),
    "png 8": (np.uint8, ".png", 1),
    "tif 8": (np.uint8, ".tif", 1),
    "bmp 8": (np.uint8, ".bmp", 1),
}


@pytest.mark.parametrize(
    ("case", "kind"),
    [(case, kind) for case in WHITES for kind in ("still", "folder")]
    + [("tif 16", "stack"), ("tif 8", "stack")],
)
def test_images_that_never_come_near_white_are_refused(tmp_path, case, kind):
    dtype, suffix, largest = WHITES[case]
    for most, is_refused in ((largest, True), (largest + 1, False), (0, False)):
        numbers = np.zeros((48, 64), dtype)
        numbers[20, 20] = most
        images = [Image.fromarray(each) for each in (np.zeros_like(numbers), numbers)]
        path = tmp_path / f"{kind}{most}"
        if kind == "folder":
            path.mkdir()
            for k, image in enumerate(images):
                image.save(path / f"{k}{suffix}")
        elif kind == "stack":
            images[0].save(path, "TIFF", save_all=True, append_images=images[1:])
        else:
            images[1].save(path, {".tif": "TIFF", ".png": "PNG", ".bmp": "BMP"}[suffix])
        if is_refused:
            with pytest.raises(MaxstimError, match=f"never gets above {largest} of"):
                import_movie(path, "a", viewing=SMALL, fps=10, replace=True)
        else:
            import_movie(path, "a", viewing=SMALL, fps=10, replace=True)


def test_numbers_that_are_rounded_anyway_may_be_dark(tmp_path):
    Image.fromarray(np.full((48, 64), 1, np.uint8)).save(tmp_path / "a.jpg", quality=100)
    import_movie(tmp_path / "a.jpg", "a", viewing=SMALL)


@pytest.mark.parametrize(
    ("gamma", "others", "is_told"),
    [
        (100_000, (), True),
        (55_556, (), True),
        (45_455, (), False),
        (100_000, ((b"sRGB", b"\0"),), False),
        (None, (), False),
    ],
)
def test_another_gamma_of_a_png_is_told(tmp_path, gamma, others, is_told):
    chunks = () if gamma is None else ((b"gAMA", struct.pack(">I", gamma)),)
    lum, facts = read_still(png(tmp_path / "a.png", GREYS, 8, 0, *chunks, *others))
    np.testing.assert_allclose(lum, GREYS / 255, atol=1e-6)
    assert any("gamma" in told for told in facts.left_out) == is_told


# -- what OME and ImageJ say


def described(path, description):
    shades = [Image.fromarray(np.full((48, 64), grey, np.uint8)) for grey in (0, 128, 255)]
    shades[0].save(path, "TIFF", save_all=True, append_images=shades[1:], description=description)
    return path


def ome(**attributes):
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels {said}/></Image></OME>'


@pytest.mark.parametrize(
    ("said", "aspect"),
    [
        ({"PhysicalSizeX": 2.0, "PhysicalSizeY": 1.0}, 2),
        ({"PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}, 0.5),
        ({"PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65}, 1),
        ({"PhysicalSizeX": 2.0}, 1),
        ({"PhysicalSizeX": 2, "PhysicalSizeY": 1, "PhysicalSizeXUnit": "nm"}, None),
        (
            {"PhysicalSizeX": 2, "PhysicalSizeY": 1}
            | {f"PhysicalSize{axis}Unit": "nm" for axis in "XY"},
            2,
        ),
    ],
    ids=str,
)
def test_ome_tells_the_shape_of_pixels(tmp_path, said, aspect):
    path = described(tmp_path / "a.tif", ome(SizeT=3, **said))
    if aspect is None:
        with pytest.raises(MaxstimError, match="different units"):
            read_animation(path, SMALL, 10)
        return
    assert read_animation(path, SMALL, 10)[1].pixel_aspect == aspect


@pytest.mark.parametrize(
    ("description", "fps"),
    [
        (ome(SizeT=3, TimeIncrement=0.04), 25),
        (ome(SizeT=3, TimeIncrement=40, TimeIncrementUnit="ms"), 25),
        (ome(SizeT=3, TimeIncrement=40, TimeIncrementUnit="fortnights"), None),
        (ome(SizeT=3), None),
        ("ImageJ=1.53t\nimages=3\nframes=3\nfinterval=0.5\ntunit=min\n", 1 / 30),
        ("ImageJ=1.53t\nimages=3\nframes=3\nfinterval=0.5\ntunit=sec\n", 2),
    ],
)
def test_the_interval_between_pictures_of_a_stack(tmp_path, description, fps):
    _, facts = read_animation(described(tmp_path / "a.tif", description), SMALL)
    assert facts.fps == (None if fps is None else pytest.approx(fps))


@pytest.mark.parametrize(
    ("cicp", "said"),
    [
        ((9, 16, 0, 1), "PQ, which is HDR"),
        ((9, 18, 0, 1), "HLG, which is HDR"),
        ((1, 8, 0, 1), "linear light"),
        ((1, 13, 0, 0), "go from 16 to 235"),
        ((1, 13, 1, 1), "no red, green and blue"),
        ((1, 13, 0, 1), ""),
        ((12, 13, 0, 1), ""),
    ],
)
def test_a_png_whose_numbers_are_not_for_usual_screens_is_refused(tmp_path, cicp, said):
    pixels = np.repeat(GREYS[..., None], 3, -1)
    path = png(tmp_path / "a.png", pixels, 8, 2, (b"cICP", bytes(cicp)))
    if said:
        with pytest.raises(MaxstimError, match=said):
            read_image(path)
    else:
        np.testing.assert_allclose(read_image(path), GREYS / 255, atol=1e-6)


def test_a_photo_with_a_gain_map_is_the_photo(tmp_path):
    """As telephones write it (Ultra HDR, ISO 21496-1): the second picture brightens the first."""
    photo, gain = Image.fromarray(GREYS), Image.fromarray(GREYS[::4, ::4])
    photo.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[gain], quality=95)
    with pytest.raises(MaxstimError, match="do not follow one another"):
        read_image(tmp_path / "a.jpg")
    said = (
        b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/" hdrgm:Version="1.0"/>'
    )
    segment = b"\xff\xe1" + struct.pack(">H", len(said) + 2) + said
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(content[:2] + segment + content[2:])
    lum, facts = read_still(tmp_path / "b.jpg")
    assert lum.shape == GREYS.shape
    assert facts.left_out == ("the gain map, by which HDR screens brighten the picture",)


def profile(name, *, new):
    """A color profile that has nothing but a name (ICC.1:2022, ICC.1:2001-04)."""
    if new:
        text = name.encode("utf-16-be")
        tag = b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(text), 28) + text
    else:
        tag = b"desc" + struct.pack(">II", 0, len(name) + 1) + name.encode() + b"\0"
    table = struct.pack(">I4sII", 1, b"desc", 144, len(tag))
    return struct.pack(">I", 144 + len(tag)) + bytes(124) + table + tag


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sRGB IEC61966-2.1", ()),
        ("Display P3", ()),
        ("Linear Gray", ("Linear Gray",)),
        ("ProPhoto RGB", ("ProPhoto RGB",)),
    ],
)
@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_a_color_profile_that_is_not_heeded_is_told(tmp_path, kind, name, new, said):
    path = tmp_path / f"a.{kind}"
    Image.fromarray(GREYS).save(path, icc_profile=profile(name, new=new))
    told = read_still(path)[1].left_out
    stored = "numbers of pixels count as luminance, as they are stored"
    assert told == tuple(f"its color profile, {name}: {stored}" for name in said)


@pytest.mark.parametrize("content", [b"x", bytes(132), profile("Odd", new=True)[:150]])
def test_a_damaged_color_profile_is_unnamed(tmp_path, content):
    Image.fromarray(GREYS).save(tmp_path / "a.png", icc_profile=content)
    lum, facts = read_still(tmp_path / "a.png")
    np.testing.assert_allclose(lum, GREYS / 255, atol=1e-6)
    assert "unnamed" in facts.left_out[0]
