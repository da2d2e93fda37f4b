"""flyvis's algorithm, to measure against: one gather and one scatter over all edges per frame.

Written from its behaviour (docs/numerics.md#dynamics): voltages are gathered to the edges, rectified
there, weighted, and scattered to the targets, each frame anew; torch's automatic differentiation keeps
what it needs of each.
"""

from __future__ import annotations

import torch
from torch import Tensor

from maxstim_core.networks.network import Network


class EdgeSimulator:
    """A network as 1.5 million edges, float32, its parameters frozen."""

    def __init__(self, network: Network, device: str) -> None:
        layout, values = network.layout, network.parameters
        source, target, tap = (torch.as_tensor(a, device=device) for a in layout.edges)
        self._source, self._target = source, target
        self._weight = torch.tensor(network.tap_weights, device=device)[tap]
        kind = torch.as_tensor(layout.cell_type_of, device=device)
        self._rest = torch.tensor(values.resting_potential, device=device)[kind]
        self._tau = torch.tensor(values.time_constant, device=device)[kind]
        self._inputs = torch.as_tensor(layout.input_cells, device=device)
        self._n_cells = layout.n_cells

    def __call__(self, movie: Tensor, state: Tensor, dt: float, cells: Tensor) -> Tensor:
        """Return the voltage of cells after each frame, shape (sample, frame, recorded cell).

        Args:
            movie: Shape (sample, frame, column).
            state: Shape (sample, cell).
            dt: Seconds per frame.
            cells: Shape (recorded cell,).
        """
        n_samples, n_frames, _ = movie.shape
        shown = movie.new_zeros(n_samples, n_frames, self._n_cells)
        shown[:, :, self._inputs] = movie[:, :, None].expand(-1, -1, len(self._inputs), -1)
        target = self._target.expand(n_samples, -1)
        recorded = []
        for frame in shown.unbind(1):
            current = self._weight * torch.relu(state[:, self._source])
            total = torch.zeros_like(state).scatter_add(1, target, current)
            velocity = 1 / self._tau.clamp(min=dt) * (-state + self._rest + total + frame)
            state = state + velocity * dt
            recorded.append(state[:, cells])
        return torch.stack(recorded, 1)
