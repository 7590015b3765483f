"""Up to which change each figure of a baseline counts as unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmesim.scenario.figures import Kind, better

EXACT = 1e-9
"""Relative difference up to which two figures are the same: what another order of additions can do."""

UNITS: Mapping[Kind, str] = MappingProxyType(
    {"ms": "ms", "share": "share", "count": "count", "rate": "/s", "usd": "USD"}
)
"""Unit in the documents of a gate."""

KEPT: Mapping[str, float] = MappingProxyType(
    {
        "mean": 0.01,  # as much as the limit of a time may move before a gate fails
        "p50": 0.01,
        "p99": 0.02,  # one call in a hundred lies beyond: a single load more or less moves it
        "cache_hit_ratio": 0.05,  # of the misses, which are few
        "error_rate": 0.05,  # failures are few
        "loads": 0.05,  # as the misses, which cause them
        "cpu_utilization": 0.01,  # as the service times, which it is made of
        "cost.hour": EXACT,  # instances times price: nothing of it is random
    }
)
"""Figures of every baseline -> the relative change up to which each counts as unchanged."""

OF_LINES: Mapping[Kind, float] = MappingProxyType({"ms": 0.01, "share": 0.05, "count": 0.01, "rate": 0.05, "usd": 0.01})
"""The same for the other figures that lines are decided by: shares and rates are mostly those of rare events."""


def tolerance(name: str, unit: str) -> float:
    """The relative change of a figure up to which it counts as unchanged."""
    kinds = {shown: kind for kind, shown in UNITS.items()}
    return KEPT[name] if name in KEPT else OF_LINES[kinds[unit]]


def whole(name: str, unit: str, before: float) -> float:
    """What a change of a figure is relative to: itself; of a share that should be high, its bad side."""
    return 1.0 - before if unit == "share" and better(name, "share") == "higher" else abs(before)
