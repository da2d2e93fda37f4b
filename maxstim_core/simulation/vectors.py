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

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


@intrinsic
def gather_taps(typingctx, source, shift, weight, first, last, target):
    """Write ``sum_k weight[k] * source[shift[k] + i]`` to ``target[i]`` for one block of i.

    Args:
        typingctx: Given by numba.
        source: Address of the first number to read at shift 0.
        shift: Address of the shifts, int64, in numbers.
        weight: Address of the weights, float32.
        first: First tap.
        last: Last tap, exclusive.
        target: Address of the block to write.
    """

    def generate(context, builder, signature, arguments):
        source, shift, weight, first, last, target = arguments
        floats, ints = _FLOAT.as_pointer(), _INT.as_pointer()
        source, target, weight = (builder.inttoptr(a, floats) for a in (source, target, weight))
        shift = builder.inttoptr(shift, ints)
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
        base = builder.gep(source, [builder.load(builder.gep(shift, [tap]))])
        added = [
            builder.call(_fused(builder.module), [factor, _load(builder, base, i), total])
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
        for i, result in enumerate(results):
            builder.store(result, _vector_at(builder, target, i), align=4)
        return context.get_dummy_value()

    numbers = (types.int64,) * 6
    return types.void(*numbers), generate


@intrinsic
def dot(typingctx, a, b, n_blocks):
    """Return the sum of products of two arrays at addresses `a` and `b`, float32, in blocks.

    The order of the additions is fixed: vectors of partial sums, added at the end.
    """

    def generate(context, builder, signature, arguments):
        a, b, n_blocks = arguments
        floats = _FLOAT.as_pointer()
        a, b = builder.inttoptr(a, floats), builder.inttoptr(b, floats)
        start = builder.block
        loop = builder.append_basic_block("blocks")
        done = builder.append_basic_block("done")
        builder.branch(loop)

        builder.position_at_end(loop)
        block = builder.phi(_INT)
        block.add_incoming(_INT(0), start)
        sums = [builder.phi(_VECTOR) for _ in range(_VECTORS)]
        offset = builder.mul(block, _INT(BLOCK))
        left, right = builder.gep(a, [offset]), builder.gep(b, [offset])
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


def _vector_at(builder: ir.IRBuilder, base: ir.Value, index: int) -> ir.Value:
    return builder.bitcast(builder.gep(base, [_INT(index * LANES)]), _VECTOR.as_pointer())


def _load(builder: ir.IRBuilder, base: ir.Value, index: int) -> ir.Value:
    return builder.load(_vector_at(builder, base, index), align=4)
