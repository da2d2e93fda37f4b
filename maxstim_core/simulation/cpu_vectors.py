"""Vector instructions for numba: what the CPU engine's inner loops are made of.

Numba's own loops reload the target for every tap. Here a block of the target stays in vector registers
across all its taps, which needs LLVM vectors spelled out: numba compiles them for the machine it runs
on, without a compiler on that machine.
"""

from __future__ import annotations

import sys
from functools import reduce

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

_WIDE = binding.get_host_cpu_features().get("avx512f", False)

_IS_X86 = binding.get_default_triple().startswith(("x86_64", "i686"))

LANES = 16 if _WIDE else 8
"""Numbers in one vector."""

_VECTORS = 9

BLOCK = _VECTORS * LANES
"""Numbers that the registers hold across all taps: nine vectors, which also cut the grid of the
published eye into an even number of blocks, for two threads to share."""

BLOCK_BITS = 2 * LANES
"""Bytes kept for one bit of each number in a block, rounded up so that threads share no line of them."""

LINE = 64
"""Bytes in a line of the cache."""

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


@intrinsic
def step_block(
    typingctx,
    source,
    shift,
    weight,
    first,
    last,
    before,
    after,
    drive,
    active,
    light,
    present,
    rest,
    rate,
    dt,
):
    """Gather the taps of one block of a type and take its Euler step, all in registers.

    With ``pull[i] = sum_k weight[k] * source[shift[k] + i]``, the voltage after the step is
    ``(v + rate * (-v + rest + pull + light) * dt) * present``, added up in this order.

    Args:
        typingctx: Given by numba.
        source: Address of the first number to read at shift 0.
        shift: Address of the shifts, int64, in numbers.
        weight: Address of the weights, float32.
        first: First tap.
        last: Last tap, exclusive.
        before: Address of the voltages before the step.
        after: Address to write the voltages after it to; may be the same.
        drive: Address to write these to, rectified.
        active: Address to write one bit of each to: whether it is positive.
        light: Address of the luminance that the block sees.
        present: Address of ones and zeros: where there is a cell.
        rest: Resting potential, float32.
        rate: Inverse time constant, float32.
        dt: Seconds per frame, float32.
    """

    def generate(context, builder, signature, arguments):
        *taps, before, after, drive, active, light, present, rest, rate, dt = arguments
        rest, rate, dt = (_spread(builder, number) for number in (rest, rate, dt))
        nothing = _spread(builder, _FLOAT(0))
        for i, pull in enumerate(_gathered(builder, *taps)):
            voltage, seen, mask = (_load(builder, at, i) for at in (before, light, present))
            bracket = builder.fadd(builder.fsub(rest, voltage), pull)
            change = builder.fmul(builder.fmul(rate, builder.fadd(bracket, seen)), dt)
            voltage = builder.fmul(builder.fadd(voltage, change), mask)
            _store(builder, voltage, after, i)
            excites = builder.fcmp_ordered(">", voltage, nothing)
            _store(builder, builder.select(excites, voltage, nothing), drive, i)
            bits = builder.bitcast(excites, ir.IntType(LANES))
            builder.store(bits, _bits_at(builder, active, i), align=1)
        return context.get_dummy_value()

    return types.void(*(types.int64,) * 11, *(types.float32,) * 3), generate


@intrinsic
def pull_back_block(
    typingctx, source, shift, weight, first, last, on_state, pulled, active, pulls, rate, dt
):
    """Gather the cotangents of one block of a type from its targets, and carry its own back a step.

    The cotangent becomes ``c = (c - pulled) + gathered``, the last only where the voltage was positive,
    and ``c * rate * dt`` is what goes through the leak in the step before.

    Args:
        typingctx: Given by numba.
        source: Address of the first number to read at shift 0; taps as for `step_block`.
        shift: Address of the shifts, int64, in numbers.
        weight: Address of the weights, float32.
        first: First tap.
        last: Last tap, exclusive.
        on_state: Address of the cotangents, changed in place.
        pulled: Address of what of them went through the leak in this step.
        active: Address of the bits that `step_block` wrote: whether the voltage was positive.
        pulls: Address to write what goes through it in the step before to.
        rate: Inverse time constant, float32.
        dt: Seconds per frame, float32.
    """

    def generate(context, builder, signature, arguments):
        *taps, on_state, pulled, active, pulls, rate, dt = arguments
        rate, dt = _spread(builder, rate), _spread(builder, dt)
        nothing = _spread(builder, _FLOAT(0))
        for i, gathered in enumerate(_gathered(builder, *taps)):
            kept = builder.fsub(_load(builder, on_state, i), _load(builder, pulled, i))
            bits = builder.load(_bits_at(builder, active, i), align=1)
            excites = builder.bitcast(bits, ir.VectorType(ir.IntType(1), LANES))
            cotangent = builder.fadd(kept, builder.select(excites, gathered, nothing))
            _store(builder, cotangent, on_state, i)
            leaks = builder.fmul(builder.fmul(cotangent, rate), dt)
            _store(builder, leaks, pulls, i)
        return context.get_dummy_value()

    return types.void(*(types.int64,) * 9, *(types.float32,) * 2), generate


