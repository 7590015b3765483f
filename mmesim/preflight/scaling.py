"""Targets of autoscaling that do not do what they seem to: in another unit, out of reach, or deaf to more instances."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import free_memory_bytes
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking

RULE = "docs/assumptions.md, autoscaling"
CONCURRENCY = "ConcurrentRequestsPerModel"
CPU, CALLS, MEMORY = "CPUUtilization", "InvocationsPerInstance", "MemoryUtilization"
PERCENT = 100.0
FORMULA = 0.5
"""Share of the most calls that an instance can do, of which AWS makes the first target (MAX_RPS x 0.5 x 60)."""


def targets(offered: Offered) -> Iterator[Finding]:
    """What is wrong with the targets that policies track."""
    scaling = offered.scenario.endpoint.autoscaling
    for policy in () if scaling is None else scaling.policies:
        if isinstance(policy, TargetTracking):
            if policy.metric == CPU:
                yield from list(_of_one_vcpu(offered, policy.target)) or _at_its_maximum(offered, policy)
            elif policy.metric == CALLS:
                yield from _out_of_reach(offered, policy.target)
                yield from _at_its_maximum(offered, policy)
            elif policy.metric == CONCURRENCY:
                yield from _at_its_maximum(offered, policy)
            elif policy.metric == MEMORY:
                yield from _full_caches(offered, policy.target)
            elif not METRICS[policy.metric].falls:
                yield from _deaf(policy.metric)


def _of_one_vcpu(offered: Offered, target: float) -> Iterator[Finding]:
    """A CPU target that was meant as a share of the instance."""
    vcpu = offered.scenario.endpoint.host.vcpu
    if vcpu == 1 or target > PERCENT:
        return
    share = target / PERCENT / vcpu
    yield Finding(
        id="scaling_target",
        severity="warning",
        text=f"{CPU} counts 100 for each busy vCPU, 0 to {100 * vcpu} on {vcpu}: a target of {target:g} scales out "
        f"when {units.show_fraction(share)} of an instance is busy",
        evidence={"target": target, "vcpu": vcpu, "share": share},
        source=RULE,
        try_=f"a target of {target * vcpu:g}",
    )


def _out_of_reach(offered: Offered, target: float) -> Iterator[Finding]:
    """A number of calls that an instance cannot do: its alarm stays silent while calls queue."""
    rates = offered.mean_per_s
    work_s = float(rates @ offered.cpu_s) / float(rates.sum()) if rates.any() else 0.0
    if work_s <= 0.0:
        return
    most = 60.0 * offered.scenario.endpoint.host.cores_when_full / work_s
    if target < most:
        return
    advised = float(f"{FORMULA * most:.2g}")
    yield Finding(
        id="scaling_target",
        severity="warning",
        text=f"an instance does at most {units.show_count(most)} of these calls a minute: {CALLS} does not come to "
        f"{target:g}, and nothing scales out however long the queues are",
        evidence={"target": target, "most_per_min": most},
        source=RULE,
        try_=f"a target of {advised:g}, half of what an instance can do",
    )


def _at_its_maximum(offered: Offered, policy: TargetTracking) -> Iterator[Finding]:
    """A target that the metric stays above with as many instances as there can be."""
    endpoint, rates = offered.scenario.endpoint, offered.mean_per_s
    host, per_min = endpoint.host, 60.0 * float(rates.sum())
    whole, what = {
        CALLS: (per_min, "calls a minute"),
        CPU: (PERCENT * host.vcpu * float(rates @ offered.cpu_s) / host.cores_when_full, "of CPU work (100 a vCPU)"),
        CONCURRENCY: (float(rates @ offered.worker_s), "calls in work at a time"),
    }[policy.metric]
    each, most = whole / endpoint.most_instances, endpoint.most_instances
    if each <= policy.target:
        return
    seconds = policy.metric == CALLS and each <= 60.0 * policy.target
    fleet = f"the {most} instances that there can be" if most > 1 else "the only instance that there can be"
    text = (
        f"{units.show_number(whole)} {what} on average are {units.show_number(each)} on each of {fleet}, "
        f"above the target of {policy.target:g} for {policy.metric}: the endpoint scales out to its maximum"
    )
    yield Finding(
        id="scaling_target",
        severity="warning",
        text=text + (f"; {CALLS} counts calls of a minute, and {policy.target:g} looks like calls a second" * seconds),
        evidence={"target": policy.target, "offered": whole, "each_at_most": each},
        source=RULE,
        try_=f"a target of {60.0 * policy.target:g}" if seconds else "a higher target, or endpoint.autoscaling.max",
    )


def _full_caches(offered: Offered, target: float) -> Iterator[Finding]:
    """A memory target: caches stay full, so that it does not fall when instances are added."""
    endpoint = offered.scenario.endpoint
    memory = endpoint.host.memory_bytes
    models = sum(model.pool_memory_bytes for model in offered.scenario.hosted)
    held = min(models, free_memory_bytes(endpoint) * endpoint.most_instances)
    each = PERCENT * (endpoint.base_memory_bytes + held / endpoint.most_instances) / memory
    text = (
        f"{MEMORY} does not fall when instances are added: what is loaded stays loaded, and a new instance fills up. "
    )
    pinned = each > target
    yield Finding(
        id="scaling_target",
        severity="warning" if pinned else "note",
        text=text
        + (
            f"Once the models are spread over the {endpoint.most_instances} instances that there can be it is "
            f"{units.show_number(each)} there, above the target of {target:g}: the endpoint stays at its maximum"
            if pinned
            else f"Unused models keep it up after a peak, so that the target of {target:g} may never scale in"
        ),
        evidence={"target": target, "all_loaded": each},
        source=RULE,
        try_="a target for InvocationsPerInstance, as AWS advises for multi-model endpoints",
    )


def _deaf(metric: str) -> Iterator[Finding]:
    """Any other metric that does not fall in proportion."""
    yield Finding(
        id="scaling_target",
        severity="warning",
        text=f"{metric} does not fall in proportion when instances are added, which target tracking counts on: it may "
        "scale out again and again, or never in",
        evidence={"metric": metric},
        source=RULE,
        try_="a target for InvocationsPerInstance, or a step policy",
    )
