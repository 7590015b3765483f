"""Which figures a limit can be set to, and what the limit of each is: figures of summary.json, by path without unit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.figures import BANDS, FIGURES, LATENCIES, PARTS, Kind

OF_LIMIT = "pids.peak"
"""The figure whose limit can be a share of another: `pids.peak < 80 % of limit`."""

COUNTS: Mapping[str, str] = MappingProxyType(
    {
        "loads": "model loads",
        "unloads": "model unloads",
        "requests.total": "calls",
        "requests.ok": "successful calls",
        "requests.in_flight_at_end": "calls without an answer when the run stops",
        **{f"requests.errors.{cause}": f"calls that failed with {cause}" for cause in Cause},
        "attempts.total": "attempts",
        "attempts.retries": "retries",
        **{f"attempts.causes.{cause}": f"attempts that failed with {cause}" for cause in Cause},
    }
)
"""Counts, which a limit bounds as rates of the measured time -> what is counted."""

RECOVERY = "recovery"
"""The figure that is a time after an event: `recovery after zone-loss < 5 min`."""

OF_CALLS: tuple[str, ...] = (*LATENCIES, "error_rate", "cache_hit_ratio")
"""Figures that can be asked for of some of the calls: warm or cold ones, those of a group, those of some time."""

COSTS: Mapping[str, str] = MappingProxyType(
    {
        "cost.hour": "cost per hour",
        "cost.month": "cost per month",
        "cost.million_requests": "cost per million requests",
    }
)
"""What the fleet costs -> in words."""

HOURS_PER_MONTH = 730.0
"""Of a price per month."""

_SAYS_MORE: Mapping[str, str] = MappingProxyType(
    {
        "workers.utilization": "utilization of all workers of the fleet on average "
        "(those of one model can be full meanwhile: see workers.busiest)",
    }
)
"""Figures whose title does not say enough to set a limit -> in words."""

_FIGURES = {one.name: one for one in FIGURES if one.path is not None and one.kind != "usd"}

EXPECTED: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        **{name: (one.kind,) for name, one in _FIGURES.items()},
        RECOVERY: ("ms",),
        OF_LIMIT: ("count", "share"),
        **dict.fromkeys(COSTS, ("usd",)),
        **dict.fromkeys(COUNTS, ("rate",)),
        **{f"ledger.{band}.{part}": ("ms", "share") for band in BANDS for part in PARTS},
        **{f"ledger.{band}.mean": ("ms",) for band in BANDS},
    }
)
"""Figure -> the kinds of limits that it can have."""

NO_FIGURE: Mapping[str, str] = MappingProxyType(
    {
        "over_time": "write `p99 in every 5 min < 1 s` for parts of the run, `recovery after FAULT < 5 min` for what "
        "follows a fault",
    }
)
"""First word of what is no figure, though a result has it -> what to write."""


def ledger_path(metric: str) -> tuple[str, str] | None:
    """Band and part of a figure of the ledger such as `ledger.p99.9.load`; None for any other."""
    if not metric.startswith("ledger."):
        return None
    band, _, part = metric.removeprefix("ledger.").rpartition(".")
    return band, part


def meaning_of(metric: str, kind: Kind) -> str:
    """The figure in words."""
    if metric in _SAYS_MORE:
        return _SAYS_MORE[metric]
    if metric in _FIGURES:
        return _FIGURES[metric].title
    if metric in COUNTS:
        return f"rate of {COUNTS[metric]}"
    if metric in COSTS:
        return COSTS[metric]
    if metric == RECOVERY:
        return "time to recovery"
    path = ledger_path(metric)
    if path is not None:
        band, part = path
        calls = "all calls" if band == "all" else f"the calls around {band}"
        what = "latency" if part == "mean" else part
        return f"{what} as a share of the latency of {calls}" if kind == "share" else f"mean {what} of {calls}"
    of = ", as a share of endpoint.pid_limit" if kind == "share" else ""
    return f"most processes and threads on one host at once{of}"
