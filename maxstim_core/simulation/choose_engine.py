"""Which engine computes a network on a device.

`maxstim_core.simulation.cpu.CpuEngine` on a CPU, `maxstim_core.simulation.cuda.CudaEngine` on a GPU
where Triton is installed, elsewhere and in double precision the plain-torch `ReferenceEngine`, with
which every engine agrees.
"""

from __future__ import annotations

import warnings

import torch

from maxstim_core.devices import resolve_device
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.network import Network, check_network
from maxstim_core.simulation.engine import Engine
from maxstim_core.simulation.reference import ReferenceEngine


def make_engine(
    network: Network, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Engine:
    """Return the engine for a network on a device.

    Warns where a GPU must do without the CUDA engine, and says why.

    Args:
        network: The network to simulate.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        dtype: ``torch.float32`` or, to check gradients, ``torch.float64``.

    Raises:
        MaxstimError: if the device is not there, or the network or the precision is none.
    """
    check_network(network)
    device = resolve_device(device)
    if dtype not in (torch.float32, torch.float64):
        raise MaxstimError(f"The dtype must be torch.float32 or torch.float64, not {dtype!r:.60}.")
    if device == "cpu" and dtype == torch.float32:
        from maxstim_core.simulation.cpu import CpuEngine  # brings numba: not before it is needed

        return CpuEngine(network)
    if device != "cpu" and dtype == torch.float32:
        from maxstim_core.simulation.cuda import CudaEngine

        try:
            return CudaEngine(network, device=device)
        except MaxstimError as error:
            slower = f"Computing on {device} with plain torch, which is slower: {error}"
            warnings.warn(slower, RuntimeWarning, stacklevel=2)
    return ReferenceEngine(network, device=device, dtype=dtype)
