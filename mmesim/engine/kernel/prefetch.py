"""A hint to the processor that memory will be needed soon: results cannot depend on it."""

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj


@intrinsic
def prefetch(typingctx, array, index, line):
    """Fetch cache line number `line` (a constant or a number) of row `index` of a table."""
    sig = types.void(array, index, line)

    def codegen(context, builder, signature, args):
        arrty, idxty, lty = signature.args
        ary = arrayobj.make_array(arrty)(context, builder, args[0])
        idx = context.cast(builder, args[1], idxty, types.intp)
        strides = cgutils.unpack_tuple(builder, ary.strides, arrty.ndim)
        offset = builder.mul(idx, strides[0])
        byte = builder.bitcast(ary.data, ir.IntType(8).as_pointer())
        off2 = builder.add(offset, builder.mul(context.cast(builder, args[2], lty, types.intp), ir.Constant(ir.IntType(64), 64)))
        ptr = builder.gep(byte, [off2])
        fnty = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(32), ir.IntType(32)])
        fn = cgutils.get_or_insert_function(builder.module, fnty, "llvm.prefetch.p0")
        i32 = lambda v: ir.Constant(ir.IntType(32), v)
        builder.call(fn, [ptr, i32(1), i32(3), i32(1)])
        return context.get_dummy_value()

    return sig, codegen


if config.DISABLE_JIT:

    def prefetch(array, index, line):  # noqa: F811
        pass
