"""Records of single calls: all of them while they are few, a seeded sample above that, or all on request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.kernel.hashing import PRIME, rank
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.tables import Tables
from mmesim.results.run_data import CallRecords

ALL = -1

Rows = NDArray[np.void]

_rank: Callable[[Ints, int], Ints] = plain(rank)
"""As the kernel ranks calls, for many keys at once."""


class Recorder:
    """Empties the kernel's record buffer and keeps the sample within its limit.

    A call belongs to the sample if a hash of its key lies below a threshold; when the sample outgrows `limit` the
    threshold is halved. So the sample depends on the seed and the number of calls, not on the order in which they end.
    """

    def __init__(self, limit: int | None, key: int) -> None:
        self._limit = limit
        self._key = key
        self._threshold = PRIME
        self._rows: list[Rows] = []
        self._parts: list[Floats] = []
        self._tables: Tables | None = None

    def attach(self, tables: Tables) -> None:
        """Record what the kernel writes into these tables."""
        self._tables = tables
        params = tables.views.params[0]
        params.record = 0 if self._limit is None else 1
        params.record_threshold = self._threshold
        params.record_key = self._key

    def flush(self) -> None:
        """Take over the kernel's buffer."""
        assert self._tables is not None
        views = self._tables.views
        n = int(views.space[0].n_records)
        self._rows.append(self._tables.arrays.records[:n].copy())
        self._parts.append(views.record_parts[:n].copy())
        views.space[0].n_records = 0
        if self._limit is None or self._limit == ALL:
            return
        while sum(rows.size for rows in self._rows) > self._limit:
            self._threshold //= 2
            views.params[0].record_threshold = self._threshold
            keep = [_rank(rows["key"], self._key) < self._threshold for rows in self._rows]
            self._rows = [rows[k] for rows, k in zip(self._rows, keep, strict=True)]
            self._parts = [parts[k] for parts, k in zip(self._parts, keep, strict=True)]

    def records(self) -> CallRecords | None:
        """All that was recorded, in order of call number; None when recording is off."""
        if self._limit is None:
            return None
        self.flush()
        rows = np.concatenate(self._rows)
        order = np.argsort(rows["call"], kind="stable")
        rows, parts = rows[order], np.concatenate(self._parts)[order]
        self._rows, self._parts = [], []  # the engine is a circle of references: it may stay in memory for long
        return CallRecords(
            call=rows["call"].copy(),
            key=rows["key"].copy(),
            arrival_s=rows["arrival"].copy(),
            latency_s=rows["latency"].copy(),
            model=rows["model"].copy(),
            host=rows["host"].copy(),
            hit=rows["hit"].astype(np.bool_),
            cause=rows["cause"].copy(),
            attempts=rows["attempts"].copy(),
            parts_s=parts,
            rank=_rank(rows["key"], self._key),
            threshold=self._threshold,
        )
