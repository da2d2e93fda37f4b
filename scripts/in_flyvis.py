"""Child of `against_flyvis.py`, run by flyvis's own Python, under a ``FLYVIS_ROOT_DIR`` of its own.

    python in_flyvis.py simulate MODEL MOVIE.npy DT OUT.npz
    python in_flyvis.py tuning MODEL SPEEDS OUT.npz

Everything is computed by flyvis 1.2.0 itself, but for the rendering of edges, where the mean over the
pixels of a hexagon is taken by a sparse product (the same to 2e-15), and the grey before the edges,
which the network sees in one piece instead of once per sample.
"""

import sys

import flyvis
import numpy as np
import scipy.sparse
import torch
from flyvis.analysis.flash_responses import flash_response_index
from flyvis.analysis.moving_bar_responses import (
    direction_selectivity_index,
    peak_responses,
    preferred_direction,
)
from flyvis.analysis.stimulus_responses import generic_responses
from flyvis.datasets.moving_bar import MovingEdge
from flyvis.datasets.rendering.eye import HexEye


def simulate(view: flyvis.NetworkView, movie: str, dt: str, out: str) -> None:
    """Write the voltage of all cells, shape (frame, cell), after a second of grey."""
    network = view.init_network()
    shown = torch.tensor(np.load(movie), dtype=torch.float32)[None, :, None]
    voltage = network.simulate(shown, float(dt))
    np.savez(out, voltage=voltage[0].detach().numpy())


def tuning(view: flyvis.NetworkView, speeds: str, out: str) -> None:
    """Write flash indices, (radius, cell_type), and per speed the indices and directions of edges."""
    flashes = view.flash_responses()
    found = {
        "cell_types": flashes.cell_type.values.astype(str),
        "fri": np.stack([flash_response_index(flashes, r).values.ravel() for r in (6, -1)]),
        "speeds": np.array([float(speed) for speed in speeds.split(",")]),
    }
    HexEye.__call__ = _quick_mean
    per_speed = [_edges(view, speed) for speed in found["speeds"]]
    found |= {name: np.stack([one[name] for one in per_speed]) for name in per_speed[0]}
    np.savez(out, **found)


def _edges(view: flyvis.NetworkView, speed: float) -> dict[str, np.ndarray]:
    edges = MovingEdge(
        speeds=[speed],
        height=80,
        post_pad_mode="continue",
        dt=1 / 200,
        t_pre=0.0,
        t_post=0.01,
    )
    responses = generic_responses(view, edges, None, None, t_pre=2.0, t_fade_in=0.0, batch_size=4)
    order = ("intensity", "neuron")
    peaks = peak_responses(responses).values.reshape(12, 2, -1)
    return {  # bright edges first, as maxstim has them
        "dsi": direction_selectivity_index(responses).transpose(*order).values[::-1],
        "pd": preferred_direction(responses).squeeze().transpose(*order).values[::-1],
        "peaks": peaks.transpose(1, 0, 2)[::-1],
    }


def _quick_mean(self, stim: torch.Tensor, mode: str = "mean", n_chunks: int = 1) -> torch.Tensor:
    if not hasattr(self, "_mean"):
        inside = scipy.sparse.csr_matrix(self.is_inside.numpy().T, dtype=np.float64)
        self._mean = scipy.sparse.diags(1 / self.kernel_sum.numpy()) @ inside
    return torch.tensor((self._mean @ stim.reshape(len(stim), -1).double().numpy().T).T)


if __name__ == "__main__":
    task, model, *arguments = sys.argv[1:]
    {"simulate": simulate, "tuning": tuning}[task](flyvis.NetworkView(model), *arguments)
