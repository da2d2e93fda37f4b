#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), numpy 2.4.6: a lossless H.264 film that is asked for in the pixel format "gray" holds
# every number from 0 to 255 as it was given, but comes back as yuv420p of an untold, so limited, range: colours
# are stretched by up to 20 of 255. One guesses that lossless and grey is the safe choice; yuv420p loses 1 at most.
# Seen in the output below; VP9 refuses "gray", and FFV1 and H.265 bring it back as gray without stretching.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import io

import av
import numpy as np

levels = np.tile(np.arange(256, dtype=np.uint8), (16, 1))


def film(codec, pixels, options):
    stream_of = io.BytesIO()
    with av.open(stream_of, "w", format="matroska") as out:
        stream = out.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 256, 16, pixels
        out.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="gray")))
        out.mux(stream.encode(None))
    stream_of.seek(0)
    with av.open(stream_of) as container:
        frame = next(container.decode(video=0))
    stored = np.frombuffer(memoryview(frame.planes[0]), np.uint8)
    stored = stored.reshape(frame.planes[0].height, -1)[0, :256]
    seen = frame.to_ndarray(format="rgb24")[0, :, 0].astype(int)
    return frame.format.name, stored, abs(seen - levels[0]).max()


print("PyAV", av.__version__)
name, stored, off = film("libx264", "gray", {"qp": "0"})
print(f"H.264 asked for as gray comes back as {name}, its numbers are kept, colours are off by {off}")
assert (name, (stored == levels[0]).all(), off) == ("yuv420p", True, 20)
name, _, off = film("libx264", "yuv420p", {"qp": "0"})
print(f"H.264 asked for as yuv420p: off by {off}")
assert off == 1
name, _, off = film("ffv1", "gray", {})
print(f"FFV1 asked for as gray comes back as {name}: off by {off}")
assert (name, off) == ("gray", 0)
PYTHON
