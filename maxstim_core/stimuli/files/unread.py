"""Names of what is not read, so that a refusal can say what a file is and what to do with it."""

from __future__ import annotations

import re
import struct

_LOOKED_AT = 512
"""Bytes that must be letters, digits and signs in a table of text."""

_MATLAB_4 = {10 * precision + kind for precision in range(6) for kind in range(3)}
"""What kinds of matrices MATLAB 4 stored: types of numbers, and full, text or sparse."""

_FTYP = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"mif1", b"msf1", b"miaf"), "HEIF"),
    b"crx ": "CR3",
    b"M4A ": "M4A sound",
    b"M4B ": "M4A sound",
    b"jp2 ": "JPEG 2000",
    b"jpx ": "JPEG 2000",
}
"""Brands of files of boxes that are no films."""

_PHOTOS = {
    "HEIC",
    "AVIF",
    "HEIF",
    "JPEG XL",
    "JPEG 2000",
    "SVG",
    "PSD",
    "OpenEXR",
    "Radiance HDR",
}
_PHOTOS |= {"DDS", "QOI", "FITS", "Netpbm", "icon", "DPX", "XCF", "JNG"}
_RAW = {"CR2", "RW2", "ORF", "RAF", "X3F", "CR3"}
_PLAYLISTS = {"HLS playlist", "DASH manifest", "ffconcat list", "SMIL playlist", "XSPF playlist"}
_PLAYLISTS |= {
    "M3U playlist",
    "PLS playlist",
    "Smooth Streaming manifest",
    "SDP session",
    "ASX playlist",
}
_ARCHIVES = {"gzip", "7z", "RAR", "bzip2", "xz", "Zstandard", "tar"}
_SOUNDS = {"WAV sound", "FLAC", "MP3", "M4A sound"}
_PAPERS = {"PDF", "HTML", "XML", "PostScript"}

