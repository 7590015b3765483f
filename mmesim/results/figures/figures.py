"""How each figure is computed from one replication, and how it is estimated over several.

Names, units and titles are rows of `mmesim.scenario.figures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from mmesim.arrays import Floats, divide
from mmesim.results.measured.run_data import CAUSES, DeviceData, HostData, RunData, TenantData
from mmesim.scenario import figures
from mmesim.scenario.figures import Figure, Kind
from mmesim.stats.histogram import quantile, share_over
from mmesim.stats.intervals import Estimate, estimate, sectioning
from mmesim.stats.means import CONFIDENCE

NO_SUCCESS = "no successful call"
NO_CALLS = "no call"
NO_HOSTS = "no host was up"
NO_MODELS = "no model was called"
NO_TIME = "no time was measured"
NO_WORKERS = "no model was loaded"
NO_DEVICES = "no model uses a device"

OFTEN_COLD = 0.05
"""A model is often cold when a larger share of its calls than this finds it not loaded."""

BUSIEST_LOADED = 0.05
"""The busiest model is looked for among those with at least this many workers on average over the measured time: the
workers of one that is loaded for a single call are always busy."""

_NEVER_FITS = CAUSES.index("never_fits")
"""Misses that are refused at once: nothing is loaded for them."""


@dataclass(frozen=True)
class Formula:
    """A figure of one replication.

    `of` gives its value (times in seconds), nan when there is none, `missing` then says why. `trials` is given for a
    share of things that were counted: how many. `skip_missing`: a replication without a value says nothing about the
    figure and is left out; else the others alone would flatter, and the figure has no value. `of_models` gives the
    value of a figure over models from their shares of cold calls.
    """

    kind: Kind
    of: Callable[[RunData], float]
    missing: str
    trials: Callable[[RunData], int] | None = None
    skip_missing: bool = False
    of_models: Callable[[Floats], float] | None = None

    @property
    def high(self) -> float:
        """The possible range is [0, `high`]."""
        return 1.0 if self.kind == "share" else math.inf

    @property
    def scale(self) -> float:
        """From the unit of `of` to that of the figure."""
        return 1000.0 if self.kind == "ms" else 1.0

    @property
    def unit(self) -> str:
        """The unit of the figure in JSON."""
        return figures.UNITS[self.kind]


def estimated(formula: Formula, runs: Sequence[RunData], confidence: float = CONFIDENCE) -> Estimate:
    """A figure over replications with its interval; times in milliseconds.

    A figure over models is that of all replications together: in one alone each model has few calls, which spreads the
    shares of models that are alike, and the mean of replications would keep that bias.
    """
    values = [formula.of(run) for run in runs]
    if formula.of_models is not None:
        pooled = formula.of_models(_cold_share([run.tenants for run in runs]))
        return sectioning(pooled, values, formula.missing, confidence=confidence, low=0.0, high=formula.high)
    return estimate(
        values,
        formula.missing,
        low=0.0,
        high=formula.high,
        scale=formula.scale,
        skip_missing=formula.skip_missing,
        confidence=confidence,
        trials=None if formula.trials is None else [formula.trials(run) for run in runs],
    )


def ratio(part: float, whole: float) -> float:
    """Part / whole, nan when there is no whole."""
    return float(part / whole) if whole > 0 else math.nan


def measured_s(run: RunData) -> float:
    """The length of the measured time [warm-up, duration) in seconds."""
    return run.duration_s - run.warmup_s


def hourly_usd(run: RunData) -> float:
    """Price of the hosts that were up on average, each at that of its type, USD an hour; nan if one is not known."""
    hosts = run.hosts
    prices = np.unique(hosts.usd_per_hour[hosts.up_s > 0.0])
    up_s = (hosts.up_s[hosts.usd_per_hour == price].sum() for price in prices)
    if np.isnan(prices).any():
        return math.nan
    at_prices = (float(price) * ratio(each, measured_s(run)) for price, each in zip(prices, up_s, strict=True))
    return sum(at_prices, ratio(0.0, measured_s(run)))


def cold_share(run: RunData) -> Floats:
    """For each model that was called the share (0..1) of its calls that found it not loaded."""
    return _cold_share([run.tenants])


def _cold_share(tenants: Sequence[TenantData]) -> Floats:
    # A call that is retried can find the model cold more than once.
    calls = np.sum([one.calls for one in tenants], axis=0)
    misses = np.sum([one.misses for one in tenants], axis=0)
    return divide(misses[calls > 0], calls[calls > 0], math.nan)


def over(limit_s: float) -> Formula:
    """The share of calls slower than a limit in seconds; one that failed is slower than every limit."""
    return Formula(
        "share",
        lambda run: share_over(run.edges_s, run.count, limit_s, beyond=run.calls - run.ok),
        NO_CALLS,
        trials=lambda run: run.calls,
    )


def over_successful(limit_s: float) -> Formula:
    """The share of successful calls slower than a limit in seconds."""
    return Formula(
        "share", lambda run: share_over(run.edges_s, run.count, limit_s), NO_SUCCESS, trials=lambda run: run.ok
    )


def _quantile(q: float) -> Formula:
    return Formula("ms", lambda run: quantile(run.shortest_s, run.longest_s, run.count, q), NO_SUCCESS)


def _cold(of_models: Callable[[Floats], float]) -> Formula:
    """A figure over the shares of cold calls of the models that were called."""

    def of(shares: Floats) -> float:
        return of_models(shares) if len(shares) else math.nan

    return Formula("share", lambda run: of(cold_share(run)), NO_MODELS, of_models=of)


def worker_use(tenants: TenantData, measured_s: float) -> Floats:
    """For each model the share (0..1) of their time that its workers are busy; nan for one that is hardly loaded."""
    use = divide(tenants.worker_busy_s.astype(np.float64), tenants.worker_s.astype(np.float64), math.nan)
    seldom = tenants.worker_s < BUSIEST_LOADED * measured_s
    return use if seldom.all() else np.where(seldom, math.nan, use)


def _worker_utilization(run: RunData) -> float:
    there = run.tenants.worker_s.sum(dtype=np.float64) + run.shared_worker_s
    return ratio(run.tenants.worker_busy_s.sum(dtype=np.float64), there)


def _busiest(run: RunData) -> float:
    use = worker_use(run.tenants, measured_s(run))
    return math.nan if np.isnan(use).all() else float(np.nanmax(use))


USE: Mapping[str, Callable[[HostData], tuple[Floats, Floats]]] = MappingProxyType(
    {
        "cpu_utilization": lambda hosts: (hosts.cpu_busy_s, hosts.up_s * hosts.vcpu),
        "memory_utilization": lambda hosts: (hosts.memory_byte_s, hosts.up_s * hosts.memory_bytes),
        "disk_utilization": lambda hosts: (hosts.disk_byte_s, hosts.up_s * hosts.disk_bytes),
    }
)
"""Resource -> what of it was used and what there was, each an integral over the time that a host was up."""


def _used(resource: str) -> Callable[[RunData], float]:
    """The share of a resource of all hosts that was used while they were up."""

    def used(run: RunData) -> float:
        part, whole = USE[resource](run.hosts)
        return ratio(part.sum(), whole.sum())

    return used


DEVICE_USE: Mapping[str, Callable[[DeviceData], tuple[Floats, Floats]]] = MappingProxyType(
    {
        "devices.utilization": lambda of: (of.busy_s, of.device_s),
        "devices.memory_utilization": lambda of: (
            of.memory_byte_s,
            of.memory_bytes * divide(of.device_s, of.devices, 0.0),
        ),
    }
)
"""The same of devices."""


def _used_of_devices(resource: str) -> Callable[[RunData], float]:
    """The share of a resource of all devices that was used while their hosts were up."""

    def used(run: RunData) -> float:
        if run.devices is None:
            return math.nan
        part, whole = DEVICE_USE[resource](run.devices)
        return ratio(part.sum(), whole.sum())

    return used


def _row(
    name: str,
    of: Callable[[RunData], float],
    missing: str,
    trials: Callable[[RunData], int] | None = None,
    skip_missing: bool = False,
) -> tuple[str, Formula]:
    return name, Formula(figures.figure(name).kind, of, missing, trials, skip_missing)


FORMULAS: Mapping[str, Formula] = MappingProxyType(
    dict(
        [
            _row("mean", lambda run: ratio(run.latency_sum_s, run.ok), NO_SUCCESS),
            _row("max", lambda run: run.latency_max_s if run.ok else math.nan, NO_SUCCESS),
            _row(
                "cache_hit_ratio",
                lambda run: ratio(run.hits, run.hits + run.misses),
                "no call reached a host",
                trials=lambda run: run.hits + run.misses,
            ),
            _row("error_rate", lambda run: ratio(run.errors.sum(), run.calls), NO_CALLS, trials=lambda run: run.calls),
            *(_row(resource, _used(resource), NO_HOSTS) for resource in USE),
            *(_row(resource, _used_of_devices(resource), NO_DEVICES) for resource in DEVICE_USE),
            _row("workers.utilization", _worker_utilization, NO_WORKERS),
            _row("workers.busiest", _busiest, NO_WORKERS),
            _row("throughput", lambda run: ratio(run.answers_ok, measured_s(run)), NO_TIME),
            _row("loaded_models", lambda run: ratio(run.hosts.loaded_s.sum(), measured_s(run)), NO_TIME),
            _row(
                "model_loading_wait",
                lambda run: ratio(run.load_wait_sum_s, run.misses - run.attempt_causes[_NEVER_FITS]),
                "no call waited for a load",
                skip_missing=True,
            ),
            ("tenants.cold_share.p50", _cold(lambda shares: float(np.quantile(shares, 0.5)))),
            ("tenants.cold_share.p90", _cold(lambda shares: float(np.quantile(shares, 0.9)))),
            ("tenants.often_cold", _cold(lambda shares: float((shares > OFTEN_COLD).mean()))),
            _row("hosts", lambda run: ratio(np.sum(run.hosts.up_s), measured_s(run)), NO_TIME),
        ]
    )
)
"""Name -> formula. Percentiles (`p50`, `p99.9`) are not listed one by one: `formula` knows them all.

