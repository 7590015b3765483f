"""The random endpoints of this package, under deploys in steps that are undone or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario import Poisson, Scenario
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.strategy import AllAtOnce
from mmesim.scenario.endpoint.autoscaling.autoscaling import ScaledIn
from tests.twin.changing import changed, with_schedule, with_target
from tests.twin.random_scenarios import scenario


def with_steps(seed: int) -> Scenario:
    """One or two deploys by canary, in equal steps or in batches, with an alarm that some of them set off."""
    rng = np.random.default_rng([seed, 6])
    of = changed(scenario(seed), rng)
    router = of.endpoint.router.model_copy(update={"split_by": ("calls", "models")[seed // 2 % 2]})
    of = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"router": router})})
    deploys = [in_steps(of, at, rng, 5) for at in rng.uniform(0.5, 200.0, int(rng.integers(1, 3))).tolist()]
    steady = of.traffic[0].model_copy(update={"arrivals": Poisson(rate_per_s=float(rng.choice([1.0, 4.0])))})
    stepped: Scenario = of.model_copy(
        update={
            "deploys": tuple(deploys),
            "traffic": (steady, *of.traffic[1:]),
            "run": of.run.model_copy(update={"duration_s": 400.0}),
        }
    )
    return stepped


def in_steps(of: Scenario, at: float, rng: np.random.Generator, most: int) -> Deploy:
    """A deploy in steps to 1 to `most` hosts with more or less room and other load slots."""
    wait = f"{float(rng.choice([0.0, 7.3, 61.7, 130.9]))} s"
    strategies: list[dict[str, Any]] = [
        {"canary": {"share": float(rng.choice([0.1, 0.3, 0.5])), "wait": wait}},
        {"linear": {"step": float(rng.choice([0.15, 0.25, 0.3, 0.5])), "wait": wait}},
        {"rolling": {"batch": float(rng.choice([0.2, 0.34, 0.5])), "wait": wait}},
    ]
    given: dict[str, Any] = {"name": f"at {at}", "at": at, "strategy": strategies[int(rng.integers(3))]}
    if wait not in ("0.0 s", "7.3 s") and rng.uniform() < 0.7:
        given["rollback_when"] = f"error_rate > {float(rng.choice([3.1, 20.3, 60.7]))} %"
    deploy = Deploy.model_validate(given)
    room = int(of.endpoint.usable_memory_bytes * float(rng.choice([0.4, 0.7, 1.0, 1.5])))
    update = {
        "usable_memory_given_bytes": room,
        "load_slots": int(rng.integers(1, 4)),
        "instance_count": int(rng.integers(1, most + 1)),
    }
    found: Deploy = deploy.model_copy(update={"endpoint": of.endpoint.model_copy(update=update)})
    return found


def with_deploys_amid_scaling(seed: int) -> Scenario:
    """One or two deploys, in steps or all at once, of an endpoint that scales by the clock, or towards a target."""
    rng = np.random.default_rng([seed, 14])
    of = (with_schedule, with_target)[seed // 2 % 2](seed)
    scaling = of.endpoint.autoscaling
    assert scaling is not None
    scaling = scaling.model_copy(update={"scale_in": ScaledIn(str(rng.choice(["newest", "oldest", "least_loaded"])))})
    update = {"autoscaling": scaling, "serial_scaling": True}
    of = of.model_copy(update={"endpoint": of.endpoint.model_copy(update=update)})
    deploys = []
    for at in rng.uniform(0.5, 0.6 * of.run.duration_s, int(rng.integers(1, 3))).tolist():
        deploy = in_steps(of, at, rng, scaling.max)
        if rng.uniform() < 0.3:
            deploy = deploy.model_copy(update={"strategy": AllAtOnce(), "rollback_when": None})
        deploys.append(deploy.model_copy(update={"retain_count": bool(rng.uniform() < 0.5)}))
    found: Scenario = of.model_copy(update={"deploys": tuple(deploys)})
    return found
