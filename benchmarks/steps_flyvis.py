"""Child, run by flyvis's own Python: times flyvis's generated-stimulus steps 5 to 25.

python steps_flyvis.py CELL_TYPE FRAMES DT
"""

import logging
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("FLYVIS_ROOT_DIR", tempfile.mkdtemp())
from measured import peak_megabytes, serve

N_STEPS, WARM = 25, 5


def main(cell_type: str, n_frames: int, dt: float) -> None:
    """Open a freshly initialised network, then measure on demand."""
    start = time.perf_counter()
    import flyvis
    import torch
    from flyvis.analysis.optimal_stimuli import GenerateOptimalStimuli

    logging.disable(logging.INFO)
    imported = time.perf_counter()
    maker = GenerateOptimalStimuli.__new__(GenerateOptimalStimuli)
    maker.network = flyvis.Network()
    for parameter in maker.network.parameters():
        parameter.requires_grad = False
    opened = time.perf_counter()

    stamps: list[float] = []
    plain_step = torch.optim.Adam.step

    def stamped(self, *arguments, **options):
        result = plain_step(self, *arguments, **options)
        stamps.append(time.perf_counter())
        return result

    torch.optim.Adam.step = stamped

    def measure() -> dict:
        stamps.clear()
        made = maker.artificial_optimal_stimuli(
            cell_type, t_stim=(n_frames + 0.5) * dt, dt=dt, n_iters=N_STEPS
        )
        steps = [b - a for a, b in pairwise(stamps)][WARM - 1 :]
        return {
            "steps": steps,
            "losses": made.losses[:, 0].tolist(),
            "peak_megabytes": peak_megabytes(),
        }

    serve({"import_seconds": imported - start, "open_seconds": opened - imported}, measure)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
