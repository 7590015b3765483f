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

    def part(self, rows: slice) -> WindowTable:
        """Some windows one after the other, from a number of at least 0 to another."""
        ends = np.concatenate([[0], np.cumsum(self.repeats)])
        repeats = np.diff(np.clip(ends, rows.start, rows.stop))
        used = repeats > 0
        return WindowTable(self.start[rows], self.names, self.rows[used], repeats[used])

    def __iter__(self) -> Iterator[str]:
        return iter((START, *self.names) if self.repeats.size else ())

    def __len__(self) -> int:
        return len(self.names) + 1 if self.repeats.size else 0


def part(windows: Mapping[str, Floats], rows: slice) -> Mapping[str, Floats]:
    """Some of the windows, without writing out the others."""
    if isinstance(windows, WindowTable):
        return windows.part(rows)
    return {name: column[rows] for name, column in windows.items()}
