#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), numpy 2.4.6: uncompressed YUV written to a QuickTime file gets the tag "raw ", which is
# RGB, with no more than a depth: 4:4:4 comes back as rgb24 and 4:2:2 as rgb555be, pictures of noise without an
# error, and 4:2:0 cannot be opened. One guesses that an uncompressed .mov loses nothing; uyvy422 and Matroska do not.
# Seen in the output below; the tags are those of the chapter "Video Sample Description" of Apple's QuickTime format.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import io

import av
import numpy as np

ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
colors = np.stack([ramp, ramp, ramp], -1)


def back(kind, pixels):
    content = io.BytesIO()
    with av.open(content, "w", format=kind) as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        frame = av.VideoFrame.from_ndarray(colors, format="rgb24").reformat(format=pixels)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    content.seek(0)
    try:
        with av.open(content) as container:
            frame = next(container.decode(video=0))
    except av.error.ArgumentError as error:
        return "", error.strerror
    seen = frame.to_ndarray(format="rgb24").astype(int)
    return frame.format.name, int(abs(seen - colors).max())


print("PyAV", av.__version__)
wanted = {
    ("mov", "yuv444p"): ("rgb24", True),
    ("mov", "yuv422p"): ("rgb555be", True),
    ("mov", "yuv420p"): ("", None),
    ("mov", "uyvy422"): ("uyvy422", False),
    ("matroska", "yuv420p"): ("yuv420p", False),
}
for (kind, pixels), (name, far) in wanted.items():
    came, off = back(kind, pixels)
    print(f"{pixels} in {kind} comes back as {came or 'an error'}: {off}")
    assert came == name and (far is None or (off > 50) is far)
PYTHON
