"""Let flyvis render the made-up film of ``tests/sintel_tree.py``, for ``tests/stimuli/test_sintel.py``.

    python scripts/make_sintel_fixture.py

To be run by a Python that has ``flyvis==1.2.0`` (and not maxstim). Writes ``tests/data/sintel.npz``:
flyvis's tables as JSON, and of its arrays the values and sums that `reduced` keeps.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from sintel_tree import make_tree, reduced  # noqa: E402


def main() -> None:
    """Make the film, have it rendered and augmented, and write what is kept of it."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLYVIS_ROOT_DIR"] = folder
        # AugmentedSintel takes no path: the film must lie where flyvis would download it to.
        tree = make_tree(Path(folder) / "SintelDataSet")
        from flyvis.datasets.sintel import AugmentedSintel, MultiTaskSintel

        sequences = MultiTaskSintel(tasks=["lum", "flow"], sintel_path=tree)
        rendered = [sequences.rendered(k) for k in range(len(sequences))]
        clips = AugmentedSintel(tasks=["lum", "flow"], dt=1 / 100, temporal_split=True)
        shown = [clips[k] for k in range(len(clips))]
        kept = {
            "sequences": sequences.arg_df.to_json(orient="split"),
            "clips": clips.arg_df.to_json(orient="split"),
        }
        for name in ("lum", "flow"):
            kept[f"rendered_{name}"] = reduced([item[name] for item in rendered])
            kept[f"shown_{name}"] = reduced([item[name].numpy() for item in shown])
    np.savez_compressed(ROOT / "tests" / "data" / "sintel.npz", **kept)


if __name__ == "__main__":
    main()
