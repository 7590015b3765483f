"""The times of each period, counted in buckets: calls by the kernel, loads and unloads here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.engine.kernel.codes import WINDOW_BUCKETS, WINDOW_TIMES
from mmesim.results.measured.window_times import CLIENT, TIMES, WindowTimes, edges_of

_EDGES: Floats = edges_of(CLIENT + 1)[1:-1]
"""Where the buckets of loads and unloads begin, but for the first."""


def buckets_of(times: Sequence[float]) -> Ints:
    """The bucket of each time, as kernel.record.window_bucket finds it."""
    return np.searchsorted(_EDGES, times, side="right")


class TimesOfPeriods:
    """Gathers what windows have counted into periods of one length: windows, or several of them together."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._now = 0
        """The period that is under way."""
        self._counts = np.zeros((len(TIMES), WINDOW_BUCKETS), dtype=np.int64)
        self._periods = array("L")
        self._entries = array("H")
        self._bucket = array("H")
        self._count = array("I")

    def add(self, start_s: float, counted: Ints, latencies: Ints, others: Sequence[Sequence[float]]) -> None:
        """What was counted in the window that began then; `counted` [WINDOW_TIMES, WINDOW_BUCKETS] is 0 afterwards.

        `latencies`: those at the client, by coarse bucket. `others`: the times of the other metrics, seconds.
        """
        period = int(start_s / self._period_s)
        if period > self._now:
            self._close()
            self._now = period
        self._counts[:WINDOW_TIMES] += counted
        counted[:] = 0
        self._counts[CLIENT, : latencies.size] += latencies
        for row, times in enumerate(others, CLIENT + 1):
            if times:
                self._counts[row] += np.bincount(buckets_of(times), minlength=WINDOW_BUCKETS)

    def all(self) -> WindowTimes:
        """All that was added."""
        self._close()
        entries = np.zeros((self._now + 1, len(TIMES)), dtype=np.uint16)
        entries[np.array(self._periods, dtype=np.int64)] = np.array(self._entries, dtype=np.uint16).reshape(
            -1, len(TIMES)
        )
        bucket, count = np.array(self._bucket, dtype=np.uint16), np.array(self._count, dtype=np.uint32)
        return WindowTimes.of(self._period_s, entries, bucket, count)

    def _close(self) -> None:
        """The period under way is over."""
        metric, bucket = np.nonzero(self._counts)
        if metric.size == 0:
            return
        self._periods.append(self._now)
        self._entries.frombytes(np.bincount(metric, minlength=len(TIMES)).astype(np.uint16).tobytes())
        self._bucket.frombytes(bucket.astype(np.uint16).tobytes())
        self._count.frombytes(self._counts[metric, bucket].astype(np.uint32).tobytes())
        self._counts[:] = 0
