"""The kernels of `maxstim_core.simulation.cuda`: the only module that imports Triton.

A program computes one cell type on one block of positions for one group of stimuli. It only gathers,
and sums in a fixed order, so that the same inputs give the same bits.
"""

from __future__ import annotations

import triton
import triton.language as tl


# Numbers that change between launches must not be compiled in.
@triton.jit(do_not_specialize=["frame", "before", "after", "n_groups", "n_recorded"])
def advance(
    states,
    light,
    activity,
    record,
    tap_first,
    tap_shift,
    tap_weight,
    rest,
    inverse_tau,
    is_input,
    dt,
    frame,
    before,
    after,
    n_groups,
    n_recorded,
    stride,
    margin,
    pitch,
    size,
    LANES: tl.constexpr,
    BLOCK: tl.constexpr,
    TAPS: tl.constexpr,
):
    """One frame forward: from the voltages in slot `before` to those in slot `after`.

    Shapes: states (slot, group, stride, lane); light (frame, group, size, lane); activity (frame, group,
    n_recorded, lane); record (type, size): below 0 where there is no cell, the number of the record
    where it is less than n_recorded. `dt` is in seconds per frame.
    """
    block, kind, group = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    place = block * BLOCK + tl.arange(0, BLOCK)
    of_row = (margin + kind * pitch) * LANES
    of_group = group.to(tl.int64)
    now = states + (before * n_groups + of_group) * stride * LANES
    following = states + (after * n_groups + of_group) * stride * LANES
    in_light = light + (frame * n_groups + of_group) * size * LANES
    in_activity = activity + (frame * n_groups + of_group) * n_recorded * LANES

    voltage = tl.load(now + of_row + place)
    kept = tl.load(record + kind * size + place // LANES)
    first, last = tl.load(tap_first + kind), tl.load(tap_first + kind + 1)
    sources = now + margin * LANES + block * BLOCK
    pull = _gathered(sources, first, last, tap_shift, tap_weight, LANES, BLOCK, TAPS, True)
    bracket = (-voltage + tl.load(rest + kind)) + pull
    if tl.load(is_input + kind) != 0:
        bracket += tl.load(in_light + place)
    voltage += (tl.load(inverse_tau + kind) * bracket) * dt
    voltage = tl.where(kept >= 0, voltage, 0.0)
    tl.store(following + of_row + place, voltage)
    recorded = (kept >= 0) & (kept < n_recorded)
    tl.store(in_activity + kept * LANES + place % LANES, voltage, mask=recorded)


@triton.jit(do_not_specialize=["frame", "n_groups", "n_recorded"])
def retreat(
    states,
    cotangents,
    seeds,
    record,
    tap_first,
    tap_shift,
    tap_weight,
    gain,
    frame,
    n_groups,
    n_recorded,
    stride,
    margin,
    pitch,
    size,
    LANES: tl.constexpr,
    BLOCK: tl.constexpr,
    TAPS: tl.constexpr,
):
    """One frame back: from the cotangents in slot `frame` + 1 to those in slot `frame`.

    Cotangents may share their memory with states: every program reads the voltages of its own cells
    in slot `frame`, then overwrites them, and no other program reads or writes there. Where several
    warps hold the same cell, they meet in the sum over taps, after the reading and before the writing.

    Shapes: as for `advance`; seeds, the cotangents of activity, are (frame, group, n_recorded, lane).
    """
    block, kind, group = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    place = block * BLOCK + tl.arange(0, BLOCK)
    of_row = (margin + kind * pitch) * LANES
    of_group = group.to(tl.int64)
    before = (frame * n_groups + of_group) * stride * LANES
    after = ((frame + 1) * n_groups + of_group) * stride * LANES
    in_seeds = seeds + ((frame - 1) * n_groups + of_group) * n_recorded * LANES

    voltage = tl.load(states + before + of_row + place)
    on_state = tl.load(cotangents + after + of_row + place)
    kept = tl.load(record + kind * size + place // LANES)
    # A seed of frame f belongs to the state after it, which is the state before frame f + 1.
    seeded = (kept >= 0) & (kept < n_recorded) & (frame > 0)
    seed = tl.load(in_seeds + kept * LANES + place % LANES, mask=seeded, other=0.0)
    first, last = tl.load(tap_first + kind), tl.load(tap_first + kind + 1)
    targets = cotangents + after + margin * LANES + block * BLOCK
    through = _gathered(targets, first, last, tap_shift, tap_weight, LANES, BLOCK, TAPS, False)
    through = tl.where(voltage > 0, through, 0.0)
    on_state = (on_state - on_state * tl.load(gain + kind)) + through
    tl.store(cotangents + before + of_row + place, on_state + seed)


@triton.jit(do_not_specialize=["n_groups"])
def correlate(
    states,
    cotangents,
    sums,
    tap_target,
    tap_source,
    n_taps,
    n_groups,
    stride,
    size,
    LANES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Sum cotangent of the target times rectified voltage of the source, per frame and tap.

    Shapes: tap_target and tap_source (tap,), where the target's row and the place that it reads begin;
    sums (frame, tap).
    """
    tap, frame = tl.program_id(0), tl.program_id(1)
    place = tl.arange(0, BLOCK)
    target, source = tl.load(tap_target + tap) * LANES, tl.load(tap_source + tap) * LANES
    total = tl.full((BLOCK,), 0.0, tl.float32)
    for group in range(0, n_groups):
        before = (frame.to(tl.int64) * n_groups + group) * stride * LANES
        after = before + n_groups * stride.to(tl.int64) * LANES
        for begin in range(0, size * LANES, BLOCK):
            on_target = tl.load(cotangents + after + target + begin + place)
            voltage = tl.load(states + before + source + begin + place)
            total += on_target * tl.maximum(voltage, 0.0)
    tl.store(sums + frame * n_taps + tap, tl.sum(total, 0))


@triton.jit
def _gathered(
    cells,
    first,
    last,
    tap_shift,
    tap_weight,
    LANES: tl.constexpr,
    BLOCK: tl.constexpr,
    TAPS: tl.constexpr,
    RECTIFY: tl.constexpr,
):
    """Weighted sum over taps of what they read, several taps at a time, shape (BLOCK,)."""
    place = tl.arange(0, BLOCK)
    total = tl.full((TAPS, BLOCK), 0.0, tl.float32)
    for begin in range(first, last, TAPS):
        tap = begin + tl.arange(0, TAPS)
        there = tap < last
        shift = tl.load(tap_shift + tap, mask=there, other=0) * LANES
        weight = tl.load(tap_weight + tap, mask=there, other=0.0)
        value = tl.load(cells + shift[:, None] + place[None, :], mask=there[:, None], other=0.0)
        if RECTIFY:
            value = tl.maximum(value, 0.0)
        total += weight[:, None] * value
    return tl.sum(total, 0)
