"""What the engines that compute in torch share: the reference and the CUDA engine."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from maxstim_core.networks.network import Network
from maxstim_core.simulation.engine import Engine


class TorchEngine(Engine):
    """An engine whose arrays are tensors on a device."""

    def __init__(self, network: Network, *, device: str, dtype: str) -> None:
        self._precision = getattr(torch, dtype)
        super().__init__(network, device=device, dtype=dtype)
        self._type_of_cell = self.index(self.layout.cell_type_of)

    @property
    def versions(self) -> dict[str, str]:
        """See `Engine.versions`."""
        return {"torch_version": str(torch.__version__)}

    def array(self, values: Tensor | np.ndarray) -> Tensor:
        """See `Engine.array`."""
        if isinstance(values, np.ndarray) and not values.flags.writeable:
            values = values.copy()
        return torch.as_tensor(values, dtype=self._precision, device=self.device)

    def index(self, numbers: np.ndarray) -> Tensor:
        """See `Engine.index`."""
        return torch.as_tensor(numbers, dtype=torch.long, device=self.device)

    def host(self, values: Tensor) -> np.ndarray:
        """See `Engine.host`."""
        return values.detach().cpu().numpy()
