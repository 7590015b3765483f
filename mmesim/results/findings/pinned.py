"""A memory target that holds a fleet at its maximum: caches stay full, however many instances there are.

Rule: at least half of the measured minutes have the most instances that there may be and a MemoryUtilization at which
the policy never scales in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim import units
from mmesim.arrays import Flags, Floats
from mmesim.preflight.finding import Finding
from mmesim.results.run_data import RunData
from mmesim.results.window_table import START
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking
from mmesim.scenario.scenario import Scenario

MOSTLY = 0.5
MEMORY, INSTANCES = "MemoryUtilization", "Instances"
RULE = "docs/assumptions.md#what-happens-over-time"


def pinned(scenario: Scenario, runs: Sequence[RunData]) -> Iterator[Finding]:
    """The policies on memory that held the fleet at its maximum."""
    scaling = scenario.endpoint.autoscaling
    policies = () if scaling is None or scaling.most == scaling.fewest else scaling.policies
    for policy in policies:
        if isinstance(policy, TargetTracking) and policy.metric == MEMORY and scaling is not None:
            yield from _pinned(policy, scaling.max, runs)


def _pinned(policy: TargetTracking, most: int, runs: Sequence[RunData]) -> Iterator[Finding]:
    low = policy.in_threshold * policy.target
    memory, at_most = (np.concatenate(one) for one in zip(*(_minutes(run, most) for run in runs), strict=True))
    held = at_most & (memory >= low)
    if not held.size or held.mean() < MOSTLY:
        return
    share, seen = float(held.mean()), float(memory[held].mean())
    yield Finding(
        id="memory_pins",
        severity="warning",
        text=f"{MEMORY} is {units.show_number(seen)} on average with all {most} instances, and the target of "
        f"{policy.target:g} scales in below {units.show_number(low)}: the fleet is held at its maximum for "
        f"{units.show_fraction(share)} of the time, since caches stay full whatever traffic does",
        evidence={"share_of_time": share, "memory_utilization": seen, "scales_in_below": low, "instances": most},
        source=RULE,
        try_="a target for InvocationsPerInstance, as AWS advises for multi-model endpoints",
    )


def _minutes(run: RunData, most: int) -> tuple[Floats, Flags]:
    """The MemoryUtilization of each measured minute, and whether all instances were there."""
    measured = run.windows[START] >= run.warmup_s
    at_most = run.windows[INSTANCES][measured] >= most - 0.5
    return np.nan_to_num(run.windows[MEMORY][measured]), at_most
