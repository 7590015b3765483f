"""What a table of the kernel is made of: columns with a unit and a meaning each, laid out as a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmesim.engine.kernel.codes import INF, NONE

LINE = 64
"""Bytes of a line of the processor's caches; a row that is used at random begins at one."""


class Unit(NamedTuple):
    """What the numbers of a column are."""

    meaning: str
    kind: type[np.int64 | np.float64 | np.int32 | np.int8] = np.int64
    initial: float = 0
    """What a row holds before it is used."""


COUNT = Unit("a number of things")
FLAG = Unit("1 or 0")
CODE = Unit("one of the numbers of codes")
ROW = Unit("a row of another table")
LINK = Unit("a row of a table, or NONE", initial=NONE)
ORDER = Unit("a number in the order of events: the later, the higher")
LIFE = Unit("the number of a row's owner: what was meant for an earlier one is void")
KEY = Unit("a number that stands for a name or a call whatever else happens")
MARK = Unit("the value of a counter at some moment, or NONE", initial=NONE)
CALL = Unit("the key of a call, or of one of its later attempts, or NONE", initial=NONE)
MILLIONTHS = Unit("whole millionths: sums of them are exact")

S = Unit("seconds", np.float64)
LEAST_S = Unit("seconds, INF before there are any", np.float64, INF)
AT = Unit("seconds since the start of the run", np.float64)
DEADLINE = Unit("seconds since the start of the run, or INF", np.float64, INF)
CPU_S = Unit("seconds of CPU work at speed 1", np.float64)
NUMBER = Unit("a number without a unit", np.float64)
SHARE = Unit("a share of 1", np.float64)
PER_S = Unit("per second", np.float64)


class Column(NamedTuple):
    """One column of a table."""

    name: str
    unit: Unit
    meaning: str


class Plain(NamedTuple):
    """A table without columns."""

    unit: Unit
    axes: int
    """1, or 2: rows and places."""
    meaning: str

    def filled(self, shape: int | tuple[int, ...]) -> NDArray[Any]:
        """Numbers that are not used yet, the first at the beginning of a cache line."""
        table = zeros(shape, np.dtype(self.unit.kind))
        if self.unit.initial:
            table[:] = self.unit.initial
        return table


Columns = tuple[tuple[str, Unit, str], ...]


@dataclass(frozen=True)
class Layout:
    """The columns of a table and the record that holds a row of it."""

    columns: tuple[Column, ...]
    dtype: np.dtype[Any]

    def rows(self, shape: int | tuple[int, ...]) -> NDArray[Any]:
        """Rows that are not used yet, the first at the beginning of a cache line."""
        table = zeros(shape, self.dtype)
        for column in self.columns:
            if column.unit.initial:
                table[column.name] = column.unit.initial
        return table


def packed(*columns: tuple[str, Unit, str]) -> Layout:
    """A layout whose rows follow each other without a gap: for tables that are read in order."""
    return _layout(columns, 8)


def in_lines(*columns: tuple[str, Unit, str]) -> Layout:
    """A layout whose rows fill whole cache lines: for tables that are read at random, what is read together first."""
    return _layout(columns, LINE)


def _layout(columns: Columns, multiple: int) -> Layout:
    made = tuple(Column(*column) for column in columns)
    dtype = np.dtype(
        {
            "names": [column.name for column in made],
            "formats": [column.unit.kind for column in made],
            "offsets": [8 * k for k in range(len(made))],
            "itemsize": -(-8 * len(made) // multiple) * multiple,
        },
        align=True,
    )
    return Layout(made, dtype)


def zeros(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that begin at a cache line."""
    shape = shape if isinstance(shape, tuple) else (shape,)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    first = -raw.ctypes.data % LINE
    return raw[first : first + size].view(dtype).reshape(shape)
