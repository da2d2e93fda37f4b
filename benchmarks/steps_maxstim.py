"""Child: times maxstim's generated-stimulus steps 5 to 25, forward passes, and batches.

python steps_maxstim.py CELL_TYPE FRAMES DT ENGINE BATCH
"""

import sys
import time
from itertools import pairwise
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
from measured import peak_megabytes, serve  # noqa: E402

N_STEPS, WARM = 25, 5


def main(cell_type: str, n_frames: int, dt: float, engine_name: str, n_stimuli: int) -> None:
    """Open the network flyvis starts from, then measure on demand."""
    start = time.perf_counter()
    import numpy as np

    from maxstim_core.networks.catalog import open_network
    from maxstim_core.optimal.adam import Steps
    from maxstim_core.optimal.configs import GenerateConfig
    from maxstim_core.optimal.constraints import displayable
    from maxstim_core.optimal.generated import noise
    from maxstim_core.optimal.objectives.response import Excite
    from maxstim_core.optimal.objectives.stimulus import GreyPenalty
    from maxstim_core.simulation.choose_engine import make_engine
    from maxstim_core.simulation.reference import ReferenceEngine

    imported = time.perf_counter()
    network = open_network("flyvis-init")
    opened = time.perf_counter()
    make = {"cpu": make_engine, "reference": ReferenceEngine}[engine_name]
    engine = make(network, device="cpu")
    central = [network.layout.central_cells[network.cell_type(cell_type)]]
    loss = 1.0 * Excite(last_only=True) + 3000.0 * GreyPenalty("mean")
    config = GenerateConfig(dt=dt, t_stim=(n_frames + 0.5) * dt)

    def measure() -> dict:
        """Time the steps of a run, and forward passes alone."""
        shape = (n_stimuli, n_frames, network.lattice.n_columns)
        start = np.random.default_rng(0).random(shape, np.float32)
        start[0] = noise(config, network)  # with which flyvis starts as well
        steps = Steps(engine, central * n_stimuli, engine.array(start), loss, displayable, config)
        take_step = engine.repeated(steps)
        stamps, losses, forward = [], [], []
        for _ in range(N_STEPS):
            losses.append(take_step()[0, 0].item())
            stamps.append(time.perf_counter())
        show = engine.repeated(lambda: engine.simulate(start, dt, cells=central))
        for _ in range(N_STEPS):
            begun = time.perf_counter()
            show()
            forward.append(time.perf_counter() - begun)
        steps = [b - a for a, b in pairwise(stamps)][WARM - 1 :]
        return {
            "steps": [step / n_stimuli for step in steps],
            "forward": [f / n_stimuli / n_frames for f in forward[WARM:]],
            "losses": losses,
            "peak_megabytes": peak_megabytes(),
        }

    ready = {"import_seconds": imported - start, "open_seconds": opened - imported}
    serve(ready, measure)


if __name__ == "__main__":
    kind, frames, frame_seconds, name, batch = sys.argv[1:]
    main(kind, int(frames), float(frame_seconds), name, int(batch))
