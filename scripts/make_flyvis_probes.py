"""Make tests/data/flyvis_probes.npz: what flyvis 1.2.0 itself shows, to compare ours with.

Run with the Python of an environment that has flyvis; needs about 8 GB of memory and some minutes:

    python scripts/make_flyvis_probes.py
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("FLYVIS_ROOT_DIR", tempfile.mkdtemp())

import numpy as np
from flyvis.datasets.dots import SpatialImpulses
from flyvis.datasets.flashes import Flashes
from flyvis.datasets.moving_bar import HexEye, MovingBar, MovingEdge

FILE = Path(__file__).parents[1] / "tests" / "data" / "flyvis_probes.npz"
LED = np.radians(2.25)


def main() -> None:
    """Render and write."""
    made = {}
    eye = HexEye(721, 25)
    made["pixels_owned"] = eye.kernel_sum.numpy().astype(np.int16)
    made["edges"] = np.stack(
        [
            eye.render_offset_bars(
                80 * LED, 80 * LED, 1, [offset * LED], intensity, 0.5, angle, bar_loc_horizontal=0.0
            )[0].numpy()
            for angle, intensity, offset in edges()
        ]
    )
    moving_edge = MovingEdge(height=80, angles=[30], intensities=[1])
    moving_bar = MovingBar(angles=[240], widths=[2], intensities=[0])
    for name, movies in (("edge", moving_edge), ("bar", moving_bar)):
        made[f"{name}_places"] = movies.wrap.offsets[:][0]
        made[f"{name}_center"] = np.stack([movies[k][:, 360].numpy() for k in range(6)])
    made["flashes"] = np.stack(
        [movie[:, [0, 360, 520]].numpy() for movie in map(Flashes().get_item, range(4))]
    )
    impulses = SpatialImpulses(t_stim=2, t_pre=1)
    made["impulse_table"] = impulses.arg_df[["u", "v", "intensity", "t_impulse"]].values.astype(
        float
    )
    lit = np.array([np.argwhere(impulses[k].numpy() != 0.5)[[0, -1]] for k in range(len(impulses))])
    made["impulse_lit"] = lit.reshape(len(lit), 4)  # first frame, column, last frame, column
    floats = {name: a.astype(np.float32) for name, a in made.items() if a.dtype == np.float64}
    np.savez_compressed(FILE, **(made | floats))
    print(f"Wrote {FILE.name}, {FILE.stat().st_size / 1e3:.0f} kB.", file=sys.stderr)


def edges() -> list[tuple[float, int, int]]:
    """Angle, intensity and offset of the single pictures of an edge."""
    return [(angle, k % 2, (5 * k) % 21 - 10) for k, angle in enumerate(range(0, 360, 30))]


if __name__ == "__main__":
    main()
