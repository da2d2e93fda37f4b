"""A network: the connectome laid out on an eye, with its parameters.

Everything here is numpy: the simulation engines turn it into what they compute with. Orders, counts
and parameter groups are flyvis's: docs/numerics.md#cells-and-synapses, docs/numerics.md#parameters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from maxstim_core.errors import MaxstimError, shown
from maxstim_core.lattice import Lattice
from maxstim_core.networks.connectome import Connectome
from maxstim_core.networks.layout import Layout
from maxstim_core.settings import did_you_mean


@dataclass(frozen=True, eq=False, repr=False)
class Parameters:
    """The numbers of a network, all float32.

    Attributes:
        resting_potential: Voltage at rest, shape (cell_type,), arbitrary units.
        time_constant: Membrane time constant, shape (cell_type,), seconds.
        synapse_sign: +1 or -1, shape (pair,).
        synapse_count: Number of synapses, shape (tap,).
        synapse_strength: Weight of one synapse, shape (pair,).

    The first two and the last are free: 65 + 65 + 604 = 734 at the published extent. Pairs and taps
    are those of `Layout`.

    Raises:
        MaxstimError: if a value is not finite, or a time constant is not positive.
    """

    resting_potential: np.ndarray
    time_constant: np.ndarray
    synapse_sign: np.ndarray
    synapse_count: np.ndarray
    synapse_strength: np.ndarray

    def __repr__(self) -> str:
        sizes = [f"{getattr(self, item.name).size} of {item.name}" for item in fields(self)]
        return f"<Parameters: {', '.join(sizes)}>"

    def __post_init__(self) -> None:
        for item in fields(self):
            values = np.array(getattr(self, item.name), dtype=np.float32)
            if not np.isfinite(values).all():
                raise MaxstimError(
                    f"The network's {item.name} holds a value that is not finite; get the network again "
                    "from where it was made, or use another."
                )
            values.setflags(write=False)
            object.__setattr__(self, item.name, values)
        if not (self.time_constant > 0).all():
            raise MaxstimError(
                "The network's time_constant holds a value of 0 or less; give every cell type positive "
                "seconds, for example 0.05."
            )


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A connectome on an eye, with its parameters.

    Raises:
        MaxstimError: if it is made of anything else than a layout and parameters that fit it.
    """

    name: str
    layout: Layout
    parameters: Parameters

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise MaxstimError(f"The name of a network must be text, not {shown(self.name)}.")
        if not isinstance(self.layout, Layout) or not isinstance(self.parameters, Parameters):
            raise MaxstimError(
                "A network is made of a Layout and its Parameters; to open one by name, use "
                "open_network('default')."
            )
        n_types, n_pairs = len(self.connectome.names), len(self.layout.pairs)
        sizes = {
            "resting_potential": n_types,
            "time_constant": n_types,
            "synapse_sign": n_pairs,
            "synapse_count": len(self.layout.tap_counts),
            "synapse_strength": n_pairs,
        }
        for item, size in sizes.items():
            shape = getattr(self.parameters, item).shape
            if shape != (size,):
                raise MaxstimError(
                    f"The network {self.name} has {item} of shape {shape}, but its connectome on an "
                    f"eye of {self.lattice.n_columns} columns needs ({size},)."
                )

    def __repr__(self) -> str:
        return (
            f"<Network {self.name!r}: {len(self.connectome.names)} cell types, "
            f"{self.lattice.n_columns} columns, {self.layout.n_cells} cells>"
        )

    @property
    def connectome(self) -> Connectome:
        """The table of cell types and synapses."""
        return self.layout.connectome

    @property
    def lattice(self) -> Lattice:
        """The eye."""
        return self.layout.lattice

    @cached_property
    def tap_weights(self) -> np.ndarray:
        """Weight of each tap, strength times count times sign, shape (tap,), float32."""
        values, pair = self.parameters, self.layout.tap_pair
        return values.synapse_strength[pair] * values.synapse_count * values.synapse_sign[pair]

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of the connectome, the extent and all parameters."""
        digest = hashlib.sha256(self.connectome.content_hash.encode())
        digest.update(str(self.lattice.extent).encode())
        for item in fields(self.parameters):
            digest.update(getattr(self.parameters, item.name).tobytes())
        return digest.hexdigest()

    def on_eye(self, extent: int) -> Network:
        """Return the same network on an eye of another extent.

        Args:
            extent: Rings of the eye: as many at least as the longest synapse of the connectome spans.

        Raises:
            MaxstimError: if `extent` makes no sense, or not all parameters have a place there.
        """
        layout = Layout(self.connectome, Lattice(extent))
        return Network(self.name, layout, self.parameters)

    def cell_type(self, name: str) -> int:
        """Return the index of a cell type.

        Raises:
            MaxstimError: if the connectome has no such type.
        """
        index = self.connectome.index
        if isinstance(name, str) and name in index:
            return index[name]
        raise MaxstimError(f"There is no cell type {shown(name)}; {did_you_mean(name, index)}")


def check_network(network: object) -> None:
    """Make sure that a network is one.

    Raises:
        MaxstimError: if it is something else, such as the name of a network.
    """
    if not isinstance(network, Network):
        raise MaxstimError(
            f"The network must be opened first, for example open_network('default'); this is "
            f"{shown(network)}."
        )
