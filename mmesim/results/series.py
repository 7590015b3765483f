"""What the windows of a run say over time: misses, latency and calls in the system, of one replication or several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, divide
from mmesim.results.run_data import RunData

COLUMNS: tuple[str, ...] = (
    "start_s",
    "Instances",
    "Invocations",
    "ModelCacheHit",
    "ModelCacheHit_SampleCount",
    "LogClientLatency",
    "ClientLatency_SampleCount",
    "ClientLatency",
    "RequestsInSystem",
    "QueueFull",
    "CPUUtilization",
    "MemoryUtilization",
    "WorkerUtilization_Maximum",
)
"""Columns of the windows that are read here: who keeps a run for later judgement keeps these."""

Sums = tuple[Floats, Floats]
"""Sum and weight in each window: their quotient is the mean."""


@dataclass(frozen=True)
class Windows:
    """The whole windows of some replications, summed; one entry a window in every array."""

    start_s: Floats
    length_s: float
    misses: Sums
    """Attempts that missed; all attempts."""
    log_latency: Sums
    """Logarithms of the latency of successful calls; these calls."""
    in_system: Sums
    """Calls in the system, mean over time; replications."""
    refused: Sums
    """Attempts refused because a queue was full; all attempts."""

    def __len__(self) -> int:
        return len(self.start_s)


def windows(runs: Sequence[RunData], from_s: float = 0.0) -> Windows:
    """The windows of these replications that begin at `from_s` or later; a shorter last one is left out."""
    columns = [run.windows for run in runs]
    start = columns[0]["start_s"]
    length = float(start[1] - start[0]) if len(start) > 1 else runs[0].duration_s
    # Sums of lengths round: a window that lacks a billionth of itself is whole.
    kept = (start >= from_s * (1.0 - 1e-12)) & (start + length * (1.0 - 1e-9) <= runs[0].duration_s)

    def total(name: str) -> Floats:
        return np.sum([np.nan_to_num(column[name][kept]) for column in columns], axis=0)  # type: ignore[no-any-return]

    def weighted(name: str, weight: str) -> Sums:
        products = [np.nan_to_num(c[name][kept]) * c[weight][kept] for c in columns]
        return np.sum(products, axis=0), total(weight)

    hits, attempts = weighted("ModelCacheHit", "ModelCacheHit_SampleCount")
    return Windows(
        start_s=start[kept],
        length_s=length,
        misses=(attempts - hits, attempts),
        log_latency=weighted("LogClientLatency", "ClientLatency_SampleCount"),
        in_system=(total("RequestsInSystem"), np.full(int(kept.sum()), float(len(runs)))),
        refused=(total("QueueFull"), total("Invocations")),
    )


def means(sums: Sums) -> Floats:
    """The mean of each window; one without anything to average takes that of the window before it."""
    mean = divide(sums[0], sums[1], math.nan)
    known = np.flatnonzero(~np.isnan(mean))
    if not known.size:
        return mean
    place = np.maximum(np.searchsorted(known, np.arange(len(mean)), side="right") - 1, 0)
    return mean[known[place]]


def batch_means(sums: Sums, batches: int) -> Floats:
    """The means of that many consecutive batches of windows, nan for one without anything to average."""
    parts = [np.array_split(one, batches) for one in sums]
    total, weight = (np.array([float(part.sum()) for part in one]) for one in parts)
    return divide(total, weight, math.nan)
