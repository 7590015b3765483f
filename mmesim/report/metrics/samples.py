"""What CloudWatch is told of the samples of a minute: all of them in buckets, or some statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mmesim.arrays import Floats
from mmesim.results.tables.periods import Histogram


@dataclass(frozen=True)
class Distribution:
    """Samples in buckets: every statistic follows from them."""

    values: Floats
    """Increasing."""
    counts: Floats
    """Above 0."""

    def statistics(self) -> Iterator[tuple[str, float]]:
        """Every statistic by CloudWatch's name."""
        total = float(self.values @ self.counts)
        n = float(self.counts.sum())
        yield from (("SampleCount", n), ("Sum", total), ("Average", total / n))
        yield from (("Minimum", float(self.values[0])), ("Maximum", float(self.values[-1])))
        yield from ((f"p{share:g}", self._percentile(share)) for share in (50.0, 90.0, 99.0))

    def _percentile(self, percent: float) -> float:
        up_to = np.cumsum(self.counts)
        place = int(np.searchsorted(up_to, percent / 100.0 * up_to[-1] * (1.0 - 1e-12)))
        return float(self.values[place])


@dataclass(frozen=True)
class StatisticSet:
    """What is known where the samples are not; at least one of `average` and `maximum`."""

    average: float | None = None
    samples: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    def statistics(self) -> Iterator[tuple[str, float]]:
        """The known ones by CloudWatch's name."""
        if self.samples is not None:
            yield "SampleCount", self.samples
        if self.average is not None:
            if self.samples is not None:
                yield "Sum", self.average * self.samples
            yield "Average", self.average
        if self.minimum is not None:
            yield "Minimum", self.minimum
        if self.maximum is not None:
            yield "Maximum", self.maximum


@dataclass(frozen=True)
class Datum:
    """One metric in one minute, or in ten seconds."""

    at_s: float
    """When they begin, simulated time."""
    samples: Distribution | StatisticSet
    measured: Mapping[str, float] = field(default_factory=dict)
    """Statistics that the run has written down, which no bucket gives better."""

    def statistics(self) -> dict[str, float]:
        """What is known of the minute, by CloudWatch's names."""
        return dict(self.samples.statistics()) | dict(self.measured)


def fitted(found: Histogram, mean: float, least: float | None = None, most: float | None = None) -> Distribution:
    """Samples of a histogram as values, each in its bucket, and their mean exact.

    `mean`, and the least and the largest where they are known, are those of the samples; these two are values then.
    """
    n = float(found.count.sum())
    if n == 1.0:
        return equal(mean, n)
    low = found.low if least is None else np.maximum(found.low, least)
    high = found.high if most is None else np.minimum(found.high, most)
    high = np.maximum(np.where(np.isfinite(high), high, low), low)
    counts = found.count.astype(np.float64)
    total = n * mean
    ends: list[tuple[float, float]] = [(0.0, 0.0), (0.0, 0.0)]
    for place, (row, end) in enumerate(((0, least), (-1, most))):
        if end is not None:
            counts[row] -= 1.0
            total -= end
            ends[place] = end, 1.0
    width = float(counts @ (high - low))
    share = min(max((total - float(counts @ low)) / width, 0.0), 1.0) if width > 0.0 else 0.0
    values = np.concatenate([[ends[0][0]], low + share * (high - low), [ends[1][0]]])
    counts = np.concatenate([[ends[0][1]], counts, [ends[1][1]]])
    there = counts > 0.0
    return _joined(values[there], counts[there])


def ones(number: float, samples: float) -> Distribution:
    """So many samples of 1, and the others of 0; one or more samples."""
    pairs = [(value, count) for value, count in ((0.0, samples - number), (1.0, number)) if count > 0.0]
    return Distribution(np.array([value for value, _ in pairs]), np.array([count for _, count in pairs]))


def equal(value: float, samples: float) -> Distribution:
    """Samples that are all the same; one or more."""
    return Distribution(np.array([value]), np.array([samples]))


def _joined(values: Floats, counts: Floats) -> Distribution:
    """Without two entries of one value."""
    values = np.maximum.accumulate(values)  # a mean may round to less than what it is the mean of
    first = np.flatnonzero(np.diff(values, prepend=-1.0))
    return Distribution(values[first], np.add.reduceat(counts, first))
