"""The figures of a result by name: their unit, their title, their place in summary.json, and where they are shown.

One row a figure. How each is computed from a replication is a row of `mmesim.results.figures.figures`; what it means
stands at its field in `mmesim.results.summary.summary`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from mmesim.errors import UserError, did_you_mean

Kind = Literal["ms", "share", "count", "rate", "usd"]
"""What a figure is: a time, a share (0..1), a number, a number a second, an amount of US dollars."""

Place = Literal["until", "diff", "sweep", "sweep table", "uncertain", "robustness"]
"""Where figures are shown or asked for by name: `sweep` is its files, `sweep table` and `uncertain` are defaults."""

UNITS: Mapping[Kind, str] = MappingProxyType({"ms": "ms", "share": "1", "count": "1", "rate": "1/s", "usd": "USD"})
"""Unit in JSON and in tables of data."""

SHOWN_UNITS: Mapping[Kind, str] = MappingProxyType({"ms": "ms", "share": "%", "count": "", "rate": "/s", "usd": "USD"})
"""Unit as people read it; a share is shown in percent."""


@dataclass(frozen=True)
class Figure:
    """One figure. `name` is what a user writes, `path` its place in summary.json (None: it is not there).

    `interval`: whether it can have one; the largest of all calls and a price have none. `per`: of what an amount is.
    """

    name: str
    path: str | None
    kind: Kind
    title: str
    shown: tuple[Place, ...] = ()
    interval: bool = True
    per: str = ""

    @property
    def unit(self) -> str:
        """The unit as people read it."""
        return SHOWN_UNITS[self.kind] + self.per

    @property
    def steps(self) -> tuple[str, ...]:
        """The keys that lead to it in summary.json."""
        # The dot of p99.9 is none of the path's.
        return () if self.path is None else tuple(re.split(r"\.(?=[a-z])", self.path))

    @property
    def better(self) -> Literal["higher", "lower"] | None:
        """Which way is good for those who call or pay; None where neither is, as for a utilization."""
        return better(self.name, self.kind)

    @property
    def key(self) -> str:
        """The last step of its path: its name in JSON."""
        return self.steps[-1] if self.steps else self.name

    @property
    def column(self) -> str:
        """Its name in tables, with the unit."""
        if self.steps[:1] == ("workers",):
            return "_".join(self.steps)  # the last step alone does not say of what
        return f"{self.key}_ms" if self.kind == "ms" and not self.key.endswith("_ms") else self.key


FIGURES: tuple[Figure, ...] = (
    Figure("mean", "latency_ms.mean", "ms", "mean latency", ("until", "diff", "sweep", "robustness")),
    Figure("p50", "latency_ms.p50", "ms", "p50 latency", ("diff", "sweep", "sweep table", "uncertain")),
    Figure("p90", "latency_ms.p90", "ms", "p90 latency", ("diff", "sweep")),
    Figure("p95", "latency_ms.p95", "ms", "p95 latency", ("diff", "sweep")),
    Figure(
        "p99",
        "latency_ms.p99",
        "ms",
        "p99 latency",
        ("diff", "sweep", "sweep table", "uncertain", "robustness"),
    ),
    Figure("p99.9", "latency_ms.p99.9", "ms", "p99.9 latency", ("diff", "sweep")),
    Figure("max", "latency_ms.max", "ms", "max latency", ("sweep",), interval=False),
    Figure(
        "cache_hit_ratio",
        "cache_hit_ratio",
        "share",
        "cache hit ratio",
        ("until", "diff", "sweep", "sweep table", "uncertain", "robustness"),
    ),
    Figure(
        "error_rate",
        "error_rate",
        "share",
        "error rate",
        ("until", "diff", "sweep", "sweep table", "uncertain", "robustness"),
    ),
    Figure(
        "cpu_utilization",
        "cpu_utilization",
        "share",
        "CPU utilization",
        ("until", "diff", "sweep", "sweep table"),
    ),
    Figure("memory_utilization", "memory_utilization", "share", "memory utilization", ("until", "diff", "sweep")),
    Figure("disk_utilization", "disk_utilization", "share", "disk utilization", ("until", "sweep")),
    Figure("workers.utilization", "workers.utilization", "share", "worker utilization", ("until", "sweep")),
    Figure("workers.busiest", "workers.busiest", "share", "utilization of the busiest model's workers", ("sweep",)),
    Figure("throughput", "throughput_rps", "rate", "throughput", ("until", "diff", "sweep")),
    Figure("devices.utilization", "devices.utilization", "share", "device utilization"),
    Figure("devices.memory_utilization", "devices.memory_utilization", "share", "utilization of device memory"),
    Figure("loaded_models", "loaded_models", "count", "loaded models", ("until", "diff", "sweep")),
    Figure("model_loading_wait", "model_loading_wait_ms", "ms", "wait for a load", ("until", "sweep")),
    Figure("tenants.meet_slo", "tenants.meet_slo", "share", "models that meet every limit"),
    Figure("tenants.cold_share.p50", "tenants.cold_share.p50", "share", "cold calls of the median model"),
    Figure(
        "tenants.cold_share.p90",
        "tenants.cold_share.p90",
        "share",
        "cold calls of the 90th percentile model",
    ),
    Figure(
        "tenants.cold_share.worst",
        "tenants.cold_share.worst",
        "share",
        "cold calls of the coldest model",
        (),
        False,
    ),
    Figure("tenants.often_cold", "tenants.often_cold", "share", "models that are often cold"),
    Figure("hosts", None, "count", "hosts that were up"),
    Figure("cost", "cost.usd_per_hour", "usd", "cost per hour", ("diff", "sweep", "sweep table"), False, "/h"),
    Figure("cost_per_month", "cost.usd_per_month", "usd", "cost per month", ("sweep",), False, "/month"),
    Figure(
        "cost_per_million",
        "cost.usd_per_million_requests",
        "usd",
        "cost per million requests",
        ("sweep",),
        False,
        "/million",
    ),
)
"""Every figure that is estimated, in the order of columns. Percentiles beyond these are known by name too: `figure`."""

DEVICE_PARTS: tuple[str, ...] = ("device_wait", "device_copy")
"""The parts of the ledger that only scenarios have whose models use devices."""

PARTS: tuple[str, ...] = (
    "network",
    "router",
    "frontend_stall",
    "load_slot_wait",
    "download",
    "memory_wait",
    "load",
    "queue",
    "batch_wait",
    "cpu_wait",
    *DEVICE_PARTS,
    "service",
    "overhead",
    "retry_backoff",
    "failed_attempts",
)
"""The parts of the latency ledger, in the order of every array that has one column for each part."""


def parts_of(entry: Mapping[str, object]) -> tuple[str, ...]:
    """The parts that an entry of the ledger in a summary has: those of devices only where models use them."""
    return tuple(part for part in PARTS if part in entry)


BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"all": (0.0, 1.0), "p50": (0.40, 0.60), "p90": (0.85, 0.95), "p99": (0.985, 0.995), "p99.9": (0.9985, 1.0)}
)
"""Band -> the shares of calls, ordered by latency, between which it lies at its widest."""

QUANTILE_NAME = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


def quantile_shares(name: str) -> tuple[float, float] | None:
    """The shares of calls below and above a percentile given by name: 0.99 and 0.01 for `p99`.

    None when the name is not a percentile. Decimal arithmetic, so that each is the float nearest to the share.
    """
    match = QUANTILE_NAME.fullmatch(name)
    if match is None:
        return None
    percent = Decimal(match[1])
    return float(percent / 100), float((100 - percent) / 100)


QUANTILES: tuple[str, ...] = tuple(one.name for one in FIGURES if quantile_shares(one.name) is not None)
"""The percentiles of the summary."""

LATENCIES: tuple[str, ...] = tuple(one.name for one in FIGURES if one.steps[:1] == ("latency_ms",))
"""The figures of the latency in the summary."""


def shown_in(place: Place) -> tuple[Figure, ...]:
    """The figures that are shown in one place, in the order of the table."""
    return tuple(one for one in FIGURES if place in one.shown)


def names(figures: Iterable[Figure]) -> tuple[str, ...]:
    """What a user writes for each of these figures."""
    return tuple(one.name for one in figures)


def better(name: str, kind: Kind) -> Literal["higher", "lower"] | None:
    """Which way is good for those who call or pay; None where neither is, as for a utilization."""
    if kind in ("ms", "usd") or name.startswith(_BETTER_LOWER):
        return "lower"
    return "higher" if name.startswith(_BETTER_HIGHER) else None


_BETTER_LOWER = ("error_rate", "share_over", "tenants.cold_share", "tenants.often_cold")
_BETTER_HIGHER = ("cache_hit_ratio", "throughput", "tenants.meet_slo")


def find(word: str, among: Iterable[Figure] = FIGURES) -> Figure | None:
    """The figure that a user names, by its name, its key in JSON or its column; None when it is not among these."""
    return next((one for one in among if word in (one.name, one.key, one.column)), None)


def figure(word: str, among: Iterable[Figure] = FIGURES) -> Figure:
    """The figure that a user names, as in `find`; UserError with the names that there are."""
    found = find(word, among)
    if found is None:
        known = names(among)
        hint = did_you_mean(word, known)
        raise UserError(f"unknown metric {word!r}: one of {', '.join(known)}{'' if hint is None else f' ({hint})'}")
    return found
