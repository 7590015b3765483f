"""What the windows of a run say over time: misses, latency and calls in the system, of one replication or several."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, divide
from mmesim.results.measured.run_data import RunData

FIGURES: tuple[str, ...] = (
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
"""Figures of the windows that verdicts need: who runs something for later judgement measures these."""
COLUMNS: tuple[str, ...] = ("start_s", *FIGURES)
"""Columns of the windows that are read here: who keeps a run for later judgement keeps these."""

Sums = tuple[Floats, Floats]
"""Sum and weight in each window: their quotient is the mean."""


@dataclass(frozen=True)
class Windows:
    """The whole windows of some replications, summed; one entry a window in every array.

    Sums are made when they are asked for, column by column: of a quiet year each takes 4 MB.
    """

    start_s: Floats
    length_s: float
    columns: Sequence[Mapping[str, Floats]]
    """Of each replication."""
    kept: slice
    """Those that are whole and not too early."""

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def misses(self) -> Sums:
        """Attempts that missed; all attempts."""
        hits, attempts = self._weighted("ModelCacheHit", "ModelCacheHit_SampleCount")
        return attempts - hits, attempts

    @property
    def log_latency(self) -> Sums:
        """Logarithms of the latency of successful calls; these calls."""
        return self._weighted("LogClientLatency", "ClientLatency_SampleCount")

    @property
    def in_system(self) -> Sums:
        """Calls in the system, mean over time; replications."""
        return self._total("RequestsInSystem"), np.full(len(self), float(len(self.columns)))

    @property
    def refused(self) -> Sums:
        """Attempts refused because a queue was full; all attempts."""
        return self._total("QueueFull"), self._total("Invocations")

    def _total(self, name: str) -> Floats:
        return self._sum(lambda column: np.nan_to_num(column[name][self.kept]))

    def _weighted(self, name: str, weight: str) -> Sums:
        product = self._sum(lambda column: np.nan_to_num(column[name][self.kept]) * column[weight][self.kept])
        return product, self._total(weight)

    def _sum(self, of: Callable[[Mapping[str, Floats]], Floats]) -> Floats:
        total = of(self.columns[0])
        for column in self.columns[1:]:
            total += of(column)
        return total


def windows(runs: Sequence[RunData], from_s: float = 0.0) -> Windows:
    """The windows of these replications that begin at `from_s` or later; a shorter last one is left out."""
    columns = [run.windows for run in runs]
    start = columns[0]["start_s"]
    length = float(start[1] - start[0]) if len(start) > 1 else runs[0].duration_s
    # Sums of lengths round: a window that lacks a billionth of itself is whole.
    first = int(np.searchsorted(start, from_s * (1.0 - 1e-12)))
    after = int(np.searchsorted(start + length * (1.0 - 1e-9), runs[0].duration_s, side="right"))
    kept = slice(first, max(first, after))
    return Windows(start_s=start[kept], length_s=length, columns=columns, kept=kept)


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
