"""The figures of one replication, by name: what the summary averages and what an expectation may ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from mmesim.results.run_data import CAUSES, RunData
from mmesim.stats.histogram import quantile, share_over
from mmesim.stats.intervals import CONFIDENCE, Estimate, estimate

NO_SUCCESS = "no successful call"
NO_CALLS = "no call"
NO_HOSTS = "no host was up"

_NEVER_FITS = CAUSES.index("never_fits")
"""Misses that are refused at once: nothing is loaded for them."""


@dataclass(frozen=True)
class Metric:
    """One figure of a replication.

    `of` gives its value (times in seconds), nan when there is none, `missing` then says why; the possible range is
    [0, `high`]; `trials` is given for a share of things that were counted: how many.
    """

    of: Callable[[RunData], float]
    missing: str
    unit: str = "1"
    high: float = math.inf
    trials: Callable[[RunData], int] | None = None


def estimated(figure: Metric, runs: Sequence[RunData], confidence: float = CONFIDENCE) -> Estimate:
    """Return a figure over replications with its interval; times in milliseconds."""
    return estimate(
        [figure.of(run) for run in runs],
        figure.missing,
        low=0.0,
        high=figure.high,
        scale=1000.0 if figure.unit == "s" else 1.0,
        confidence=confidence,
        trials=None if figure.trials is None else [figure.trials(run) for run in runs],
    )


def ratio(part: float, whole: float) -> float:
    """Return part / whole, nan when there is no whole."""
    return float(part / whole) if whole > 0 else math.nan


def measured_s(run: RunData) -> float:
    """Return the length of the measured time [warm-up, duration) in seconds."""
    return run.duration_s - run.warmup_s


def _quantile(q: float) -> Metric:
    return Metric(lambda run: quantile(run.edges_s, run.count, q, run.latency_max_s), NO_SUCCESS, "s")


def over(limit_s: float) -> Metric:
    """Return the share of successful calls slower than a limit in seconds."""
    return Metric(
        lambda run: share_over(run.edges_s, run.count, limit_s), NO_SUCCESS, high=1.0, trials=lambda run: run.ok
    )


def _largest(run: RunData) -> float:
    return run.latency_max_s if run.ok else math.nan


def _cpu(run: RunData) -> float:
    return ratio(run.hosts.cpu_busy_s.sum(), (run.hosts.up_s * run.hosts.vcpu).sum())


def _memory(run: RunData) -> float:
    return ratio(run.hosts.memory_byte_s.sum(), (run.hosts.up_s * run.hosts.memory_bytes).sum())


def _disk(run: RunData) -> float:
    return ratio(run.hosts.disk_byte_s.sum(), (run.hosts.up_s * run.hosts.disk_bytes).sum())


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "throughput_rps": Metric(lambda run: ratio(run.ok, measured_s(run)), "no time was measured", "1/s"),
        "mean": Metric(lambda run: ratio(run.latency_sum_s, run.ok), NO_SUCCESS, "s"),
        "max": Metric(_largest, NO_SUCCESS, "s"),
        "cache_hit_ratio": Metric(
            lambda run: ratio(run.hits, run.hits + run.misses),
            "no call reached a host",
            high=1.0,
            trials=lambda run: run.hits + run.misses,
        ),
        "error_rate": Metric(
            lambda run: ratio(run.errors.sum(), run.calls), NO_CALLS, high=1.0, trials=lambda run: run.calls
        ),
        "model_loading_wait": Metric(
            lambda run: ratio(run.load_wait_sum_s, run.misses - run.attempt_causes[_NEVER_FITS]),
            "no call waited for a load",
            "s",
        ),
        "loaded_models": Metric(lambda run: ratio(run.hosts.loaded_s.sum(), measured_s(run)), "no time was measured"),
        "cpu_utilization": Metric(_cpu, NO_HOSTS, high=1.0),
        "memory_utilization": Metric(_memory, NO_HOSTS, high=1.0),
        "disk_utilization": Metric(_disk, NO_HOSTS, high=1.0),
        "hosts": Metric(lambda run: ratio(np.sum(run.hosts.up_s), measured_s(run)), "no time was measured"),
    }
)
"""Name -> figure. Quantiles (`p50`, `p99.9`) are not listed one by one: `metric` knows them all."""

_QUANTILE_NAME = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


def quantile_shares(name: str) -> tuple[float, float] | None:
    """Return the shares of calls below and above a quantile given by name (0.99 and 0.01 for `p99`).

    None when the name is no quantile. Decimal arithmetic, so that each is the float nearest to the share.
    """
    match = _QUANTILE_NAME.fullmatch(name)
    if match is None:
        return None
    percent = Decimal(match[1])
    return float(percent / 100), float((100 - percent) / 100)


def metric(name: str) -> Metric:
    """Return the figure of that name; KeyError when there is none."""
    shares = quantile_shares(name)
    return METRICS[name] if shares is None else _quantile(shares[0])
