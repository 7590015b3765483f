"""A hint to the processor that a row will be needed soon: it costs next to nothing, and results cannot depend on it."""

from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from mmesim.engine.kernel.pointers import BYTE_POINTER, row_address

WRITE, KEEP, DATA = 1, 3, 1  # of LLVM's llvm.prefetch: the row will be written, stays in all caches, is not code


def _nothing(table, row, offset):
    """The hint in plain Python: none."""


def _hint(typing_context, table, row, offset):
    """The hint in compiled code: LLVM's prefetch of the cache line at the address."""

    def generate(context, builder, signature, arguments):
        table_type, row_type, offset_type = signature.args
        offset = context.cast(builder, arguments[2], offset_type, types.intp)
        address = row_address(context, builder, table_type, arguments[0], row_type, arguments[1])
        address = builder.gep(address, [offset])
        flag_type = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [BYTE_POINTER, flag_type, flag_type, flag_type]),
            "llvm.prefetch.p0",
        )
        builder.call(function, [address, *(ir.Constant(flag_type, flag) for flag in (WRITE, KEEP, DATA))])
        return context.get_dummy_value()

    return types.void(table, row, offset), generate


_config: Any = numba.config
prefetch: Any = _nothing if _config.DISABLE_JIT else intrinsic(_hint)
"""`prefetch(table, row, offset)`: fetch the cache line that lies that many bytes into a row of a table."""
