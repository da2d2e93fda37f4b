#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), numpy 2.4.6: the white of a 10-bit film of limited range (940 of 1023) becomes 253 of
# 255 in rgb24 and 65283 of 65535 in rgb48, though FFmpeg's own conversion of the same frame to gray16 makes 65535
# of it, and that of 8 bits (235) makes 255. One guesses that more bits are nearer to the truth.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import av
import numpy as np


def white(pixels, number, kind):
    frame = av.VideoFrame(64, 16, pixels)
    for plane in frame.planes:
        grey = 128 if kind == "u1" else 512
        np.frombuffer(memoryview(plane), kind)[:] = number if plane is frame.planes[0] else grey
    np.frombuffer(memoryview(frame.planes[0]), kind)[:] = number
    frame.color_range = 1
    rgb, deep = (int(frame.to_ndarray(format=f).max()) for f in ("rgb24", "rgb48le"))
    return rgb, deep, int(frame.to_ndarray(format="gray16le").max())


print("PyAV", av.__version__)
ten, eight = white("yuv420p10le", 940, "u2"), white("yuv420p", 235, "u1")
print("white of 10 bits: rgb24 %d, rgb48 %d, gray16 %d; " % ten, end="")
print("of 8 bits: rgb24 %d" % eight[0])
assert ten == (253, 65283, 65535), ten
assert eight[0] == 255, eight
PYTHON
