#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1 with SVT-AV1 4.1.0): encoding one AV1 frame as root leaves the calling thread itself at
# SCHED_FIFO, priority 99, for good, and every process started later inherits it; x264, x265 and VP9 leave it alone.
# One guesses that an encoder manages its own threads; here a test suite in a container, long after one AV1 test, kept
# two cores from everything else. Seen in the output below; other users than root keep the usual scheduling.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON' 2>"$folder/said" || { cat "$folder/said" >&2; exit 1; }
import io
import os

import av
import numpy as np


def encode(codec):
    with av.open(io.BytesIO(), "w", format="matroska") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def scheduling():
    names = {os.SCHED_OTHER: "SCHED_OTHER", os.SCHED_FIFO: "SCHED_FIFO"}
    return names[os.sched_getscheduler(0)], os.sched_getparam(0).sched_priority


print("PyAV", av.__version__, "as", "root" if os.geteuid() == 0 else "another user")
usual = scheduling()
for codec in ("libx264", "libx265", "libvpx-vp9", "libsvtav1"):
    encode(codec)
    print("after", codec, *scheduling())
    taken = codec == "libsvtav1" and os.geteuid() == 0
    assert scheduling() == (("SCHED_FIFO", 99) if taken else usual)
os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
PYTHON
