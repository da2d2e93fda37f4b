"""Where the cells of a connectome sit on a lattice, and which synapses connect them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from maxstim_core.lattice import Lattice, ring_distance
from maxstim_core.networks.connectome import Connectome


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

    def __repr__(self) -> str:
        return f"<Layout: {self.n_cells} cells on {self.lattice.n_columns} columns>"

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

    def onto_center(self, cell_type: int) -> tuple[np.ndarray, np.ndarray]:
        """Return source cell and tap of every edge onto the central cell of a type, each (edge,)."""
        center = self.central_cells[cell_type]
        cells, taps = [], []
        for tap in np.flatnonzero(self.tap_target == cell_type).tolist():
            sources, targets = self._ends(tap)
            found = sources[targets == center]
            cells += found.tolist()
            taps += [tap] * len(found)
        return np.array(cells, int), np.array(taps, int)

    def _list_taps(self) -> None:
        index, taps = self.connectome.index, []
        pairs: dict[tuple[int, int], int] = {}
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


def pair_signs(layout: Layout) -> np.ndarray:
    """Return the synapse sign of each pair, shape (pair,)."""
    names = layout.connectome.names
    sign_of = {(s.source, s.target): s.sign for s in layout.connectome.synapses}
    return np.array([sign_of[names[source], names[target]] for source, target in layout.pairs])
