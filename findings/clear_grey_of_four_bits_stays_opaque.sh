#!/usr/bin/env bash
# Pillow 13.0.0: of a PNG of 2 or 4 bits of grey, pixels are brought to 8 bits (15 becomes 255), but the grey that
# the chunk tRNS names as clear is not (15 stays 15): a picture that is clear everywhere comes out opaque, and one
# whose clear grey is 1 of 15 may be clear elsewhere. Of 1 and 8 bits it is right. One guesses that both are scaled.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet pillow==13.0.0
"$folder/env/bin/python" - <<'PYTHON'
import io
import struct
import zlib

import PIL
from PIL import Image


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def opacity(depth):
    """Of a picture whose pixels are all the largest number, which is the clear one."""
    most = (1 << depth) - 1
    header = struct.pack(">IIBBBBB", 8, 8, depth, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", most))
    content += chunk(b"IDAT", zlib.compress((b"\0" + b"\xff" * depth) * 8)) + chunk(b"IEND", b"")
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGBA").getpixel((3, 3))[3]


found = {depth: opacity(depth) for depth in (1, 2, 4, 8)}
print("Pillow", PIL.__version__, "opacity of a clear picture by bits:", found)
assert found == {1: 0, 2: 255, 4: 255, 8: 0}, found
PYTHON
