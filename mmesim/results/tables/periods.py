"""Tables of what was counted period by period: histograms of times, and calls in flight every ten seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.results.measured.window_times import CLIENT, TEN_S, TIMES, InFlight, WindowTimes, edges_of
from mmesim.results.tables.columns import Column, documented, named

MICRO = 1e6
WINDOW_TIMES = "window_times.parquet"
TENS = "windows_10s.parquet"
"""Files of a result folder; one whose replications were kept by a store has neither."""
TIME_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "start_s": ("s", "simulated time at which the period begins"),
        "metric": ("", "which times, by CloudWatch's name: those of the samples of the period"),
        "from_us": ("Microseconds", "lower edge of the bucket"),
        "to_us": ("Microseconds", "upper edge of the bucket, at most 4.7 % above; of ClientLatency 6.3 %"),
        "count": ("", "samples in the bucket"),
    }
)
IN_FLIGHT = "ConcurrentRequestsPerModel"
TEN_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "start_s": ("s", "simulated time at which the ten seconds begin"),
        IN_FLIGHT: ("None", "attempts between router and answer, all models and all waits, Maximum"),
        f"{IN_FLIGHT}_Minimum": ("None", "attempts between router and answer, all models and all waits, Minimum"),
    }
)


def times_table(replication: int, times: WindowTimes) -> pa.Table:
    """One row for each bucket that holds a sample (columns: `TIME_COLUMNS`)."""
    bucket, count = times.counted
    periods, metrics = times.entries.shape
    each = times.entries.reshape(-1)
    metric = np.repeat(np.tile(np.arange(metrics), periods), each)
    edges = MICRO * np.stack([edges_of(CLIENT), edges_of(0)])
    grid = (metric != CLIENT).astype(np.int64)
    columns = {
        "replication": np.full(bucket.size, replication, dtype=np.int32),
        "start_s": np.repeat(np.repeat(times.period_s * np.arange(periods), metrics), each),
        "metric": named(metric, TIMES),
        "from_us": edges[grid, bucket],
        "to_us": edges[grid, bucket.astype(np.int64) + 1],
        "count": count.astype(np.int64),
    }
    return documented(columns, TIME_COLUMNS)


def in_flight_table(replication: int, found: InFlight) -> pa.Table:
    """One row for every ten seconds (columns: `TEN_COLUMNS`)."""
    columns = {
        "replication": np.full(found.most.size, replication, dtype=np.int32),
        "start_s": TEN_S * np.arange(found.most.size),
        IN_FLIGHT: found.most,
        f"{IN_FLIGHT}_Minimum": found.least,
    }
    return documented(columns, TEN_COLUMNS)


@dataclass(frozen=True)
class Histogram:
    """The samples of one metric in one period, by bucket; in CloudWatch's unit."""

    low: Floats
    """Where each bucket that holds a sample begins, increasing."""
    high: Floats
    count: Ints


def read_times(table: pa.Table) -> Mapping[str, Mapping[float, Histogram]]:
    """Metric -> start of a period -> its histogram: from the rows of one replication, as they were written."""
    found: dict[str, dict[float, Histogram]] = {}
    metric = table["metric"].combine_chunks().dictionary_encode()
    number = metric.indices.to_numpy(zero_copy_only=False)
    names: Sequence[str] = metric.dictionary.to_pylist()
    start_s, low, high, count = (table[name].to_numpy() for name in ("start_s", "from_us", "to_us", "count"))
    for first, end in _stretches(number, start_s):
        rows = slice(first, end)
        found.setdefault(names[number[first]], {})[float(start_s[first])] = Histogram(
            low[rows], high[rows], count[rows]
        )
    return found


def _stretches(*columns: NDArray[np.generic]) -> Iterator[tuple[int, int]]:
    """First row and end of each stretch of rows in which no column changes."""
    n = columns[0].size
    changes = np.zeros(n, dtype=np.bool_)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    begins = np.flatnonzero(changes).tolist()
    yield from zip(begins, [*begins, n][1:], strict=True)
