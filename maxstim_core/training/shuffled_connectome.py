"""A connectome whose connections are shuffled, against which predictions of the real one are set."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from maxstim_core.networks.connectome import Connectome, Synapse

_SWAPS_PER_PAIR = 20


def shuffled(connectome: Connectome, seed: int) -> Connectome:
    """Return a connectome with the same cell types, in which other types are connected.

    Pairs of connected types (A to B, C to D) exchange their sources (C to B, A to D) again and again, as
    Maslov and Sneppen (Science 296:910, 2002) shuffle a graph. So every type keeps the numbers of types
    that it hears and speaks to, the offsets and counts of the synapses on it, and the signs of those it
    makes. Connections of photoreceptors stay, so that light still gets in, and those between
    types that do not sit in the same columns.

    Args:
        connectome: The real one.
        seed: Where chance comes from.
    """
    random = np.random.default_rng(seed)
    role = {cell_type.name: cell_type.role for cell_type in connectome.cell_types}
    stride = {cell_type.name: cell_type.stride for cell_type in connectome.cell_types}
    of_pair: dict[tuple[str, str], list[Synapse]] = defaultdict(list)
    for synapse in connectome.synapses:
        of_pair[synapse.source, synapse.target].append(synapse)
    # By the pair whose synapses they are: who makes them now, and with which sign.
    maker = {pair: (pair[0], synapses[0].sign) for pair, synapses in of_pair.items()}
    free = [pair for pair in maker if role[pair[0]] != "input" and stride[pair[0]] == (1, 1)]
    taken = set(maker)
    for _ in range(_SWAPS_PER_PAIR * len(free)):
        one, other = (free[k] for k in random.choice(len(free), 2, replace=False))
        crossed = (maker[other][0], one[1]), (maker[one][0], other[1])
        if stride[one[1]] == stride[other[1]] and not taken & {*crossed}:
            taken -= {(maker[one][0], one[1]), (maker[other][0], other[1])}
            taken |= {*crossed}
            maker[one], maker[other] = maker[other], maker[one]
    synapses = [
        replace(synapse, source=source, sign=sign)
        for pair, (source, sign) in maker.items()
        for synapse in of_pair[pair]
    ]
    return Connectome(connectome.cell_types, tuple(synapses))
