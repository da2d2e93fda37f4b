#!/usr/bin/env bash
# Pillow 13.0.0: of BigTIFF, it lists both byte orders among the heads that it accepts, but reads the one alone
# whose lowest byte comes first; the same picture the other way round is called no image at all. One guesses that
# a listed head is read: TiffImagePlugin looks for 43 in the third byte only.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet pillow==13.0.0
"$folder/env/bin/python" - <<'PYTHON'
import io
import struct

import PIL
from PIL import Image, TiffImagePlugin, UnidentifiedImageError


def bigtiff(order):
    entries = {256: 8, 257: 4, 258: 8, 259: 1, 262: 1, 273: 16, 277: 1, 278: 4, 279: 32}
    directory = struct.pack(order + "Q", len(entries))
    for tag, value in entries.items():
        directory += struct.pack(order + "HHQ", tag, 4, 1) + struct.pack(order + "I", value).ljust(8, b"\0")
    head = (b"II+\0" if order == "<" else b"MM\0+") + struct.pack(order + "HHQ", 8, 0, 48)
    return head + bytes(range(32)) + directory + struct.pack(order + "Q", 0)


def read(order):
    try:
        with Image.open(io.BytesIO(bigtiff(order))) as image:
            return list(image.tobytes()) == list(range(32))
    except UnidentifiedImageError:
        return None


print("Pillow", PIL.__version__, "reads BigTIFF of lowest byte first:", read("<"), "highest first:", read(">"))
assert {b"II\x2b\x00", b"MM\x00\x2b"} <= set(TiffImagePlugin.PREFIXES)
assert read("<") is True and read(">") is None
PYTHON
