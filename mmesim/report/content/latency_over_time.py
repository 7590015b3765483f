"""Latency minute by minute, as the page and the pictures show it: which figures, and the limits beside them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmesim import units
from mmesim.scenario.scenario import Scenario

FIGURES: Mapping[str, str] = MappingProxyType(
    {"p50": "ClientLatency_p50", "mean": "ClientLatency", "p99": "ClientLatency_p99"}
)
"""What is drawn of the successful calls of each minute -> the column of the windows that it comes from."""


def called(figure: str, minutes: int) -> str:
    """A figure as a legend calls it where one point stands for several minutes: a percentile is then not one of
    their calls, but the mean of those of the minutes, each weighed by its calls.
    """
    return figure if minutes == 1 or figure == "mean" else f"{figure} of a minute, on average"


def limits(scenario: Scenario) -> tuple[tuple[float, str], ...]:
    """The latency limits of all calls, seconds, each with the figures that it is for: `limit 1 s of p95, p99`."""
    lines = [e for e in scenario.expect if e.calls.is_all] + [line for _, line in scenario.conditions]
    found = []
    for limit_s in scenario.latency_limits_s:
        names = dict.fromkeys(line.metric for line in lines if line.is_latency and line.limit == limit_s)
        found.append((limit_s, f"limit {units.show_seconds(limit_s)} of {', '.join(names)}"))
    return tuple(found)