@intrinsic
def dot(typingctx, a, b, n_blocks):
    """Return the sum of products of two arrays at addresses `a` and `b`, float32, in blocks.

    The order of the additions is fixed: vectors of partial sums, added at the end.
    """

    def generate(context, builder, signature, arguments):
        a, b, n_blocks = arguments
        start = builder.block
        loop = builder.append_basic_block("blocks")
        done = builder.append_basic_block("done")
        builder.branch(loop)

        builder.position_at_end(loop)
        block = builder.phi(_INT)
        block.add_incoming(_INT(0), start)
        sums = [builder.phi(_VECTOR) for _ in range(_VECTORS)]
        offset = builder.mul(block, _INT(BLOCK))
        left, right = _shifted(builder, a, offset), _shifted(builder, b, offset)
        added = [
            builder.call(
                _fused(builder.module), [_load(builder, left, i), _load(builder, right, i), total]
            )
            for i, total in enumerate(sums)
        ]
        following = builder.add(block, _INT(1))
        block.add_incoming(following, loop)
        for total, new in zip(sums, added, strict=True):
            total.add_incoming(ir.Constant(_VECTOR, [0.0] * LANES), start)
            total.add_incoming(new, loop)
        builder.cbranch(builder.icmp_signed("<", following, n_blocks), loop, done)

        builder.position_at_end(done)
        lanes = reduce(builder.fadd, added)
        lane_sums = (builder.extract_element(lanes, ir.IntType(32)(i)) for i in range(LANES))
        return reduce(builder.fadd, lane_sums)

    return types.float32(types.int64, types.int64, types.int64), generate


@intrinsic
def arrive(typingctx, counter):
    """Add one to the int64 at an address, seen by all threads; return the old value."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], _INT.as_pointer())
        return builder.atomic_rmw("add", pointer, _INT(1), "seq_cst")

    return types.int64(types.int64), generate


@intrinsic
def arrived(typingctx, counter):
    """Return the int64 at an address as other threads last left it."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], _INT.as_pointer())
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def pause(typingctx):
    """Tell the core that this thread is only waiting, where the core can be told."""

    def generate(context, builder, signature, arguments):
        if _IS_X86:
            name = "llvm.x86.sse2.pause"
            known = builder.module.globals.get(name)
            nothing = ir.FunctionType(ir.VoidType(), ())
            builder.call(known or ir.Function(builder.module, nothing, name=name), ())
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def give_way(typingctx):
    """Let another thread run on this core."""

    def generate(context, builder, signature, arguments):
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        known = builder.module.globals.get(name)
        function = known or ir.Function(
            builder.module, ir.FunctionType(ir.IntType(32), ()), name=name
        )
        builder.call(function, ())
        return context.get_dummy_value()

    return types.void(), generate


def _gathered(
    builder: ir.IRBuilder,
    source: ir.Value,
    shift: ir.Value,
    weight: ir.Value,
    first: ir.Value,
    last: ir.Value,
) -> list[ir.Value]:
    """The sums of one block over its taps, as vectors that never leave the registers."""
    weight = builder.inttoptr(weight, _FLOAT.as_pointer())
    shift = builder.inttoptr(shift, _INT.as_pointer())
    start = builder.block
    loop = builder.append_basic_block("taps")
    done = builder.append_basic_block("done")
    zero = ir.Constant(_VECTOR, [0.0] * LANES)
    any_taps = builder.icmp_signed("<", first, last)
    builder.cbranch(any_taps, loop, done)

    builder.position_at_end(loop)
    tap = builder.phi(_INT)
    tap.add_incoming(first, start)
    sums = [builder.phi(_VECTOR) for _ in range(_VECTORS)]
    factor = _spread(builder, builder.load(builder.gep(weight, [tap])))
    read_at = _shifted(builder, source, builder.load(builder.gep(shift, [tap])))
    added = [
        builder.call(_fused(builder.module), [factor, _load(builder, read_at, i), total])
        for i, total in enumerate(sums)
    ]
    following = builder.add(tap, _INT(1))
    tap.add_incoming(following, loop)
    for total, new in zip(sums, added, strict=True):
        total.add_incoming(zero, start)
        total.add_incoming(new, loop)
    builder.cbranch(builder.icmp_signed("<", following, last), loop, done)

    builder.position_at_end(done)
    results = [builder.phi(_VECTOR) for _ in added]
    for result, new in zip(results, added, strict=True):
        result.add_incoming(zero, start)
        result.add_incoming(new, loop)
    return results


def _fused(module: ir.Module) -> ir.Function:
    """LLVM's fused multiply-add of vectors."""
    name = f"llvm.fma.v{LANES}f32"
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), name=name)


def _spread(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """A vector of one number."""
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, number, ir.IntType(32)(0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, empty, lanes)


def _shifted(builder: ir.IRBuilder, address: ir.Value, numbers: ir.Value) -> ir.Value:
    """The address of a float32 so many numbers further on."""
    return builder.add(address, builder.mul(numbers, _INT(4)))


def _vector_at(builder: ir.IRBuilder, address: ir.Value, index: int) -> ir.Value:
    base = builder.inttoptr(address, _FLOAT.as_pointer())
    return builder.bitcast(builder.gep(base, [_INT(index * LANES)]), _VECTOR.as_pointer())


def _load(builder: ir.IRBuilder, address: ir.Value, index: int) -> ir.Value:
    return builder.load(_vector_at(builder, address, index), align=4)


def _bits_at(builder: ir.IRBuilder, address: ir.Value, index: int) -> ir.Value:
    """Where the bits of one vector are."""
    return builder.gep(builder.inttoptr(address, ir.IntType(LANES).as_pointer()), [_INT(index)])


def _store(builder: ir.IRBuilder, vector: ir.Value, address: ir.Value, index: int) -> None:
    builder.store(vector, _vector_at(builder, address, index), align=4)
