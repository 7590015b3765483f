"""Blocks of a trace drawn with replacement, so that replications differ in their traffic as one hour from another.

Inside a block everything stays as recorded, and so does what hangs together there; blocks are independent of each
other. What lasts longer than a block, such as the course of a day, is lost. Source: the block bootstrap with
non-overlapping blocks, S. N. Lahiri, Resampling Methods for Dependent Data, 2003, section 2.6.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmesim import units
from mmesim.arrays import Floats, Ints
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.trace import MINUTE_S, TraceWindow
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.formats.azure_minutes import MinuteCounts

COVERED = 0.99
"""A block is whole when the last request of the trace lies beyond this share of it: no request marks the end itself."""


def whole_blocks(file: Path, covered_s: float, block_s: float, needed: float = 1.0) -> int:
    """How many blocks fit into a trace of this length, seconds; TraceError for fewer than two.

    The last block counts when the share `needed` of it is covered. One block alone would be the same in all
    replications.
    """
    blocks = math.floor(covered_s / block_s + (1.0 - needed))
    if blocks < 2:
        most = units.show_seconds(covered_s / 2, digits=2)
        raise TraceError(
            f"{file}: the trace covers {units.show_seconds(covered_s)}, which is less than two whole blocks of "
            f"bootstrap: {units.show_seconds(block_s)}: write at most {most}"
        )
    return blocks


def drawn(generator: np.random.Generator, blocks: int, block_s: float, window_s: float) -> Ints:
    """Which block of the trace is replayed first, second, ... until the window is full."""
    return generator.integers(blocks, size=math.ceil(max(window_s, 0.0) / block_s))


class BlockTrace:
    """A trace in memory, cut into whole blocks; what comes after the last of them is left out."""

    def __init__(self, file: Path, source: Iterable[Arrivals], block_s: float) -> None:
        parts = list(source)
        if not parts:
            raise TraceError(f"{file}: no request: there is nothing to draw blocks from")
        self.block_s = block_s
        self.time = np.concatenate([part.time for part in parts])
        self.model = np.concatenate([part.model for part in parts])
        service = [part.service for part in parts if part.service is not None]
        self.service = np.concatenate(service) if service else None
        self.blocks = whole_blocks(file, float(self.time[-1]), block_s, COVERED)
        self._first = np.searchsorted(self.time, block_s * np.arange(self.blocks + 1), side="left")

    def arrivals(self, order: Ints) -> Iterator[Arrivals]:
        """The requests of these blocks, one block after the other; an empty block gives nothing."""
        for position, block in enumerate(order.tolist()):
            rows = slice(int(self._first[block]), int(self._first[block + 1]))
            if rows.stop == rows.start:
                continue
            time = self.time[rows] - block * self.block_s + position * self.block_s
            # Rounding may lift the last instant of a block into the next one.
            np.minimum(time, (position + 1) * self.block_s, out=time)
            yield Arrivals(time, self.model[rows], None if self.service is None else self.service[rows])

    def calls(self, models: int) -> Floats:
        """How many requests each model has in a block, on average."""
        whole = slice(0, int(self._first[-1]))
        counts: Floats = np.bincount(self.model[whole], minlength=models) / self.blocks
        return counts


class BlockMinutes:
    """Minute counts, cut into whole blocks; block and window are whole numbers of minutes."""

    def __init__(self, file: Path, counts: MinuteCounts, block_s: float, window: TraceWindow) -> None:
        self.block_s = block_s
        start = round(window.start_s / MINUTE_S)
        there = max(0, counts.minutes - start) * MINUTE_S
        covered_s = there if window.length_s is None else min(window.length_s, there)
        self.blocks = whole_blocks(file, covered_s, block_s)
        self._counts = replace(counts, minute=counts.minute - start)
        self._minutes = round(block_s / MINUTE_S)
        self._first = np.searchsorted(self._counts.minute, self._minutes * np.arange(self.blocks + 1))

    def counts(self, order: Ints) -> MinuteCounts:
        """The counts of these blocks, one after the other; calls are placed in a minute wherever it comes."""
        none: Ints = np.zeros(0, dtype=np.int64)
        rows, shift = [none], [none]
        for position, block in enumerate(order.tolist()):
            rows.append(np.arange(self._first[block], self._first[block + 1]))
            shift.append(np.full(len(rows[-1]), (position - block) * self._minutes))
        chosen = np.concatenate(rows)
        return MinuteCounts(
            minutes=len(order) * self._minutes,
            minute=self._counts.minute[chosen] + np.concatenate(shift),
            model=self._counts.model[chosen],
            count=self._counts.count[chosen],
        )

    def calls(self, models: int) -> Floats:
        """How many requests each model has in a block, on average."""
        whole = slice(0, int(self._first[-1]))
        return np.bincount(self._counts.model[whole], self._counts.count[whole], models) / self.blocks
