"""Columns of a table in Arrow's form, from the arrays themselves: `pyarrow.array` would import pandas for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mmesim.arrays import Flags, Ints

Column = tuple[str, str]
"""Unit and meaning."""
Values: TypeAlias = NDArray[Any] | pa.Array
"""What is in a column."""


def documented(columns: Mapping[str, Values], meanings: Mapping[str, Column]) -> pa.Table:
    """A table whose fields carry their unit and meaning as metadata."""
    arrays = [one if isinstance(one, pa.Array) else column(one) for one in columns.values()]
    fields = [
        pa.field(name, array.type, metadata=_said(*meanings.get(name, ("", ""))))
        for name, array in zip(columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _said(unit: str, meaning: str) -> dict[str, str]:
    return {key: text for key, text in (("unit", unit), ("description", meaning)) if text}


def column(values: NDArray[Any], missing: Flags | None = None) -> pa.Array:
    """Numbers or flags, null where they are `missing`; the memory is shared with an array that is contiguous."""
    there = None if missing is None or not missing.any() else _bits(~missing)
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(pa.bool_(), len(values), [there, _bits(values)])
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [there, pa.py_buffer(np.ascontiguousarray(values))])


def texts(values: Sequence[str]) -> pa.Array:
    """Texts, none of them null."""
    encoded = [value.encode() for value in values]
    ends = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in encoded], out=ends[1:])
    return pa.Array.from_buffers(pa.string(), len(encoded), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def named(index: Ints, names: Sequence[str]) -> pa.Array:
    """Names by number, null where the number is negative; stored once each."""
    return pa.DictionaryArray.from_arrays(column(index.astype(np.int32), index < 0), texts(names))


def _bits(flags: Flags) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
