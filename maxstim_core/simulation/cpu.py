"""The CPU engine: the stencil in vector registers, on all cores, without edges.

Forward, each frame gathers every type's taps from the rectified voltages of the frame before; the
adjoint is the same stencil read backwards, gated by one stored bit per cell and frame: whether its
voltage was positive. Voltages are stored only for the gradients of the parameters. Threads take whole
stimuli where there are enough; otherwise they share one, each owning a range of the eye, so that only
the rows along the seam travel between cores. The same inputs give the same bits, whatever is simulated
with them and on however many threads; the gradients of parameters alone are sums whose order depends on
the threads.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import __version__ as numba_version

from maxstim_core.devices import usable_cores
from maxstim_core.networks.network import Network
from maxstim_core.simulation.cpu_loops import roll, unroll
from maxstim_core.simulation.cpu_threads import Conductor, ThreadPlace, thread_places
from maxstim_core.simulation.cpu_vectors import (
    BLOCK,
    BLOCK_BITS,
    LANES,
    LINE,
    VECTORS,
)
from maxstim_core.simulation.engine import Engine, FreeParameters, Gradients, Rollout
from maxstim_core.simulation.stencil import Stencil, Taps, vector_places

_TEAM = 4
"""Most threads that share one stimulus: beyond, they wait for each other more than they gain."""

_MOST_KINDS = 16
"""Shapes of arrays that are kept for the next call: those of two kinds of calls."""


@dataclass(frozen=True)
class _Tape:
    """What an adjoint needs of a rollout.

    Attributes:
        active: Whether each voltage was positive before each frame, one bit each, (sample, frame + 1,
            cell_type, block, byte).
        states: Voltages, (sample, frame + 1, cell_type, position), if parameters will be asked for;
            else the last ones alone.
        numbers, parameters, cells: What the rollout was made with.
    """

    active: np.ndarray
    states: np.ndarray
    numbers: _Numbers
    parameters: FreeParameters
    cells: np.ndarray


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
        self.threads = threads or usable_cores()
        # Room for what the last vector covers behind the last column, and for vectors that fill a block.
        self._stencil = Stencil(self.layout, block=LINE // 4, line=LINE // 4, room=2 * LANES)
        self._vectors = _whole_blocks(self._stencil)
        self._grid = (len(network.connectome.names), self._stencil.size)
        # Almost all types have their cells in the same places: few rows stay in the cache.
        self._present, self._present_of = np.unique(
            self._stencil.cell_mask(), axis=0, return_inverse=True
        )
        self._dark = np.zeros(self._stencil.size, np.float32)
        self._is_input = np.array([t.role == "input" for t in network.connectome.cell_types])
        pitch = self._stencil.size + self._stencil.margin
        self._forward = _Gather(self._stencil.forward, pitch)
        self._backward = _Gather(self._stencil.backward, pitch)
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self.array(signed_count)
        self._tap_pair = self.layout.tap_pair
        self._spares = _Spares()
        self._conductor = Conductor(self.threads) if self.threads > 1 else None

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
        stencil, numbers = self._stencil, self._numbers(parameters, dt)
        shown = self._spares.take((n_samples, n_frames, stencil.size))
        shown[..., stencil.position] = movie
        kept = n_frames + 1 if tape and with_parameters else 1
        states = self._spares.take((n_samples, kept, *self._grid))
        flat = states.reshape(n_samples, kept, -1)
        flat[:, 0] = 0  # a rollout that ran out of numbers leaves none where no cell is
        flat[:, 0, stencil.cell_position] = initial_state
        rectified = self._padded(n_samples)
        np.maximum(states[:, 0], 0, out=self._inner(rectified)[:, 0])
        n_types, _ = self._grid
        bits = (n_samples, n_frames + 1, n_types, len(self._vectors) // VECTORS, BLOCK_BITS)
        active = self._spares.take(bits, np.uint8)
        lanes = self._vectors[:, None] + np.arange(LANES)
        blocks = (states[:, 0][..., lanes] > 0).reshape(*bits[:1], *bits[2:4], BLOCK)
        active[:, 0, ..., : BLOCK // 8] = np.packbits(blocks, axis=-1, bitorder="little")
        positions = stencil.cell_position[cells]
        activity = np.empty((n_samples, n_frames, len(positions)), np.float32)
        self._run(
            n_samples,
            lambda sample, place: roll(
                *place.span,
                shown[sample],
                self._dark,
                states[sample],
                rectified[sample],
                active[sample],
                *self._forward.taps,
                numbers.forward_weight,
                numbers.rest,
                numbers.inverse_tau,
                numbers.dt,
                self._present,
                self._present_of,
                self._is_input,
                stencil.margin,
                positions,
                self._owned(place, positions),
                activity[sample],
            ),
        )
        final = flat[:, kept - 1][:, stencil.cell_position]
        record = None
        if tape:
            record = _Tape(active, states, numbers, parameters, cells)
            weakref.finalize(record, self._spares.give, active, states)
        else:
            self._spares.give(active, states)
        self._spares.give(shown, rectified)
        return Rollout(activity, final, record)

    def adjoint(self, tape: _Tape, cotangent: np.ndarray, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`."""
        n_samples, n_frames, _ = cotangent.shape
        stencil, numbers = self._stencil, tape.numbers
        n_types, _ = self._grid
        positions = stencil.cell_position[tape.cells]
        on_activity = np.ascontiguousarray(cotangent, np.float32)
        on_state = self._spares.take((n_samples, 1, *self._grid))
        on_movie = self._spares.take((n_samples, n_frames, stencil.size))
        on_state[...], on_movie[...] = 0, 0
        # One sum per thread of a team, in double precision: added up in a fixed order at the end.
        on_rest, on_change = np.zeros((2, n_samples, self._team_size, n_types))
        on_weight = np.zeros((n_samples, self._team_size, len(numbers.forward_weight)))
        on_pull = self._padded(n_samples)
        on_pull[:, (n_frames - 1) % 2] = 0
        rectified = self._padded(n_samples if with_parameters else 0)
        nothing = np.zeros((2, 0), np.float32)
        self._run(
            n_samples,
            lambda sample, place: unroll(
                *place.span,
                tape.active[sample],
                tape.states[sample],
                on_activity[sample],
                positions,
                self._owned(place, positions),
                on_state[sample, 0],
                on_pull[sample],
                rectified[sample] if with_parameters else nothing,
                *self._backward.taps,
                numbers.backward_weight,
                *self._forward.taps,
                numbers.inverse_tau,
                numbers.dt,
                self._is_input,
                stencil.margin,
                with_parameters,
                on_movie[sample],
                on_rest[sample, place.number],
                on_change[sample, place.number],
                on_weight[sample, place.number],
            ),
        )
        on_cells = on_state.reshape(n_samples, -1)[:, stencil.cell_position]
        on_columns = on_movie[..., stencil.position]
        self._spares.give(on_state, on_movie, on_pull, *((rectified,) if with_parameters else ()))
        return Gradients(
            movie=on_columns,
            initial_state=on_cells,
            parameters=self._on_parameters(tape, on_rest, on_change, on_weight)
            if with_parameters
            else None,
        )

    def _numbers(self, parameters: FreeParameters, dt: float) -> _Numbers:
        rest, tau, strength = parameters
        weights = strength[self._tap_pair] * self._signed_count
        return _Numbers(
            forward_weight=weights[self._forward.order],
            backward_weight=weights[self._backward.order],
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
        per_tap[self._forward.order] = on_weight.sum((0, 1))
        on_strength = np.zeros(len(tape.parameters.synapse_strength))
        np.add.at(on_strength, self._tap_pair, per_tap * self._signed_count)
        return FreeParameters(
            on_rest.sum((0, 1)).astype(np.float32),
            np.where(tau > tape.numbers.dt, on_tau, np.float32(0)),
            on_strength.astype(np.float32),
        )

    def _padded(self, n_samples: int) -> np.ndarray:
        """Two grids per sample with a margin of zeros before, between and behind the types."""
        n_types, size = self._grid
        margin = self._stencil.margin
        return self._spares.take((n_samples, 2, margin + n_types * (size + margin)))

    def _inner(self, padded: np.ndarray) -> np.ndarray:
        """The grids of `_padded` without their margins, (sample, 2, cell_type, position)."""
        n_types, size = self._grid
        margin = self._stencil.margin
        return padded[..., margin:].reshape(*padded.shape[:2], n_types, size + margin)[..., :size]

    def _owned(self, place: ThreadPlace, positions: np.ndarray) -> np.ndarray:
        """Which of some positions on the grids a thread owns."""
        on_eye = positions % self._stencil.size
        return np.flatnonzero((place.first <= on_eye) & (on_eye < place.last))

    def _run(self, n_samples: int, work: Callable[[int, ThreadPlace], None]) -> None:
        """Call ``work(sample, place)`` on all threads: alone on many samples, in teams on few."""
        size = self._stencil.size
        if self._conductor is None:  # nobody to meet: whoever asks works
            alone = thread_places(1, self._vectors, size)[0]
            for sample in range(n_samples):
                work(sample, alone)
            return
        if n_samples >= self.threads:
            alone = thread_places(1, self._vectors, size)[0]
            jobs = [
                [(sample, alone) for sample in range(k, n_samples, self.threads)]
                for k in range(self.threads)
            ]
        else:
            teams = [thread_places(self._team_size, self._vectors, size) for _ in range(n_samples)]
            jobs = [list(enumerate(places)) for places in zip(*teams, strict=True)]
        self._conductor.run(work, jobs)

    @property
    def _team_size(self) -> int:
        """Most threads that can share one stimulus."""
        return min(self.threads, _TEAM, len(self._vectors) // VECTORS)


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


class _Gather:
    """Taps with shifts that are absolute on a padded grid."""

    def __init__(self, taps: Taps, pitch: int) -> None:
        self.order = taps.order
        self.taps = (taps.first, taps.other * pitch + taps.shift)


def _whole_blocks(stencil: Stencil) -> np.ndarray:
    """Return where the vectors that cover an eye begin; more behind it fill the last block."""
    places = vector_places(stencil.position, LANES)
    missing = -len(places) % VECTORS
    return np.concatenate([places, np.full(missing, stencil.size - LANES)])


def _aligned_zeros(shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    """Zeros that begin where a line of the cache does, so that threads share no line but at a seam."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + n_bytes].view(dtype).reshape(shape)
