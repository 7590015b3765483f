"""Fleets to which everything happens at random together: faults of all kinds, deploys, scaling; on devices, too."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from mmesim.scenario import Scenario
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.strategy import AllAtOnce
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.faults.fault import Fault, named
from mmesim.scenario.faults.kinds import KINDS
from mmesim.scenario.file.checks import contradictions
from mmesim.scenario.models.groups import Service
from mmesim.scenario.run.condition import read_condition
from mmesim.scenario.values.times import Constant

MIB = 2**20
ALL_AT_ONCE = AllAtOnce()
LIMITS = {"min": 1, "max": 6}
METRIC = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
WHEN = ("error_rate in every 2 s > 5 %", "cache_hit_ratio in every 1 s < 50 %", "p99 in every 1 s > 100 ms")

T = TypeVar("T")


def eventful(of: Scenario, seed: int) -> Scenario:
    """The scenario with random faults, deploys and scaling, of which each may be absent."""
    rng = np.random.default_rng([seed, 4])

    def one(*values: T) -> T:
        return values[int(rng.integers(len(values)))]

    def some(most: int) -> range:
        return range(int(rng.integers(0, most + 1)))

    if one(True, False, False):
        of = _on_devices(of, rng)
    names = [group.name for group in of.models]
    faults = [_fault(of, names, rng) for _ in some(5)]
    update: dict[str, Any] = {}
    if one(True, False):
        update["autoscaling"] = _scaling(of.endpoint.instance_count, rng)
    endpoint = of.endpoint.model_copy(update=update)
    deploys = tuple(
        Deploy.model_validate(
            {
                "name": f"deploy-{number}",
                "at": float(rng.uniform(0.0, 18.0)),
                "strategy": one(
                    "all_at_once",
                    {"canary": {"share": "30 %", "wait": "2.1 s"}},
                    {"linear": {"step": "50 %", "wait": "2.1 s"}},
                    {"rolling": {"batch": "50 %", "wait": "2.1 s"}},
                ),
                **one({}, {"retain_count": True}),
            }
        ).model_copy(update={"endpoint": endpoint.model_copy(update={"load_slots": one(1, 2)})})
        for number in some(2)
    )
    deploys = tuple(
        deploy.model_copy(update={"rollback_when": read_condition(one(*WHEN))})
        if deploy.strategy != ALL_AT_ONCE and one(True, False)
        else deploy
        for deploy in deploys
    )
    happening = {"faults": named(faults), "deploys": deploys, "endpoint": endpoint}
    changed: Scenario = of.model_copy(update=happening)
    wrong = [refused.message for refused in contradictions(changed)]
    assert not wrong, wrong
    return changed


def _scaling(hosts: int, rng: np.random.Generator) -> Autoscaling:
    """A schedule, a target in high resolution, or both."""
    low, high = min(hosts, LIMITS["min"]), max(hosts, LIMITS["max"])
    tracking = {"metric": METRIC, "target": float(rng.choice([1.0, 4.0])), "out_points": 1, "in_points": 1}
    tracking |= {"scale_in_cooldown": float(rng.choice([0.0, 5.0]))}
    scheduled = [{"at": at, "min": int(rng.integers(low, high + 1)), "max": high} for at in (4.1, 9.3)]
    which = int(rng.integers(3))
    return Autoscaling.model_validate(
        {
            "min": low,
            "max": high,
            "policies": [{"target_tracking": tracking}] if which < 2 else [],
            "scheduled": scheduled if which > 0 else [],
            "metric_delay": float(rng.choice([0.0, 1.7])),
            "scale_in": str(rng.choice(["newest", "oldest", "least_loaded"])),
        }
    )


def _fault(of: Scenario, names: list[str], rng: np.random.Generator) -> Fault:
    kind = str(rng.choice(sorted(KINDS)))
    models = [str(name) for name in rng.choice(names, int(rng.integers(1, len(names) + 1)), replace=False)]
    hosts = of.endpoint.instance_count
    instance: Any = "random" if rng.uniform() < 0.5 else int(rng.integers(hosts))
    lasts = float(rng.choice([0.5, 4.0]))
    replace = bool(rng.uniform() < 0.7)
    all_keys: dict[str, dict[str, Any]] = {
        "slow_s3": {"factor": float(rng.choice([1.5, 30.0])), "for": lasts},
        "failing_s3": {"share": float(rng.choice([0.3, 1.0])), "tries": int(rng.integers(1, 4)), "for": lasts},
        "slow_instance": {"instance": instance, "factor": float(rng.choice([2.0, 20.0])), "for": lasts},
        "worker_crash": {"models": models, "workers": "all" if rng.uniform() < 0.5 else 1},
        "leak": {"models": models, "per_call": int(rng.choice([1, 400])) * MIB, "per_unload": 20 * MIB, "for": lasts},
        "poison_model": {
            "models": models,
            "load_failure": str(rng.choice(["swallowed", "500", "507"])),
            "for": lasts,
        },
        "instance_loss": {"instance": instance, "replace": replace},
        "zone_loss": {"zone": int(rng.integers(1, of.endpoint.zones + 1)), "replace": replace},
        "container_restart": {"instance": instance, "takes": float(rng.choice([0.5, 5.0]))},
    }
    moments: list[dict[str, Any]] = [
        {"at": float(rng.uniform(0.0, 19.0))},
        {"rate": float(rng.choice([0.1, 1.0]))},
        {"when": read_condition(str(rng.choice(WHEN)))},
    ]
    return Fault.model_validate({kind: all_keys[kind], **moments[int(rng.integers(3))]})


def _on_devices(of: Scenario, rng: np.random.Generator) -> Scenario:
    """The scenario with devices on all hosts, and parts of its models on them."""
    devices = Devices(count=int(rng.integers(1, 3)), memory_bytes=600 * MIB, base_memory_bytes=100 * MIB)
    host = of.endpoint.host.model_copy(update={"devices": devices})
    times = [Constant(float(time_s)) for time_s in rng.choice([0.003, 0.03], len(of.models))]
    models = []
    for group, device_s in zip(of.models, times, strict=True):
        service = (group.service or Service()).model_copy(update={"device": device_s})
        size_bytes = int(rng.choice([0, 90, 240, 700])) * MIB
        models.append(group.model_copy(update={"device_memory_bytes": size_bytes, "service": service}))
    endpoint = of.endpoint.model_copy(update={"host": host})
    changed: Scenario = of.model_copy(update={"endpoint": endpoint, "models": tuple(models)})
    return changed
