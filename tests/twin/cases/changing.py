"""The random endpoints of this package, with hosts that come and go."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario import RouterPolicy, Scenario
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.faults.fault import Fault, named
from mmesim.scenario.traffic.planned import Schedule
from mmesim.scenario.values.times import Constant
from tests.twin.cases.scenarios import RETRIED, scenario


def with_losses(seed: int) -> Scenario:
    """One to three losses of instances or zones, which are replaced or not."""
    rng = np.random.default_rng([seed, 1])
    of = scenario(seed)
    hosts, zones = of.endpoint.instance_count, int(rng.integers(1, 4))
    faults = []
    for _ in range(int(rng.integers(1, 4))):
        replace = bool(rng.uniform() < 0.7)
        kind: dict[str, Any] = {"instance_loss": {"instance": int(rng.integers(hosts)), "replace": replace}}
        if rng.uniform() < 0.3:
            kind = {"zone_loss": {"zone": int(rng.integers(1, zones + 1)), "replace": replace}}
        faults.append(Fault.model_validate({**kind, "at": float(rng.uniform(0.5, 15.0))}))
    found: Scenario = changed(of, rng, zones=zones).model_copy(update={"faults": named(faults)})
    return found


def with_schedule(seed: int) -> Scenario:
    """One to five scheduled actions, which overlap or not."""
    rng = np.random.default_rng([seed, 2])
    of = scenario(seed)
    scheduled = []
    for at in np.sort(rng.uniform(0.5, 18.0, int(rng.integers(1, 6)))).tolist():
        low = int(rng.integers(1, 8))
        scheduled.append({"at": at, "min": low, "max": low + int(rng.integers(0, 3))})
    limits = {"min": 1, "max": 8, "scheduled": scheduled}
    return changed(of, rng, autoscaling=Autoscaling.model_validate(limits))


def changed(of: Scenario, rng: np.random.Generator, **more: Any) -> Scenario:
    """The scenario with other rules for hosts that come and go; a lost call is tried again where others are."""
    router = of.endpoint.router
    if router.policy is RouterPolicy.sticky:
        router = router.model_copy(update={"at_scale": ("stay", "stay", "rehash")[int(rng.integers(3))]})
    endpoint = of.endpoint.model_copy(
        update={
            "router": router,
            "provisioning": Constant(float(rng.uniform(0.5, 4.0))),
            "drain_s": float(rng.choice([0.0, 0.7123, 4.0417])),
            "loss_noticed_after_s": float(rng.choice([0.0, 0.3071, 3.0119])),
            "serial_scaling": bool(rng.uniform() < 0.7),
            **more,
        }
    )
    clients = of.clients
    if isinstance(clients.retries, FixedRetries):
        retries = clients.retries.model_copy(update={"causes": (*RETRIED, Cause.host_lost)})
        clients = clients.model_copy(update={"retries": retries})
    found: Scenario = of.model_copy(update={"endpoint": endpoint, "clients": clients})
    return found


def with_target(seed: int) -> Scenario:
    """A target for the calls of each host in a minute, amid traffic that rises and falls."""
    rng = np.random.default_rng([seed, 3])
    of = scenario(seed)
    rates = rng.choice([0.3, 1.0, 3.0, 6.0], 4) * rng.uniform(0.8, 1.2, 4)
    schedule = Schedule(rates={f"{at} s": float(rate) for at, rate in zip((0, 100, 200, 330), rates, strict=True)})
    steady = of.traffic[0].model_copy(update={"arrivals": schedule})
    tracking = {
        "metric": "InvocationsPerInstance",
        "target": float(rng.choice([11.3, 40.7, 90.1])),
        "out_points": int(rng.integers(1, 4)),
        "in_points": int(rng.integers(1, 4)),
        "scale_out_cooldown": float(rng.choice([0.0, 45.0, 300.0])),
        "scale_in_cooldown": float(rng.choice([0.0, 45.0, 300.0])),
        "disable_scale_in": bool(rng.uniform() < 0.1),
    }
    low = int(rng.integers(1, 4))
    limits = {
        "min": low,
        "max": low + int(rng.integers(1, 6)),
        "policies": [{"target_tracking": tracking}],
        "metric_delay": (None, 0.0, 33.3)[int(rng.integers(3))],
    }
    found = changed(
        of,
        rng,
        autoscaling=Autoscaling.model_validate(limits),
        instance_count=low,
        provisioning=Constant(float(rng.choice([5.03, 61.7, 130.9]))),
    )
    run = of.run.model_copy(update={"duration_s": 400.0})
    tracked: Scenario = found.model_copy(update={"traffic": (steady, *of.traffic[1:]), "run": run})
    return tracked


def with_deploys(seed: int) -> Scenario:
    """One or two deploys, all at once, to hosts with more or less room and other load slots."""
    rng = np.random.default_rng([seed, 4])
    of = changed(scenario(seed), rng)
    deploys = []
    for at in rng.uniform(0.5, 15.0, int(rng.integers(1, 3))).tolist():
        wait = float(rng.choice([0.0, 1.3]))
        room = int(of.endpoint.usable_memory_bytes * float(rng.choice([0.7, 1.0, 1.5])))
        update = {
            "usable_memory_given_bytes": room,
            "load_slots": int(rng.integers(1, 4)),
            "instance_count": int(rng.integers(1, 6)),
        }
        deploy = Deploy.model_validate({"name": f"at {at}", "at": at, "termination_wait": wait})
        deploys.append(deploy.model_copy(update={"endpoint": of.endpoint.model_copy(update=update)}))
    found: Scenario = of.model_copy(update={"deploys": tuple(deploys)})
    return found


KINDS = (with_losses, with_schedule, with_target, with_deploys)


def changing(seed: int) -> Scenario:
    """One of these kinds, by turns."""
    return KINDS[seed % len(KINDS)](seed)