_HEADS = (
    (8, b"AVI ", "AVI"),
    (8, b"WAVE", "WAV sound"),
    (0, b"OggS", "Ogg"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMV"),
    (0, b"\x00\x00\x01\xba", "MPEG program stream"),
    (0, b"\x00\x00\x01\xb3", "MPEG video"),
    (0, b"\x00\x00\x00\x01\x67", "bare H.264"),
    (0, b"\x00\x00\x00\x01\x40", "bare H.265"),
    (0, b"\x06\x0e\x2b\x34", "MXF"),
    (0, b".RMF", "RealMedia"),
    (0, b"DKIF", "IVF"),
    (0, b"YUV4MPEG2", "YUV4MPEG"),
    (0, b"nut/multimedia", "NUT"),
    (0, b"CWS", "Flash"),
    (0, b"FWS", "Flash"),
    (0, b"CI\x2c\x00", "Cine"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"8BPS", "PSD"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"DDS ", "DDS"),
    (0, b"qoif", "QOI"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"\x8aMNG", "MNG"),
    (0, b"ID3", "MP3"),
    (0, b"fLaC", "FLAC"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!", "RAR"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (257, b"ustar", "tar"),
    (128, b"DICM", "DICOM"),
    (0, b"ZISRAWFILE", "CZI"),
    (0, b"\xda\xce\xbe\x0a", "ND2"),
    (0, b"NRRD", "NRRD"),
    (0, b"MATLAB 5.0", "MATLAB"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"SDPX", "DPX"),
    (0, b"XPDS", "DPX"),
    (0, b"gimp xcf ", "XCF"),
    (0, b"\x8bJNG", "JNG"),
    (8, b"CR\x02\x00", "CR2"),
    (0, b"IIU\x00", "RW2"),
    (0, b"IIRO", "ORF"),
    (0, b"IIRS", "ORF"),
    (0, b"MMOR", "ORF"),
    (0, b"FUJIFILMCCD-RAW", "RAF"),
    (0, b"FOVb", "X3F"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE"),
    (344, b"n+1\x00", "NIfTI"),
    (344, b"ni1\x00", "NIfTI"),
    (4, b"n+2\x00", "NIfTI"),
    (0, b"TDSm", "TDMS"),
    (0, b"PK\x05\x06", "an empty archive"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
)
"""Where what stands in a file, and what such a file is called."""

_TEXTS = (
    (b"#extm3u", "HLS playlist"),
    (b"ffconcat", "ffconcat list"),
    (b"[playlist]", "PLS playlist"),
    (b"v=0", "SDP session"),
    (b"<asx", "ASX playlist"),
    (b"<smil", "SMIL playlist"),
    (b"<mpd", "DASH manifest"),
    (b"<smoothstreamingmedia", "Smooth Streaming manifest"),
    (b"<playlist", "XSPF playlist"),
    (b"<svg", "SVG"),
    (b"<!doctype svg", "SVG"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<?xml", "XML"),
)
"""How texts begin, in small letters; of XML, the first element that is known counts."""


def unread_format(head: bytes) -> str | None:
    """Return the name of a format that is known but not read, of a file that begins so, or None."""
    if head[4:8] == b"ftyp" and (brand := _FTYP.get(head[8:12])):
        # Pictures that follow the rules of HEIF name AVIF among the rules that they follow.
        return "AVIF" if brand == "HEIF" and b"avif" in head[16:64] else brand
    for at, mark, name in _HEADS:
        if head[at : at + len(mark)] == mark:
            return name
    for start, length in ((0, 188), (4, 192)):  # that of cameras has a time before each packet
        if all(head[at : at + 1] == b"G" for at in (start, start + length, start + 2 * length)):
            return "MPEG transport stream"
    if _is_matlab_4(head):
        return "MATLAB"
    if head[:1] == b"P" and head[1:2] in b"1234567" and head[2:3] in b" \n\r\t":
        return "Netpbm"
    return _text_format(head)


def what_to_do(name: str) -> str:
    """Return what to do with a file of such a format, so that it can be read."""
    if name in _PHOTOS:
        return "save it as PNG or JPEG"
    if name in _RAW:
        return "develop it, and save it as PNG or TIFF"
    if name in {"JSON", "a table of text"}:
        return "save the array in it with numpy.save"
    if name == "a pickle":
        return "it may run code; save the array in it with numpy.save"
    if name in _PLAYLISTS:
        return "it holds no pictures itself; give the film that it names"
    if name in _ARCHIVES:
        return "unpack it, or pack its images as zip"
    if name in _SOUNDS:
        return "it holds no pictures; choose another file"
    if name in {"a program", "an empty archive"}:
        return "choose another file"
    if name in _PAPERS:
        return "save its pictures as PNG or JPEG"
    if name in {"DICOM", "CZI", "ND2", "NRRD", "MATLAB", "Cine", "OLE", "NIfTI", "TDMS"}:
        return "save it as a TIFF stack or with numpy.save"
    return "export it as mp4, webm or gif"


def _is_matlab_4(head: bytes) -> bool:
    """Tell whether a file begins with a matrix as MATLAB 4 stored it: kind, sizes, name."""
    if len(head) < 24:
        return False
    for order, machine in (("<", 0), (">", 1000)):
        kind, n_rows, n_columns, is_complex, length = struct.unpack_from(f"{order}5i", head)
        name = head[20 : 20 + max(0, length)]
        is_kind = kind - machine in _MATLAB_4 and is_complex in (0, 1)
        if is_kind and min(n_rows, n_columns) > 0 and re.fullmatch(rb"[A-Za-z]\w{0,62}\0", name):
            return True
    return False


def _text_format(head: bytes) -> str | None:
    if re.match(rb"c[\w.]+\n\w+\n|\(lp?\d|\(dp?\d", head):  # protocol 0, which is text
        return "a pickle"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<"):
        found = [(text.find(start), name) for start, name in _TEXTS if start in text]
        found = [(at, name) for at, name in found if name != "XML"] or found
        return min(found)[1] if found else None
    known = next((name for start, name in _TEXTS if text.startswith(start)), None)
    if known is not None:
        return known
    if re.match(rb'[\[{]\s*(["\[{\]}]|-?\d)', text):
        return "JSON"
    line = text.partition(b"\n")[0].strip()
    cells = re.split(rb"[,;\t]", line)
    is_text = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in text.rstrip(b"\0")[:_LOOKED_AT])
    return "a table of text" if len(cells) > 1 and is_text and b"\n" in text else None
