"""Figures of a trace that are gathered in one pass, in memory that grows with its models and its length alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.roots import root
from mmesim.workload.block import Arrivals

LARGEST_EXPONENT = 20.0
COVERED = 0.99
"""The last stretch is whole when the trace goes on beyond this share of it: no call marks the end itself."""


class Bins:
    """Calls in whole stretches of equal length, from time 0 on; the last one counts when the trace covers it."""

    def __init__(self, width_s: float) -> None:
        self.width_s = width_s
        self._current = 0
        self._in_current = 0
        self._before: list[tuple[int, float, float]] = []
        self._bins, self._sum, self._squares = 0, 0.0, 0.0

    def add(self, time: Floats) -> None:
        """The next calls of the trace."""
        place = np.floor_divide(time, self.width_s).astype(np.int64)
        numbers, counts = np.unique(place, return_counts=True)
        for_current = numbers == self._current
        self._in_current += int(counts[for_current].sum())
        numbers, counts = numbers[~for_current], counts[~for_current]
        if not len(numbers):
            return
        self._close(int(numbers[-1]), np.concatenate(([self._in_current], counts[:-1])))
        self._current, self._in_current = int(numbers[-1]), int(counts[-1])

    def dispersion(self, span_s: float) -> float | None:
        """Variance over mean of the counts (1 for a Poisson process); None for fewer than ten whole stretches."""
        bins, total, squares = self._bins, self._sum, self._squares
        whole = math.floor(span_s / self.width_s + 1.0 - COVERED)
        if whole > self._current:
            bins, total, squares = whole, total + self._in_current, squares + float(self._in_current * self._in_current)
        if bins < 10 or not total:
            return None
        mean = total / bins
        return (squares / bins - mean * mean) / mean

    def _close(self, current: int, counts: Ints) -> None:
        """Every stretch before `current` is complete."""
        self._bins = current
        self._sum += float(counts.sum())
        self._squares += float((counts.astype(np.float64) * counts).sum())


class Minutes:
    """Calls in each minute of a trace."""

    def __init__(self) -> None:
        self.counts: Ints = np.zeros(0, dtype=np.int64)

    def add(self, time: Floats) -> None:
        """The next calls of the trace."""
        more = np.bincount((time // 60.0).astype(np.int64), minlength=len(self.counts))
        more[: len(self.counts)] += self.counts
        self.counts = more


class Gaps:
    """Moments of the times between one call and the next."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def add(self, part: Arrivals) -> None:
        """The next calls of the trace."""
        time = part.time if self._last is None else np.concatenate(([self._last], part.time))
        gaps = np.diff(time)
        self._count += len(gaps)
        self._sum += float(gaps.sum())
        self._squares += float((gaps * gaps).sum())
        self._last = float(part.time[-1])

    @property
    def cv(self) -> float | None:
        """Coefficient of variation; None where there is no gap above 0."""
        if not self._sum:
            return None
        mean = self._sum / self._count
        return math.sqrt(max(0.0, self._squares / self._count - mean * mean)) / mean


@dataclass(frozen=True)
class ZipfFit:
    """A Zipf law over ranks, p(r) proportional to r^-exponent for r = 1 .. n."""

    exponent: float
    ks: float
    """Largest distance between the shares of the calls up to a rank in the trace and in the fit."""


def zipf_fit(counts: Ints) -> ZipfFit | None:
    """The law of largest likelihood for calls by rank; None for fewer than two models.

    Ranks are those of the trace itself. Source: A. Clauset, C. Shalizi, M. Newman, Power-law distributions in empirical
    data, SIAM Review 51 (2009), the discrete case with both ends known.
    """
    falling = np.sort(counts[counts > 0])[::-1].astype(np.float64)
    if len(falling) < 2:
        return None
    logs = np.array([math.log(rank) for rank in range(1, len(falling) + 1)])
    shares = falling / falling.sum()
    target = float((shares * logs).sum())

    def law(exponent: float) -> Floats:
        weight = np.array([math.exp(-exponent * log) for log in logs.tolist()])
        chances: Floats = weight / weight.sum()
        return chances

    def excess(exponent: float) -> float:
        return float((law(exponent) * logs).sum()) - target

    # At exponent 0 all are alike: where the counts are flatter than any law, 0 it is.
    if excess(0.0) <= 0.0:
        exponent = 0.0
    elif excess(LARGEST_EXPONENT) >= 0.0:
        exponent = LARGEST_EXPONENT
    else:
        exponent = root(excess, 0.0, LARGEST_EXPONENT, 1e-9)
    distance = np.abs(np.cumsum(shares) - np.cumsum(law(exponent)))
    return ZipfFit(exponent, float(distance.max()))
