"""A network as a module of torch, for tools that take any model of images or movies.

docs/interoperation.md shows it with plenoptic and captum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maxstim_core.conventions import checked_dt
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network
from maxstim_core.settings import checked_truth
from maxstim_core.simulation.choose_engine import make_engine
from maxstim_core.simulation.differentiable import simulate_differentiably
from maxstim_core.simulation.engine import Engine
from maxstim_core.simulation.reference import ReferenceEngine


def as_torch_module(
    network: Network,
    cell_types: Sequence[str],
    *,
    dt: float = 0.01,
    twice_differentiable: bool = False,
    device: str = "cpu",
    dtype: str = "float32",
) -> NetworkModule:
    """Return a network as a ``torch.nn.Module`` that other people's tools can call.

    It takes movies as such tools take images, shape (sample, 1, frame, column): luminance, 0 black, 0.5
    grey, 1 white, shown after one second of grey. It returns the voltage of the central cells, shape
    (sample, cell_type, frame), arbitrary units. It has no parameters to train.

    Args:
        network: The network to wrap.
        cell_types: Whose central cells to record, for example ``["T4c", "T5c"]``.
        dt: Seconds per frame.
        twice_differentiable: Whether derivatives of derivatives are needed, as for eigendistortions:
            then all is computed by torch's own operations, some ten times more slowly.
        device: Where to compute: see `maxstim_core.devices.resolve_device`.
        dtype: Precision to compute in, and of what it takes: ``float32`` or ``float64``.

    Raises:
        MaxstimError: if a cell type or the device does not exist, or an argument makes no sense.

    Example:
        >>> import torch
        >>> import maxstim_core as ms
        >>> model = ms.as_torch_module(ms.open_network("prior", extent=5), ["T4c", "T5c"])
        >>> movie = torch.full((1, 1, 8, 91), 0.5, requires_grad=True)
        >>> response = model(movie)
        >>> response.shape, torch.autograd.grad(response[0, 0, -1], movie)[0].shape
        (torch.Size([1, 2, 8]), torch.Size([1, 1, 8, 91]))
    """
    check_network(network)
    if isinstance(cell_types, str) or not isinstance(cell_types, Sequence) or not cell_types:
        raise MaxstimError(
            f'Give cell types as a list, for example ["T4c"], not {shown(cell_types)}.'
        )
    kinds = [network.cell_type(name) for name in cell_types]
    twice = checked_truth(twice_differentiable, "Whether it is twice differentiable")
    dt = checked_dt(dt)
    cells = network.layout.central_cells[kinds]
    if twice:
        from maxstim_core.devices import resolve_device

        reference = ReferenceEngine(network, device=resolve_device(device), dtype=dtype)
        return NetworkModule(reference, cells, dt, twice_differentiable=True)
    engine = make_engine(network, device=device, dtype=dtype)
    return NetworkModule(engine, cells, dt, twice_differentiable=False)


class NetworkModule(torch.nn.Module):
    """What `as_torch_module` returns.

    Args:
        engine: The network, ready to simulate.
        cells: Numbers of the cells to record, shape (cell_type,).
        dt: Seconds per frame.
        twice_differentiable: Whether to compute by torch's own operations; by the reference engine.
    """

    def __init__(
        self, engine: Engine, cells: np.ndarray, dt: float, *, twice_differentiable: bool
    ) -> None:
        super().__init__()
        self._engine, self._cells, self._dt = engine, cells, dt
        self._twice = twice_differentiable
        self.eval()

    def forward(self, movie: Tensor) -> Tensor:
        """Return the voltage of the central cells, shape (sample, cell_type, frame), arbitrary units.

        Args:
            movie: Luminance, shape (sample, 1, frame, column).

        Raises:
            MaxstimError: if it has another shape, or is not finite.
        """
        if movie.ndim != 4 or movie.shape[1] != 1:
            raise MaxstimError(
                "A movie for a module has the shape (sample, 1, frame, column), not "
                f"{tuple(movie.shape)}."
            )
        if not self._twice:
            voltage = simulate_differentiably(
                self._engine, movie[:, 0], self._dt, cells=self._cells
            )
            return voltage.swapaxes(1, 2).to(movie)
        engine: Any = self._engine
        engine.check(movie[:, 0].detach().to(engine.parameters.time_constant), self._dt)
        return engine.rollout_of_operations(movie[:, 0], self._dt, self._cells).swapaxes(1, 2)
