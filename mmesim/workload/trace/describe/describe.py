"""What a trace is like: how much it calls, how unevenly, how bursty, and what an LRU cache would miss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.errors import TraceError
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.describe.figures import Bins, Gaps, Minutes, ZipfFit, zipf_fit
from mmesim.workload.trace.describe.stack import StackDistances
from mmesim.workload.trace.replay.resolution import Grid

DISPERSION_S = {"1 s": 1.0, "1 min": 60.0, "1 h": 3600.0}
TOP = (0.01, 0.1)
RESIDENT = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
"""Shares of the models for which the miss ratio is reported."""


@dataclass(frozen=True)
class Description:
    """The figures of a trace."""

    requests: int
    models: int
    first_s: float
    span_s: float
    """From time 0 to the end of the window, or to the last call."""
    mean_per_min: float
    peak_per_min: int
    dispersion: dict[str, float | None]
    """By length of a stretch."""
    gap_cv: float | None
    zipf: ZipfFit | None
    top_model_share: float
    top_share: dict[str, float]
    """Share of the calls that go to the most called 1 % and 10 % of the models."""
    per_minute: Ints
    """[minutes]"""
    by_rank: Ints
    """[models]: calls, the most called first."""
    miss_ratios: Floats
    """[0 .. models]: of an LRU cache of that many models that begins empty."""
    grid: Grid | None = None
    """On which the times of the file lie; the calls described are spread inside it."""

    @property
    def peak_to_mean(self) -> float:
        """The busiest minute over the mean."""
        return self.peak_per_min / self.mean_per_min

    @property
    def resident(self) -> dict[int, float]:
        """Miss ratio by number of models that fit, for `RESIDENT`."""
        sizes = [max(1, round(share * self.models)) for share in RESIDENT]
        return {size: float(self.miss_ratios[size]) for size in dict.fromkeys(sizes)}

    def as_dict(self) -> dict[str, object]:
        """The figures for JSON; numbers are rounded to nine digits."""
        zipf = None if self.zipf is None else {"exponent": _nine(self.zipf.exponent), "ks": _nine(self.zipf.ks)}
        return {
            "requests": self.requests,
            "models": self.models,
            "first_s": _nine(self.first_s),
            "span_s": _nine(self.span_s),
            "resolution_s": None if self.grid is None else _nine(self.grid.unit_s),
            "per_minute": {
                "mean": _nine(self.mean_per_min),
                "peak": self.peak_per_min,
                "peak_to_mean": _nine(self.peak_to_mean),
            },
            "dispersion": {key: None if value is None else _nine(value) for key, value in self.dispersion.items()},
            "gap_cv": None if self.gap_cv is None else _nine(self.gap_cv),
            "zipf": zipf,
            "top_model_share": _nine(self.top_model_share),
            "top_share": {key: _nine(value) for key, value in self.top_share.items()},
            "lru_miss_ratio": {str(size): _nine(ratio) for size, ratio in self.resident.items()},
        }


def describe(
    file: Path, calls: Iterator[Arrivals], span_s: float | None, grid: Callable[[], Grid | None] = lambda: None
) -> Description:
    """The figures of a trace, models numbered from 0; TraceError for one without calls.

    `span_s` is its length where it is known, else it ends at its last call. `grid` tells that of the times in the file
    once the calls have been read. Memory grows with the models and with the
    minutes, not with the calls.
    """
    counts: Ints = np.zeros(0, dtype=np.int64)
    bins = {name: Bins(width_s) for name, width_s in DISPERSION_S.items()}
    minutes, gaps, distances = Minutes(), Gaps(), StackDistances()
    first_s: float | None = None
    latest_s = 0.0
    for part in calls:
        more = np.bincount(part.model, minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
        for each in bins.values():
            each.add(part.time)
        minutes.add(part.time)
        gaps.add(part)
        distances.add(part.model)
        first_s = float(part.time[0]) if first_s is None else first_s
        latest_s = float(part.time[-1])
    if first_s is None:
        raise TraceError(f"{file}: no request in the selected part")
    span_s = latest_s if span_s is None else span_s
    by_rank = np.sort(counts[counts > 0])[::-1]
    requests = int(by_rank.sum())
    return Description(
        requests=requests,
        models=len(by_rank),
        first_s=first_s,
        span_s=span_s,
        mean_per_min=requests / max(span_s / 60.0, 1.0),
        peak_per_min=int(minutes.counts.max()),
        dispersion={name: each.dispersion(span_s) for name, each in bins.items()},
        gap_cv=gaps.cv,
        zipf=zipf_fit(by_rank),
        top_model_share=float(by_rank[0]) / requests,
        top_share={f"{share:.0%}".replace("%", " %"): _of_most(by_rank, share) for share in TOP},
        per_minute=minutes.counts,
        by_rank=by_rank,
        miss_ratios=distances.miss_ratios(),
        grid=grid(),
    )


def _of_most(by_rank: Ints, share: float) -> float:
    return float(by_rank[: max(1, math.ceil(share * len(by_rank)))].sum()) / float(by_rank.sum())


def _nine(value: float) -> float:
    return float(f"{value:.9g}")
