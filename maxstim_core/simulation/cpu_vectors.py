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

_IS_X86 = binding.get_default_triple().startswith(("x86_64", "i686"))

LANES = 8
"""Numbers in one vector, also where there are vectors of 16: those would cover more than the eye, and
nearly each read of one, as it begins anywhere, lies on two lines of the cache."""

VECTORS = 9
"""Vectors of a block, which the registers hold across all taps. They lie where cells are, each at an
offset of its own (`maxstim_core.simulation.stencil.vector_places`): nine also cut those of the published
eye into an even number of blocks, for two threads to share."""

BLOCK = VECTORS * LANES
"""Numbers in a block."""

BLOCK_BITS = 2 * LANES
"""Bytes kept for one bit of each number in a block, rounded up so that threads share no line of them."""

LINE = 64
"""Bytes in a line of the cache."""

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


@intrinsic
def step_block(
    typingctx,
    offsets,
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
        offsets: Address of the offsets of the vectors of the block, int64, in bytes from each of the
            addresses of numbers below.
        source: Address of the numbers to read at shift 0.
        shift: Address of the shifts, int64, in numbers.
        weight: Address of the weights, float32.
        first: First tap.
        last: Last tap, exclusive.
        before: Address of the voltages before the step.
        after: Address to write the voltages after it to; may be the same.
        drive: Address to write these to, rectified.
        active: Address to write one bit of each to, without offset: whether it is positive.
        light: Address of the luminance that is seen.
        present: Address of ones and zeros: where there is a cell.
        rest: Resting potential, float32.
        rate: Inverse time constant, float32.
        dt: Seconds per frame, float32.
    """

    def generate(context, builder, signature, arguments):
        offsets, *taps, before, after, drive, active, light, present, rest, rate, dt = arguments
        rest, rate, dt = (_spread(builder, number) for number in (rest, rate, dt))
        nothing = _spread(builder, _FLOAT(0))
        offsets = _offsets(builder, offsets)
        gathered = _gathered(builder, offsets, *taps)
        for i, (offset, pull) in enumerate(zip(offsets, gathered, strict=True)):
            voltage, seen, mask = (_load(builder, at, offset) for at in (before, light, present))
            bracket = builder.fadd(builder.fsub(rest, voltage), pull)
            change = builder.fmul(builder.fmul(rate, builder.fadd(bracket, seen)), dt)
            voltage = builder.fmul(builder.fadd(voltage, change), mask)
            _store(builder, voltage, after, offset)
            excites = builder.fcmp_ordered(">", voltage, nothing)
            _store(builder, builder.select(excites, voltage, nothing), drive, offset)
            bits = builder.bitcast(excites, ir.IntType(LANES))
            builder.store(bits, _bits_at(builder, active, i), align=1)
        return context.get_dummy_value()

    return types.void(*(types.int64,) * 12, *(types.float32,) * 3), generate


@intrinsic
def pull_back_block(
    typingctx,
    offsets,
    source,
    shift,
    weight,
    first,
    last,
    on_state,
    pulled,
    active,
    pulls,
    rate,
    dt,
):
    """Gather the cotangents of one block of a type from its targets, and carry its own back a step.

    The cotangent becomes ``c = (c - pulled) + gathered``, the last only where the voltage was positive,
    and ``c * rate * dt`` is what goes through the leak in the step before.

    Args:
        typingctx: Given by numba.
        offsets: Address of the offsets of the vectors, as for `step_block`.
        source: Address of the numbers to read at shift 0; taps as for `step_block`.
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
        offsets, *taps, on_state, pulled, active, pulls, rate, dt = arguments
        rate, dt = _spread(builder, rate), _spread(builder, dt)
        nothing = _spread(builder, _FLOAT(0))
        offsets = _offsets(builder, offsets)
        of_block = _gathered(builder, offsets, *taps)
        for i, (offset, gathered) in enumerate(zip(offsets, of_block, strict=True)):
            kept = builder.fsub(_load(builder, on_state, offset), _load(builder, pulled, offset))
            bits = builder.load(_bits_at(builder, active, i), align=1)
            excites = builder.bitcast(bits, ir.VectorType(ir.IntType(1), LANES))
            cotangent = builder.fadd(kept, builder.select(excites, gathered, nothing))
            _store(builder, cotangent, on_state, offset)
            leaks = builder.fmul(builder.fmul(cotangent, rate), dt)
            _store(builder, leaks, pulls, offset)
        return context.get_dummy_value()

    return types.void(*(types.int64,) * 10, *(types.float32,) * 2), generate


@intrinsic
def dot(typingctx, offsets, n_blocks, a, b):
    """Return the sum of products of two arrays at addresses `a` and `b`, float32, over blocks.

    Offsets are those of the vectors of all blocks, as for `step_block`. The order of the additions is
    fixed: vectors of partial sums, added at the end.
    """

    def generate(context, builder, signature, arguments):
        offsets, n_blocks, a, b = arguments
        start = builder.block
        loop = builder.append_basic_block("blocks")
        done = builder.append_basic_block("done")
        builder.branch(loop)

        builder.position_at_end(loop)
        block = builder.phi(_INT)
        block.add_incoming(_INT(0), start)
        sums = [builder.phi(_VECTOR) for _ in range(VECTORS)]
        here = builder.add(offsets, builder.mul(block, _INT(8 * VECTORS)))
        added = [
            builder.call(
                _fused(builder.module),
                [_load(builder, a, offset), _load(builder, b, offset), total],
            )
            for offset, total in zip(_offsets(builder, here), sums, strict=True)
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

    return types.float32(*(types.int64,) * 4), generate


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


def _offsets(builder: ir.IRBuilder, address: ir.Value) -> list[ir.Value]:
    """The offsets of the vectors of a block, in bytes."""
    pointer = builder.inttoptr(address, _INT.as_pointer())
    return [builder.load(builder.gep(pointer, [_INT(i)])) for i in range(VECTORS)]


def _gathered(
    builder: ir.IRBuilder,
    offsets: list[ir.Value],
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
    sums = [builder.phi(_VECTOR) for _ in range(VECTORS)]
    factor = _spread(builder, builder.load(builder.gep(weight, [tap])))
    read_at = _shifted(builder, source, builder.load(builder.gep(shift, [tap])))
    added = [
        builder.call(_fused(builder.module), [factor, _load(builder, read_at, offset), total])
        for offset, total in zip(offsets, sums, strict=True)
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


def _vector_at(builder: ir.IRBuilder, address: ir.Value, offset: ir.Value) -> ir.Value:
    base = builder.inttoptr(address, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(base, [offset]), _VECTOR.as_pointer())


def _load(builder: ir.IRBuilder, address: ir.Value, offset: ir.Value) -> ir.Value:
    return builder.load(_vector_at(builder, address, offset), align=4)


def _bits_at(builder: ir.IRBuilder, address: ir.Value, index: int) -> ir.Value:
    """Where the bits of one vector are."""
    return builder.gep(builder.inttoptr(address, ir.IntType(LANES).as_pointer()), [_INT(index)])


def _store(builder: ir.IRBuilder, vector: ir.Value, address: ir.Value, offset: ir.Value) -> None:
    builder.store(vector, _vector_at(builder, address, offset), align=4)
