"""Conditions while a scenario runs: when a line such as `p99 > 1 s` becomes true (`mmesim.scenario.run.condition`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, fields
from math import inf
from types import MappingProxyType
from typing import Any

import numpy as np
import simpy

from mmesim.arrays import Ints
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.measure.integrals import Integrals
from mmesim.engine.measure.live import LiveMetrics
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.figures import LATENCIES, quantile_shares
from mmesim.scenario.run.condition import window_s
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import COUNTS
from mmesim.scenario.scenario import Scenario

_COMPARE: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


@dataclass(frozen=True)
class Counts:
    """What has been counted of the measured calls that ended, so far or in some time."""

    calls: int
    ok: int
    over: int
    """Successful ones above the limit of the condition."""
    latency_s: float
    """Sum over the successful ones."""
    hits: int
    misses: int
    load_wait_s: float
    answers_ok: int
    attempts: int
    errors: Ints
    """[len(CAUSES)]: failed calls by the cause of their last attempt."""
    causes: Ints
    """[len(CAUSES)]: failed attempts."""

    def since(self, before: Counts) -> Counts:
        """What was counted after `before`."""
        return Counts(*(getattr(self, one.name) - getattr(before, one.name) for one in fields(self)))


class Conditions:
    """Asks conditions at the end of each of their windows; disturbs nothing that is measured."""

    def __init__(self, env: Environment, plane: DataPlane, live: LiveMetrics, scenario: Scenario) -> None:
        self._env = env
        self._plane = plane
        self._live = live
        self._scenario = scenario

    def becomes_true(self, line: Expectation, until_s: float = inf) -> Generator[simpy.Event, Any, bool]:
        """Wait for the end of the first window, from now on, in which a condition is true: then its value is True.

        The value is False when that does not happen before `until_s`, or before the run is over.
        """
        until_s = min(until_s, self._scenario.run.duration_s)
        length_s = window_s(line)
        of = [model.index for model in self._scenario.chosen_by(line.calls)]
        counts, integrals = self._counts(line, of), self._live.integrals()
        while self._env.now + length_s <= until_s:
            yield self._env.timeout(length_s)
            counts_now, integrals_now = self._counts(line, of), self._live.integrals()
            added = integrals_now.since(integrals, len(integrals_now.up_s))
            if self._holds(line, counts_now.since(counts), added, length_s):
                return True
            counts, integrals = counts_now, integrals_now
        if until_s > self._env.now:
            yield self._env.timeout(until_s - self._env.now)
        return False

    def _counts(self, line: Expectation, of: list[int]) -> Counts:
        """Up to now; calls, latencies and those over the limit are those of the models `of`."""
        self._plane.sync(self._env.now)
        views, limits_s = self._plane.tables.views, self._scenario.latency_limits_s
        counts, stats = views.counts[0], views.model_stats
        over = 0
        if line.metric in LATENCIES and line.metric != "mean":
            over = int(views.model_over[of, limits_s.index(line.limit)].sum())
        return Counts(
            calls=int(stats.calls[of].sum()),
            ok=int(stats.ok[of].sum()),
            over=over,
            latency_s=float(stats.latency[of].sum()),
            hits=int(counts.hits),
            misses=int(counts.misses),
            load_wait_s=float(counts.load_wait),
            answers_ok=int(counts.answers_ok),
            attempts=int(counts.measured_attempts),
            errors=views.causes[0].copy(),
            causes=views.causes[2].copy(),
        )

    def _holds(self, line: Expectation, counts: Counts, added: Integrals, seconds: float) -> bool:
        value, limit = self._value(line.metric, counts, added, seconds), line.limit
        shares = quantile_shares(line.metric)
        if shares is not None or line.metric == "max":
            # A limit of a percentile is one of the share of calls over it; one of the maximum, of whether there is any.
            limit = 0.0 if shares is None else shares[1]
            value = _ratio(counts.over + counts.calls - counts.ok, counts.calls)
            if shares is None and not math.isnan(value):
                return (value > 0.0) != line.is_upper
        return not math.isnan(value) and _COMPARE[line.comparison](value, limit)

    def _value(self, metric: str, counts: Counts, added: Integrals, seconds: float) -> float:
        """A figure in one window, nan where nothing was observed; seconds, shares, events a second."""
        if metric in COUNTS:
            return _count(metric, counts, added) / seconds
        # Hosts may differ: a deploy brings others.
        places = [host.config.endpoint for host in self._live.hosts[: len(added.up_s)]]
        vcpu, memory, disk = (
            float(added.up_s @ np.array(each, dtype=np.float64))
            for each in zip(*((p.host.vcpu, p.host.memory_bytes, p.disk_bytes) for p in places), strict=True)
        )
        values: Mapping[str, float] = {
            "mean": _ratio(counts.latency_s, counts.ok) if counts.ok or not counts.calls else inf,
            "error_rate": _ratio(counts.calls - counts.ok, counts.calls),
            "cache_hit_ratio": _ratio(counts.hits, counts.hits + counts.misses),
            "throughput": counts.answers_ok / seconds,
            "model_loading_wait": _ratio(counts.load_wait_s, counts.misses),
            "cpu_utilization": _ratio(float(added.cpu_busy_s.sum()), vcpu),
            "memory_utilization": _ratio(float(added.memory_byte_s.sum()), memory),
            "disk_utilization": _ratio(float(added.disk_byte_s.sum()), disk),
        }
        return values.get(metric, math.nan)


def _count(name: str, counts: Counts, added: Integrals) -> float:
    section, _, cause = name.rpartition(".")
    if section in ("requests.errors", "attempts.causes"):
        of = counts.errors if section == "requests.errors" else counts.causes
        return float(of[CAUSES.index(cause)])
    return {
        "loads": float(added.loads.sum()),
        "unloads": float(added.unloads.sum()),
        "requests.total": float(counts.calls),
        "requests.ok": float(counts.ok),
        "attempts.total": float(counts.attempts),
        "attempts.retries": float(counts.attempts - counts.calls),
    }[name]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
