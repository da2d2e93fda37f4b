#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), numpy 2.4.6: planar YUV with or without opacity that is converted to "rgba" keeps what the
# memory held before in its last columns where the width is 1 to 4 beyond a multiple of 16, without an error; "rgb24"
# of the same frame is right. One guesses that formats that differ in a byte per pixel hold the same colours.
# Seen in the output below: grey frames, whose every pixel should be grey, at all widths from 48 to 63.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import av
import numpy as np
from av.video.reformatter import VideoReformatter

reformatter = VideoReformatter()
random = np.random.default_rng(0)


def wrong_columns(width, pixels, wanted):
    """Columns of a frame of random greys that are no greys once it is converted, in any of 20 tries."""
    found = set()
    for _ in range(20):
        light = random.integers(0, 256, (48, width), np.uint8)
        frame = av.VideoFrame(width, 48, pixels)
        for index, plane in enumerate(frame.planes):
            room = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            room[:, :] = 255 if index == 3 else 128
            if index == 0:
                room[:, :width] = light
        frame.color_range = 2
        colors = reformatter.reformat(frame, format=wanted, threads=1).to_ndarray()[..., :3]
        far = abs(colors.astype(int) - light[..., None]).max(-1) > 3
        found |= set(np.flatnonzero(far.any(0)).tolist())
    return sorted(found)


print("PyAV", av.__version__)
for pixels in ("yuv420p", "yuva420p"):
    lacking = {width: wrong_columns(width, pixels, "rgba") for width in range(48, 64)}
    lacking = {width: columns for width, columns in lacking.items() if columns}
    print(f"{pixels} to rgba, columns that are not what they should be, by width: {lacking}")
    assert set(lacking) == {49, 50, 51, 52}
    assert all(min(columns) >= 48 for columns in lacking.values())
    assert not any(wrong_columns(width, pixels, "rgb24") for width in range(48, 64))
print("to rgb24: none")
PYTHON
