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

_OF_VECTORS = "017e2ede8be51e2f"
"""SHA-256 of ``cpu_vectors.py``, begun. What numba has compiled is used again until this file changes:
so that it does with the other one, as a test makes sure."""

_SPIN = 2_000
"""How often a thread looks for the others, some microseconds, before it lets another use its core."""


@compiled
def carry_over(samples, places, groups, is_back):
    """Write (sample, frame, column) as (group, frame, place by sample of the group); or back."""
    n_groups, n_frames, _ = groups.shape
    abreast = len(samples) // n_groups
    for group in range(n_groups):
        for frame in range(n_frames):
            for column in range(len(places)):
                first = places[column] * abreast
                for k in range(abreast):
                    sample, number = group * abreast + k, first + k
                    if is_back:
                        samples[sample, frame, column] = groups[group, frame, number]
                    else:
                        groups[group, frame, number] = samples[sample, frame, column]


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
    dark,
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
    kept, or one changes in place. `dt` is in seconds per frame. `dark`, zeros of shape (position,), is
    what cell types watch that see no light; it comes from outside, since an array that is made here may
    be freed as soon as only its address is used.
    """
    n_frames, size = movie.shape
    n_types = len(rest)
    ring = states.shape[0]
    pitch = size + margin
    shift_at, weight_at = tap_shift.ctypes.data, tap_weight.ctypes.data
    offsets_at, n_blocks = offsets.ctypes.data, len(offsets) // VECTORS
    dark_at, present_at = dark.ctypes.data, present.ctypes.data
    active_stride = active.strides[1]
    for frame in range(n_frames):
        _meet(counter, team_size, frame + 1)
        now, following = states[frame % ring], states[(frame + 1) % ring]
        drive, next_drive = rectified[frame % 2], rectified[(frame + 1) % 2]
        grid = drive.ctypes.data + 4 * margin
        now_at, following_at = now.ctypes.data, following.ctypes.data
        next_at = next_drive.ctypes.data + 4 * margin
        active_at = active[frame + 1, 0, first_block:].ctypes.data
        light_at = movie[frame].ctypes.data
        # Block by block: what all types read around a block stays near the core.
        for block in range(n_blocks):
            for kind in range(n_types):
                to_kind = 4 * kind * size
                step_block(
                    offsets_at + 8 * VECTORS * block,
                    grid,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    now_at + to_kind,
                    following_at + to_kind,
                    next_at + 4 * kind * pitch,
                    active_at + active_stride * kind + BLOCK_BITS * block,
                    light_at if is_input[kind] else dark_at,
                    present_at + 4 * size * present_of[kind],
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
    on_state_at, active_stride = on_state.ctypes.data, active.strides[1]
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
        active_at = active[frame, 0, first_block:].ctypes.data
        earlier_at = earlier_pulls.ctypes.data + 4 * margin
        for block in range(n_blocks):
            for kind in range(n_types):
                to_kind = 4 * kind * pitch
                pull_back_block(
                    offsets_at + 8 * VECTORS * block,
                    grid,
                    shift_at,
                    weight_at,
                    tap_first[kind],
                    tap_first[kind + 1],
                    on_state_at + 4 * kind * size,
                    grid + to_kind,
                    active_at + active_stride * kind + BLOCK_BITS * block,
                    earlier_at + to_kind,
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
