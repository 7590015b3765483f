"""The tables in compiled code: one pointer to a directory, which says where each table lies and how large it is.

Numba would pass every table as an array of its own, seven values each, test every index for a negative one, multiply it
by a stride that it does not know, and expect a write to one column to change any other. Here a table and its columns
are known when the kernel is compiled, so that an access is one address; and the compiler is told that columns never
overlap. What `t.pools.state[p]` means is the same as in plain Python (kernel.tables), but for negative indexes, which
the kernel does not use: with NUMBA_BOUNDSCHECK=1 they are errors.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, Signature, infer_global, signature
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    unbox,
)

from mmesim.engine.kernel.tables import AXES, DTYPES, TABLES, WORDS

BYTE_POINTER, WORD = ir.IntType(8).as_pointer(), ir.IntType(64)
ROWS, PLACES = 1, 2  # words of a table in the directory, behind its address


class Directory(types.Opaque):
    """All tables: `t`."""


class Table(types.Opaque):
    """A table: `t.pools`, or one without columns, such as `t.ends`."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(f"{table} of mmesim")


class Column(types.Opaque):
    """A column of a table: `t.pools.state`."""

    def __init__(self, table: str, column: str) -> None:
        self.table, self.column = table, column
        super().__init__(f"{table}.{column} of mmesim")


