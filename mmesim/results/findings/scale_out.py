"""A scale-out that made latency worse: new instances are cold, and for a time calls wait for loads there.

Rule: the minutes before the new instances came into service, at most five, against those after it, up to the next event
and at most half an hour. Latency was worse for as many of the first minutes after it (the first or the second begins)
as have a mean above 1.2 times that before, if calls missed more often in them by half a percentage point, and if that
was so at least half of the times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim import units
from mmesim.arrays import Flags
from mmesim.preflight.finding import Finding
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import RunData
from mmesim.results.measured.windows import START
from mmesim.stats.means import mean

RULE = "docs/assumptions.md#what-happens-over-time"
BEFORE_S, AFTER_S = 300.0, 1800.0
TOGETHER_S = 60.0
"""Instances that come within this time of each other came together."""
WORSE = 1.2
MISSES = 0.005
LATENCY, CALLS = "ClientLatency", "ClientLatency_SampleCount"
HITS, ATTEMPTS = "ModelCacheHit", "ModelCacheHit_SampleCount"
OTHERS = (Kind.fault, Kind.deploy, Kind.scale_in)


@dataclass(frozen=True)
class _Came:
    """What happened to latency when new instances came; `lasted_s` is 0 where it did not get worse."""

    lasted_s: float
    latency_s: float
    """Mean of the calls in that time."""
    before_s: float
    hits: float
    hits_before: float


def scale_out_worse(runs: Sequence[RunData]) -> Iterator[Finding]:
    """By how much a scale-out made latency worse, and for how long."""
    came = [one for run in runs for one in _each(run)]
    worse = [one for one in came if one.lasted_s > 0.0]
    if not worse or 2 * len(worse) < len(came):
        return
    lasted = mean([one.lasted_s for one in worse])
    latency, before = mean([one.latency_s for one in worse]), mean([one.before_s for one in worse])
    hits, hits_before = mean([one.hits for one in worse]), mean([one.hits_before for one in worse])
    yield Finding(
        id="scale_out_worse",
        severity="warning",
        text=f"a scale-out made latency worse for {units.show_seconds(lasted)}: the mean was "
        f"{units.show_seconds(before)} before the new instances took calls and {units.show_seconds(latency)} then, "
        f"since they are cold ({units.show_fraction(hits_before)} of the calls found their model loaded before, "
        f"{units.show_fraction(hits)} then)",
        evidence={
            "lasted_s": lasted,
            "latency_s": latency,
            "latency_before_s": before,
            "cache_hit_ratio": hits,
            "cache_hit_ratio_before": hits_before,
            "times": len(worse),
            "of": len(came),
        },
        source=RULE,
        try_="endpoint.preload, a router that leaves copies where they are, or more instances before traffic rises "
        "(endpoint.autoscaling.scheduled)",
    )


def _each(run: RunData) -> Iterator[_Came]:
    """What happened each time that a scale-out brought instances into service within the measured time."""
    if LATENCY not in run.windows:
        return
    asked = [one.at_s for one in run.happened if one.kind is Kind.scale_out]
    came: list[float] = []
    for one in run.happened:
        is_in = one.kind is Kind.in_service and asked and asked[0] <= one.at_s < run.duration_s
        if is_in and (not came or one.at_s >= came[-1] + TOGETHER_S):
            came.append(one.at_s)
    ends = sorted([*came, *(one.at_s for one in run.happened if one.kind in OTHERS)])
    for at_s in came:
        since_s = max([run.warmup_s, at_s - BEFORE_S, *(end_s for end_s in ends if end_s < at_s)])
        until_s = min([run.duration_s, at_s + AFTER_S, *(end_s for end_s in ends if end_s > at_s)])
        found = _came(run, since_s, at_s, until_s)
        if found is not None:
            yield found


def _came(run: RunData, since_s: float, at_s: float, until_s: float) -> _Came | None:
    """What happened to latency when instances came at a time; None where there is nothing to compare."""
    starts_s = run.windows[START]
    ends_s = np.append(starts_s[1:], run.duration_s)
    before = (starts_s >= since_s) & (ends_s <= at_s)
    after = (ends_s > at_s) & (ends_s <= until_s)
    before_s = _mean(run, before, LATENCY, CALLS)
    if math.isnan(before_s) or not after.any():
        return None
    rows = np.flatnonzero(after)
    worse = np.nan_to_num(run.windows[LATENCY][rows]) > WORSE * before_s
    first = int(np.argmax(worse[:2])) if worse[:2].any() else len(worse)
    last = first + int(np.argmin(np.append(worse[first:], False)))
    then = np.zeros_like(after)
    then[rows[first:last]] = True
    hits, hits_before = (_mean(run, which, HITS, ATTEMPTS) for which in (then, before))
    lasted = last > first and hits_before - hits >= MISSES
    return _Came(
        float((ends_s - starts_s)[then].sum()) if lasted else 0.0,
        _mean(run, then, LATENCY, CALLS) / 1e6,
        before_s / 1e6,
        hits,
        hits_before,
    )


def _mean(run: RunData, rows: Flags, name: str, weight: str) -> float:
    """A figure over some windows, each by the number of its samples; nan without any."""
    weights = run.windows[weight][rows]
    total = float(weights.sum())
    return float(np.nan_to_num(run.windows[name][rows]) @ weights) / total if total else math.nan
