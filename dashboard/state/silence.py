"""Which cell types a person silences, held against the one that is chosen."""

from __future__ import annotations

from functools import cache

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.settings import did_you_mean


@cache
def input_types() -> dict[str, tuple[str, ...]]:
    """Return the other cell types that make synapses onto each, in the order of the connectome."""
    connectome = bundled_connectome()
    pairs = {(synapse.source, synapse.target) for synapse in connectome.synapses}
    return {
        target: tuple(
            source for source in connectome.names if source != target and (source, target) in pairs
        )
        for target in connectome.names
    }


def check_silence(silence: str, cell_type: str) -> None:
    """Make sure that the cell types that are silenced exist, and are others than the chosen one.

    Args:
        silence: Their names, as settings keep them.
        cell_type: The chosen one.

    Raises:
        MaxstimError: if not.
    """
    known = bundled_connectome().names
    for name in filter(None, silence.split(",")):
        if name == cell_type:
            raise MaxstimError(
                f"{name} is the cell type that is asked; leave it out of those that are silenced."
            )
        if name not in known:
            raise MaxstimError(f"There is no cell type {shown(name)}; {did_you_mean(name, known)}")
