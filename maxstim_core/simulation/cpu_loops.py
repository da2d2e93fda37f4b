"""The compiled loops of the CPU engine: a rollout and its adjoint, one thread's part."""

from __future__ import annotations

import numpy as np

from maxstim_core.simulation.compiled_code import compiled
from maxstim_core.simulation.cpu_vectors import (
    BLOCK_BITS,
    VECTORS,
    arrive,
    arrived,
    dot,
    give_way,
    pause,
    pull_back_block,
    step_block,
)

_OF_VECTORS = "4a347f6ffccaf178"
"""SHA-256 of ``cpu_vectors.py``, begun. What numba has compiled is used again until this file changes:
so that it does with the other one, as a test makes sure."""

_SPIN = 2_000
"""How often a thread looks for the others, some microseconds, before it lets another use its core."""


@compiled
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


@compiled
def roll(
    team_size,
    counter,
    first,
    last,
    first_block,
    offsets,
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
    """Roll one sample out; this thread owns some blocks of vectors, from number `first_block` on.

    They lie at `offsets`, shape (vector,), in bytes from the first position of a type, all of them from
    position `first` to before `last`. States go round in a ring as long as their first axis: all are
    kept, or one changes in place. `dt` is in seconds per frame.
    """
    n_frames, size = movie.shape
    n_types = len(rest)
    ring = states.shape[0]
    pitch = size + margin
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    offsets_at, n_blocks = offsets.ctypes.data, len(offsets) // VECTORS
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
            active_at = active[frame + 1, kind, first_block:].ctypes.data
            for block in range(n_blocks):
                step_block(
                    offsets_at + 8 * VECTORS * block,
                    grid,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    before_at,
                    after_at,
                    drive_at,
                    active_at + BLOCK_BITS * block,
                    light_at,
                    present_at,
                    rest[kind],
                    inverse_tau[kind],
                    dt,
                )
        voltages = following.ravel()
        for k in owned:
            activity[frame, k] = voltages[positions[k]]


@compiled
def unroll(
    team_size,
    counter,
    first,
    last,
    first_block,
    offsets,
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
    """Carry cotangents of one sample back; this thread owns some blocks, as in `roll`."""
    n_frames, size = on_movie.shape
    n_types = len(inverse_tau)
    pitch = size + margin
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    offsets_at, n_blocks = offsets.ctypes.data, len(offsets) // VECTORS
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
            drive = rectified[frame % 2].ctypes.data + 4 * margin
            for kind in range(n_types):
                pulled = grid + 4 * kind * pitch
                for tap in range(forward_first[kind], forward_first[kind + 1]):
                    driving = drive + 4 * forward_shift[tap]
                    on_weight[tap] += dot(offsets_at, n_blocks, pulled, driving)
        for kind in range(n_types):
            on_state_at = on_state[kind].ctypes.data
            active_at = active[frame, kind, first_block:].ctypes.data
            to_kind = 4 * kind * pitch
            earlier_at = earlier_pulls.ctypes.data + 4 * margin + to_kind
            for block in range(n_blocks):
                pull_back_block(
                    offsets_at + 8 * VECTORS * block,
                    grid,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    on_state_at,
                    grid + to_kind,
                    active_at + BLOCK_BITS * block,
                    earlier_at,
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


@compiled
def _take_in(on_state, pulls, on_activity, positions, owned, inverse_tau, dt, margin):
    """Add the cotangents of recorded cells, and what of them goes through the leak."""
    size = on_state.shape[1]
    for k in owned:
        kind, place = divmod(positions[k], size)
        on_state[kind, place] += on_activity[k]
        leaks = (on_state[kind, place] * inverse_tau[kind]) * dt
        pulls[margin + kind * (size + margin) + place] = leaks


@compiled
def _rectify(voltage, padded, first, last):
    for i in range(first, last):
        padded[i] = voltage[i] if voltage[i] > 0 else np.float32(0)
