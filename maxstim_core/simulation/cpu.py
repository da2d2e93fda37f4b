"""The CPU engine: the stencil in vector registers, on all cores, without edges.

Forward, each frame gathers every type's taps from the rectified voltages of the frame before; the
adjoint is the same stencil read backwards, gated by one stored bit per cell and frame: whether its
voltage was positive. Voltages are stored only for the gradients of the parameters. Threads take whole
stimuli where there are enough; otherwise they share one, each owning a range of the eye, so that only
the rows along the seam travel between cores. The same inputs and number of threads give the same bits.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor

from maxstim_core.networks.network import Network
from maxstim_core.simulation.engine import Engine, FreeParameters, Gradients, Rollout
from maxstim_core.simulation.stencil import Stencil, Taps
from maxstim_core.simulation.vectors import (
    BLOCK,
    BLOCK_BITS,
    LINE,
    arrive,
    arrived,
    dot,
    give_way,
    pause,
    pull_back_block,
    step_block,
)

_TEAM = 4
"""Most threads that share one stimulus: beyond, they wait for each other more than they gain."""

_SPIN = 2_000
"""How often a thread looks for the others, some microseconds, before it lets another use its core."""


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
    cells: Tensor


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
        threads: Threads to use; as many as torch uses if None.
    """

    def __init__(self, network: Network, *, threads: int | None = None) -> None:
        super().__init__(network, device="cpu", dtype=torch.float32)
        self.threads = threads or min(torch.get_num_threads(), os.cpu_count() or 1)
        self._stencil = Stencil(self.layout, block=BLOCK, line=LINE // 4)
        self._grid = (len(network.connectome.names), self._stencil.size)
        # Almost all types have their cells in the same places: few rows stay in the cache.
        self._present, self._present_of = np.unique(
            self._stencil.cell_mask(), axis=0, return_inverse=True
        )
        self._is_input = np.array([t.role == "input" for t in network.connectome.cell_types])
        pitch = self._stencil.size + self._stencil.margin
        self._forward = _Gather(self._stencil.forward, pitch)
        self._backward = _Gather(self._stencil.backward, pitch)
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self._tensor(signed_count)
        self._tap_pair = self._index(self.layout.tap_pair)
        self._spares = _Spares()
        self._conductor = _Conductor(self.threads)

    def rollout(
        self,
        movie: Tensor,
        initial_state: Tensor,
        dt: float,
        *,
        cells: Tensor,
        parameters: FreeParameters,
        tape: bool,
        with_parameters: bool = False,
    ) -> Rollout:
        """See `Engine.rollout`."""
        n_samples, n_frames, _ = movie.shape
        stencil, numbers = self._stencil, self._numbers(parameters, dt)
        shown = self._spares.take((n_samples, n_frames, stencil.size))
        shown[..., stencil.position] = movie.detach().numpy()
        kept = n_frames + 1 if tape and with_parameters else 1
        states = self._spares.take((n_samples, kept, *self._grid))
        flat = states.reshape(n_samples, kept, -1)
        flat[:, 0] = 0  # a rollout that ran out of numbers leaves none where no cell is
        flat[:, 0, stencil.cell_position] = initial_state.detach().numpy()
        rectified = self._padded(n_samples)
        np.maximum(states[:, 0], 0, out=self._inner(rectified)[:, 0])
        n_types, size = self._grid
        bits = (n_samples, n_frames + 1, n_types, size // BLOCK, BLOCK_BITS)
        active = self._spares.take(bits, np.uint8)
        blocks = (states[:, 0] > 0).reshape(n_samples, n_types, -1, BLOCK)
        active[:, 0, ..., : BLOCK // 8] = np.packbits(blocks, axis=-1, bitorder="little")
        positions = stencil.cell_position[cells.numpy()]
        activity = np.empty((n_samples, n_frames, len(positions)), np.float32)
        self._run(
            n_samples,
            lambda sample, place: _roll(
                *place.span,
                shown[sample],
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
        return Rollout(torch.from_numpy(activity), torch.from_numpy(final), record)

    def adjoint(self, tape: _Tape, cotangent: Tensor, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`."""
        n_samples, n_frames, _ = cotangent.shape
        stencil, numbers = self._stencil, tape.numbers
        n_types, _ = self._grid
        cells = tape.cells.numpy()
        positions = stencil.cell_position[cells]
        on_activity = np.ascontiguousarray(cotangent.detach().numpy(), np.float32)
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
            lambda sample, place: _unroll(
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
            movie=torch.from_numpy(on_columns),
            initial_state=torch.from_numpy(on_cells),
            parameters=self._on_parameters(tape, on_rest, on_change, on_weight)
            if with_parameters
            else None,
        )

    def repeated(self, step: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """See `Engine.repeated`: keeps torch's threads out of the way of the engine's.

        Torch would share out the small sums around a simulation, and its threads would then spin on the
        cores that the simulation needs: a step took almost twice as long.
        """

        def alone() -> Tensor:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return step()
            finally:
                torch.set_num_threads(before)

        return alone

    def _numbers(self, parameters: FreeParameters, dt: float) -> _Numbers:
        rest, tau, strength = (values.detach() for values in parameters)
        weights = (strength[self._tap_pair] * self._signed_count).numpy()
        return _Numbers(
            forward_weight=weights[self._forward.order],
            backward_weight=weights[self._backward.order],
            rest=rest.numpy(),
            inverse_tau=(1 / tau.clamp(min=dt)).numpy(),
            dt=np.float32(dt),
        )

    def _on_parameters(
        self, tape: _Tape, on_rest: np.ndarray, on_change: np.ndarray, on_weight: np.ndarray
    ) -> FreeParameters:
        tau = tape.parameters.time_constant.detach()
        # V changes by dt / tau * pull, so d(change)/d(tau) = -change / tau; none where dt clamps tau.
        on_tau = -torch.from_numpy(on_change.sum((0, 1))).float() / tau
        per_tap = np.empty(len(self._signed_count))
        per_tap[self._forward.order] = on_weight.sum((0, 1))
        on_strength = torch.zeros_like(tape.parameters.synapse_strength, dtype=torch.float64)
        on_strength.index_add_(
            0, self._tap_pair, torch.from_numpy(per_tap) * self._signed_count.double()
        )
        return FreeParameters(
            torch.from_numpy(on_rest.sum((0, 1))).float(),
            torch.where(tau > float(tape.numbers.dt), on_tau, 0),
            on_strength.float(),
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

    def _owned(self, place: _Place, positions: np.ndarray) -> np.ndarray:
        """Which of some positions on the grids a thread owns."""
        on_eye = positions % self._stencil.size
        return np.flatnonzero((place.first <= on_eye) & (on_eye < place.last))

    def _run(self, n_samples: int, work) -> None:
        """Call ``work(sample, place)`` on all threads: alone on many samples, in teams on few."""
        size = self._stencil.size
        if n_samples >= self.threads:
            alone = _places(1, size)[0]
            jobs = [
                [(sample, alone) for sample in range(k, n_samples, self.threads)]
                for k in range(self.threads)
            ]
        else:
            teams = [_places(self._team_size, size) for _ in range(n_samples)]
            jobs = [list(enumerate(places)) for places in zip(*teams, strict=True)]
        self._conductor.run(work, jobs)

    @property
    def _team_size(self) -> int:
        """Most threads that can share one stimulus."""
        return min(self.threads, _TEAM, self._stencil.size // BLOCK)


class _Conductor:
    """Runs one call after another on all threads, each whole, whatever happens to who asked for it.

    Teams meet at barriers, so a call must start whole, go on to its end, and be alone. That is left to a
    thread of its own, which Ctrl-C never interrupts. Who asks waits in a `SimpleQueue`: an interrupt can
    leave the lock of a future locked for good.

    Args:
        threads: How many threads there are to work.
    """

    def __init__(self, threads: int) -> None:
        self._calls: SimpleQueue = SimpleQueue()
        threading.Thread(
            target=_conduct, args=(self._calls, threads), name="maxstim-conductor", daemon=True
        ).start()
        weakref.finalize(self, self._calls.put, None)

    def run(self, work, jobs: list[list[tuple[int, _Place]]]) -> None:
        """Call ``work(sample, place)`` for all jobs, each list in a thread of its own."""
        ended: SimpleQueue = SimpleQueue()
        self._calls.put((work, jobs, ended))
        error = ended.get()
        if error is not None:
            raise error


def _conduct(calls: SimpleQueue, threads: int) -> None:
    sleepers: list[int] = []
    pool = ThreadPoolExecutor(
        threads,
        thread_name_prefix="maxstim-cpu",
        initializer=_note_thread,
        initargs=(sleepers,),
    )
    with pool:
        while (call := calls.get()) is not None:
            _spread_over_cores(sleepers)
            _perform(pool, *call)
            del call  # it holds the engine, which may be waiting to be let go


def _perform(pool: ThreadPoolExecutor, work, jobs, ended: SimpleQueue) -> None:
    try:
        # This thread sleeps meanwhile: were it to work too, the system would often start the others
        # on its core, behind its back.
        for running in [pool.submit(_work_through, work, job) for job in jobs]:
            running.result()
    except BaseException as error:
        ended.put(error)
    else:
        ended.put(None)


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


class _Place(NamedTuple):
    """A thread's place in a team: which positions of the eye it owns."""

    number: int
    team_size: int
    counter: np.ndarray
    first: int
    last: int

    @property
    def span(self) -> tuple[int, np.ndarray, int, int]:
        """What the kernels need of it."""
        return self.team_size, self.counter, self.first, self.last


def _places(n_threads: int, size: int) -> list[_Place]:
    """Share the positions of an eye, in whole blocks, between threads that will meet."""
    bounds = np.linspace(0, size // BLOCK, n_threads + 1).round().astype(int) * BLOCK
    counter = np.zeros(1, np.int64)
    return [
        _Place(k, n_threads, counter, int(bounds[k]), int(bounds[k + 1])) for k in range(n_threads)
    ]


def _aligned_zeros(shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    """Zeros that begin where a line of the cache does, so that threads share no line but at a seam."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + n_bytes].view(dtype).reshape(shape)


def _work_through(work, jobs: list[tuple[int, _Place]]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, _allowed_cores())  # placed by now: free to move on
    for sample, place in jobs:
        work(sample, place)


def _note_thread(threads: list[int]) -> None:
    threads.append(threading.get_native_id())


def _spread_over_cores(sleepers: list[int]) -> None:
    """Give each sleeping thread a core of its own to wake up on, where Linux lets us.

    Threads woken one after another often start on the same core, and wait for each other there for as
    long as a rollout takes.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(_allowed_cores())
        for number, thread in enumerate(sleepers):
            os.sched_setaffinity(thread, {cores[number % len(cores)]})


def _allowed_cores() -> set[int]:
    """Cores that this process may use."""
    return os.sched_getaffinity(os.getpid())


_OF_VECTORS = "987dc9f09bdf0779"
"""SHA-256 of ``vectors.py``, begun. What numba has compiled is used again until this file changes: so
that it does with the other one, as a test makes sure."""

_compiled = njit(nogil=True, cache=True, boundscheck=False)


@_compiled
def _meet(counter, team_size, meeting):
    """Wait until all threads of the team have come to this meeting, counted from 1."""
    if team_size == 1:
        return
    address = counter.ctypes.data
    arrive(address)
    waited = 0
    while arrived(address) < team_size * meeting:
        pause()
        waited += 1
        if waited > _SPIN:
            give_way()


@_compiled
def _roll(
    team_size,
    counter,
    first,
    last,
    movie,
    states,
    rectified,
    active,
    tap_first,
    tap_shift,
    tap_weight,
    rest,
    inverse_tau,
    dt,
    present,
    present_of,
    is_input,
    margin,
    positions,
    owned,
    activity,
):
    """Roll one sample out; this thread owns the positions from `first` to before `last`.

    States go round in a ring as long as their first axis: all are kept, or one changes in place.
    """
    n_frames, size = movie.shape
    n_types = len(rest)
    ring = states.shape[0]
    pitch = size + margin
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    dark = np.zeros(size, np.float32)
    for frame in range(n_frames):
        _meet(counter, team_size, frame + 1)
        now, following = states[frame % ring], states[(frame + 1) % ring]
        drive, next_drive = rectified[frame % 2], rectified[(frame + 1) % 2]
        grid = drive.ctypes.data + 4 * margin
        for kind in range(n_types):
            light = movie[frame] if is_input[kind] else dark
            light_at, present_at = light.ctypes.data, present[present_of[kind]].ctypes.data
            before_at, after_at = now[kind].ctypes.data, following[kind].ctypes.data
            drive_at = next_drive.ctypes.data + 4 * (margin + kind * pitch)
            active_at = active[frame + 1, kind].ctypes.data
            for block in range(first // BLOCK, last // BLOCK):
                here = 4 * BLOCK * block
                step_block(
                    grid + here,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    before_at + here,
                    after_at + here,
                    drive_at + here,
                    active_at + BLOCK_BITS * block,
                    light_at + here,
                    present_at + here,
                    rest[kind],
                    inverse_tau[kind],
                    dt,
                )
        voltages = following.ravel()
        for k in owned:
            activity[frame, k] = voltages[positions[k]]


@_compiled
def _unroll(
    team_size,
    counter,
    first,
    last,
    active,
    states,
    on_activity,
    positions,
    owned,
    on_state,
    on_pull,
    rectified,
    tap_first,
    tap_shift,
    tap_weight,
    forward_first,
    forward_shift,
    inverse_tau,
    dt,
    is_input,
    margin,
    with_parameters,
    on_movie,
    on_rest,
    on_change,
    on_weight,
):
    """Carry cotangents of one sample back; this thread owns some positions, as in `_roll`."""
    n_frames, size = on_movie.shape
    n_types = len(inverse_tau)
    pitch = size + margin
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    _take_in(
        on_state,
        on_pull[(n_frames - 1) % 2],
        on_activity[-1],
        positions,
        owned,
        inverse_tau,
        dt,
        margin,
    )
    for back in range(n_frames):
        frame = n_frames - 1 - back
        pulls, earlier_pulls = on_pull[frame % 2], on_pull[(frame + 1) % 2]
        for kind in range(n_types):
            pull = pulls[margin + kind * pitch :]
            if is_input[kind]:
                for i in range(first, last):
                    on_movie[frame, i] += pull[i]
            if with_parameters:
                before, after = states[frame, kind], states[frame + 1, kind]
                _rectify(before, rectified[frame % 2, margin + kind * pitch :], first, last)
                for i in range(first, last):
                    on_rest[kind] += pull[i]
                    on_change[kind] += on_state[kind, i] * (after[i] - before[i])
        _meet(counter, team_size, back + 1)
        grid = pulls.ctypes.data + 4 * margin
        if with_parameters:
            drive = rectified[frame % 2].ctypes.data + 4 * (margin + first)
            for kind in range(n_types):
                pulled = grid + 4 * (kind * pitch + first)
                for tap in range(forward_first[kind], forward_first[kind + 1]):
                    driving = drive + 4 * forward_shift[tap]
                    on_weight[tap] += dot(pulled, driving, (last - first) // BLOCK)
        for kind in range(n_types):
            on_state_at, active_at = on_state[kind].ctypes.data, active[frame, kind].ctypes.data
            to_kind = 4 * kind * pitch
            earlier_at = earlier_pulls.ctypes.data + 4 * margin + to_kind
            for block in range(first // BLOCK, last // BLOCK):
                here = 4 * BLOCK * block
                pull_back_block(
                    grid + here,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    on_state_at + here,
                    grid + to_kind + here,
                    active_at + BLOCK_BITS * block,
                    earlier_at + here,
                    inverse_tau[kind],
                    dt,
                )
        if frame > 0:
            _take_in(
                on_state,
                earlier_pulls,
                on_activity[frame - 1],
                positions,
                owned,
                inverse_tau,
                dt,
                margin,
            )


@_compiled
def _take_in(on_state, pulls, on_activity, positions, owned, inverse_tau, dt, margin):
    """Add the cotangents of recorded cells, and what of them goes through the leak."""
    size = on_state.shape[1]
    for k in owned:
        kind, place = divmod(positions[k], size)
        on_state[kind, place] += on_activity[k]
        leaks = (on_state[kind, place] * inverse_tau[kind]) * dt
        pulls[margin + kind * (size + margin) + place] = leaks


@_compiled
def _rectify(voltage, padded, first, last):
    for i in range(first, last):
        padded[i] = voltage[i] if voltage[i] > 0 else np.float32(0)
