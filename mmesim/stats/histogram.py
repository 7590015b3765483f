"""Latency histograms with log-linear buckets: bounded memory, mergeable, exact at every limit that a scenario names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints

EMIN = -19
"""Exponent (of `math.frexp`) of the lowest octave: it begins at 2**(EMIN - 1) = 2**-20 s, just under a microsecond."""
OCTAVES = 37
"""Octaves in the grid: they end at 2**17 s, a day and a half."""
FINE = 256
"""Sub-buckets an octave of the fleet's histogram: relative width at most 1/256 = 0.39 %."""
COARSE = 16
"""Sub-buckets an octave of a model's histogram: relative width at most 6.3 %."""


@dataclass(frozen=True)
class Grid:
    """Buckets of a histogram: bucket i holds edges[i] < x <= edges[i + 1].

    `edges` [buckets + 1], seconds: the first is -1 (so that 0 falls into bucket 0), the last infinity.
    `start` [OCTAVES * sub-buckets]: for each cell of the plain log-linear grid the first bucket that overlaps it.
    """

    edges: Floats
    start: Ints

    @property
    def buckets(self) -> int:
        """Number of buckets."""
        return len(self.edges) - 1

    @property
    def sub_buckets(self) -> int:
        """Cells of the plain grid in one octave: what the cell number of a value is computed with."""
        return len(self.start) // OCTAVES


def grid(limits_s: Iterable[float] = ()) -> Grid:
    """The fleet's grid, with every limit as an extra edge (none twice).

    Limits are seconds, finite and not negative, else ValueError.
    """
    return _grid(FINE, limits_s)


def coarse_grid() -> Grid:
    """The grid of the histograms kept for each model."""
    return _grid(COARSE, ())


def cell_edges(sub_buckets: int) -> Floats:
    """Where the cells of the plain log-linear grid begin, seconds; a cell holds its low end."""
    octave = 1.0 + np.arange(sub_buckets) / sub_buckets
    return np.concatenate([np.ldexp(octave, EMIN - 1 + k) for k in range(OCTAVES)])


def _grid(sub_buckets: int, limits_s: Iterable[float]) -> Grid:
    limits = np.array(sorted(set(limits_s)), dtype=np.float64)
    if not np.all(np.isfinite(limits)) or np.any(limits < 0.0):
        raise ValueError(f"a latency limit is a finite time of at least 0 s, not {limits.tolist()}")
    cells = cell_edges(sub_buckets)
    top = math.ldexp(1.0, EMIN - 1 + OCTAVES)
    edges = np.unique(np.concatenate([[-1.0], cells, [top], limits, [math.inf]]))
    # Cells are closed below, buckets above: the first bucket that overlaps a cell is the one that holds its low end.
    start = np.searchsorted(edges, cells, side="left").astype(np.int64) - 1
    return Grid(edges=edges, start=start)


def span(count: Sequence[Ints], low: Sequence[Floats], high: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The least and the largest observation of each bucket of several histograms on one grid, 0 where there is none."""
    least = np.min([np.where(n > 0, ends, math.inf) for n, ends in zip(count, low, strict=True)], axis=0)
    return np.where(np.isfinite(least), least, 0.0), np.max(high, axis=0)


def log_middles(edges: Floats) -> Floats:
    """For each bucket the natural logarithm of its geometric middle, edges in seconds.

    The first bucket counts as if it began at half its end, the open last one by its lower edge.
    """
    low, high = edges[:-1].copy(), edges[1:].copy()
    low[0] = high[0] / 2.0
    high[-1] = low[-1]
    return np.array([0.5 * (math.log(a) + math.log(b)) for a, b in zip(low.tolist(), high.tolist(), strict=True)])


def merge(counts: Iterable[Ints]) -> Ints:
    """The sum of histograms on one grid; ValueError when there is none or their shapes differ.

    One is added after the other: those of many replications need not be in memory together.
    """
    total: Ints | None = None
    for count in counts:
        if total is None:
            total = count.astype(np.int64)
        elif count.shape != total.shape:
            raise ValueError(f"histograms of different grids: shapes {sorted((count.shape, total.shape))}")
        else:
            total += count
    if total is None:
        raise ValueError("no histogram to merge")
    return total


def quantile(low: Floats, high: Floats, count: NDArray[np.integer], q: float) -> float:
    """The q-quantile (0 <= q <= 1) in seconds, interpolated linearly inside its bucket; nan when empty.

    It lies in the bucket of the smallest observation x with at least a share q of all observations <= x. `low` and
    `high` [buckets] are the least and the largest observation of each bucket: of a bucket of equal observations the
    quantile is exactly these.
    """
    cumulated = count.cumsum(dtype=np.int64)
    bucket = _bucket(cumulated, q)
    return math.nan if bucket is None else _between(float(low[bucket]), float(high[bucket]), cumulated, bucket, q)


def clipped_quantile(edges: Floats, count: NDArray[np.integer], q: float, least: float, largest: float) -> float:
    """The same where of the observations only the least and the largest of all are known."""
    return cumulated_quantile(edges, count.cumsum(dtype=np.int64), q, least, largest)


def cumulated_quantile(edges: Floats, cumulated: Ints, q: float, least: float, largest: float) -> float:
    """The same of a histogram that is given by its cumulated counts, for several quantiles of one."""
    bucket = _bucket(cumulated, q)
    if bucket is None:
        return math.nan
    return _between(max(float(edges[bucket]), least), min(float(edges[bucket + 1]), largest), cumulated, bucket, q)


def bucket_of_quantile(count: NDArray[np.integer], q: float) -> int | None:
    """The bucket that the q-quantile lies in, None when all are empty; ValueError for q outside 0..1."""
    return _bucket(count.cumsum(dtype=np.int64), q)


def _bucket(cumulated: Ints, q: float) -> int | None:
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"a quantile is between 0 and 1, not {q}")
    total = int(cumulated[-1])
    rank = q * total
    # q = 0 asks for the smallest observation: the first bucket that holds any.
    return int(cumulated.searchsorted(rank, side="left" if rank > 0.0 else "right")) if total > 0 else None


def _between(first: float, last: float, cumulated: Ints, bucket: int, q: float) -> float:
    """The place of the quantile between the least and the largest of its bucket, the others spread evenly."""
    before = int(cumulated[bucket - 1]) if bucket > 0 else 0
    inside = int(cumulated[bucket]) - before
    rank = q * int(cumulated[-1]) - before
    return min(first + (last - first) * max(rank - 1.0, 0.0) / max(inside - 1, 1), last)


def share_over(edges: Floats, count: NDArray[np.integer], limit: float, beyond: int = 0) -> float:
    """The share (0..1) of observations above `limit` (seconds); nan when empty.

    `beyond` more observations lie above every limit and stand in no bucket.

    Exact when `limit` is an edge. Else the bucket around it is split linearly; the open last bucket counts as above.
    """
    total = int(np.sum(count, dtype=np.int64)) + beyond
    if total == 0:
        return math.nan
    if limit < 0.0:
        return 1.0
    bucket = int(np.searchsorted(edges, limit, side="left")) - 1
    above = float(np.sum(count[bucket + 1 :], dtype=np.int64))
    low, high = max(float(edges[bucket]), 0.0), float(edges[bucket + 1])
    if limit < high:
        part = (high - limit) / (high - low) if math.isfinite(high) else 1.0
        above += part * float(count[bucket])
    return (above + beyond) / total
