"""What the first hosts of a deploy are asked to hold while only a part of the traffic goes to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import free_memory_bytes
from mmesim.preflight.working_set import LOOKED_AT, TIMES_S
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.steps import Step


def deploys(offered: Offered) -> Iterator[Finding]:
    """Steps of a deploy whose new hosts get some calls of more models than they hold."""
    scenario = offered.scenario
    if scenario.endpoint.router.split_by == "models":
        return
    for deploy in scenario.deploys:
        if deploy.at_s >= scenario.run.duration_s:
            continue
        new = scenario.endpoint.instance_count if deploy.retain_count else scenario.endpoint_of(deploy).instance_count
        found = (_crowded(offered, deploy, step) for step in deploy.steps(scenario.endpoint.instance_count, new))
        worst = max((one for one in found if one is not None), key=lambda one: one[1], default=None)
        if worst is not None:
            yield worst[0]


def _crowded(offered: Offered, deploy: Deploy, step: Step) -> tuple[Finding, float] | None:
    """What a step is asked for, if it is more than its new hosts have, and how many times as much it is."""
    if step.share == 1.0:
        return None
    called = -np.expm1(-offered.mean_per_s * step.share * TIMES_S[LOOKED_AT])
    need = float(called @ np.array([float(model.pool_memory_bytes) for model in offered.models]))
    have = free_memory_bytes(offered.scenario.endpoint_of(deploy)) * step.new_on
    if need <= have:
        return None
    hosts = f"{step.new_on} new instance{'s' if step.new_on > 1 else ''}"
    finding = Finding(
        id="deploy_room",
        severity="warning",
        text=f"deploy {deploy.name}: {units.show_fraction(step.share)} of the calls go to {hosts}, which within "
        f"{LOOKED_AT} is {called.sum():,.0f} models, {units.show_bytes(need)}; the room for models there is "
        f"{units.show_bytes(have)}: models are loaded again and again, however good the update is",
        evidence={"models": float(called.sum()), "memory_bytes": need, "room_bytes": float(have), "share": step.share},
        source="docs/assumptions.md#deploys",
        try_="all_at_once, or endpoint.router.split_by=models, which AWS may do",
    )
    return finding, need / have if have > 0 else np.inf
