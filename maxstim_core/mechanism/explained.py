"""What carried a response, and what is left of it without each input type: docs/mechanism.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from maxstim_core.mechanism.contributions import contributions
from maxstim_core.mechanism.silencing_effects import silencing_effects
from maxstim_core.networks.network import Network

if TYPE_CHECKING:
    from maxstim_core.drawing.notebook import Result


def explained(
    network: Network, cell_type: str, movie: ArrayLike, dt: float, *, device: str = "cpu"
) -> Result:
    """Return the contributions to a response and the effects of silencing, in one dataset.

    Args:
        network: The network, with whatever is silenced in it already.
        cell_type: The type whose central cell is looked at, for example ``T4c``.
        movie: Luminance, shape (frame, column), shown after one second of grey.
        dt: Seconds per frame, and per Euler step.
        device: Where to simulate: see `maxstim_core.devices.resolve_device`.

    Returns:
        What `contributions` returns, and of `silencing_effects` ``silenced_response`` (silenced, frame),
        ``silenced_grey_voltage`` (silenced) and ``silenced_peak_voltage`` (silenced), in the arbitrary
        units of voltage; ``silenced`` has ``none``, then the input types.

    Raises:
        MaxstimError: as `contributions` and `silencing_effects`.
    """
    parts = contributions(network, cell_type, movie, dt, device=device)
    effects = silencing_effects(network, cell_type, movie, dt, device=device)
    told = parts.assign(
        silenced_response=effects["central_response"],
        silenced_grey_voltage=effects["grey_voltage"],
        silenced_peak_voltage=effects["peak_voltage"],
    )
    return told.assign_attrs(kind="mechanism")
