"""Which engine computes a network on a device.

`maxstim_core.simulation.cpu.CpuEngine` on a CPU, `maxstim_core.simulation.cuda.CudaEngine` on a GPU
where Triton is installed, elsewhere and in double precision the plain-torch `ReferenceEngine`, with
which every engine agrees.
"""

from __future__ import annotations

import warnings

from maxstim_core.devices import resolve_device
from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.network import Network, check_network
from maxstim_core.simulation.engine import Engine

PRECISIONS = ("float32", "float64")
"""Names of the precisions to compute in."""


def make_engine(
    network: Network, *, device: str = "cpu", dtype: str = "float32", threads: int | None = None
) -> Engine:
    """Return the engine for a network on a device.

    Warns where a GPU must do without the CUDA engine, and says why.

    Args:
        network: The network to simulate.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        dtype: ``float32`` or, to check gradients, ``float64``.
        threads: Of the CPU engine; one for each core if None.

    Raises:
        MaxstimError: if the device is not there, or the network or the precision is none.
    """
    check_network(network)
    device = resolve_device(device)
    if not isinstance(dtype, str) or dtype not in PRECISIONS:
        raise MaxstimError(f"The dtype must be 'float32' or 'float64', a name, not {shown(dtype)}.")
    if device == "cpu" and dtype == "float32":
        from maxstim_core.simulation.cpu import CpuEngine  # brings numba: not before it is needed

        return CpuEngine(network, threads=threads)
    if device != "cpu" and dtype == "float32":
        from maxstim_core.simulation.cuda import CudaEngine

        try:
            return CudaEngine(network, device=device)
        except MaxstimError as error:
            slower = f"Computing on {device} with plain torch, which is slower: {error}"
            warnings.warn(slower, RuntimeWarning, stacklevel=2)
    from maxstim_core.simulation.reference import ReferenceEngine  # brings torch: likewise

    return ReferenceEngine(network, device=device, dtype=dtype)
