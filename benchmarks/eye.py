"""How long the eye takes to see 50 frames of Sintel's size.

python -m benchmarks.eye
"""

import time

import numpy as np

from benchmarks.measured import machine
from maxstim_core.stimuli.eye import Eye

N_FRAMES, HEIGHT, WIDTH = 50, 436, 1024
REPEATS = 7


def main() -> None:
    """Print one line."""
    frames = np.random.default_rng(0).random((N_FRAMES, HEIGHT, WIDTH), np.float32)
    eye = Eye()
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        eye.see(frames)
        seconds.append(time.perf_counter() - begun)
    print(
        f"{N_FRAMES} frames of {WIDTH} x {HEIGHT}: median {np.median(seconds):.2f} s, best "
        f"{min(seconds):.2f} s of {REPEATS} ({machine()})"
    )


if __name__ == "__main__":
    main()
