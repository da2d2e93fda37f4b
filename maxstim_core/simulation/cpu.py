"""The CPU engine: the stencil in vector registers, on all cores, without edges.

Forward, each frame gathers every type's taps from the rectified voltages of the frame before; the
adjoint is the same stencil read backwards, gated by one stored bit per cell and frame: whether its
voltage was positive. Voltages are stored only for the gradients of the parameters. Eight stimuli go
abreast where there are enough: then a vector holds one column of eight stimuli rather than eight columns
of one, and lies on one line of the cache. Threads take whole stimuli, or groups, where there are enough;
otherwise they share one, each owning a range of the eye, so that only the rows along the seam travel
between cores. The same inputs give the same bits, whatever is simulated with them and on however many
threads; the gradients of parameters alone are sums whose order depends on the threads.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numba import __version__ as numba_version

from maxstim_core.devices import usable_cores
from maxstim_core.networks.network import Network
from maxstim_core.simulation.cpu_loops import carry_over, roll, unroll
from maxstim_core.simulation.cpu_threads import Conductor, ThreadPlace, thread_places
from maxstim_core.simulation.cpu_vectors import (
    BLOCK,
    BLOCK_BITS,
    LANES,
    LINE,
    VECTORS,
)
from maxstim_core.simulation.engine import Engine, FreeParameters, Gradients, Rollout
from maxstim_core.simulation.stencil import Stencil, Taps, strip_by_strip, vector_places

_TEAM = 4
"""Most threads that share one stimulus: beyond, they wait for each other more than they gain."""

_MOST_KINDS = 16
"""Shapes of arrays that are kept for the next call: those of two kinds of calls."""


_ABREAST = (LANES, LANES // 2)
"""How many stimuli go abreast, where there are so many for each thread: the first is quicker."""

_MOST_RECORDED = 4096
"""Cells that are recorded of stimuli abreast at most: sorting out more takes longer than that saves."""


@dataclass(frozen=True)
class _Tape:
    """What an adjoint needs of a rollout.

    Attributes:
        parts: Of each part of the batch, in order.
        numbers, parameters, cells: What the rollout was made with.
    """

    parts: list[_TapeOfPart]
    numbers: _Numbers
    parameters: FreeParameters
    cells: np.ndarray


@dataclass(frozen=True)
class _TapeOfPart:
    """What an adjoint needs of samples that lie in memory in one way.

    Attributes:
        samples: Which of the batch.
        lay: How they lie.
        active: Whether each voltage was positive before each frame, one bit each, (group, frame + 1,
            cell_type, block, byte).
        states: Voltages, (group, frame + 1, cell_type, number), if parameters will be asked for; else
            the last ones alone.
    """

    samples: slice
    lay: _Lay
    active: np.ndarray
    states: np.ndarray


@dataclass(frozen=True)
class _Numbers:
    """Parameters as the kernels read them."""

    forward_weight: np.ndarray
    backward_weight: np.ndarray
    rest: np.ndarray
    inverse_tau: np.ndarray
    dt: np.float32


class CpuEngine(Engine):
    """Simulates in float32 with compiled vector code.

    Args:
        network: The network.
        threads: Threads to use; one for each core that it may use if None: see
            `maxstim_core.devices.usable_cores`.
    """

    one_by_one = True

    def __init__(self, network: Network, *, threads: int | None = None) -> None:
        super().__init__(network, device="cpu", dtype="float32")
        self.threads: int = threads or usable_cores()
        self.samples_at_once = max(self.samples_at_once, LANES * self.threads)
        # Room for what the last vector covers behind the last column, and for vectors that fill a block.
        self._stencil = Stencil(self.layout, block=LINE // 4, line=LINE // 4, room=2 * LANES)
        self._single = _Lay(self._stencil, 1)
        self._is_input = np.array([t.role == "input" for t in network.connectome.cell_types])
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self.array(signed_count)
        self._tap_pair = self.layout.tap_pair
        self._spares = _Spares()
        self._conductor = Conductor(self.threads) if self.threads > 1 else None

    @cached_property
    def _lays(self) -> dict[int, _Lay]:
        return {abreast: _Lay(self._stencil, abreast) for abreast in _ABREAST}

    @property
    def versions(self) -> dict[str, str]:
        """See `Engine.versions`."""
        return {"numba_version": numba_version}

    def array(self, values: np.ndarray) -> np.ndarray:
        """See `Engine.array`."""
        numbers = np.asarray(values, np.float32)
        # Numba compiles anew for arrays that must not be written.
        return numbers if numbers.flags.writeable else numbers.copy()

    def index(self, numbers: np.ndarray) -> np.ndarray:
        """See `Engine.index`."""
        return np.asarray(numbers, np.int64)

    def host(self, values: np.ndarray) -> np.ndarray:
        """See `Engine.host`."""
        return values

    def batches(self, n_movies: int, at_once: int | None = None) -> list[list[int]]:
        """See `Engine.batches`; as many eights as there are threads, where there are enough movies."""
        full = LANES * self.threads
        if at_once is not None and at_once < full:
            sizes = [sum(groups) for groups in super().batches(n_movies, at_once)]
        else:
            sizes = [min(full, n_movies - first) for first in range(0, n_movies, full)]
        return [self._groups(size) for size in sizes]

    def _groups(self, n_samples: int) -> list[int]:
        """Return how many samples go abreast, group by group: so many that no thread is idle."""
        groups: list[int] = []
        for abreast in _ABREAST:
            n_groups = (n_samples - sum(groups)) // (abreast * self.threads) * self.threads
            groups += [abreast] * n_groups
        return groups + [1] * (n_samples - sum(groups))

    def rollout(
        self,
        movie: np.ndarray,
        initial_state: np.ndarray,
        dt: float,
        *,
        cells: np.ndarray,
        parameters: FreeParameters,
        tape: bool,
        with_parameters: bool = False,
    ) -> Rollout:
        """See `Engine.rollout`."""
        n_samples, n_frames, _ = movie.shape
        numbers = self._numbers(parameters, dt)
        found = Rollout(
            np.empty((n_samples, n_frames, len(cells)), np.float32),
            np.empty((n_samples, self.layout.n_cells), np.float32),
            _Tape([], numbers, parameters, cells) if tape else None,
        )
        for lay, samples in self._parts(n_samples, len(cells), with_parameters):
            active, states = self._roll(
                lay,
                movie[samples],
                initial_state[samples],
                numbers,
                cells,
                found.activity[samples],
                keep=tape and with_parameters,
            )
            last = lay.cells_of(states)[:, -1, self._stencil.cell_position]
            found.final_state[samples] = lay.apart(last)
            if tape:
                part = _TapeOfPart(samples, lay, active, states)
                found.tape.parts.append(part)
                weakref.finalize(part, self._spares.give, active, states)
            else:
                self._spares.give(active, states)
        return found

    def _roll(
        self,
        lay: _Lay,
        movie: np.ndarray,
        initial_state: np.ndarray,
        numbers: _Numbers,
        cells: np.ndarray,
        activity: np.ndarray,
        *,
        keep: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Roll samples out that lie alike, into `activity`; return the bits and states of a tape."""
        stencil, take = self._stencil, self._spares.take
        n_samples, n_frames, _ = movie.shape
        n_groups = n_samples // lay.abreast
        shown = take((n_groups, n_frames, lay.size))
        lay.show(movie, shown)
        kept = n_frames + 1 if keep else 1
        states = take((n_groups, kept, *lay.grid))
        states[:, 0] = 0  # a rollout that ran out of numbers leaves none where no cell is
        lay.cells_of(states)[:, 0, stencil.cell_position] = lay.together(initial_state)
        rectified = self._padded(n_groups, lay)
        np.maximum(states[:, 0], 0, out=self._inner(rectified, lay)[:, 0])
        active = take((n_groups, n_frames + 1, lay.grid[0], lay.n_blocks, BLOCK_BITS), np.uint8)
        lanes = lay.vectors[:, None] + np.arange(LANES)
        blocks = (states[:, 0][..., lanes] > 0).reshape(n_groups, lay.grid[0], lay.n_blocks, BLOCK)
        active[:, 0, ..., : BLOCK // 8] = np.packbits(blocks, axis=-1, bitorder="little")
        positions = lay.places(stencil.cell_position[cells])
        recorded = np.empty((n_groups, n_frames, len(positions)), np.float32)
        self._run(
            n_groups,
            lay,
            lambda group, place: roll(
                *place.span,
                shown[group],
                lay.dark,
                states[group],
                rectified[group],
                active[group],
                *lay.forward.taps,
                numbers.forward_weight,
                numbers.rest,
                numbers.inverse_tau,
                numbers.dt,
                lay.present,
                lay.present_of,
                self._is_input,
                lay.margin,
                positions,
                lay.owned(place, positions),
                recorded[group],
            ),
        )
        activity[...] = lay.apart(recorded.reshape(n_groups, n_frames, len(cells), lay.abreast))
        self._spares.give(shown, rectified)
        return active, states

    def adjoint(self, tape: _Tape, cotangent: np.ndarray, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`."""
        n_samples, n_frames, _ = cotangent.shape
        n_types = len(tape.numbers.rest)
        on_movie = np.empty((n_samples, n_frames, self.layout.lattice.n_columns), np.float32)
        on_state = np.empty((n_samples, self.layout.n_cells), np.float32)
        # One sum per thread of a team, in double precision: added up in a fixed order at the end.
        on_rest, on_change = np.zeros((2, n_samples, self._most_in_team, n_types))
        on_weight = np.zeros((n_samples, self._most_in_team, len(tape.numbers.forward_weight)))
        on_parameters = on_rest, on_change, on_weight
        for part in tape.parts:
            self._unroll(
                part,
                tape,
                np.asarray(cotangent[part.samples], np.float32),
                on_movie[part.samples],
                on_state[part.samples],
                tuple(sums[part.samples] for sums in on_parameters),
                with_parameters=with_parameters,
            )
        return Gradients(
            movie=on_movie,
            initial_state=on_state,
            parameters=self._on_parameters(tape, *on_parameters) if with_parameters else None,
        )

    def _unroll(
        self,
        part: _TapeOfPart,
        tape: _Tape,
        cotangent: np.ndarray,
        on_movie: np.ndarray,
        on_cells: np.ndarray,
        on_parameters: tuple[np.ndarray, ...],
        *,
        with_parameters: bool,
    ) -> None:
        """Carry the cotangents of a part of a batch back, into `on_movie` and what follows."""
        lay, stencil, numbers, take = part.lay, self._stencil, tape.numbers, self._spares.take
        n_samples, n_frames, _ = cotangent.shape
        n_groups = n_samples // lay.abreast
        positions = lay.places(stencil.cell_position[tape.cells])
        together = lay.together(cotangent)
        on_activity = np.ascontiguousarray(together.reshape(n_groups, n_frames, len(positions)))
        on_state, on_shown = take((n_groups, 1, *lay.grid)), take((n_groups, n_frames, lay.size))
        on_state[...], on_shown[...] = 0, 0
        on_pull = self._padded(n_groups, lay)
        on_pull[:, (n_frames - 1) % 2] = 0
        rectified = self._padded(n_groups if with_parameters else 0, lay)
        nothing = np.zeros((2, 0), np.float32)
        on_rest, on_change, on_weight = on_parameters
        self._run(
            n_groups,
            lay,
            lambda group, place: unroll(
                *place.span,
                part.active[group],
                part.states[group],
                on_activity[group],
                positions,
                lay.owned(place, positions),
                on_state[group, 0],
                on_pull[group],
                rectified[group] if with_parameters else nothing,
                *lay.backward.taps,
                numbers.backward_weight,
                *lay.forward.taps,
                numbers.inverse_tau,
                numbers.dt,
                self._is_input,
                lay.margin,
                with_parameters,
                on_shown[group],
                on_rest[group, place.number],
                on_change[group, place.number],
                on_weight[group, place.number],
            ),
        )
        lay.seen(on_shown, on_movie)
        on_cells[...] = lay.apart(lay.cells_of(on_state)[:, 0, stencil.cell_position])
        self._spares.give(on_state, on_shown, on_pull, *((rectified,) if with_parameters else ()))

    def _numbers(self, parameters: FreeParameters, dt: float) -> _Numbers:
        rest, tau, strength = parameters
        weights = strength[self._tap_pair] * self._signed_count
        return _Numbers(
            forward_weight=weights[self._single.forward.order],
            backward_weight=weights[self._single.backward.order],
            rest=rest,
            inverse_tau=1 / np.maximum(tau, np.float32(dt)),
            dt=np.float32(dt),
        )

    def _on_parameters(
        self, tape: _Tape, on_rest: np.ndarray, on_change: np.ndarray, on_weight: np.ndarray
    ) -> FreeParameters:
        tau = tape.parameters.time_constant
        # V changes by dt / tau * pull, so d(change)/d(tau) = -change / tau; none where dt clamps tau.
        on_tau = -on_change.sum((0, 1)).astype(np.float32) / tau
        per_tap = np.empty(len(self._signed_count))
        per_tap[self._single.forward.order] = on_weight.sum((0, 1))
        on_strength = np.zeros(len(tape.parameters.synapse_strength))
        np.add.at(on_strength, self._tap_pair, per_tap * self._signed_count)
        return FreeParameters(
            on_rest.sum((0, 1)).astype(np.float32),
            np.where(tau > tape.numbers.dt, on_tau, np.float32(0)),
            on_strength.astype(np.float32),
        )

    def _parts(
        self, n_samples: int, n_recorded: int, with_parameters: bool
    ) -> Iterator[tuple[_Lay, slice]]:
        """Split a batch into samples that lie alike."""
        groups = [1] * n_samples
        if not with_parameters and n_recorded <= _MOST_RECORDED:
            groups = self._groups(n_samples)
        first = 0
        for abreast, alike in groupby(groups):
            last = first + sum(alike)
            yield self._single if abreast == 1 else self._lays[abreast], slice(first, last)
            first = last

    def _padded(self, n_groups: int, lay: _Lay) -> np.ndarray:
        """Two grids per group with a margin of zeros before, between and behind the types."""
        n_types, size = lay.grid
        return self._spares.take((n_groups, 2, lay.margin + n_types * (size + lay.margin)))

    def _inner(self, padded: np.ndarray, lay: _Lay) -> np.ndarray:
        """The grids of `_padded` without their margins, (group, 2, cell_type, number)."""
        n_types, size = lay.grid
        inner = padded[..., lay.margin :].reshape(*padded.shape[:2], n_types, size + lay.margin)
        return inner[..., :size]

    def _run(self, n_groups: int, lay: _Lay, work: Callable[[int, ThreadPlace], None]) -> None:
        """Call ``work(group, place)`` on all threads: alone on many groups, in teams on few."""
        if self._conductor is None:  # nobody to meet: whoever asks works
            alone = thread_places(1, lay.vectors, lay.size)[0]
            for group in range(n_groups):
                work(group, alone)
            return
        in_team = min(max(1, self.threads // max(1, n_groups)), self._most_in_team)
        n_teams = min(self.threads // in_team, n_groups)
        jobs: list[list[tuple[int, ThreadPlace]]] = []
        for first in range(n_teams):
            own = range(first, n_groups, n_teams)
            teams = [thread_places(in_team, lay.vectors, lay.size) for _ in own]
            jobs += [list(zip(own, places, strict=True)) for places in zip(*teams, strict=True)]
        self._conductor.run(work, jobs)

    @property
    def _most_in_team(self) -> int:
        """Most threads that can share one stimulus."""
        return min(self.threads, _TEAM, self._single.n_blocks)


class _Spares:
    """Arrays that were used before: new memory would cost as much as filling it.

    They are zero wherever no kernel ever writes: in margins, and where a type has no cell.
    """

    def __init__(self) -> None:
        # Appending to a list and popping from it are safe from any thread.
        self._by_kind: dict[tuple, list[np.ndarray]] = {}

    def take(self, shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
        """Return an array that nobody uses."""
        try:
            return self._by_kind[shape, np.dtype(dtype)].pop()
        except (KeyError, IndexError):
            return _aligned_zeros(shape, dtype)

    def give(self, *arrays: np.ndarray) -> None:
        """Keep arrays for the next `take`; those of shapes of long ago are let go."""
        if len(self._by_kind) > _MOST_KINDS:
            self._by_kind = {}
        for array in arrays:
            self._by_kind.setdefault((array.shape, array.dtype), []).append(array)


class _Lay:
    """How stimuli lie in memory: so many abreast, the numbers of all at a position side by side.

    Args:
        stencil: The connectome as shifts.
        abreast: How many make a group: 1, or as many as a vector holds.

    Attributes:
        abreast: The same.
        size: Numbers of a cell type: positions times stimuli.
        margin: Numbers before, between and behind the cell types.
        grid: Cell types and `size`.
        vectors: Where the vectors begin that cover all columns, shape (vector,), in numbers.
        n_blocks: Blocks that they make.
        dark: Zeros of shape (size,).
        present: Ones where there are cells, the rows that differ; of each cell type, `present_of`.
        forward, backward: Taps with shifts in numbers.
    """

    def __init__(self, stencil: Stencil, abreast: int) -> None:
        self.abreast, self._position = abreast, stencil.position
        self.size, self.margin = stencil.size * abreast, stencil.margin * abreast
        places = vector_places(stencil.position, LANES // abreast)
        if abreast > 1:  # in one thread: nobody needs to own a range
            places = strip_by_strip(places, stencil.width)
        missing = -len(places) % VECTORS
        self.vectors = np.concatenate([places * abreast, np.full(missing, self.size - LANES)])
        self.n_blocks = len(self.vectors) // VECTORS
        self.dark = np.zeros(self.size, np.float32)
        # Almost all types have their cells in the same places: few rows stay in the cache.
        rows, self.present_of = np.unique(stencil.cell_mask(), axis=0, return_inverse=True)
        self.present = np.repeat(rows, abreast, axis=1)
        self.grid = (len(self.present_of), self.size)
        pitch = stencil.size + stencil.margin
        self.forward = _Gather(stencil.forward, pitch, abreast)
        self.backward = _Gather(stencil.backward, pitch, abreast)

    def together(self, samples: np.ndarray) -> np.ndarray:
        """Return (group, ..., stimulus of the group) of (sample, ...)."""
        groups = samples.reshape(len(samples) // self.abreast, self.abreast, *samples.shape[1:])
        return np.moveaxis(groups, 1, -1)

    def apart(self, groups: np.ndarray) -> np.ndarray:
        """Return (sample, ...) of (group, ..., stimulus of the group)."""
        samples = np.moveaxis(groups, -1, 1)
        return samples.reshape(len(groups) * self.abreast, *groups.shape[1:-1])

    def show(self, movies: np.ndarray, shown: np.ndarray) -> None:
        """Write movies, (sample, frame, column), into (group, frame, number)."""
        if self.abreast == 1:
            shown[..., self._position] = movies
        else:
            carry_over(np.ascontiguousarray(movies), self._position, shown, False)

    def seen(self, shown: np.ndarray, movies: np.ndarray) -> None:
        """Write (group, frame, number) into movies, (sample, frame, column)."""
        if self.abreast == 1:
            movies[...] = shown[..., self._position]
        else:
            carry_over(movies, self._position, shown, True)

    def cells_of(self, states: np.ndarray) -> np.ndarray:
        """Return (group, step, cell_type by position, stimulus) of (group, step, cell_type, number)."""
        return states.reshape(*states.shape[:2], -1, self.abreast)

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Return the numbers at positions on (cell_type, position), for all stimuli of a group."""
        return (positions[:, None] * self.abreast + np.arange(self.abreast)).ravel()

    def owned(self, place: ThreadPlace, numbers: np.ndarray) -> np.ndarray:
        """Return which of some numbers on (cell_type, number) a thread owns."""
        on_eye = numbers % self.size
        return np.flatnonzero((place.first <= on_eye) & (on_eye < place.last))


class _Gather:
    """Taps with shifts that are absolute on a padded grid, in numbers."""

    def __init__(self, taps: Taps, pitch: int, abreast: int) -> None:
        self.order = taps.order
        self.taps = (taps.first, (taps.other * pitch + taps.shift) * abreast)


def _aligned_zeros(shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    """Zeros that begin where a line of the cache does, so that threads share no line but at a seam."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + n_bytes].view(dtype).reshape(shape)