class Row(types.Opaque):
    """A row of a table: `t.clock[0]`."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(f"row of {table} of mmesim")


DIRECTORY = Directory("tables of mmesim")

for kind in (Directory, Table, Column, Row):
    register_model(kind)(models.OpaqueModel)  # a row is its own address, everything else that of the directory


@unbox(Directory)
def _unbox_directory(typ: Directory, value: Any, c: Any) -> NativeValue:
    """The directory comes from Python as the address that it lies at."""
    address = c.pyapi.long_as_voidptr(value)
    return NativeValue(address, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


# What the expressions mean, for Numba's typing.


def _number(table: str, column: str | None = None) -> types.Type:
    """The type of a number of a column, or of a table without columns."""
    dtype = DTYPES[table]
    kind: types.Type = getattr(types, (dtype if column is None else dtype[column]).name)
    return kind


def _sizes(table: str, attribute: str) -> types.Type | None:
    """The type of `size` or of `shape` of a table or a column."""
    if attribute == "shape":
        return types.UniTuple(types.intp, AXES[table])
    return types.intp if attribute == "size" else None


@infer_getattr
class _OfDirectory(AttributeTemplate):
    key = Directory

    def generic_resolve(self, directory: Directory, attribute: str) -> types.Type | None:  # type: ignore[override]
        return Table(attribute) if attribute in TABLES else None


@infer_getattr
class _OfTable(AttributeTemplate):
    key = Table

    def generic_resolve(self, table: Table, attribute: str) -> types.Type | None:  # type: ignore[override]
        names = DTYPES[table.table].names or ()
        return Column(table.table, attribute) if attribute in names else _sizes(table.table, attribute)


@infer_getattr
class _OfColumn(AttributeTemplate):
    key = Column

    def generic_resolve(self, column: Column, attribute: str) -> types.Type | None:  # type: ignore[override]
        return _sizes(column.table, attribute)


@infer_getattr
class _OfRow(AttributeTemplate):
    key = Row

    def generic_resolve(self, row: Row, attribute: str) -> types.Type | None:  # type: ignore[override]
        return _number(row.table, attribute) if attribute in (DTYPES[row.table].names or ()) else None


def _item(of: types.Type, index: types.Type) -> tuple[types.Type, types.Type] | None:
    """The types of `of[index]` and of the index, None if that means nothing here."""
    if not isinstance(of, Table | Column):
        return None
    axes = len(index) if isinstance(index, types.BaseTuple) else 1
    if axes != AXES[of.table]:
        return None
    if isinstance(of, Column):
        return _number(of.table, of.column), index
    return (Row(of.table) if DTYPES[of.table].names else _number(of.table)), index


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: tuple[types.Type, ...], kws: Any) -> Signature | None:
        found = _item(*args)
        return None if found is None else signature(found[0], args[0], found[1])


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: tuple[types.Type, ...], kws: Any) -> Signature | None:
        found = _item(args[0], args[1])
        return None if found is None else signature(types.none, args[0], found[1], found[0])


# What they do, as instructions of LLVM.


def _word(builder: Any, directory: Any, table: str, word: int) -> Any:
    """Address, rows or places of a table, from the directory, which does not change while compiled code runs."""
    place = ir.Constant(WORD, 8 * (WORDS * TABLES.index(table) + word))
    kind = WORD if word else BYTE_POINTER
    found = builder.load(builder.bitcast(builder.gep(directory, [place], inbounds=True), kind.as_pointer()))
    found.set_metadata("invariant.load", builder.module.add_metadata([]))
    return found


def _shape(builder: Any, directory: Any, table: str) -> list[Any]:
    return [_word(builder, directory, table, ROWS + axis) for axis in range(AXES[table])]


def _address(context: Any, builder: Any, table: str, directory: Any, index_type: types.Type, index: Any) -> Any:
    """The address of a row of a table, or of a number of one without columns."""
    indexes = cgutils.unpack_tuple(builder, index) if isinstance(index_type, types.BaseTuple) else [index]
    kinds = [*index_type] if isinstance(index_type, types.BaseTuple) else [index_type]  # type: ignore[misc]
    numbers = [context.cast(builder, one, kind, types.intp) for one, kind in zip(indexes, kinds, strict=True)]
    if context.enable_boundscheck:
        for axis, (number, size) in enumerate(zip(numbers, _shape(builder, directory, table), strict=True)):
            cgutils.do_boundscheck(context, builder, number, size, axis)
    place = numbers[0]
    if len(numbers) == 2:
        row = builder.mul(place, _word(builder, directory, table, PLACES), flags=["nsw"])
        place = builder.add(row, numbers[1], flags=["nsw"])
    bytes_before = builder.mul(place, ir.Constant(WORD, DTYPES[table].itemsize), flags=["nsw"])
    return builder.gep(_word(builder, directory, table, 0), [bytes_before], inbounds=True)


def row_address(context: Any, builder: Any, table: Table, directory: Any, row_type: types.Type, row: Any) -> Any:
    """The address of a row, for hints to the processor: nothing is checked."""
    number = context.cast(builder, row, row_type, types.intp)
    if AXES[table.table] == 2:
        number = builder.mul(number, _word(builder, directory, table.table, PLACES))
    bytes_before = builder.mul(number, ir.Constant(WORD, DTYPES[table.table].itemsize))
    return builder.gep(_word(builder, directory, table.table, 0), [bytes_before])


def _offset(table: str, column: str) -> int:
    """Bytes of a row before a column."""
    fields = DTYPES[table].fields
    assert fields is not None
    return fields[column][1]


def _field(context: Any, builder: Any, row: Any, table: str, column: str | None) -> Any:
    """The pointer to a number: of a column of the row at an address, or at the address itself."""
    kind = context.get_data_type(_number(table, column))
    if column is not None:
        offset = _offset(table, column)
        row = builder.gep(row, [ir.Constant(WORD, offset)], inbounds=True)
    return builder.bitcast(row, kind.as_pointer())


def _apart(builder: Any, access: Any, table: str, column: str | None) -> None:
    """Tell the compiler that this load or store touches no other column (LLVM: type-based alias analysis)."""
    module, none = builder.module, ir.Constant(WORD, 0)
    root = module.add_metadata(["tables of mmesim"])
    kind = module.add_metadata([table if column is None else f"{table}.{column}", root, none])
    access.set_metadata("tbaa", module.add_metadata([kind, kind, none]))


def _load(context: Any, builder: Any, row: Any, table: str, column: str | None) -> Any:
    loaded = builder.load(_field(context, builder, row, table, column))
    _apart(builder, loaded, table, column)
    return loaded


def _store(context: Any, builder: Any, row: Any, table: str, column: str | None, value: Any) -> None:
    _apart(builder, builder.store(value, _field(context, builder, row, table, column)), table, column)


@lower_getattr_generic(Directory)
def _get_table(context: Any, builder: Any, typ: Directory, directory: Any, name: str) -> Any:
    return directory


@lower_getattr_generic(Table)
@lower_getattr_generic(Column)
def _get_column(context: Any, builder: Any, typ: Table | Column, directory: Any, name: str) -> Any:
    if isinstance(typ, Table) and name in (DTYPES[typ.table].names or ()):
        return directory
    shape = _shape(builder, directory, typ.table)
    if name == "shape":
        return cgutils.pack_array(builder, shape)
    return shape[0] if len(shape) == 1 else builder.mul(*shape)


@lower_getattr_generic(Row)
def _get_field(context: Any, builder: Any, typ: Row, row: Any, name: str) -> Any:
    return _load(context, builder, row, typ.table, name)


@lower_setattr_generic(Row)
def _set_field(context: Any, builder: Any, sig: Signature, args: tuple[Any, Any], name: str) -> None:
    typ, kind = sig.args
    value = context.cast(builder, args[1], kind, _number(typ.table, name))
    _store(context, builder, args[0], typ.table, name, value)


@lower_builtin(operator.getitem, Table, types.Any)
@lower_builtin(operator.getitem, Column, types.Any)
def _get_item(context: Any, builder: Any, sig: Signature, args: tuple[Any, Any]) -> Any:
    of, index = sig.args
    row = _address(context, builder, of.table, args[0], index, args[1])
    if isinstance(sig.return_type, Row):
        return row
    return _load(context, builder, row, of.table, getattr(of, "column", None))


@lower_builtin(operator.setitem, Table, types.Any, types.Any)
@lower_builtin(operator.setitem, Column, types.Any, types.Any)
def _set_item(context: Any, builder: Any, sig: Signature, args: tuple[Any, Any, Any]) -> Any:
    of, index, kind = sig.args
    row = _address(context, builder, of.table, args[0], index, args[1])
    if isinstance(kind, Row):
        size = ir.Constant(WORD, DTYPES[of.table].itemsize)
        cgutils.raw_memcpy(builder, row, args[2], size, ir.Constant(WORD, 1), align=8)
    else:
        column = getattr(of, "column", None)
        _store(context, builder, row, of.table, column, context.cast(builder, args[2], kind, _number(of.table, column)))
    return context.get_dummy_value()
