"""Child, run by flyvis's own Python: times flyvis's responses to clips, each after a second of grey.

python search_flyvis.py CLIPS.npy DT
"""

import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("FLYVIS_ROOT_DIR", tempfile.mkdtemp())
from measured import peak_megabytes, serve


def main(clips: str, dt: float) -> None:
    """Open a freshly initialised network, then measure on demand."""
    import flyvis
    import numpy as np
    import torch

    logging.disable(logging.INFO)

    class Clips(torch.utils.data.Dataset):
        """Clips of a file, shape (frame, column) each; flyvis sets `dt`."""

        def __init__(self) -> None:
            self.clips = torch.from_numpy(np.load(clips))

        def __len__(self) -> int:
            return len(self.clips)

        def __getitem__(self, key: int) -> torch.Tensor:
            return self.clips[key]

    network, shown = flyvis.Network(), Clips()

    def measure() -> dict:
        start = time.perf_counter()
        n_seen = sum(len(clip) for clip, _ in network.stimulus_response(shown, dt))
        seconds = time.perf_counter() - start
        assert n_seen == len(shown)
        return {"seconds": seconds, "peak_megabytes": peak_megabytes()}

    serve({}, measure)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
