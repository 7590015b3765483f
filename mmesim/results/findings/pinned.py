"""A memory target that holds a fleet at its maximum: caches stay full, however many instances there are.

Rule: at least half of the measured minutes have the most instances that there may be and a MemoryUtilization at which
the policy never scales in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.preflight.finding import Finding
from mmesim.results.measured.run_data import RunData
from mmesim.results.measured.windows import START
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
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
            yield from _pinned(policy, scaling, runs)


def _pinned(policy: TargetTracking, scaling: Autoscaling, runs: Sequence[RunData]) -> Iterator[Finding]:
    low = policy.in_threshold * policy.target
    memory, instances, most = (
        np.concatenate(one) for one in zip(*(_minutes(run, scaling) for run in runs), strict=True)
    )
    held = (instances >= most - 0.5) & (memory >= low)
    if not held.size or held.mean() < MOSTLY:
        return
    share, seen = float(held.mean()), float(memory[held].mean())
    least, largest = int(most[held].min()), int(most[held].max())
    all_of_them = f"all {largest}" if least == largest else f"all {least} to {largest}"
    yield Finding(
        id="memory_pins",
        severity="warning",
        text=f"{MEMORY} is {units.show_number(seen)} on average with {all_of_them} instances, and the target of "
        f"{policy.target:g} scales in below {units.show_number(low)}: the fleet is held at its maximum for "
        f"{units.show_fraction(share)} of the time, since caches stay full whatever traffic does",
        evidence={"share_of_time": share, "memory_utilization": seen, "scales_in_below": low, "instances": largest},
        source=RULE,
        try_="a target for InvocationsPerInstance, as AWS advises for multi-model endpoints",
    )


def _minutes(run: RunData, scaling: Autoscaling) -> tuple[Floats, Floats, Floats]:
    """Of each measured minute the MemoryUtilization, the instances, and the most that there may be at its start."""
    starts_s = run.windows[START]
    most = np.full(starts_s.size, float(scaling.max))
    for at_s, _, _, then in scaling.limits(run.duration_s):
        most[starts_s >= at_s] = then
    measured = starts_s >= run.warmup_s
    return np.nan_to_num(run.windows[MEMORY][measured]), run.windows[INSTANCES][measured], most[measured]
