"""Records of single calls: all of them while they are few, a seeded sample above that, or all on request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.kernel.hashing import PRIME, rank
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.tables import Tables
from mmesim.results.measured.run_data import CallRecords

ALL = -1

Rows = NDArray[np.void]

_rank: Callable[[Ints, int], Ints] = plain(rank)
"""As the kernel ranks calls, for many keys at once."""


class Recorder:
    """Empties the kernel's record buffer and keeps the sample within its limit.

    A call belongs to the sample if a hash of its key lies below a threshold, `below` at first; when the sample outgrows
    `limit` the threshold is halved. So the sample depends on the seed and the number of calls, not on the order in
    which they end.
    """

    def __init__(self, limit: int | None, key: int, below: int = PRIME) -> None:
        self._limit = limit
        self._key = key
        self._threshold = below
        self._taken: list[tuple[Rows, Floats]] = []
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
        self._taken.append((self._tables.arrays.records[:n].copy(), views.record_parts[:n].copy()))
        views.space[0].n_records = 0
        if self._limit is None or self._limit == ALL:
            return
        while sum(rows.size for rows, _ in self._taken) > self._limit:
            self._threshold //= 2
            views.params[0].record_threshold = self._threshold
            for i, (rows, parts) in enumerate(self._taken):
                kept = _rank(rows["key"], self._key) < self._threshold
                self._taken[i] = rows[kept], parts[kept]

    def records(self) -> CallRecords | None:
        """All that was recorded, in order of call number; None when recording is off. What is kept here goes."""
        if self._limit is None:
            return None
        self.flush()
        call = np.concatenate([rows["call"] for rows, _ in self._taken])
        place = np.empty(call.size, dtype=np.int64)
        place[np.argsort(call, kind="stable")] = np.arange(call.size)
        rows, parts = self._taken[0]
        columns = {name: np.empty(call.size, rows.dtype[name]) for name in rows.dtype.names or ()}
        parts_s = np.empty((call.size, parts.shape[1]))
        first = 0
        # What has its place goes at once: the whole is never there twice.
        while self._taken:
            rows, parts = self._taken.pop(0)
            to = place[first : first + rows.size]
            for name, column in columns.items():
                column[to] = rows[name]
            parts_s[to] = parts
            first += rows.size
        return CallRecords(
            call=columns["call"],
            key=columns["key"],
            arrival_s=columns["arrival"],
            latency_s=columns["latency"],
            model=columns["model"],
            host=columns["host"],
            hit=columns["hit"].astype(np.bool_),
            cause=columns["cause"],
            attempts=columns["attempts"],
            parts_s=parts_s,
            rank=_rank(columns["key"], self._key),
            threshold=self._threshold,
        )
