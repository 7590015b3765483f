"""How far beyond its limit a figure has to be for a fail: a hair's breadth over the limit is no reason to stop anybody.

A limit of time, of a rate, of a number or of money moves by 1 %; that of a share by 1 % of its bad side, so that a hit
ratio of at least 95 %, which is at most 5 % of misses, fails beyond 94.95 %. A limit of 0 does not move, nor does what
is not random, nor that of a share which would leave 0 to 100 %: beyond it nothing could ever fail.
"""

from __future__ import annotations

from dataclasses import replace

from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario

TOLERANCE = 0.01

KNOWN = ("cost.hour", "cost.month")
"""Figures that are the same in every replication as long as the number of instances does not change."""


def moved(e: Expectation, tolerance: float = TOLERANCE) -> Expectation:
    """The expectation with its limit moved by the tolerance, to the bad side."""
    if e.metric in KNOWN or not tolerance:
        return e
    if e.kind == "share":
        bad = (e.limit if e.is_upper else 1.0 - e.limit) * (1.0 + tolerance)
        return e if bad >= 1.0 else replace(e, limit=_rounded(bad) if e.is_upper else 1.0 - bad)
    return replace(e, limit=_rounded(e.limit * (1.0 + tolerance if e.is_upper else 1.0 - tolerance)))


def watched(scenario: Scenario, tolerance: float = TOLERANCE) -> Scenario:
    """The scenario as a gate simulates it: what it measures besides is what the moved limits of latency need."""
    if not tolerance:
        return scenario
    besides = tuple(moved(e, tolerance) for e in scenario.expect if e.is_latency)
    watching: Scenario = scenario.model_copy(update={"expect": (*scenario.expect, *besides)})
    return watching


def _rounded(limit: float) -> float:
    """As a person would write it: 505 ms, not 505.00000000000006."""
    return float(f"{limit:.12g}")
