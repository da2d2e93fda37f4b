"""The CPU engine: the stencil in vector registers, on all cores, without edges.

Forward, each frame gathers every type's taps from the rectified voltages of the frame before; the
adjoint is the same stencil read backwards, gated by the sign of the stored voltages. Only voltages are
stored. Threads take whole stimuli where there are enough; otherwise they share one, each owning a range
of the eye, so that only the rows along the seam travel between cores. The same inputs and number of
threads give the same bits.
"""

from __future__ import annotations

import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor

from maxstim_core.network import Network
from maxstim_core.simulation.engine import Engine, FreeParameters, Gradients, Rollout
from maxstim_core.simulation.stencil import Stencil, Taps
from maxstim_core.simulation.vectors import (
    BLOCK,
    arrive,
    arrived,
    dot,
    gather_taps,
    give_way,
    pause,
)

_TEAM = 4
"""Most threads that share one stimulus: beyond, they wait for each other more than they gain."""

_SPIN = 2_000
"""How often a thread looks for the others, some microseconds, before it lets another use its core."""


@dataclass(frozen=True)
class _Tape:
    """States before and after each frame, (sample, frame + 1, cell_type, position), and their making."""

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
        self._stencil = Stencil(self.layout, block=BLOCK)
        self._mask = self._stencil.cell_mask()
        self._is_input = np.array([t.role == "input" for t in network.connectome.cell_types])
        pitch = self._stencil.size + self._stencil.margin
        self._forward = _Gather(self._stencil.forward, pitch)
        self._backward = _Gather(self._stencil.backward, pitch)
        values = network.parameters
        signed_count = values.synapse_count * values.synapse_sign[self.layout.tap_pair]
        self._signed_count = self._tensor(signed_count)
        self._tap_pair = self._index(self.layout.tap_pair)
        self._spare = _SpareStates()

    def rollout(
        self,
        movie: Tensor,
        initial_state: Tensor,
        dt: float,
        *,
        cells: Tensor,
        parameters: FreeParameters,
        tape: bool,
    ) -> Rollout:
        """See `Engine.rollout`."""
        n_samples, n_frames, _ = movie.shape
        numbers = self._numbers(parameters, dt)
        shown = np.zeros((n_samples, n_frames, self._stencil.size), np.float32)
        shown[..., self._stencil.position] = movie.detach().numpy()
        kept = n_frames + 1 if tape else 2
        states = self._spare.take((n_samples, kept, *self._mask.shape))
        flat = states.reshape(n_samples, kept, -1)
        flat[:, 0, self._stencil.cell_position] = initial_state.detach().numpy()
        positions = self._stencil.cell_position[cells.numpy()]
        activity = np.empty((n_samples, n_frames, len(positions)), np.float32)
        rectified = self._padded(n_samples)
        self._run(
            n_samples,
            lambda sample, place: _roll(
                *place,
                shown[sample],
                states[sample],
                rectified[sample],
                *self._forward.taps,
                numbers.forward_weight,
                numbers.rest,
                numbers.inverse_tau,
                numbers.dt,
                self._mask,
                self._is_input,
                self._stencil.margin,
                positions,
                activity[sample],
            ),
        )
        final = flat[:, n_frames % kept][:, self._stencil.cell_position]
        record = None
        if tape:
            record = _Tape(states, numbers, parameters, cells)
            weakref.finalize(record, self._spare.give, states)
        else:
            self._spare.give(states)
        return Rollout(torch.from_numpy(activity), torch.from_numpy(final), record)

    def adjoint(self, tape: _Tape, cotangent: Tensor, *, with_parameters: bool) -> Gradients:
        """See `Engine.adjoint`."""
        n_samples, n_frames, _ = cotangent.shape
        stencil, numbers = self._stencil, tape.numbers
        n_types = len(self._mask)
        cells = tape.cells.numpy()
        positions = stencil.cell_position[cells]
        on_activity = np.ascontiguousarray(cotangent.detach().numpy(), np.float32)
        on_state = np.zeros((n_samples, *self._mask.shape), np.float32)
        on_movie = np.zeros((n_samples, n_frames, stencil.size), np.float32)
        # One sum per thread of a team, in double precision: added up in a fixed order at the end.
        on_rest, on_change = np.zeros((2, n_samples, self._team_size, n_types))
        on_weight = np.zeros((n_samples, self._team_size, len(numbers.forward_weight)))
        on_pull = self._padded(n_samples)
        rectified = self._padded(n_samples if with_parameters else 0)
        nothing = np.zeros((2, 0), np.float32)
        self._run(
            n_samples,
            lambda sample, place: _unroll(
                *place,
                tape.states[sample],
                on_activity[sample],
                positions,
                on_state[sample],
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
        return Gradients(
            movie=torch.from_numpy(on_movie[..., stencil.position]),
            initial_state=torch.from_numpy(on_cells),
            parameters=self._on_parameters(tape, on_rest, on_change, on_weight)
            if with_parameters
            else None,
        )

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
        """Two zeroed grids per sample with a margin before, between and behind the types."""
        n_types, size = self._mask.shape
        margin = self._stencil.margin
        return np.zeros((n_samples, 2, margin + n_types * (size + margin)), np.float32)

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
        # Teams meet at barriers, so a call must start whole, go on to its end, and be alone. That is
        # left to a thread of its own: it sees one call after another, and Ctrl-C never interrupts it.
        self._conductor.submit(self._conduct, work, jobs).result()

    def _conduct(self, work, jobs: list[list[tuple[int, _Place]]]) -> None:
        # This thread sleeps meanwhile: were it to work too, the system would often start the others
        # on its core, behind its back.
        for running in [self._pool.submit(_work_through, work, job) for job in jobs]:
            running.result()

    @property
    def _team_size(self) -> int:
        """Most threads that can share one stimulus."""
        return min(self.threads, _TEAM, self._stencil.size // BLOCK)

    @cached_property
    def _conductor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="maxstim-conductor")

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, thread_name_prefix="maxstim-cpu")


class _SpareStates:
    """Keeps the last used array of states: new memory would cost as much as filling it."""

    def __init__(self) -> None:
        self._spare: np.ndarray | None = None

    def take(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return states that are zero wherever a type has no cell."""
        spare, self._spare = self._spare, None
        return spare if spare is not None and spare.shape == shape else np.zeros(shape, np.float32)

    def give(self, states: np.ndarray) -> None:
        """Keep states, in which every position without a cell is zero, for the next `take`."""
        self._spare = states


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


def _places(n_threads: int, size: int) -> list[_Place]:
    """Share the positions of an eye, in whole blocks, between threads that will meet."""
    bounds = np.linspace(0, size // BLOCK, n_threads + 1).round().astype(int) * BLOCK
    counter = np.zeros(1, np.int64)
    return [
        _Place(k, n_threads, counter, int(bounds[k]), int(bounds[k + 1])) for k in range(n_threads)
    ]


def _work_through(work, jobs) -> None:
    for sample, place in jobs:
        work(sample, place)


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
    number,
    team_size,
    counter,
    first,
    last,
    movie,
    states,
    rectified,
    tap_first,
    tap_shift,
    tap_weight,
    rest,
    inverse_tau,
    dt,
    mask,
    is_input,
    margin,
    recorded,
    activity,
):
    """Roll one sample out; this thread owns the positions from `first` to before `last`.

    States go round in a ring as long as their first axis: all are kept, or two.
    """
    n_frames, size = movie.shape
    n_types = len(rest)
    ring = states.shape[0]
    pitch = size + margin
    pull = np.empty(BLOCK, np.float32)
    pull_at, shift_at, weight_at = pull.ctypes.data, tap_shift.ctypes.data, tap_weight.ctypes.data
    for kind in range(n_types):
        _rectify(states[0, kind], rectified[0, margin + kind * pitch :], first, last)
    for frame in range(n_frames):
        _meet(counter, team_size, frame + 1)
        now, following = states[frame % ring], states[(frame + 1) % ring]
        drive, next_drive = rectified[frame % 2], rectified[(frame + 1) % 2]
        grid = drive.ctypes.data + 4 * margin
        if number == 0 and frame > 0:
            _record(now, recorded, activity[frame - 1])
        for kind in range(n_types):
            at_rest, rate, sees = rest[kind], inverse_tau[kind], is_input[kind]
            begin, end = tap_first[kind], tap_first[kind + 1]
            before, after, present = now[kind], following[kind], mask[kind]
            padded = next_drive[margin + kind * pitch :]
            for block in range(first, last, BLOCK):
                gather_taps(grid + 4 * block, shift_at, weight_at, begin, end, pull_at)
                light = movie[frame, block : block + BLOCK]
                for i in range(BLOCK):
                    voltage = before[block + i]
                    bracket = (-voltage + at_rest) + pull[i]
                    if sees:
                        bracket += light[i]
                    voltage = (voltage + (rate * bracket) * dt) * present[block + i]
                    after[block + i] = voltage
                    padded[block + i] = voltage if voltage > 0 else np.float32(0)
    _meet(counter, team_size, n_frames + 1)
    if number == 0:
        _record(states[n_frames % ring], recorded, activity[n_frames - 1])


@_compiled
def _unroll(
    number,
    team_size,
    counter,
    first,
    last,
    states,
    on_activity,
    positions,
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
    gathered = np.empty(BLOCK, np.float32)
    gathered_at = gathered.ctypes.data
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    state_flat = on_state.ravel()
    for back in range(n_frames):
        frame = n_frames - 1 - back
        before, after, pulls = states[frame], states[frame + 1], on_pull[frame % 2]
        for k in range(len(positions)):
            if first <= positions[k] % size < last:
                state_flat[positions[k]] += on_activity[frame, k]
        for kind in range(n_types):
            rate, on_kind = inverse_tau[kind], on_state[kind]
            padded = pulls[margin + kind * pitch :]
            for i in range(first, last):
                padded[i] = (on_kind[i] * rate) * dt
            if is_input[kind]:
                for i in range(first, last):
                    on_movie[frame, i] += padded[i]
            if with_parameters:
                _rectify(before[kind], rectified[frame % 2, margin + kind * pitch :], first, last)
                for i in range(first, last):
                    on_rest[kind] += padded[i]
                    on_change[kind] += on_kind[i] * (after[kind, i] - before[kind, i])
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
            begin, end = tap_first[kind], tap_first[kind + 1]
            on_kind, voltage = on_state[kind], before[kind]
            padded = pulls[margin + kind * pitch :]
            for block in range(first, last, BLOCK):
                gather_taps(grid + 4 * block, shift_at, weight_at, begin, end, gathered_at)
                for i in range(BLOCK):
                    through = gathered[i] if voltage[block + i] > 0 else np.float32(0)
                    on_kind[block + i] = (on_kind[block + i] - padded[block + i]) + through


@_compiled
def _rectify(voltage, padded, first, last):
    for i in range(first, last):
        padded[i] = voltage[i] if voltage[i] > 0 else np.float32(0)


@_compiled
def _record(state, recorded, activity):
    flat = state.ravel()
    for k in range(len(recorded)):
        activity[k] = flat[recorded[k]]
