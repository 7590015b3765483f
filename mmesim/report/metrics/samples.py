"""What CloudWatch is told of the samples of a minute: all of them in buckets, or some statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mmesim.arrays import Floats

WIDTH = 1.05
"""Upper edge of a bucket over its lower one."""
MOST_VALUES = 150
"""Values of a datum, at most (PutMetricData)."""


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
    maximum: float | None = None

    def statistics(self) -> Iterator[tuple[str, float]]:
        """The known ones by CloudWatch's name."""
        if self.samples is not None:
            yield "SampleCount", self.samples
        if self.average is not None:
            if self.samples is not None:
                yield "Sum", self.average * self.samples
            yield "Average", self.average
        if self.maximum is not None:
            yield "Maximum", self.maximum


@dataclass(frozen=True)
class Datum:
    """One metric in one minute."""

    at_s: float
    """When the minute begins, simulated time."""
    samples: Distribution | StatisticSet
    measured: Mapping[str, float] = field(default_factory=dict)
    """Statistics that the run has written down, which no bucket gives better."""

    def statistics(self) -> dict[str, float]:
        """What is known of the minute, by CloudWatch's names."""
        return dict(self.samples.statistics()) | dict(self.measured)


def in_buckets(samples: Floats) -> Distribution:
    """Samples in at most 150 buckets, 5 % wide where that is enough; the least and the largest exactly, and the sum.

    `samples`: one or more, none negative. A bucket is given by the mean of what it holds.
    """
    ordered = np.sort(samples)
    ends = [0, ordered.size - 1] if ordered.size > 1 else [0]
    inner = ordered[1:-1]
    width = float(np.log(WIDTH))
    while True:
        bucket = np.floor(np.log(np.maximum(inner, 1e-9)) / width)
        first = np.flatnonzero(np.diff(bucket, prepend=-np.inf))
        if first.size + len(ends) <= MOST_VALUES:
            break
        width *= 2.0
    counts = np.diff(first, append=inner.size).astype(np.float64)
    means = np.add.reduceat(inner, first) / counts if inner.size else inner
    values = np.concatenate([ordered[:1], means, ordered[ends[1:]]])
    return _joined(values, np.concatenate([[1.0], counts, np.ones(len(ends) - 1)]))


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
