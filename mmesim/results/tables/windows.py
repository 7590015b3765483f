"""The windows of a replication over time, equal ones in a row stored once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints

START = "start_s"


@dataclass(frozen=True)
class WindowTable(Mapping[str, Floats]):
    """Column name -> one value a window. A quiet year is 525,600 windows, of which few differ."""

    start: Floats
    """[windows]: seconds."""
    names: tuple[str, ...]
    """Columns of `rows`."""
    rows: Floats
    """[rows, columns]."""
    repeats: Ints
    """[rows]: windows one after the other that are equal."""

    @classmethod
    def of(cls, start: Floats, names: Sequence[str], flat: Floats, repeats: Sequence[int]) -> WindowTable:
        """From the values of one row after the other."""
        return cls(start, tuple(names), flat.reshape(-1, len(names)), np.array(repeats, dtype=np.int64))

    def __getitem__(self, name: str) -> Floats:
        if name == START:
            return self.start
        if name not in self.names:
            raise KeyError(name)
        return np.repeat(self.rows[:, self.names.index(name)], self.repeats)

    def __iter__(self) -> Iterator[str]:
        return iter((START, *self.names) if self.repeats.size else ())

    def __len__(self) -> int:
        return len(self.names) + 1 if self.repeats.size else 0
