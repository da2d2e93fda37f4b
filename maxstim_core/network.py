"""A network: the connectome laid out on an eye, with its parameters.

Everything here is numpy: the simulation engines turn it into what they compute with. Orders, counts
and parameter groups are flyvis's (spec §1.2, §1.4, §3.2).
"""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from maxstim_core.connectome import Connectome, bundled_connectome
from maxstim_core.conventions import EXTENT, GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.lattice import Lattice, ring_distance

PRIOR_GAIN = 1.5
"""Sum of the absolute weights into each cell type of the prior network."""

PRIOR_VOLTAGE = 0.3
"""Voltage under grey of every cell of the prior network that has a full neighbourhood."""


@dataclass(frozen=True, eq=False)
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


class Layout:
    """Where the cells of a connectome sit on a lattice, and which synapses connect them.

    A *tap* is one (source type, target type, du, dv) that connects at least one pair of cells on this
    lattice; a *pair* is one (source type, target type) that has a tap. Both keep the order of the
    connectome.

    Attributes:
        columns: Per cell type, the column of each of its cells, ascending.
        first_cell: Number of the first cell of each type, shape (cell_type + 1,); the last entry is
            the number of cells.
        cell_type_of: Type of each cell, shape (cell,).
        central_cells: The cell of each type at (0, 0), shape (cell_type,).
        input_cells: Cells of the input types in column order, shape (input type, column).
        tap_source, tap_target, tap_pair: Types and pair of each tap, shape (tap,).
        tap_du, tap_dv: Offset of each tap, target minus source, shape (tap,).
        tap_counts: Synapse count of each tap in the connectome, shape (tap,).
        pairs: (source type, target type) of each pair.
    """

    def __init__(self, connectome: Connectome, lattice: Lattice) -> None:
        self.connectome = connectome
        self.lattice = lattice
        self.columns = tuple(
            np.flatnonzero((lattice.u % su == 0) & (lattice.v % sv == 0))
            for su, sv in (cell_type.stride for cell_type in connectome.cell_types)
        )
        sizes = [len(columns) for columns in self.columns]
        self.first_cell = np.concatenate([[0], np.cumsum(sizes)])
        self.cell_type_of = np.repeat(np.arange(len(sizes)), sizes)
        self.central_cells = self.first_cell[:-1] + [
            int(np.searchsorted(columns, lattice.center)) for columns in self.columns
        ]
        inputs = [i for i, t in enumerate(connectome.cell_types) if t.role == "input"]
        self.input_cells = np.stack(
            [self.first_cell[i] + np.arange(len(self.columns[i])) for i in inputs]
        )
        self._list_taps()

    @property
    def n_cells(self) -> int:
        """Number of cells of all types."""
        return int(self.first_cell[-1])

    def cells(self, cell_type: int) -> np.ndarray:
        """Return the numbers of the cells of a type, in column order."""
        return np.arange(self.first_cell[cell_type], self.first_cell[cell_type + 1])

    def on_columns(self, cell_type: int, values: np.ndarray) -> np.ndarray:
        """Spread `values` (…, cell of the type) over (…, column), NaN where the type has no cell."""
        spread = np.full((*values.shape[:-1], self.lattice.n_columns), np.nan, values.dtype)
        spread[..., self.columns[cell_type]] = values
        return spread

    @cached_property
    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Source cell, target cell and tap of every edge, in flyvis's order, each (edge,)."""
        sources, targets = zip(*(self._ends(k) for k in range(len(self.tap_source))), strict=True)
        taps = np.repeat(np.arange(len(sources)), [len(cells) for cells in sources])
        return np.concatenate(sources), np.concatenate(targets), taps

    def _list_taps(self) -> None:
        index, pairs, taps = self.connectome.index, {}, []
        for synapse in self.connectome.synapses:
            source, target = index[synapse.source], index[synapse.target]
            if self._connects(source, target, synapse.du, synapse.dv):
                pair = pairs.setdefault((source, target), len(pairs))
                taps.append((source, target, pair, synapse.du, synapse.dv, synapse.count))
        *whole, counts = zip(*taps, strict=True)
        self.tap_source, self.tap_target, self.tap_pair, self.tap_du, self.tap_dv = (
            np.array(numbers) for numbers in whole
        )
        self.tap_counts = np.array(counts)
        self.pairs = tuple(pairs)

    def _connects(self, source: int, target: int, du: int, dv: int) -> bool:
        if (
            self.connectome.cell_types[source].stride
            == (1, 1)
            == (self.connectome.cell_types[target].stride)
        ):
            return bool(ring_distance(du, dv) <= 2 * self.lattice.extent)
        return len(self._matches(source, target, du, dv)[0]) > 0

    def _ends(self, tap: int) -> tuple[np.ndarray, np.ndarray]:
        source, target = self.tap_source[tap], self.tap_target[tap]
        from_columns, to_columns = self._matches(source, target, self.tap_du[tap], self.tap_dv[tap])
        return (
            self.first_cell[source] + np.searchsorted(self.columns[source], from_columns),
            self.first_cell[target] + np.searchsorted(self.columns[target], to_columns),
        )

    def _matches(self, source: int, target: int, du: int, dv: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the source cells that have a target cell at the offset, and of those targets."""
        lattice, columns = self.lattice, self.columns[source]
        su, sv = self.connectome.cell_types[target].stride
        u, v = lattice.u[columns] + du, lattice.v[columns] + dv
        hit = (ring_distance(u, v) <= lattice.extent) & (u % su == 0) & (v % sv == 0)
        return columns[hit], lattice.index(u[hit], v[hit])


@dataclass(frozen=True, eq=False)
class Network:
    """A connectome on an eye, with its parameters.

    Raises:
        MaxstimError: if the parameters do not fit the layout.
    """

    name: str
    layout: Layout
    parameters: Parameters

    def __post_init__(self) -> None:
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

    def cell_type(self, name: str) -> int:
        """Return the index of a cell type.

        Raises:
            MaxstimError: if the connectome has no such type.
        """
        index = self.connectome.index
        if isinstance(name, str) and name in index:
            return index[name]
        lower = {known.lower(): known for known in index}
        near = [lower[n] for n in difflib.get_close_matches(str(name).lower(), lower, n=3)]
        hint = f"did you mean {', '.join(near)}?" if near else f"choose from {', '.join(index)}."
        raise MaxstimError(f"There is no cell type {name!r}; {hint}")


def check_network(network: object) -> None:
    """Make sure that a network is one.

    Raises:
        MaxstimError: if it is something else, such as the name of a network.
    """
    if not isinstance(network, Network):
        raise MaxstimError(
            f"The network must be opened first, for example open_network('default'); this is "
            f"{network!r:.60}."
        )


def open_network(name: str | os.PathLike, extent: int = EXTENT) -> Network:
    """Open a network by name.

    Args:
        name: ``default`` or ``maxstim/000`` and so on (`maxstim_core.bundled`), ``prior``
            (`prior_network`), ``flyvis-init`` (`flyvis_initial_network`), ``own/…``
            (`maxstim_core.own_networks`), the path of a network file or flyvis model folder, or what
            flyvis calls a published model, such as ``flow/0000/000``.
        extent: Rings of the eye. A published model of another extent can be opened at any extent that
            has the same parameters (5 or more for the published connectome).

    Raises:
        MaxstimError: if there is no such network or the folder cannot be read.
    """
    if not isinstance(name, str | os.PathLike):
        raise MaxstimError(
            f"The name of a network must be text, for example 'default', not {name!r:.60}."
        )
    if name in UNFITTED:
        return UNFITTED[name](extent)
    from maxstim_core.network_library import network_file  # which needs this module

    file = network_file(name)
    if file is not None:
        from maxstim_core.network_file import read_network

        return read_network(file, "" if os.path.isfile(name) else str(name), extent)
    from maxstim_core.flyvis_library import find_model

    folder = find_model(name)
    if folder is not None:
        from maxstim_core.flyvis_format import read_model

        return read_model(folder, extent)
    raise MaxstimError(
        f"There is no network {str(name)!r}; choose one that 'maxstim models list' shows, or give the "
        "path of a network file or of a flyvis model folder."
    )


def prior_network(extent: int = EXTENT, connectome: Connectome | None = None) -> Network:
    """Return the network that the connectome alone suggests: the bundled one if none is given.

    One strength per target type makes each weight proportional to its synapse count and the absolute
    weights into a cell type sum to 1.5. Resting potentials are set so that a cell with all its
    synapses would sit at 0.3 under grey: b = 0.3 - 0.3 * sum(signed weights), less the 0.5 that a
    photoreceptor sees. Time constants are flyvis's 0.05 s.
    """
    layout = Layout(connectome or bundled_connectome(), Lattice(extent))
    n_types = len(layout.connectome.names)
    sign = pair_signs(layout)
    total = np.bincount(layout.tap_target, layout.tap_counts, n_types)
    per_type = np.divide(PRIOR_GAIN, total, out=np.zeros(n_types), where=total > 0)
    strength = per_type[[target for _, target in layout.pairs]]
    signed = strength[layout.tap_pair] * layout.tap_counts * sign[layout.tap_pair]
    drive = PRIOR_VOLTAGE * np.bincount(layout.tap_target, signed, n_types)
    drive += [GREY * (cell_type.role == "input") for cell_type in layout.connectome.cell_types]
    parameters = Parameters(
        resting_potential=PRIOR_VOLTAGE - drive,
        time_constant=np.full(n_types, 0.05),
        synapse_sign=sign,
        synapse_count=layout.tap_counts,
        synapse_strength=strength,
    )
    return Network("prior", layout, parameters)


def flyvis_initial_network(extent: int = EXTENT) -> Network:
    """Return the network that flyvis starts training from, bias seed 0 (spec §3.2).

    Resting potentials are 0.5 + 0.05 z with z from torch's CPU generator seeded 0; strengths are 0.01
    over the mean synapse count of the pair, the mean over its edges on this eye.
    """
    import torch  # only here: the numbers are torch's own

    layout = Layout(bundled_connectome(), Lattice(extent))
    n_types = len(layout.connectome.names)
    z = torch.randn(n_types, generator=torch.Generator().manual_seed(0)).numpy()
    _, _, taps = layout.edges
    pair_of_edge = layout.tap_pair[taps]
    mean_count = np.bincount(pair_of_edge, layout.tap_counts[taps]) / np.bincount(pair_of_edge)
    parameters = Parameters(
        resting_potential=np.float32(0.5) + np.float32(0.05) * z,
        time_constant=np.full(n_types, 0.05),
        synapse_sign=pair_signs(layout),
        synapse_count=np.exp(np.log(layout.tap_counts.astype(np.float32))),
        synapse_strength=0.01 / mean_count,
    )
    return Network("flyvis-init", layout, parameters)


UNFITTED = {"prior": prior_network, "flyvis-init": flyvis_initial_network}
"""The bundled networks that are in no file, by name."""


def pair_signs(layout: Layout) -> np.ndarray:
    """Return the synapse sign of each pair, shape (pair,)."""
    names = layout.connectome.names
    sign_of = {(s.source, s.target): s.sign for s in layout.connectome.synapses}
    return np.array([sign_of[names[source], names[target]] for source, target in layout.pairs])
