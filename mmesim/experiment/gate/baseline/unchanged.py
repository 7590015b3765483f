"""Up to which change each figure of a baseline counts as unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from mmesim.scenario.figures import Kind, better

EXACT = 1e-9
"""Relative difference up to which two figures are the same: what another order of additions can do."""

UNITS: Mapping[Kind, str] = MappingProxyType(
    {"ms": "ms", "share": "share", "count": "count", "rate": "/s", "usd": "USD"}
)
"""Unit in the documents of a gate."""


class Tolerance(NamedTuple):
    """The relative change up to which a figure counts as unchanged, and why."""

    share: float
    why: str


KEPT: Mapping[str, Tolerance] = MappingProxyType(
    {
        "mean": Tolerance(0.01, "as much as the limit of a time may move before a gate fails"),
        "p50": Tolerance(0.01, "as the mean"),
        "p99": Tolerance(0.02, "one call in a hundred lies beyond: a single load more or less moves it"),
        "cache_hit_ratio": Tolerance(0.05, "of the misses, which are few"),
        "error_rate": Tolerance(0.05, "failures are few"),
        "loads": Tolerance(0.05, "as the misses, which cause them"),
        "cpu_utilization": Tolerance(0.01, "as the service times, which it is made of"),
        "cost.hour": Tolerance(EXACT, "instances times their price: nothing of it is random"),
    }
)
"""Figures of every baseline."""

OF_LINES: Mapping[Kind, Tolerance] = MappingProxyType(
    {
        "ms": Tolerance(0.01, "as the mean"),
        "share": Tolerance(0.05, "calls over a limit are few"),
        "rate": Tolerance(0.05, "what is limited is mostly rare"),
        "count": Tolerance(0.01, "as a time"),
        "usd": Tolerance(0.01, "as the number of calls that it is divided by"),
    }
)
"""The other figures that lines of `expect` are decided by."""


def tolerance(name: str, unit: str) -> float:
    """The relative change of a figure up to which it counts as unchanged."""
    kinds = {shown: kind for kind, shown in UNITS.items()}
    return (KEPT[name] if name in KEPT else OF_LINES[kinds[unit]]).share


def whole(name: str, unit: str, before: float) -> float:
    """What a change of a figure is relative to: itself; of a share that should be high, its bad side."""
    return 1.0 - before if unit == "share" and better(name, "share") == "higher" else abs(before)