What needs more than one replication at a time is computed in `tenants` (limits of the scenario) and `cost` (its price).
"""


def formula(word: str) -> Formula:
    """The formula of a figure, named as in `scenario.figures.find`; KeyError when it has none."""
    shares = figures.quantile_shares(word)
    if shares is not None:
        return _quantile(shares[0])
    found = figures.find(word)
    return FORMULAS[word if found is None else found.name]


def measured() -> tuple[Figure, ...]:
    """The figures that have a value in each replication."""
    return tuple(
        one for one in figures.FIGURES if one.name in FORMULAS or figures.quantile_shares(one.name) is not None
    )


def read(figure: Figure, summary: Mapping[str, Any]) -> Estimate:
    """A figure as it stands in a summary; ValueError for one that has no place there."""
    if figure.path is None:
        raise ValueError(f"{figure.name} is not in the summary")
    found: Any = summary
    for step in figure.steps[:-1]:
        found = found[step]
    entry = found[figure.key]
    if figure.kind == "usd":
        missing = "no price is known" if found["usd_per_hour"] is None else NO_CALLS
        return Estimate(entry, reason=missing if entry is None else None)
    bounds = entry["ci95"]
    return Estimate(entry["value"], None if bounds is None else (bounds[0], bounds[1]), entry.get("reason"))
