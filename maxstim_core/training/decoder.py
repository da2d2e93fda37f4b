"""A small decoder that reads optic flow from the voltages of the output cell types.

In spirit the decoder that flyvis trains with its networks (docs/numerics.md#training): rectified
voltages, a hexagonal convolution to eight channels, softplus, a hexagonal convolution to the two
components of flow and a third channel that divides them. Three things are other than there, so that it
learns from few scenes in a few hundred steps: inputs are brought to a common scale once, where flyvis
normalizes each batch; there is no dropout; and weights start from seeded chance, where all of flyvis's
start equal.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, softplus

from maxstim_core.lattice import Lattice, ring_distance

CHANNELS, RINGS = 8, 2
"""Hidden channels, and rings of columns that a convolution takes in: 19 of the 25 taps of a square."""

TYPICAL_SPEED = 10.0
"""Columns per second: what an output of one stands for, so that all weights are of a like size."""

_LEAST_SPREAD = 0.05
"""Standard deviation of a voltage below which a cell type is not made any louder."""


class HexConvolution(nn.Module):
    """The same weights for every column, over the columns within `RINGS` of it; outside is zero.

    Args:
        lattice: The eye.
        n_in: Channels that come in.
        n_out: Channels that go out.
        random: Where the weights come from.
    """

    _inside: Tensor
    _place: Tensor

    def __init__(self, lattice: Lattice, n_in: int, n_out: int, random: torch.Generator) -> None:
        super().__init__()
        offset = np.arange(-RINGS, RINGS + 1)
        inside = ring_distance(offset[:, None], offset[None]) <= RINGS
        spread = 1 / math.sqrt(n_in * inside.sum())
        width = 2 * lattice.extent + 1
        place = (lattice.u + lattice.extent) * width + lattice.v + lattice.extent
        self._width = width
        self.register_buffer("_inside", torch.as_tensor(inside), persistent=False)
        self.register_buffer("_place", torch.as_tensor(place), persistent=False)
        shape = (n_out, n_in, *inside.shape)
        self.weight = nn.Parameter(spread * torch.randn(shape, generator=random))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, values: Tensor) -> Tensor:
        """Convolve values of shape (map, channel, column)."""
        square = values.new_zeros(*values.shape[:2], self._width**2)
        square[..., self._place] = values
        square = square.unflatten(2, (self._width, self._width))
        seen = conv2d(square, self.weight * self._inside, self.bias, padding=RINGS)
        return seen.flatten(2)[..., self._place]


class FlowDecoder(nn.Module):
    """Flow from voltages.

    Args:
        lattice: The eye.
        n_types: Number of cell types that it reads.
        seed: Where the first weights come from.
    """

    _mean: Tensor
    _spread: Tensor

    def __init__(self, lattice: Lattice, n_types: int, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.register_buffer("_mean", torch.zeros(n_types, 1))
        self.register_buffer("_spread", torch.ones(n_types, 1))
        self._hidden = HexConvolution(lattice, n_types, CHANNELS, random)
        self._out = HexConvolution(lattice, CHANNELS, 3, random)

    def scale_to(self, voltage: Tensor) -> None:
        """Bring each type, once rectified, to zero mean and unit variance over these voltages.

        Args:
            voltage: Shape (scene, frame, type, column).
        """
        spread, mean = torch.std_mean(torch.relu(voltage), (0, 1, 3), correction=0)
        self._mean.copy_(mean[:, None])
        self._spread.copy_(spread.clamp(min=_LEAST_SPREAD)[:, None])

    def forward(self, voltage: Tensor) -> Tensor:
        """Return the flow, columns per second rightward and upward.

        Args:
            voltage: Shape (scene, frame, type, column).

        Returns:
            Shape (scene, frame, 2, column).
        """
        response = (torch.relu(voltage) - self._mean) / self._spread
        decoded = self._out(softplus(self._hidden(response.flatten(0, 1))))
        flow = TYPICAL_SPEED * decoded[:, :2] / (1 + softplus(decoded[:, 2:]))
        return flow.unflatten(0, voltage.shape[:2])


def endpoint_error(decoded: Tensor, flow: Tensor) -> Tensor:
    """Return the mean length of the difference between flows of shape (scene, frame, 2, column)."""
    return torch.sqrt((decoded - flow).square().sum(-2) + 1e-12).mean()
